"""The chunks of PNG files: metadata taken out, and put into an encoded file."""

import struct
import zlib
from collections.abc import Iterator

from faceedit.photos.budget import BombError
from faceedit.photos.types import Metadata

_SIGNATURE = 8
_XMP_KEY = b"XML:com.adobe.xmp"
_EXIF_KEYS = (b"Raw profile type exif", b"Raw profile type APP1")
_RAW_XMP_KEY = b"Raw profile type xmp"
_COLOUR = (b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"sBIT", b"mDCV", b"cLLI")
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_KEPT = (*_COLOUR, b"pHYs", *_TEXTS, b"tIME")
_READ = frozenset((*_KEPT, b"eXIf"))
# Of the chunks in small letters, those that decide what is seen.
_SHOWN = (b"tRNS", b"acTL", b"fcTL")

MOST_CHUNKS = 2000
"""Beside those of the pixels; photos have about ten."""
LEAST_CHUNK = 256
"""Bytes of an average chunk of pixels at least; most encoders make them of 8 KB and more."""
MOST_UNPACKED = 64 << 20
"""Bytes that all texts and profiles together unpack to. Metadata is never larger, bombs are."""


def header(data: bytes) -> tuple[int, int]:
    """Return bit depth and colour type of a PNG file.

    Raises:
        ValueError: no header, or a broken one.
    """
    if data[12:16] != b"IHDR" or len(data) < 29:
        raise ValueError("it has no PNG header")
    if any(data[26:28]) or data[28] > 1:
        raise ValueError("its PNG header is broken")
    return data[24], data[25]


def read_metadata(data: bytes) -> Metadata:
    """Return the metadata of a PNG file as it stands there.

    EXIF that ImageMagick hid in a text chunk becomes ordinary EXIF, and so does XMP where there
    is no other.

    Raises:
        BombError: more chunks, or larger ones, than a photo has.
    """
    room = _Room()
    icc = exif = xmp = dpi = None
    kept = []
    for kind, start, end in walk(data):
        if kind not in _READ:
            continue
        body = data[start:end]
        if kind == b"eXIf":
            exif = body.removeprefix(b"Exif\0\0")
        elif kind in _TEXTS:
            key = body.partition(b"\0")[0]
            if key == _XMP_KEY:
                xmp = room.text(kind, body)
            elif key in _EXIF_KEYS:
                exif = exif or _raw_exif(room.text(kind, body))
            else:
                kept.append((kind, body))
        elif kind in _KEPT:
            kept.append((kind, body))
            if kind == b"iCCP":
                icc = room.inflate(body.partition(b"\0")[2][1:])
            if kind == b"pHYs" and len(body) == 9:
                x, y, unit = struct.unpack(">IIB", body)
                dpi = (x * 0.0254, y * 0.0254) if unit == 1 else None
    if xmp is None:
        raw = next((chunk for chunk in kept if chunk[1].startswith(_RAW_XMP_KEY + b"\0")), None)
        xmp = _raw_profile(room.text(*raw)) if raw else None
        kept = [chunk for chunk in kept if xmp is None or chunk is not raw]
    return Metadata(icc=icc, exif=exif, xmp=xmp, dpi=dpi, png_chunks=tuple(kept))


def colour_only(metadata: Metadata) -> Metadata:
    """Return what remains of metadata that is stripped: only what decides the colours."""
    chunks = tuple(chunk for chunk in metadata.png_chunks if chunk[0] in _COLOUR)
    return Metadata(icc=metadata.icc, png_chunks=chunks)


def add_metadata(encoded: bytes, metadata: Metadata) -> bytes:
    """Put metadata behind the header of an encoded PNG file that has none."""
    chunks = list(metadata.png_chunks)
    kinds = {kind for kind, _ in chunks}
    if metadata.icc and b"iCCP" not in kinds:
        chunks.insert(0, (b"iCCP", b"ICC Profile\0\0" + zlib.compress(metadata.icc)))
    if metadata.dpi and b"pHYs" not in kinds:
        x, y = (round(value / 0.0254) for value in metadata.dpi)
        chunks.append((b"pHYs", struct.pack(">IIB", x, y, 1)))
    if metadata.exif:
        chunks.append((b"eXIf", metadata.exif))
    if metadata.xmp:
        chunks.append((b"iTXt", _XMP_KEY + b"\0\0\0\0\0" + metadata.xmp))
    at = _SIGNATURE + 25
    return encoded[:at] + b"".join(_chunk(*chunk) for chunk in chunks) + encoded[at:]


def _chunk(kind: bytes, body: bytes) -> bytes:
    check = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)


def without_metadata(data: bytes) -> bytes:
    """Return a file of the same pixels without what only people and programs read.

    Decoders parse and inflate texts and profiles as well, each in a way of its own.

    Raises:
        BombError: it has more chunks than a photo.
    """
    view, seen = memoryview(data), False
    kept = [view[:_SIGNATURE]]
    for kind, start, end in walk(data):
        is_header = kind == b"IHDR"
        if (kind[:1].isupper() or kind in _SHOWN) and kind != b"IEND" and not (is_header and seen):
            kept.append(view[start - 8 : end + 4])
        seen |= is_header
    # Some files lack it, which one decoder minds and another does not.
    return b"".join([*kept, _chunk(b"IEND", b"")])


def check_sums(data: bytes) -> None:
    """Refuse a file of which a checksum is wrong: libpng would tell of it on stderr.

    Raises:
        ValueError: with the chunk.
    """
    view = memoryview(data)
    for kind, start, end in walk(data):
        if zlib.crc32(view[start - 4 : end]).to_bytes(4, "big") != data[end : end + 4]:
            raise ValueError(f"the checksum of its {kind.decode('latin-1')} chunk is wrong")


def walk(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield the type of each chunk, the first byte of its body and the byte behind it.

    Raises:
        BombError: there are more than a photo has.
    """
    at, count, others, kind = _SIGNATURE, 0, 0, b""
    most = MOST_CHUNKS + len(data) // LEAST_CHUNK
    while at + 12 <= len(data) and kind != b"IEND":
        size = int.from_bytes(data[at : at + 4], "big")
        kind = data[at + 4 : at + 8]
        count += 1
        others += kind != b"IDAT"
        if count > most or others > MOST_CHUNKS:
            raise BombError("it has more chunks than a photo needs")
        yield kind, at + 8, min(at + 8 + size, len(data))
        at += 12 + size


def has_transparent_colour(data: bytes) -> bool:
    """Say whether a PNG file has a transparency chunk."""
    return any(kind == b"tRNS" for kind, _, _ in walk(data))


class _Room:
    """Bounds what all packed texts and profiles of a file unpack to."""

    def __init__(self) -> None:
        self._left = MOST_UNPACKED

    def inflate(self, packed: bytes) -> bytes | None:
        """Unpack; None is what is broken.

        Raises:
            BombError: it is too much.
        """
        try:
            unpacked = zlib.decompressobj().decompress(packed, self._left + 1)
        except zlib.error:
            return None
        self._left -= len(unpacked)
        if self._left < 0:
            raise BombError("its texts and profiles unpack to more than a photo needs")
        return unpacked

    def text(self, kind: bytes, body: bytes) -> bytes | None:
        """Return the text of a tEXt, zTXt or iTXt chunk."""
        rest = body.partition(b"\0")[2]
        if kind == b"tEXt":
            return rest
        if kind == b"zTXt":
            return self.inflate(rest[1:])
        packed = rest[:1] == b"\1"
        text = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
        return self.inflate(text) if packed else text


def _raw_profile(text: bytes | None) -> bytes | None:
    """Decode ImageMagick's form: a newline, the name, the length, then hexadecimal lines."""
    try:
        _, _, hexadecimal = (text or b"").lstrip().split(b"\n", 2)
        return bytes.fromhex(b"".join(hexadecimal.split()).decode("ascii"))
    except ValueError:
        return None


def _raw_exif(text: bytes | None) -> bytes | None:
    profile = (_raw_profile(text) or b"").removeprefix(b"Exif\0\0")
    return profile if profile[:4] in (b"II*\0", b"MM\0*") else None
