"""Small JPEG pictures of photos, for pages with many of them."""

import io
from dataclasses import dataclass
from pathlib import Path

from faceedit.errors import PhotoError
from faceedit.photos.picture import read_picture


@dataclass(frozen=True)
class Thumbnail:
    """A small picture of a photo.

    Attributes:
        jpeg: upright, in sRGB, without metadata.
        size: its width and height.
        photo_size: width and height of the upright photo.
    """

    jpeg: bytes
    size: tuple[int, int]
    photo_size: tuple[int, int]


@dataclass(frozen=True)
class ThumbnailSize:
    """How large thumbnails are made.

    Attributes:
        side: longer side at most, in pixels.
        quality: JPEG quality.
    """

    side: int
    quality: int


_LADDER = (
    (60, ThumbnailSize(1024, 82)),
    (300, ThumbnailSize(720, 80)),
    (1_200, ThumbnailSize(480, 78)),
    (4_000, ThumbnailSize(320, 75)),
)
_SMALLEST = ThumbnailSize(224, 72)


def size_for(count: int | None) -> ThumbnailSize:
    """Return the size of thumbnails that keeps a page with so many photos usable.

    1024 pixels up to 60 photos, 720 up to 300, 480 up to 1,200, 320 up to 4,000, else 224.

    Args:
        count: number of photos; None where nobody knows, which gives the middle size.
    """
    if count is None:
        return _LADDER[2][1]
    return next((size for most, size in _LADDER if count <= most), _SMALLEST)


def make_thumbnail(path: Path, size: ThumbnailSize) -> Thumbnail | None:
    """Make a thumbnail, or None where the file cannot be read or shown."""
    try:
        picture = read_picture(path, size.side)
    except PhotoError:
        return None
    stream = io.BytesIO()
    picture.image.save(stream, "JPEG", quality=size.quality, optimize=True)
    return Thumbnail(stream.getvalue(), picture.image.size, picture.photo_size)
