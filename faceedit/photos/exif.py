"""EXIF blocks patched in place, so that maker notes and odd fields survive untouched."""

import contextlib
import struct

_ORIENTATION, _EXIF_IFD = 0x0112, 0x8769
_PIXEL_WIDTH, _PIXEL_HEIGHT = 0xA002, 0xA003
_THUMBNAIL, _THUMBNAIL_BYTES = 0x0201, 0x0202
_WIDTHS = {3: "H", 4: "I"}


class _Block:
    """A mutable EXIF block with a reader for its directories."""

    def __init__(self, block: bytes):
        self.bytes = bytearray(block)
        order = {b"II*\0": "<", b"MM\0*": ">"}.get(block[:4])
        if order is None or len(block) < 8:
            raise ValueError("not an EXIF block")
        self.order = order

    def number(self, at: int, code: str) -> int:
        return struct.unpack_from(self.order + code, self.bytes, at)[0]

    def put(self, at: int, code: str, value: int) -> None:
        struct.pack_into(self.order + code, self.bytes, at, value)

    def fields(self, at: int) -> dict[int, tuple[str, int]]:
        """Return tag: (struct code, offset of the value) for single whole numbers."""
        found = {}
        for start in range(at + 2, at + 2 + 12 * self.number(at, "H"), 12):
            kind, count = self.number(start + 2, "H"), self.number(start + 4, "I")
            if kind in _WIDTHS and count == 1:
                found.setdefault(self.number(start, "H"), (_WIDTHS[kind], start + 8))
        return found

    def link(self, at: int) -> int:
        """Return the offset of the pointer to the next directory."""
        return at + 2 + 12 * self.number(at, "H")


def orientation(block: bytes | None) -> int | None:
    """Return the orientation, 1 to 8, or None where the block has no valid one.

    Args:
        block: TIFF block without the ``Exif`` header.
    """
    try:
        exif = _Block(block or b"")
        code, at = exif.fields(exif.number(4, "I"))[_ORIENTATION]
        value = exif.number(at, code)
    except (ValueError, KeyError, struct.error):
        return None
    return value if 1 <= value <= 8 else None


def upright(block: bytes, turned: bool) -> bytes:
    """Return the block of the photo turned upright: orientation 1 and no thumbnail.

    A block too broken to follow comes back as far as it could be patched.

    Args:
        block: TIFF block without the ``Exif`` header.
        turned: width and height changed places.
    """
    try:
        exif = _Block(block)
    except ValueError:
        return block
    with contextlib.suppress(struct.error):
        _drop_thumbnail(exif)
    with contextlib.suppress(struct.error):
        _reset(exif, turned)
    return bytes(exif.bytes)


def _reset(exif: _Block, turned: bool) -> None:
    fields = exif.fields(exif.number(4, "I"))
    if _ORIENTATION in fields:
        code, at = fields[_ORIENTATION]
        exif.put(at, code, 1)
    if turned and _EXIF_IFD in fields:
        sizes = exif.fields(exif.number(fields[_EXIF_IFD][1], "I"))
        if _PIXEL_WIDTH in sizes and _PIXEL_HEIGHT in sizes:
            (code_x, x), (code_y, y) = sizes[_PIXEL_WIDTH], sizes[_PIXEL_HEIGHT]
            width, height = exif.number(x, code_x), exif.number(y, code_y)
            if code_x == code_y:
                exif.put(x, code_x, height)
                exif.put(y, code_y, width)


def _drop_thumbnail(exif: _Block) -> None:
    """Unlink the second directory and wipe its JPEG, which shows the face before the edit."""
    link = exif.link(exif.number(4, "I"))
    second = exif.number(link, "I")
    if not second:
        return
    exif.put(link, "I", 0)
    fields = exif.fields(second)
    if _THUMBNAIL not in fields or _THUMBNAIL_BYTES not in fields:
        return
    start, size = (exif.number(fields[tag][1], "I") for tag in (_THUMBNAIL, _THUMBNAIL_BYTES))
    end = start + size
    if end > len(exif.bytes) or exif.bytes[start : start + 2] != b"\xff\xd8":
        return
    if len(exif.bytes) - end < 4:
        del exif.bytes[start:]
    else:
        exif.bytes[start:end] = bytes(size)
