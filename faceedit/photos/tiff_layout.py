"""How the pixels of a TIFF file lie, checked before a decoder goes where its directory points.

libtiff decodes a picture in one call, which nothing can stop, and takes the sizes of tiles and the
places of strips as the file gives them.
"""

from faceedit.photos import jpeg
from faceedit.photos.budget import BombError
from faceedit.photos.tiff import MOST_VALUES, STRUCTURAL, Directory

WIDTH, HEIGHT, COMPRESSION, SAMPLES, PLANES = 256, 257, 259, 277, 284
STRIP_PLACES, STRIP_ROWS, STRIP_SIZES = 273, 278, 279
TILE_WIDTH, TILE_HEIGHT, TILE_PLACES, TILE_SIZES = 322, 323, 324, 325
JPEG = 7

_SPARE = 1 << 24
"""Pixels by which the tiles of a small picture may exceed it."""
# Beside what lists places of pixels: tables and layers of other programs, which may be long.
_LONG = {STRIP_PLACES, STRIP_SIZES, TILE_PLACES, TILE_SIZES, 347, 37724, 52545}


def check(data: bytes, fields: Directory) -> None:
    """Refuse pictures whose decoding would take far longer than one of their size should.

    Args:
        data: the file.
        fields: of the picture's directory.

    Raises:
        BombError: with the reason.
    """
    for tag in fields.keys() & STRUCTURAL - _LONG:
        if fields[tag].count > MOST_VALUES:
            raise BombError("it has longer fields than a photo needs")
    width, height = (_number(fields, tag, 0) for tag in (WIDTH, HEIGHT))
    planes = _number(fields, SAMPLES, 1) if _number(fields, PLANES, 1) == 2 else 1
    is_tiled = TILE_PLACES in fields or TILE_WIDTH in fields
    if is_tiled:
        across, down = (_number(fields, tag, 1) for tag in (TILE_WIDTH, TILE_HEIGHT))
        parts = -(-width // max(1, across)) * -(-height // max(1, down))
        if parts * across * down > 4 * width * height + _SPARE:
            raise BombError("its tiles are larger than a photo needs")
    else:
        parts = -(-height // max(1, _number(fields, STRIP_ROWS, height)))
    _check_parts(data, fields, 2 * parts * planes + 16, is_tiled, width * height)


def _check_parts(data: bytes, fields: Directory, most: int, is_tiled: bool, pixels: int) -> None:
    tags = (TILE_PLACES, TILE_SIZES) if is_tiled else (STRIP_PLACES, STRIP_SIZES)
    if any(tag in fields and fields[tag].count > most for tag in tags):
        raise BombError("it has more strips or tiles than a photo needs")
    places, sizes = (fields[tag].numbers if tag in fields else () for tag in tags)
    if sum(sizes) > 2 * len(data):
        raise BombError("its strips or tiles overlap")
    if _number(fields, COMPRESSION, 1) != JPEG:
        return
    for place, size in zip(places, sizes, strict=False):
        part = data[place : place + size]
        try:
            scans = jpeg.walk(part).scans
        except BombError:
            raise
        except ValueError:  # broken, which the decoder says
            continue
        jpeg.check_scans(scans, pixels)


def _number(fields: Directory, tag: int, default: int) -> int:
    numbers = fields[tag].numbers if tag in fields else ()
    return numbers[0] if numbers else default
