"""TIFF directories: parsed, written, and merged into a TIFF file that has only pixels.

EXIF is a TIFF directory too, so this carries metadata between TIFF files and all others.
"""

import struct
from dataclasses import dataclass

import numpy as np

from faceedit.photos.budget import BombError

EXIF_IFD, GPS_IFD, INTEROP_IFD = 34665, 34853, 40965
ORIENTATION, XMP, PHOTOSHOP, ICC = 274, 700, 34377, 34675
SUB_DIRECTORIES = {EXIF_IFD, GPS_IFD, INTEROP_IFD}
EXTRA_SAMPLES = 338

# Tags that describe the stored pixels, pages, previews or layers, never copied: 37724 is
# Photoshop's own layers, which would still show the picture before the edit, and 52545 a C2PA
# signature of its pixels.
STRUCTURAL = frozenset(
    [
        *range(254, 267),
        *(273, 277, 278, 279, 280, 281, 284, 288, 289, 290, 291, 292, 293, 297, 301),
        *(317, *range(320, 326), 330, 332, 333, 334, 336, 337, 338, 339, 340, 341),
        *(343, 347, 351, 400, 401, 402, 403, 404, *range(512, 522), 529, 530, 531, 532),
        *(37724, 52545),
    ]
)

SHORT, LONG, RATIONAL, UNDEFINED, BYTE = 3, 4, 5, 7, 1
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
# Of BigTIFF. Some decoders read them in a classic file, too.
_LARGE_SIZES = {16: 8, 17: 8, 18: 8}
_UNITS = {3: 2, 4: 4, 5: 4, 8: 2, 9: 4, 10: 4, 11: 4, 12: 8, 13: 4}
_DEEPEST = 4
MOST_FIELDS = 20_000
"""Of all directories of a block; a page has about twenty, EXIF a hundred."""
MOST_VALUES = 200_000
"""Of a field that describes the pixels, beside the places of strips and tiles: a palette of 16 bits
has 196,608."""


@dataclass(frozen=True)
class Entry:
    """One field of a directory.

    Attributes:
        kind: TIFF type number.
        count: number of values.
        value: the values, little endian, or the directory that the field points to.
    """

    kind: int
    count: int
    value: "bytes | Directory"

    @property
    def numbers(self) -> tuple[int, ...]:
        """Values of a BYTE, SHORT or LONG field, and () for any other."""
        code = {1: "B", 3: "H", 4: "I"}.get(self.kind)
        if code is None or not isinstance(self.value, bytes):
            return ()
        return struct.unpack(f"<{self.count}{code}", self.value)


Directory = dict[int, Entry]


def shorts(*values: int) -> Entry:
    """Return a field of SHORT values."""
    return Entry(SHORT, len(values), struct.pack(f"<{len(values)}H", *values))


def data(value: bytes, kind: int = UNDEFINED) -> Entry:
    """Return a field of raw bytes."""
    return Entry(kind, len(value), value)


def resolution(dpi: tuple[float, float]) -> Directory:
    """Return the three resolution fields, in dots per inch."""
    x, y = (struct.pack("<2I", round(value * 10000), 10000) for value in dpi)
    return {282: Entry(RATIONAL, 1, x), 283: Entry(RATIONAL, 1, y), 296: shorts(2)}


def directories(block: bytes) -> list[Directory]:
    """Parse the chain of top directories.

    Fields that point outside the block are left out, and so is a chain's loop.

    Args:
        block: a classic TIFF file or an EXIF block.

    Raises:
        ValueError: not a classic TIFF header, or fields that overlap as only bombs do.
        BombError: more fields than a photo has.
    """
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(block[:4])
    if order is None or len(block) < 8:
        raise ValueError("not a classic TIFF header")
    reader = _Reader(block, order)
    found: list[Directory] = []
    seen: set[int] = set()
    (at,) = struct.unpack(order + "I", block[4:8])
    while at and at not in seen and at + 2 <= len(block):
        seen.add(at)
        found.append(reader.directory(at))
        (count,) = struct.unpack_from(order + "H", block, at)
        link = at + 2 + 12 * count
        if link + 4 > len(block):
            break
        (at,) = struct.unpack_from(order + "I", block, link)
    return found


class _Reader:
    """Reads directories of one block, and at most what a block without overlaps can hold."""

    def __init__(self, block: bytes, order: str):
        self.block = block
        self.order = order
        # Twice, since some writers let equal values share their place.
        self.room = 2 * len(block)
        self.fields = 0

    def directory(self, at: int, depth: int = 0) -> Directory:
        """Read the directory at an offset and those below it."""
        block, order = self.block, self.order
        directory: Directory = {}
        if at + 2 > len(block) or depth > _DEEPEST:
            return directory
        self._count()
        (fields,) = struct.unpack_from(order + "H", block, at)
        for start in range(at + 2, min(at + 2 + 12 * fields, len(block) - 11), 12):
            tag, kind, count = struct.unpack_from(order + "HHI", block, start)
            size = (_SIZES.get(kind) or _LARGE_SIZES.get(kind, 0)) * count
            (pointer,) = struct.unpack_from(order + "I", block, start + 8)
            offset = start + 8 if size <= 4 else pointer
            self._count()
            if not size or offset + size > len(block):
                continue
            if tag in SUB_DIRECTORIES and kind in (LONG, 13):
                directory[tag] = Entry(LONG, 1, self.directory(pointer, depth + 1))
                continue
            self._take(size)
            if kind in _LARGE_SIZES:
                continue
            value = block[offset : offset + size]
            if order == ">" and kind in _UNITS:
                value = np.frombuffer(value, f"u{_UNITS[kind]}").byteswap().tobytes()
            directory[tag] = Entry(kind, count, value)
        return directory

    def _count(self) -> None:
        self._take(12)
        self.fields += 1
        if self.fields > MOST_FIELDS:
            raise BombError("it has more fields than a photo needs")

    def _take(self, size: int) -> None:
        self.room -= size
        if self.room < 0:
            raise ValueError("its fields overlap")


def dump(directory: Directory) -> bytes:
    """Return a directory as a whole little-endian block with its header."""
    return b"II*\0" + struct.pack("<I", 8) + _dump(directory, 8)


def _dump(directory: Directory, at: int) -> bytes:
    """Return the bytes of a directory that will lie at offset ``at``."""
    table = [struct.pack("<H", len(directory))]
    beside: list[bytes] = []
    free = at + 2 + 12 * len(directory) + 4
    for tag, entry in sorted(directory.items()):
        if isinstance(entry.value, dict):
            content, cell = _dump(entry.value, free), struct.pack("<I", free)
        elif len(entry.value) > 4:
            content, cell = entry.value, struct.pack("<I", free)
        else:
            content, cell = b"", entry.value.ljust(4, b"\0")
        beside += [content, b"\0" * (len(content) % 2)]
        free += len(content) + len(content) % 2
        table.append(struct.pack("<HHI", tag, entry.kind, entry.count) + cell)
    return b"".join([*table, bytes(4), *beside])


def merge(encoded: bytes, fields: Directory) -> bytes:
    """Add fields to the only directory of a little-endian TIFF file.

    The new directory is appended, the pixels stay where they are.

    Args:
        encoded: a TIFF file of one page.
        fields: what to add; they win over fields that are there.
    """
    if encoded[:4] != b"II*\0":
        raise ValueError("expected a little-endian TIFF file")
    (directory,) = directories(encoded)
    body = encoded + b"\0" * (len(encoded) % 2)
    header = b"II*\0" + struct.pack("<I", len(body))
    return header + body[8:] + _dump(directory | fields, len(body))
