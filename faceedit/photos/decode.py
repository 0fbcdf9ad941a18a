"""Bytes of one file to a raster and a description of the file, one function per format.

Pillow's plugin classes are opened directly: `Image.open` would apply Pillow's global pixel
limit and guess the format, and both are decided by `read` here.
"""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
from PIL import Image

from faceedit.errors import UnsupportedError
from faceedit.photos import heif, jpeg, png, tiff, tiff_layout
from faceedit.photos.budget import Spending
from faceedit.photos.formats import SEVERAL
from faceedit.photos.pixels import Raster, bands, from_channels, unpack
from faceedit.photos.types import Encoding, Metadata

# Chunks or boxes that are looked at; photos have about ten.
_MOST_BOXES = 1000


@dataclass(frozen=True, eq=False)
class Decoded:
    """What one decoder found.

    Attributes:
        raster: the picture as it is stored, or already upright.
        metadata: as it stands in the file.
        encoding: how the pixels were encoded.
        is_upright: the decoder has already applied the orientation.
        notes: what an output cannot keep.
    """

    raster: Raster
    metadata: Metadata
    encoding: Encoding = field(default_factory=Encoding)
    is_upright: bool = False
    notes: tuple[str, ...] = ()


def decode(data: bytes, format: str, spending: Spending) -> Decoded:
    """Decode a file whose format is known.

    Args:
        data: the whole file.
        format: name from ``formats.FORMATS``.
        spending: what it may cost, refused before pixels are unpacked or while they are.

    Raises:
        PhotoError: a picture of a kind that is not handled, or that costs too much. Anything else
            that is raised means broken data.
    """
    return _DECODERS[format](spending, data)


def _open(plugin: Callable[[io.BytesIO], Image.Image], data: bytes, spending: Spending) -> Any:
    """Read a file's header and check what it promises."""
    image = plugin(spending.open(data))
    spending.check_size(image.size)
    if getattr(image, "is_animated", False):
        raise UnsupportedError(spending.path, SEVERAL)
    return image


def _dpi(image: Image.Image) -> tuple[float, float] | None:
    dpi = image.info.get("dpi")
    if dpi is None or not all(1 < float(value) < 65536 for value in dpi):
        return None
    return float(dpi[0]), float(dpi[1])


def _exif(image: Image.Image) -> bytes | None:
    return (image.info.get("exif") or b"").removeprefix(b"Exif\0\0") or None


def _jpeg(spending: Spending, data: bytes) -> Decoded:
    from PIL.JpegImagePlugin import JpegImageFile, get_sampling

    layout = jpeg.walk(data)
    image = _open(JpegImageFile, jpeg.without_metadata(data, layout), spending)
    width, height = image.size
    jpeg.check_scans(layout.scans, width * height)
    spending.check_memory("jpeg", image.mode, image.size, scans=layout.scans)
    image.load()
    metadata = jpeg.read_metadata(data, layout, _dpi(image))
    sampling = get_sampling(image) if image.mode == "RGB" else None
    notes = ()
    if jpeg.has_more_pictures(data, layout):
        notes = ("the further pictures in it (preview, gain map or depth) are not kept",)
    return Decoded(
        unpack(image, spending.path),
        metadata,
        Encoding(
            tables=tuple(tuple(table) for _, table in sorted(image.quantization.items())),
            # Chroma of another shape than Pillow writes is kept in full instead.
            subsampling=0 if sampling == -1 else sampling,
            progressive=bool(image.info.get("progressive")),
        ),
        notes=notes,
    )


def _png(spending: Spending, data: bytes) -> Decoded:
    from PIL.PngImagePlugin import PngImageFile

    path = spending.path
    bits, colour_type = png.header(data)
    if colour_type == 0 and bits in (2, 4):
        raise UnsupportedError(path, f"it is a {bits}-bit grey picture: convert it to 8 bits first")
    plain = png.without_metadata(data)
    image = _open(PngImageFile, plain, spending)
    deep = bits == 16 and colour_type != 0
    spending.check_memory("png", image.mode, image.size, deep=deep)
    metadata = png.read_metadata(data)
    if deep:
        if colour_type == 4:
            raise UnsupportedError(path, "it is 16-bit grey with alpha: convert it to RGB first")
        if png.has_transparent_colour(plain):
            raise UnsupportedError(path, "one of its colours stands for transparency")
        png.check_sums(plain)
        return Decoded(_deep_colour(spending, plain, image), metadata)
    image.load()
    encoding = Encoding(bits=bits if image.mode == "P" else 8)
    return Decoded(unpack(image, path), metadata, encoding)


def _deep_colour(spending: Spending, data: bytes, image: Image.Image) -> Raster:
    """Decode 16-bit colour, which Pillow cuts to 8 bits.

    OpenCV has all bits, but takes planes for pixels and fills what a truncated file lacks with
    black. So Pillow decodes too and the upper bytes have to agree.

    Args:
        spending: what it may cost.
        data: the file.
        image: the same file in Pillow, which raises on truncation.
    """
    import cv2

    start = spending.seconds
    image.load()
    # OpenCV takes about as long as Pillow, and nothing can stop it.
    spending.check_time(spending.seconds - start)
    channels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if channels is None or channels.dtype != np.uint16 or channels.ndim != 3:
        raise ValueError("its 16-bit pixels cannot be decoded")
    is_same = image.size == (channels.shape[1], channels.shape[0])
    for top, end in bands(channels.shape) if is_same else ():
        band = channels[top:end]
        band[..., :3] = band[..., 2::-1]
        upper = np.asarray(image.crop((0, top, image.width, end)))[..., :3]
        is_same = is_same and np.array_equal(np.right_shift(band[..., :3], 8), upper)
    if not is_same:
        raise UnsupportedError(spending.path, "its layout of 16-bit channels is not handled")
    return from_channels(channels)


def _webp(spending: Spending, data: bytes) -> Decoded:
    from PIL.WebPImagePlugin import WebPImageFile

    image = _open(WebPImageFile, data, spending)
    spending.check_memory("webp", image.mode, image.size)
    image.load()
    metadata = Metadata(image.info.get("icc_profile"), _exif(image), image.info.get("xmp"))
    at, lossless = 12, False
    for _ in range(_MOST_BOXES):
        lossless |= data[at : at + 4] == b"VP8L"
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + size + size % 2
    return Decoded(unpack(image, spending.path), metadata, Encoding(lossless=lossless))


def _tiff(spending: Spending, data: bytes) -> Decoded:
    from PIL.TiffImagePlugin import TiffImageFile

    path = spending.path
    if data[2:4] in (b"+\0", b"\0+"):
        raise UnsupportedError(path, "it is a BigTIFF file")
    pages = tiff.directories(data)
    if not pages:
        raise ValueError("it has no pages")
    # Pages marked as reduced copies are thumbnails, which an edited photo does not keep.
    if any(not _is_reduced(page) for page in pages[1:]):
        raise UnsupportedError(path, SEVERAL)
    fields = pages[0]
    bits = fields[258].numbers if 258 in fields else (1,)
    samples = fields[277].numbers[0] if 277 in fields else 1
    extra = fields[tiff.EXTRA_SAMPLES].numbers if tiff.EXTRA_SAMPLES in fields else ()
    photometric = fields[262].numbers[0] if 262 in fields else None
    sample_formats = fields[339].numbers if 339 in fields else (1,)
    tiff_layout.check(data, fields)
    image = TiffImageFile(spending.open(data))
    spending.check_size(image.size)
    if set(sample_formats) != {1} or max(bits) > 16:
        raise UnsupportedError(path, "its channels are not whole numbers of 8 or 16 bits")
    if photometric in (0, 1) and bits[0] in (2, 4):
        raise UnsupportedError(path, f"it is a {bits[0]}-bit grey picture")
    if len(extra) > 1:
        raise UnsupportedError(path, "it has more than one extra channel")
    compression = image.info.get("compression")
    deep = max(bits) == 16 and samples > 1
    if deep and (photometric != 2 or samples - len(extra) != 3):
        raise UnsupportedError(path, "it has 16-bit channels other than grey, RGB and RGBA")
    spending.check_memory("tiff", image.mode, image.size, deep=deep)
    image.load()
    raster = _deep_colour(spending, data, image) if deep else unpack(image, path)
    if extra and (raster.alpha is None or extra[0] == 0):
        raise UnsupportedError(path, "it has an extra channel of unknown meaning")
    if extra == (1,) and raster.alpha is not None:
        opaque = np.iinfo(raster.alpha.dtype).max
        if (raster.alpha != opaque).any():
            raise UnsupportedError(path, "its alpha is premultiplied, which editing would harm")
    own = {tiff.XMP, tiff.PHOTOSHOP, tiff.ICC}
    rest = {tag: entry for tag, entry in fields.items() if tag not in tiff.STRUCTURAL | own}
    metadata = Metadata(
        icc=_bytes(fields, tiff.ICC),
        exif=tiff.dump(rest) if rest else None,
        xmp=_bytes(fields, tiff.XMP),
        photoshop=_bytes(fields, tiff.PHOTOSHOP),
        dpi=_dpi(image) if 282 in fields else None,
    )
    predictor = fields[317].numbers[0] if 317 in fields else 1
    # Both decoders turn TIFF upright on their own.
    return Decoded(
        raster, metadata, Encoding(compression=compression, predictor=predictor), is_upright=True
    )


def _is_reduced(page: tiff.Directory) -> bool:
    kind = page[254].numbers if 254 in page else ()
    return bool(kind and kind[0] & 1)


def _bytes(fields: tiff.Directory, tag: int) -> bytes | None:
    value = fields[tag].value if tag in fields else None
    return value if isinstance(value, bytes) else None


def _bmp(spending: Spending, data: bytes) -> Decoded:
    from PIL.BmpImagePlugin import BmpImageFile

    path, bits = spending.path, int.from_bytes(data[28:30], "little")
    image = _open(BmpImageFile, data, spending)
    if bits not in (8, 24, 32) and image.mode != "1":
        raise UnsupportedError(path, f"it is a BMP file of {bits} bits a pixel")
    if image.mode == "RGBA":
        raise UnsupportedError(path, "it is a BMP file with alpha, which cannot be written back")
    spending.check_memory("bmp", image.mode, image.size)
    image.load()
    return Decoded(unpack(image, path), Metadata(dpi=_dpi(image)))


def _avif(spending: Spending, data: bytes) -> Decoded:
    from PIL.AvifImagePlugin import AvifImageFile

    # One per coded plane set; alpha and gain maps are marked as monochrome (0x10).
    boxes = islice(re.finditer(rb"av1C..(.)", data, re.DOTALL), _MOST_BOXES)
    configured = [box[1][0] for box in boxes]
    flags = next((flags for flags in configured if not flags & 0x10), 0x0C)
    if any(flags & 0x40 for flags in configured):
        raise UnsupportedError(
            spending.path, "it has 10 or 12 bits a channel: convert it to 8 bits first"
        )
    chroma = {0x0C: "4:2:0", 0x08: "4:2:2", 0x00: "4:4:4"}.get(flags & 0x0C)
    image = _open(AvifImageFile, data, spending)
    spending.check_memory("avif", image.mode, image.size)
    image.load()
    metadata = Metadata(image.info.get("icc_profile"), _exif(image), image.info.get("xmp"))
    return Decoded(unpack(image, spending.path), metadata, Encoding(chroma=chroma))


def _heif(spending: Spending, data: bytes) -> Decoded:
    image, chroma, notes = heif.decode(data, spending)
    metadata = Metadata(image.info.get("icc_profile"), _exif(image), image.info.get("xmp"))
    raster = unpack(image, spending.path)
    return Decoded(raster, metadata, Encoding(chroma=chroma), is_upright=True, notes=notes)


_DECODERS: dict[str, Callable[[Spending, bytes], Decoded]] = {
    "jpeg": _jpeg,
    "png": _png,
    "webp": _webp,
    "tiff": _tiff,
    "bmp": _bmp,
    "avif": _avif,
    "heif": _heif,
}
