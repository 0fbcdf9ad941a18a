"""XMP packets: where in their bytes the properties lie, and where a further one can go.

expat reads the XML and says where each tag begins; the bytes themselves are only ever looked at,
so that whoever changes a packet can leave every other byte as it was.
"""

import re
from dataclasses import dataclass, field
from xml.parsers import expat

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
META = "adobe:ns:meta/"
FILLING = b"\0 \t\r\n"
"""What may stand behind a packet without being a part of it."""

_META_NAMES = ("xmpmeta", "xapmeta")
# A character that no XML document can hold keeps the parts of a name apart.
_SEPARATOR = "\x1f"
_TAG = re.compile(rb"""<(?P<name>[^\s/>]+)(?:[^"'>]++|"[^"]*"|'[^']*')*+>""")
_ATTRIBUTE = re.compile(rb"""\s+(?P<name>[^\s=]+)\s*=\s*(?P<quoted>"[^"]*"|'[^']*')""")
_SPACE = re.compile(rb"\s*")
_WIDE = (
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
_DECLARATION = re.compile(r"\A<\?xml\s.*?\?>\s*", re.DOTALL)


class PacketError(ValueError):
    """A packet that is no well-formed XML, or that has a document type."""


@dataclass(frozen=True)
class Property:
    """A simple or structured property of the photo.

    Attributes:
        namespace: the URI, empty for none.
        name: the local name.
        value: its text, or the URI that it refers to.
        span: first byte and end of the attribute with the blanks before it, or of the element
            with the blanks behind it.
    """

    namespace: str
    name: str
    value: str
    span: tuple[int, int]


@dataclass
class Node:
    """A description, which holds properties.

    Attributes:
        span: its first byte and its end, with the blanks behind it.
        properties: all of them, attributes first.
        about: the value of its ``rdf:about`` as it is quoted there, None for none.
        is_plain: it holds nothing beside properties, such as a comment.
    """

    span: tuple[int, int]
    properties: list[Property] = field(default_factory=list)
    about: bytes | None = None
    is_plain: bool = True


@dataclass(frozen=True)
class Slot:
    """Where an element's next child goes.

    Attributes:
        span: the bytes that the child replaces, none where the element has an end tag.
        before: what has to stand before the child.
        after: what has to stand behind it.
    """

    span: tuple[int, int]
    before: bytes = b""
    after: bytes = b""


@dataclass(frozen=True)
class Packet:
    """What was found in a packet.

    Attributes:
        nodes: the descriptions.
        rdf: the place for a further description, None without an ``rdf:RDF``.
        rdf_prefix: the prefix of the RDF namespace there, empty for none.
        meta: the place for an ``rdf:RDF`` in ``x:xmpmeta``, None without one.
    """

    nodes: tuple[Node, ...]
    rdf: Slot | None
    rdf_prefix: str
    meta: Slot | None


def as_utf8(packet: bytes) -> bytes:
    """Return a packet with its characters in UTF-8 where they are in UTF-16 or UTF-32.

    Photos may hold nothing else, and readers expect nothing else. Any other packet is returned
    as it is.

    Raises:
        PacketError: broken UTF-16 or UTF-32.
    """
    encoding = next((name for mark, name in _WIDE if packet.startswith(mark)), None)
    if encoding is None:
        return packet
    try:
        return _DECLARATION.sub("", packet.decode(encoding)).encode()
    except UnicodeError as error:
        raise PacketError(str(error)) from error


def scan(packet: bytes) -> Packet:
    """Find descriptions and their properties in a packet.

    Args:
        packet: in UTF-8, or in a one-byte encoding that it declares.

    Raises:
        PacketError: no well-formed XML with namespaces, or a document type, which could make
            text stand for other text.
    """
    scanner = _Scanner(packet)
    parser = scanner.parser
    try:
        parser.Parse(packet.rstrip(FILLING), True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise PacketError(str(error)) from error
    return Packet(tuple(scanner.nodes), scanner.rdf, scanner.rdf_prefix, scanner.meta)


def without_padding(packet: bytes) -> bytes:
    """Return a packet without the blanks that are kept free in it for changes in place."""
    head, mark, tail = packet.rpartition(b"<?xpacket end=")
    if not mark:
        return packet.rstrip(FILLING)
    return head.rstrip() + b"\n" + mark + tail.rstrip(FILLING)


@dataclass(frozen=True)
class _Frame:
    """An open element: what it is, where it begins, and its namespace, local name and prefix."""

    kind: str
    start: int
    name: tuple[str, str, str]


class _Scanner:
    """Follows one packet, tag by tag."""

    def __init__(self, data: bytes):
        self.data = data
        self.nodes: list[Node] = []
        self.rdf: Slot | None = None
        self.rdf_prefix = ""
        self.meta: Slot | None = None
        self._open: list[_Frame] = []
        self._value: list[str] = []
        self.parser = parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
        parser.namespace_prefixes = True
        parser.ordered_attributes = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.CommentHandler = parser.StartCdataSectionHandler = self._beside
        parser.ProcessingInstructionHandler = self._beside
        parser.StartDoctypeDeclHandler = self._doctype

    def _start(self, full_name: str, attributes: list[str]) -> None:
        name, start = _split(full_name), self.parser.CurrentByteIndex
        within = self._open[-1].kind if self._open else ""
        kind = "inside" if within in ("property", "inside") else ""
        if name[:2] == (RDF, "RDF") and not within:
            kind = "rdf"
        elif within == "rdf":
            kind = "node"
            self.nodes.append(self._node(start, attributes))
        elif within == "node":
            kind = "property"
            pairs = zip(attributes[::2], attributes[1::2], strict=True)
            self._value = [value for key, value in pairs if _split(key)[:2] == (RDF, "resource")]
        self._open.append(_Frame(kind, start, name))

    def _node(self, start: int, attributes: list[str]) -> Node:
        """Match the attributes that expat names with the bytes where they are written."""
        node = Node((start, start))
        written = [
            match
            for match in _ATTRIBUTE.finditer(self.data, start, self._tag(start).end())
            if match["name"] != b"xmlns" and not match["name"].startswith(b"xmlns:")
        ]
        for match, name, value in zip(written, attributes[::2], attributes[1::2], strict=True):
            namespace, local, _ = _split(name)
            # Old packets say `about` without a prefix.
            if local == "about" and namespace in (RDF, ""):
                node.about = match["quoted"]
            else:
                node.properties.append(Property(namespace, local, value, match.span()))
        return node

    def _tag(self, start: int) -> re.Match[bytes]:
        tag = _TAG.match(self.data, start)
        assert tag is not None
        return tag

    def _end(self, full_name: str) -> None:
        frame, at = self._open.pop(), self.parser.CurrentByteIndex
        tag = self._tag(frame.start)
        if tag[0].endswith(b"/>"):
            end = tag.end()
            slot = Slot((end - 2, end), b">", b"</" + tag["name"] + b">")
        else:
            slot, end = Slot((at, at)), self.data.index(b">", at) + 1
        space = _SPACE.match(self.data, end)
        assert space is not None
        span = (frame.start, space.end())
        namespace, local, prefix = frame.name
        if frame.kind == "node":
            self.nodes[-1].span = span
        elif frame.kind == "property":
            value = "".join(self._value)
            self.nodes[-1].properties.append(Property(namespace, local, value, span))
        if frame.kind == "rdf" and self.rdf is None:
            self.rdf, self.rdf_prefix = slot, prefix
        elif namespace == META and local in _META_NAMES and self.meta is None:
            self.meta = slot

    def _text(self, text: str) -> None:
        if self._open and self._open[-1].kind in ("property", "inside"):
            self._value.append(text)
        elif text.strip():
            self._beside()

    def _beside(self, *_: str) -> None:
        if self._open and self._open[-1].kind == "node":
            self.nodes[-1].is_plain = False

    def _doctype(self, *_: object) -> None:
        raise PacketError("it has a document type")


def _split(name: str) -> tuple[str, str, str]:
    """Return namespace, local name and prefix of a name as expat gives it."""
    parts = name.split(_SEPARATOR)
    if len(parts) == 1:
        return "", name, ""
    return parts[0], parts[1], parts[2] if len(parts) > 2 else ""
