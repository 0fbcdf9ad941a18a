"""The marker segments of JPEG files: metadata taken out, and put into an encoded file."""

import contextlib
import re
import struct
from dataclasses import dataclass

import numpy as np

from faceedit.photos import tiff
from faceedit.photos.budget import BombError
from faceedit.photos.types import Metadata

MOST_SCANS = 200
"""A progressive JPEG has about ten."""
MOST_PASSES = 20_000_000_000
"""Scans times pixels: each scan takes as long as the picture is large, however short it is."""
MOST_SEGMENTS = 5000
"""A colour profile or a depth map of 10 MB has 160."""
MOST_PADDING = 1 << 16
"""Bytes that belong to no segment, before the first scan. Pillow takes them one by one."""
LARGEST_XMP = 65502
"""Bytes that the standard allows a packet to have."""

_EXIF = b"Exif\0\0"
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_XMP_EXTENSION = b"http://ns.adobe.com/xmp/extension/\0"
_ICC = b"ICC_PROFILE\0"
_PHOTOSHOP = b"Photoshop 3.0\0"
_MPF = b"MPF\0"
_APP0, _APP1, _APP2, _APP13, _APP14, _COMMENT = 0xE0, 0xE1, 0xE2, 0xED, 0xEE, 0xFE
_SCAN, _END = 0xDA, 0xD9
_LARGEST = 65533
# Markers that no length follows: the beginning, restarts, and one that means nothing.
_BARE = {0x01, *range(0xD0, 0xD9)}
_FILL = re.compile(rb"\xff+")
WINDOW = 1 << 20
"""Bytes that are looked through at once, at most."""
_IS_MARKER = np.array([byte not in (0, 0xFF, *_BARE - {0xD8}) for byte in range(256)])


class TooLargeError(ValueError):
    """EXIF or XMP does not fit into a JPEG segment."""


@dataclass(frozen=True)
class Layout:
    """The segments of a JPEG file.

    Attributes:
        segments: (marker, first byte of the body, byte behind it) of those before the first scan.
        start: of the first scan.
        scans: how many times the file goes over its picture.
    """

    segments: tuple[tuple[int, int, int], ...]
    start: int
    scans: int


def walk(data: bytes) -> Layout:
    """Find the segments of a JPEG file, in time that grows with its bytes only.

    What follows the picture's end (other pictures, a film) is not looked at.

    Raises:
        ValueError: it has no scan.
        BombError: it has more segments or padding than a photo.
    """
    segments, start = _header(data)
    scans, count, at = 0, len(segments), start
    while True:
        marker = data[at + 1]
        if marker == _END:
            break
        scans += marker == _SCAN
        count += 1
        if count > MOST_SEGMENTS:
            raise BombError("it has more segments than a photo needs")
        at += 2 if marker in _BARE else 2 + _length(data, at + 2)
        at = _next_marker(data, at)
        if at < 0:
            break
    return Layout(segments, start, scans)


def _next_marker(data: bytes, at: int) -> int:
    """Return where the next marker behind coded pixels is, -1 where none is.

    In coded pixels, 0xFF is followed by 0, a restart or more of its kind.
    """
    # The next marker may be near, where scans are short, or megabytes away.
    step = WINDOW >> 8
    while at + 1 < len(data):
        window = np.frombuffer(data, np.uint8, min(step + 1, len(data) - at), at)
        places = np.flatnonzero(window[:-1] == 0xFF)
        places = places[_IS_MARKER[window[places + 1]]]
        if places.size:
            return at + int(places[0])
        at += step
        step = min(2 * step, WINDOW)
    return -1


def _header(data: bytes) -> tuple[tuple[tuple[int, int, int], ...], int]:
    """Return the segments before the first scan, and where that begins."""
    found: list[tuple[int, int, int]] = []
    at, padding = 2, 0
    while len(found) <= MOST_SEGMENTS:
        # Faster to find than the pattern is on long files.
        start = data.find(b"\xff", at)
        fill = None if start < 0 else _FILL.match(data, start)
        if fill is None or fill.end() >= len(data):
            raise ValueError("it has no pixels, or is cut off before them")
        marker = data[fill.end()]
        padding += fill.end() - 1 - at
        at = fill.end() + 1
        if padding > MOST_PADDING:
            raise BombError("it has more padding than a photo needs")
        if marker == _SCAN:
            return tuple(found), fill.end() - 1
        if marker == _END:
            raise ValueError("it ends before its pixels")
        if marker == 0 or marker in _BARE:
            padding += 2
            continue
        end = at + _length(data, at)
        found.append((marker, at + 2, end))
        at = end
    raise BombError("it has more segments than a photo needs")


def _length(data: bytes, at: int) -> int:
    """Return the bytes of a segment's length and body; decoders, too, take less than 2 for 2."""
    return max(2, int.from_bytes(data[at : at + 2], "big"))


def check_scans(scans: int, pixels: int) -> None:
    """Refuse pictures whose decoding would take far longer than one of their size should.

    Raises:
        BombError: with the reason.
    """
    if scans > min(MOST_SCANS, max(1, MOST_PASSES // max(1, pixels))):
        raise BombError(f"it is stored in {scans} scans, more than a photo needs")


def without_metadata(data: bytes, layout: Layout) -> bytes:
    """Return a file of the same pixels without what only people and programs read.

    Decoders parse EXIF, Photoshop resources and profiles as well, each in a way of its own.
    """
    kept = [
        data[first - 4 : end]
        for marker, first, end in layout.segments
        if marker in (_APP0, _APP14) or not (marker == _COMMENT or _APP1 <= marker <= 0xEF)
    ]
    return b"".join([data[:2], *kept, memoryview(data)[layout.start :]])


def read_metadata(data: bytes, layout: Layout, dpi: tuple[float, float] | None = None) -> Metadata:
    """Return the metadata of a JPEG file as it stands there.

    Args:
        data: the file.
        layout: its segments.
        dpi: its resolution by the JFIF header; without one EXIF is asked.
    """
    exif = xmp = None
    profile: dict[int, bytes] = {}
    resources: list[bytes] = []
    others: list[bytes] = []
    for marker, first, end in layout.segments:
        body = data[first:end]
        if marker == _APP1 and body.startswith(_EXIF):
            exif = exif or body[len(_EXIF) :]
        elif marker == _APP1 and body.startswith(_XMP):
            xmp = xmp or body[len(_XMP) :]
        elif marker == _APP2 and body.startswith(_ICC) and len(body) > len(_ICC):
            profile[body[len(_ICC)]] = body[len(_ICC) + 2 :]
        elif marker == _APP13 and body.startswith(_PHOTOSHOP):
            resources.append(body[len(_PHOTOSHOP) :])
        elif marker == _COMMENT or (marker == _APP1 and body.startswith(_XMP_EXTENSION)):
            others.append(_segment(marker, body))
    return Metadata(
        icc=b"".join(profile[number] for number in sorted(profile)) or None,
        exif=exif,
        xmp=xmp,
        photoshop=b"".join(resources) or None,
        dpi=dpi or _resolution(exif),
        jpeg_segments=tuple(others),
    )


def has_more_pictures(data: bytes, layout: Layout) -> bool:
    """Say whether a phone's further pictures (preview, gain map, depth) follow the first one."""
    return any(
        marker == _APP2 and data[first : first + len(_MPF)] == _MPF
        for marker, first, _ in layout.segments
    )


def _resolution(exif: bytes | None) -> tuple[float, float] | None:
    """Return the dots per inch that EXIF tells."""
    with contextlib.suppress(ValueError, LookupError, ZeroDivisionError, struct.error):
        fields = tiff.directories(exif or b"")[0]
        value = fields[282].value
        if isinstance(value, bytes):
            above, below = struct.unpack("<2I", value)
            dpi = above / below * (2.54 if fields[296].numbers == (3,) else 1.0)
            return (dpi, dpi) if 1 < dpi < 65536 else None
    return None


def add_metadata(encoded: bytes, metadata: Metadata) -> bytes:
    """Put metadata behind the JFIF header of an encoded JPEG file.

    Args:
        encoded: a JPEG file without metadata.
        metadata: what to add; resolution is the encoder's business.

    Raises:
        TooLargeError: EXIF or XMP is larger than one segment can hold.
    """
    parts = []
    if metadata.exif:
        parts.append(_segment(_APP1, _EXIF + metadata.exif))
    if metadata.xmp:
        parts.append(_segment(_APP1, _XMP + metadata.xmp))
    if metadata.icc:
        room = _LARGEST - len(_ICC) - 2
        pieces = [metadata.icc[at : at + room] for at in range(0, len(metadata.icc), room)]
        for number, piece in enumerate(pieces, start=1):
            parts.append(_segment(_APP2, _ICC + bytes([number, len(pieces)]) + piece))
    if metadata.photoshop:
        room = _LARGEST - len(_PHOTOSHOP)
        for at in range(0, len(metadata.photoshop), room):
            parts.append(_segment(_APP13, _PHOTOSHOP + metadata.photoshop[at : at + room]))
    parts += metadata.jpeg_segments
    at = 2
    if encoded[2:4] == bytes([0xFF, _APP0]):
        at = 4 + struct.unpack_from(">H", encoded, 4)[0]
    return encoded[:at] + b"".join(parts) + encoded[at:]


def _segment(marker: int, body: bytes) -> bytes:
    if len(body) > _LARGEST:
        raise TooLargeError("its EXIF or XMP is too large for a JPEG file")
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body
