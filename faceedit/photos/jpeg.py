"""The marker segments of JPEG files: metadata taken out, and put into an encoded file."""

import struct

from faceedit.photos.types import Metadata

MOST_SCANS = 200
"""A progressive JPEG has about ten. Each takes as long as the picture is large, however short it
is."""
LARGEST_XMP = 65502
"""Bytes that the standard allows a packet to have."""

_EXIF = b"Exif\0\0"
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_XMP_EXTENSION = b"http://ns.adobe.com/xmp/extension/\0"
_ICC = b"ICC_PROFILE\0"
_PHOTOSHOP = b"Photoshop 3.0\0"
_APP0, _APP1, _APP2, _APP13, _COMMENT = 0xE0, 0xE1, 0xE2, 0xED, 0xFE
_LARGEST = 65533


class TooLargeError(ValueError):
    """EXIF or XMP does not fit into a JPEG segment."""


def read_metadata(data: bytes, dpi: tuple[float, float] | None) -> Metadata:
    """Return the metadata of a JPEG file as it stands there.

    Args:
        data: the file.
        dpi: its resolution, where the caller knows one.
    """
    exif = xmp = None
    profile: dict[int, bytes] = {}
    resources: list[bytes] = []
    others: list[bytes] = []
    for marker, body in _segments(data)[0]:
        if marker == _APP1 and body.startswith(_EXIF):
            exif = exif or body[len(_EXIF) :]
        elif marker == _APP1 and body.startswith(_XMP):
            xmp = xmp or body[len(_XMP) :]
        elif marker == _APP2 and body.startswith(_ICC):
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
        dpi=dpi,
        jpeg_segments=tuple(others),
    )


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


def has_too_many_scans(data: bytes) -> bool:
    """Say whether decoding would take far longer than a picture of its size should."""
    return count_scans(data) > MOST_SCANS


def count_scans(data: bytes) -> int:
    """Return how many times a JPEG file goes over its first picture."""
    _, start = _segments(data)
    end = data.find(b"\xff\xd9", start)
    return data.count(b"\xff\xda", start, end if end > 0 else len(data))


def _segments(data: bytes) -> tuple[list[tuple[int, bytes]], int]:
    """Return (marker, body) of the segments before the first scan, and where that begins."""
    found, at = [], 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker in (0xD9, 0xDA):
            break
        (size,) = struct.unpack_from(">H", data, at + 2)
        found.append((marker, data[at + 4 : at + 2 + size]))
        at += 2 + size
    return found, at
