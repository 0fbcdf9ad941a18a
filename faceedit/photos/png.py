"""The chunks of PNG files: metadata taken out, and put into an encoded file."""

import struct
import zlib

from faceedit.photos.types import Metadata

_SIGNATURE = 8
_XMP_KEY = b"XML:com.adobe.xmp"
_EXIF_KEYS = (b"Raw profile type exif", b"Raw profile type APP1")
_RAW_XMP_KEY = b"Raw profile type xmp"
_COLOUR = (b"cICP", b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"sBIT", b"mDCV", b"cLLI")
_KEPT = (*_COLOUR, b"pHYs", b"tEXt", b"zTXt", b"iTXt", b"tIME")
# A text may unpack to at most this many bytes: metadata is never larger, a bomb is.
_LARGEST_TEXT = 64 << 20


def header(data: bytes) -> tuple[int, int]:
    """Return bit depth and colour type of a PNG file.

    Raises:
        ValueError: no header.
    """
    if data[12:16] != b"IHDR" or len(data) < 26:
        raise ValueError("it has no PNG header")
    return data[24], data[25]


def read_metadata(data: bytes) -> Metadata:
    """Return the metadata of a PNG file as it stands there.

    EXIF that ImageMagick hid in a text chunk becomes ordinary EXIF, and so does XMP where there
    is no other.
    """
    icc = exif = xmp = dpi = None
    kept = []
    for kind, body in _chunks(data):
        if kind == b"eXIf":
            exif = body.removeprefix(b"Exif\0\0")
        elif kind in (b"iTXt", b"tEXt", b"zTXt"):
            key = body.partition(b"\0")[0]
            if key == _XMP_KEY:
                xmp = _text(kind, body)
            elif key in _EXIF_KEYS:
                exif = exif or _raw_exif(_text(kind, body))
            else:
                kept.append((kind, body))
        elif kind in _KEPT:
            kept.append((kind, body))
            if kind == b"iCCP":
                icc = _inflate(body.partition(b"\0")[2][1:])
            if kind == b"pHYs" and len(body) == 9:
                x, y, unit = struct.unpack(">IIB", body)
                dpi = (x * 0.0254, y * 0.0254) if unit == 1 else None
    if xmp is None:
        raw = next((chunk for chunk in kept if chunk[1].startswith(_RAW_XMP_KEY + b"\0")), None)
        xmp = _raw_profile(_text(*raw)) if raw else None
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


def _chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    """Return (type, body) of all chunks except pixels."""
    found, at = [], _SIGNATURE
    while at + 12 <= len(data):
        (size,) = struct.unpack_from(">I", data, at)
        kind = data[at + 4 : at + 8]
        if kind != b"IDAT":
            found.append((kind, data[at + 8 : at + 8 + size]))
        at += 12 + size
    return found


def transparent(data: bytes) -> bool:
    """Say whether a PNG file has a transparency chunk."""
    return any(kind == b"tRNS" for kind, _ in _chunks(data))


def _inflate(packed: bytes) -> bytes | None:
    try:
        return zlib.decompressobj().decompress(packed, _LARGEST_TEXT)
    except zlib.error:
        return None


def _text(kind: bytes, body: bytes) -> bytes | None:
    rest = body.partition(b"\0")[2]
    if kind == b"tEXt":
        return rest
    if kind == b"zTXt":
        return _inflate(rest[1:])
    packed = rest[:1] == b"\1"
    text = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    return _inflate(text) if packed else text


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
