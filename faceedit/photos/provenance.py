"""What a written photo says of its making: an XMP packet that labels it as edited by a network.

The label is IPTC's digital source type `compositeWithTrainedAlgorithmicMedia`, with the AI system
of IPTC 2025.1, and beside it, in this project's own namespace, method, target and weights.
"""

import base64
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from faceedit.photos import xmp

IPTC_EXTENSION = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
NAMESPACE = "urn:faceedit:provenance:1.0/"
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
SYSTEM = "faceedit"

_EMPTY = (
    b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
    b"</x:xmpmeta>\n"
    b'<?xpacket end="w"?>'
)
_TYPE = (IPTC_EXTENSION, "DigitalSourceType")
_USED = (IPTC_EXTENSION, "AISystemUsed")
_VERSION = (IPTC_EXTENSION, "AISystemVersionUsed")
_FORMER_TYPE = (NAMESPACE, "FormerDigitalSourceType")
_FORMER_PACKET = (NAMESPACE, "FormerPacket")
_METHOD, _TARGET, _WEIGHTS = ((NAMESPACE, name) for name in ("Method", "Target", "WeightsSHA256"))
_OWN = {_TYPE, _FORMER_TYPE, _METHOD, _TARGET, _WEIGHTS}
_PREFIXES = {xmp.RDF: "rdf", IPTC_EXTENSION: "Iptc4xmpExt", NAMESPACE: "faceedit"}
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_Name = tuple[str, str]


@dataclass(frozen=True)
class Provenance:
    """How a photo was edited.

    Attributes:
        method: method and profile, such as ``reggan fast``.
        target: what the faces were to show, such as ``happy:0.6``.
        weights_sha256: hash of the checkpoint in hexadecimal, None without one.
        version: version of this package.
    """

    method: str
    target: str
    weights_sha256: str | None
    version: str


def add_provenance(packet: bytes | None, provenance: Provenance) -> bytes:
    """Return a packet that says how the photo was edited.

    What is replaced: an older digital source type, whose value stays as
    ``faceedit:FormerDigitalSourceType``, and what an earlier edit said, in whichever of XMP's
    forms it stands there. An AI system that others named is left to stand alone, because a photo
    may name only one. Every other byte of the packet stays what it is, with these exceptions:

    - A packet in UTF-16 or UTF-32 is put into UTF-8, as photos require.
    - A packet without an ``rdf:RDF`` in its ``x:xmpmeta`` gets one.
    - What is not XMP at all (broken XML, undeclared prefixes, a document type, another root)
      cannot be added to. A new packet takes its place and keeps it, byte for byte in Base64, as
      ``faceedit:FormerPacket``.

    The same arguments give the same bytes, and adding the same again changes nothing.

    Args:
        packet: the photo's XMP; None, blanks and zeros are none.
        provenance: what to say.
    """
    if packet is None or not packet.strip(xmp.FILLING):
        return _merged(_EMPTY, provenance)
    try:
        return _merged(xmp.as_utf8(packet), provenance)
    except xmp.PacketError:
        return _merged(_set_aside(packet), provenance)


def is_marked(packet: bytes | None) -> bool:
    """Say whether a photo's XMP says that this program edited it."""
    if packet is None:
        return False
    try:
        packet = xmp.as_utf8(packet)
        # Seldom there, and quick to see.
        if NAMESPACE.encode() not in packet:
            return False
        nodes = xmp.scan(packet).nodes
    except xmp.PacketError:
        return False
    return any((one.namespace, one.name) == _METHOD for node in nodes for one in node.properties)


def _merged(packet: bytes, provenance: Provenance) -> bytes:
    """Return a packet with the new description as the last one.

    Raises:
        PacketError: there is nowhere to put it.
    """
    found = xmp.scan(packet)
    slot = found.rdf or found.meta
    if slot is None:
        raise xmp.PacketError("it has neither rdf:RDF nor x:xmpmeta")
    properties = [one for node in found.nodes for one in node.properties]
    system = _systems(properties, provenance)
    replaced = _OWN | {_USED, _VERSION} if system else _OWN
    said: dict[_Name, str | None] = {
        _TYPE: SOURCE_TYPE,
        **system,
        _METHOD: provenance.method,
        _TARGET: provenance.target,
        _WEIGHTS: provenance.weights_sha256,
        _FORMER_TYPE: _former_type(properties),
    }
    # All descriptions of a packet have to be about the same thing.
    about = next((node.about for node in found.nodes if node.about is not None), b'""')
    if found.rdf is None:
        text = _rdf(_description(said))
    else:
        text = _description(said, about, declare_rdf=found.rdf_prefix != "rdf")
    edits = [(span, b"") for span in _cuts(found.nodes, replaced)]
    edits.append((slot.span, slot.before + text + slot.after))
    return _edited(packet, edits)


def _systems(properties: list[xmp.Property], provenance: Provenance) -> dict[_Name, str | None]:
    """Return what to say of the AI system, which is nothing where others named theirs."""
    named = {(one.namespace, one.name): one.value.strip() for one in properties}
    is_own = named.get(_USED, "").startswith(SYSTEM)
    if not is_own and (_USED in named or _VERSION in named):
        return {}
    return {_USED: f"{SYSTEM} {provenance.method}", _VERSION: provenance.version}


def _former_type(properties: list[xmp.Property]) -> str | None:
    """Return the digital source type that the photo had before its first edit."""
    values = {_TYPE: "", _FORMER_TYPE: ""}
    for one in properties:
        name = (one.namespace, one.name)
        if name in values:
            values[name] = one.value.strip()
    current = values[_TYPE]
    return (current if current != SOURCE_TYPE else "") or values[_FORMER_TYPE] or None


def _cuts(nodes: tuple[xmp.Node, ...], names: set[_Name]) -> Iterator[tuple[int, int]]:
    """Yield the bytes that go: properties, and descriptions in which nothing else is."""
    for node in nodes:
        gone = [one for one in node.properties if (one.namespace, one.name) in names]
        if gone and node.is_plain and len(gone) == len(node.properties):
            yield node.span
        else:
            yield from (one.span for one in gone)


def _edited(packet: bytes, edits: list[tuple[tuple[int, int], bytes]]) -> bytes:
    parts, at = [], 0
    for (start, end), text in sorted(edits):
        parts += [packet[at:start], text]
        at = end
    return b"".join([*parts, packet[at:]])


def _description(
    said: dict[_Name, str | None], about: bytes = b'""', declare_rdf: bool = False
) -> bytes:
    """Return an `rdf:Description` in ASCII, which is right in every encoding of packets."""
    uris = {uri for uri, _ in said} | ({xmp.RDF} if declare_rdf else set())
    spaces = "".join(f'\n  xmlns:{one}="{uri}"' for uri, one in _PREFIXES.items() if uri in uris)
    lines = [
        f" <{_PREFIXES[uri]}:{name}>{_escaped(value)}</{_PREFIXES[uri]}:{name}>\n"
        for (uri, name), value in said.items()
        if value is not None
    ]
    head = b"<rdf:Description rdf:about=" + about + spaces.encode() + b">\n"
    return head + "".join(lines).encode("ascii", "xmlcharrefreplace") + b"</rdf:Description>\n"


def _escaped(text: str) -> str:
    return html.escape(_ILLEGAL.sub("\ufffd", text), quote=False)


def _rdf(descriptions: bytes) -> bytes:
    return b'<rdf:RDF xmlns:rdf="%s">\n%s</rdf:RDF>\n' % (xmp.RDF.encode(), descriptions)


def _set_aside(packet: bytes) -> bytes:
    """Return a packet that holds nothing but what stood in a photo instead of one."""
    former: dict[_Name, str | None] = {_FORMER_PACKET: base64.b64encode(packet).decode()}
    return _EMPTY.replace(b"</x:xmpmeta>", _rdf(_description(former)) + b"</x:xmpmeta>")
