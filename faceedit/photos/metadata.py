"""XMP packets and Photoshop resources: orientation reset, thumbnails of the old picture dropped."""

import re
import struct
from collections.abc import Callable
from dataclasses import replace

from faceedit.photos import exif as exif_blocks
from faceedit.photos.budget import BombError
from faceedit.photos.types import Metadata

MOST_RESOURCES = 10_000
"""Photos have about thirty."""

_ORIENTATION = re.compile(
    rb"(?P<before>tiff:Orientation\s*(?:=\s*[\"']|>)\s*)(?P<value>[1-8])(?P<after>\s*(?:[\"']|<))"
)
_THUMBNAILS = tuple(
    (re.compile(rb"<%s:Thumbnails\b" % prefix), re.compile(rb"</%s:Thumbnails\s*>" % prefix))
    for prefix in (b"xmp", b"xap")
)
_PHOTOSHOP_THUMBNAILS = {0x0409, 0x040C}
_EXTRA_PICTURES = re.compile(rb"hdrgm:|GCamera:M|Container:Directory")


def orientation(metadata: Metadata) -> int:
    """Return the orientation from EXIF or, where EXIF has none, from XMP; 1 if neither says."""
    found = exif_blocks.orientation(metadata.exif)
    if found is None and metadata.xmp:
        match = _ORIENTATION.search(metadata.xmp)
        found = int(match["value"]) if match else None
    return found or 1


def upright(metadata: Metadata, turned: bool) -> Metadata:
    """Return the metadata of the photo turned upright, without thumbnails.

    Args:
        metadata: as read.
        turned: width and height changed places.

    Raises:
        BombError: more Photoshop resources than a photo has.
    """

    def apply(clean: Callable[[bytes], bytes], value: bytes | None) -> bytes | None:
        return clean(value) if value else None

    return replace(
        metadata,
        exif=apply(lambda block: exif_blocks.upright(block, turned), metadata.exif),
        xmp=apply(_clean_xmp, metadata.xmp),
        photoshop=apply(_clean_photoshop, metadata.photoshop),
    )


def notes(metadata: Metadata) -> tuple[str, ...]:
    """Say in words what XMP announces and an edited file cannot keep."""
    if metadata.xmp and _EXTRA_PICTURES.search(metadata.xmp):
        return ("its gain map, depth or motion pictures are not kept",)
    return ()


def _clean_xmp(packet: bytes) -> bytes:
    packet = _ORIENTATION.sub(rb"\g<before>1\g<after>", packet)
    for opening, closing in _THUMBNAILS:
        packet = _drop_elements(packet, opening, closing)
    return packet


def _drop_elements(packet: bytes, opening: re.Pattern[bytes], closing: re.Pattern[bytes]) -> bytes:
    """Drop elements in one pass: one pattern for a whole element would take hours on a bomb."""
    kept, at = [], 0
    while start := opening.search(packet, at):
        end = closing.search(packet, start.end())
        if end is None:
            break
        kept.append(packet[at : start.start()])
        at = end.end()
    return b"".join([*kept, packet[at:]])


def _clean_photoshop(resources: bytes) -> bytes:
    """Drop the thumbnail resources; anything that cannot be followed is kept as it is.

    Raises:
        BombError: there are more than a photo has.
    """
    kept, at, count = [], 0, 0
    while resources[at : at + 4] == b"8BIM" and at + 12 <= len(resources):
        (number,) = struct.unpack_from(">H", resources, at + 4)
        name = resources[at + 6] + 1
        body = at + 6 + name + name % 2
        if body + 4 > len(resources):
            break
        count += 1
        if count > MOST_RESOURCES:
            raise BombError("it has more Photoshop resources than a photo needs")
        (size,) = struct.unpack_from(">I", resources, body)
        end = body + 4 + size + size % 2
        if number not in _PHOTOSHOP_THUMBNAILS:
            kept.append(resources[at:end])
        at = end
    return b"".join(kept) + resources[at:]
