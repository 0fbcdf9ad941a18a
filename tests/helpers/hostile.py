"""Photo files that attack their reader: valid enough to be opened, made to cost without end.

Every function returns the bytes of one file. Sizes are arguments: tests take small ones, and
``scripts/attack.py`` those that hurt.
"""

import io
import struct
import zlib

import numpy as np
from PIL import Image

JPEG_END = b"\xff\xd9"


def picture(width: int = 64, height: int = 48, mode: str = "RGB") -> Image.Image:
    """A smooth picture with some noise, the same every time."""
    rng = np.random.default_rng(0)
    x, y = np.linspace(0, 200, width), np.linspace(0, 200, height)[:, None]
    plane = (x + y) / 2 + rng.integers(0, 40, (height, width))
    return Image.fromarray(plane.astype(np.uint8)).convert(mode)


def encoded(image: Image.Image, format: str, **options) -> bytes:
    """An honest file of a picture."""
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def jpeg_segment(marker: int, body: bytes) -> bytes:
    """A marker segment."""
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def jpeg_scans(size: int, scans: int, comment: bytes = b"", mode: str = "L") -> bytes:
    """A small progressive file that goes over a large picture again and again.

    Args:
        size: side in pixels.
        scans: that hold nothing, of 10 bytes each.
        comment: body of a comment segment before each of them; none without it.
        mode: of the picture.
    """
    data = encoded(Image.new(mode, (size, size), 99), "JPEG", progressive=True)
    scan = jpeg_segment(0xDA, b"\x01\x01\x00\x01\x3f\x00")
    if comment:
        scan = jpeg_segment(0xFE, comment) + scan
    return data[:-2] + scan * scans + JPEG_END


def jpeg_fill(size: int, behind: str = "header") -> bytes:
    """A file with so many fill bytes, 0xFF.

    Args:
        size: bytes.
        behind: ``start``, ``header`` (before the first scan), ``scan`` (behind the pixels), or
            ``end`` (behind the picture).
    """
    data = encoded(picture(), "JPEG")
    at = {
        "start": 2,
        "header": data.index(b"\xff\xda"),
        "scan": len(data) - 2,
        "end": len(data),
    }[behind]
    return data[:at] + b"\xff" * size + data[at:]


def jpeg_only_fill(size: int) -> bytes:
    """A file of 0xFF and nothing else."""
    return b"\xff\xd8" + b"\xff" * size


def jpeg_zeros(size: int) -> bytes:
    """A file whose header is followed by zeros: what a sparse file holds."""
    return encoded(picture(), "JPEG")[:200].ljust(size, b"\0")


def jpeg_without_scan(size: int) -> bytes:
    """A file that ends before its pixels and goes on with junk, half of it 0xFF."""
    data = encoded(picture(), "JPEG")
    return data[: data.index(b"\xff\xda")] + JPEG_END + b"\xff\0" * (size // 2)


def jpeg_segments(count: int, body: bytes = b"", marker: int = 0xFE) -> bytes:
    """A file with so many segments of one kind."""
    data = encoded(picture(), "JPEG")
    return data[:2] + jpeg_segment(marker, body) * count + data[2:]


def jpeg_photoshop(count: int, each: int = 5000) -> bytes:
    """A file with segments of Photoshop resources of no bytes, ``each`` in one of them."""
    resource = b"8BIM\x04\x04\0\0" + bytes(4)
    return jpeg_segments(count, b"Photoshop 3.0\0" + resource * each, 0xED)


def png_chunk(kind: bytes, body: bytes) -> bytes:
    """A chunk with its checksum."""
    check = struct.pack(">I", zlib.crc32(kind + body))
    return struct.pack(">I", len(body)) + kind + body + check


def png(
    size: tuple[int, int] = (64, 48),
    colour: int = 2,
    bits: int = 8,
    before: bytes = b"",
    after: bytes = b"",
    pieces: int = 1,
    interlaced: bool = False,
) -> bytes:
    """A black PNG file.

    Args:
        size: width and height.
        colour: colour type: 0 grey, 2 RGB, 4 grey and 6 RGB with alpha.
        bits: of a channel.
        before: chunks before the pixels.
        after: chunks behind them.
        pieces: chunks that the pixels are cut into, empty ones at the end.
        interlaced: in seven passes.
    """
    width, height = size
    row = 1 + -(-width * {0: 1, 2: 3, 4: 2, 6: 4}[colour] * bits // 8)
    packer = zlib.compressobj(9)
    step = max(1, (1 << 24) // row)
    # Interlaced rows are shorter and more; there are never twice as many bytes.
    rows = [bytes(row * min(step, height - top)) for top in range(0, height, step)]
    packed = b"".join(packer.compress(one) for one in rows * (2 if interlaced else 1))
    packed += packer.flush()
    each = -(-len(packed) // pieces) if pieces <= len(packed) else 1
    pixels = [png_chunk(b"IDAT", packed[at : at + each]) for at in range(0, len(packed), each)]
    empty = png_chunk(b"IDAT", b"") * max(0, pieces - len(pixels))
    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlaced)
    return b"".join(
        [b"\x89PNG\r\n\x1a\n", png_chunk(b"IHDR", head), before, *pixels, empty, after]
    ) + png_chunk(b"IEND", b"")


def png_profiles(count: int, size: int) -> bytes:
    """A PNG file with so many profiles, each unpacking to ``size`` zeros."""
    body = b"ICC Profile\0\0" + zlib.compress(bytes(size), 9)
    return png(before=png_chunk(b"iCCP", body) * count)


def png_texts(count: int, size: int, kind: bytes = b"zTXt", key: bytes = b"Comment") -> bytes:
    """A PNG file with so many packed texts, each unpacking to ``size`` zeros."""
    packed = zlib.compress(bytes(size), 9)
    body = key + (b"\0\0" if kind == b"zTXt" else b"\0\1\0\0\0") + packed
    return png(before=png_chunk(kind, body) * count)


def png_exif_texts(count: int, size: int) -> bytes:
    """A PNG file with so many packed texts in the place of EXIF."""
    return png_texts(count, size, key=b"Raw profile type exif")


def png_chunks(count: int, kind: bytes = b"tEXt", behind: bool = False) -> bytes:
    """A PNG file with so many empty chunks, before or behind the pixels."""
    many = png_chunk(kind, b"") * count
    return png(after=many) if behind else png(before=many)


def tiff(
    fields: list[tuple[int, int, int, int]], body: bytes = b"", at: int | None = None, more: int = 0
) -> bytes:
    """A little-endian TIFF file of one directory.

    Args:
        fields: (tag, type, count, value or offset); ``body`` lies at offset 8.
        body: what offsets point to.
        at: offset of the directory; None puts it behind the body.
        more: offset of the next directory.
    """
    at = 8 + len(body) if at is None else at
    table = b"".join(struct.pack("<HHII", *field) for field in sorted(fields))
    directory = struct.pack("<H", len(fields)) + table + struct.pack("<I", more)
    return b"II*\0" + struct.pack("<I", at) + body + directory


def _tiff_fields(
    width: int, height: int, compression: int = 1, photometric: int = 1
) -> list[tuple[int, int, int, int]]:
    return [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 1, 8),
        (259, 3, 1, compression),
        (262, 3, 1, photometric),
        (277, 3, 1, 1),
    ]


def tiff_tiles(size: int, tile: int) -> bytes:
    """A small picture with one enormous tile, packed by deflate."""
    packer = zlib.compressobj(9)
    step = max(1, (1 << 24) // tile)
    body = b"".join(
        packer.compress(bytes(tile * min(step, tile - at))) for at in range(0, tile, step)
    )
    body += packer.flush()
    fields = [
        *_tiff_fields(size, size, compression=8),
        (322, 4, 1, tile),
        (323, 4, 1, tile),
        (324, 4, 1, 8),
        (325, 4, 1, len(body)),
    ]
    return tiff(fields, body + b"\0" * (len(body) % 2))


def tiff_strips(count: int, width: int = 16, height: int = 16) -> bytes:
    """A small picture with so many strips, all of them in one place."""
    places = struct.pack("<I", 8) * count
    sizes = struct.pack("<I", width) * count
    body = bytes(width) + places + sizes
    first = 8 + width
    fields = [
        *_tiff_fields(width, height),
        (273, 4, count, first),
        (278, 3, 1, 1),
        (279, 4, count, first + len(places)),
    ]
    return tiff(fields, body)


def tiff_scans(size: int, scans: int) -> bytes:
    """A picture in one strip that is a JPEG file of so many scans."""
    body = jpeg_scans(size, scans)
    fields = [
        *_tiff_fields(size, size, compression=7),
        (273, 4, 1, 8),
        (278, 4, 1, size),
        (279, 4, 1, len(body)),
    ]
    return tiff(fields, body + b"\0" * (len(body) % 2))


def tiff_fields(count: int, size: int = 0) -> bytes:
    """A small picture with so many private fields that all have the same bytes.

    Args:
        count: up to 65,000.
        size: bytes of each.
    """
    body = bytes(256) + bytes(size)
    kind = 7
    extra = [(33000 + at % 1000, kind, size, 8 + 256) for at in range(count)]
    fields = [*_tiff_fields(16, 16), (273, 4, 1, 8), (278, 4, 1, 16), (279, 4, 1, 256), *extra]
    return tiff(fields, body)


def tiff_pages(count: int) -> bytes:
    """A chain of so many pages without fields."""
    body = bytes(256)
    fields = [*_tiff_fields(16, 16), (273, 4, 1, 8), (278, 4, 1, 16), (279, 4, 1, 256)]
    start = 8 + len(body) + 2 + 12 * len(fields) + 4
    chain = [struct.pack("<HI", 0, start + 6 * (at + 1)) for at in range(count - 1)]
    return tiff(fields, body, more=start) + b"".join(chain) + struct.pack("<HI", 0, 0)


def tiff_long_field(count: int) -> bytes:
    """A small picture whose bits are told of so many channels."""
    body = bytes(256) + b"\x08" * count
    fields = [
        *(field for field in _tiff_fields(16, 16) if field[0] != 258),
        (258, 1, count, 8 + 256),
        (273, 4, 1, 8),
        (278, 4, 1, 16),
        (279, 4, 1, 256),
    ]
    return tiff(fields, body)


def bmp_runs(width: int, height: int) -> bytes:
    """An 8-bit BMP file packed as runs, which Pillow unpacks in Python, each of one pixel."""
    row = b"\x01\x07" * width + b"\0\0"
    body = row * height + b"\0\x01"
    palette = bytes(range(256)) * 4
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(body), 0, 0, 256, 0)
    start = 14 + len(header) + len(palette)
    return b"BM" + struct.pack("<IHHI", start + len(body), 0, 0, start) + header + palette + body


def webp_chunks(count: int) -> bytes:
    """A WebP file with so many empty chunks that nobody knows."""
    plain = encoded(picture(), "WEBP")
    size = struct.unpack_from("<I", plain, 16)[0]
    canvas = struct.pack("<I", 63)[:3] + struct.pack("<I", 47)[:3]
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + canvas
    body += plain[12 : 20 + size + size % 2] + (b"none" + bytes(4)) * count
    return b"RIFF" + struct.pack("<I", len(body)) + body


def avif_boxes(count: int) -> bytes:
    """An AVIF file followed by so many names of its decoder's settings."""
    return encoded(picture(), "AVIF") + b"av1C" * count
