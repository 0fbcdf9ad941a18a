"""Bytes of one file to a raster and a description of the file, one function per format.

Pillow's plugin classes are opened directly: `Image.open` would apply Pillow's global pixel
limit and guess the format, and both are decided by `read` here.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from faceedit.errors import UnreadableError, UnsupportedError
from faceedit.photos import heif, jpeg, png, tiff
from faceedit.photos.formats import SEVERAL
from faceedit.photos.pixels import Raster, from_channels, unpack
from faceedit.photos.types import Encoding, Metadata

# A small file that unpacks to gigabytes is a bomb. Photos of poor quality come to 60 pixels a byte
# in JPEG, and to 170 in AVIF.
_UNSUSPECTED, _DENSEST = 50_000_000, 300


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


def decode(path: Path, data: bytes, format: str, max_pixels: int) -> Decoded:
    """Decode a file whose format is known.

    Args:
        path: named in errors.
        data: the whole file.
        format: name from ``formats.FORMATS``.
        max_pixels: larger pictures are refused before their pixels are unpacked.

    Raises:
        PhotoError: a picture of a kind that is not handled. Anything else that is raised means
            broken data.
    """
    return _DECODERS[format](path, data, max_pixels)


def check_size(path: Path, data: bytes, size: tuple[int, int], max_pixels: int) -> None:
    """Refuse pictures that would fill the memory.

    Raises:
        UnreadableError: more pixels than allowed or than a photo can have in so few bytes, or
            none.
    """
    width, height = size
    if width * height > max_pixels:
        reason = f"its {width} x {height} pixels are more than the limit of {max_pixels}"
        raise UnreadableError(path, reason)
    if width * height > max(_UNSUSPECTED, _DENSEST * len(data)):
        reason = f"its {width} x {height} pixels in {len(data)} bytes cannot be a photo"
        raise UnreadableError(path, reason)
    if width < 1 or height < 1:
        raise UnreadableError(path, "it has no pixels")


def _load(
    plugin: Callable[[io.BytesIO], Image.Image], path: Path, data: bytes, max_pixels: int
) -> Any:
    image = plugin(io.BytesIO(data))
    check_size(path, data, image.size, max_pixels)
    if getattr(image, "is_animated", False):
        raise UnsupportedError(path, SEVERAL)
    image.load()
    return image


def _dpi(image: Image.Image) -> tuple[float, float] | None:
    dpi = image.info.get("dpi")
    if dpi is None or not all(1 < float(value) < 65536 for value in dpi):
        return None
    return float(dpi[0]), float(dpi[1])


def _exif(image: Image.Image) -> bytes | None:
    return (image.info.get("exif") or b"").removeprefix(b"Exif\0\0") or None


def _jpeg(path: Path, data: bytes, max_pixels: int) -> Decoded:
    from PIL.JpegImagePlugin import JpegImageFile, get_sampling

    if jpeg.has_too_many_scans(data):
        raise UnreadableError(path, "it is stored in more scans than a photo can need")
    image = _load(JpegImageFile, path, data, max_pixels)
    sampling = get_sampling(image) if image.mode == "RGB" else None
    metadata = jpeg.read_metadata(data, _dpi(image))
    notes = ()
    if image.info.get("mp") is not None:
        notes = ("the further pictures in it (preview, gain map or depth) are not kept",)
    return Decoded(
        unpack(image, path),
        metadata,
        Encoding(
            tables=tuple(tuple(table) for _, table in sorted(image.quantization.items())),
            # Chroma of another shape than Pillow writes is kept in full instead.
            subsampling=0 if sampling == -1 else sampling,
            progressive=bool(image.info.get("progressive")),
        ),
        notes=notes,
    )


def _png(path: Path, data: bytes, max_pixels: int) -> Decoded:
    from PIL.PngImagePlugin import PngImageFile

    bits, colour_type = png.header(data)
    if colour_type == 0 and bits in (2, 4):
        raise UnsupportedError(path, f"it is a {bits}-bit grey picture: convert it to 8 bits first")
    metadata = png.read_metadata(data)
    if bits == 16 and colour_type != 0:
        image = PngImageFile(io.BytesIO(data))
        check_size(path, data, image.size, max_pixels)
        if image.is_animated:
            raise UnsupportedError(path, SEVERAL)
        if colour_type == 4:
            raise UnsupportedError(path, "it is 16-bit grey with alpha: convert it to RGB first")
        if png.transparent(data):
            raise UnsupportedError(path, "one of its colours stands for transparency")
        return Decoded(_deep_colour(path, data, image), metadata)
    image = _load(PngImageFile, path, data, max_pixels)
    encoding = Encoding(bits=bits if image.mode == "P" else 8)
    return Decoded(unpack(image, path), metadata, encoding)


def _deep_colour(path: Path, data: bytes, image: Image.Image) -> Raster:
    """Decode 16-bit colour, which Pillow cuts to 8 bits.

    OpenCV has all bits, but takes planes for pixels and fills what a truncated file lacks with
    black. So Pillow decodes too and the upper bytes have to agree.

    Args:
        path: named in errors.
        data: the file.
        image: the same file in Pillow, which raises on truncation.
    """
    import cv2

    image.load()
    channels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if channels is None or channels.dtype != np.uint16 or channels.ndim != 3:
        raise ValueError("its 16-bit pixels cannot be decoded")
    order = [2, 1, 0, 3][: channels.shape[2]]
    raster = from_channels(channels[..., order])
    if not np.array_equal(raster.pixels >> 8, np.asarray(image)[..., :3]):
        raise UnsupportedError(path, "its layout of 16-bit channels is not handled")
    return raster


def _webp(path: Path, data: bytes, max_pixels: int) -> Decoded:
    from PIL.WebPImagePlugin import WebPImageFile

    image = _load(WebPImageFile, path, data, max_pixels)
    metadata = Metadata(image.info.get("icc_profile"), _exif(image), image.info.get("xmp"))
    at, kinds = 12, set()
    while at + 8 <= len(data):
        kinds.add(data[at : at + 4])
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + size + size % 2
    return Decoded(unpack(image, path), metadata, Encoding(lossless=b"VP8L" in kinds))


def _tiff(path: Path, data: bytes, max_pixels: int) -> Decoded:
    from PIL.TiffImagePlugin import TiffImageFile

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
    image = TiffImageFile(io.BytesIO(data))
    check_size(path, data, image.size, max_pixels)
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
    image.load()
    raster = _deep_colour(path, data, image) if deep else unpack(image, path)
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


def _bmp(path: Path, data: bytes, max_pixels: int) -> Decoded:
    from PIL.BmpImagePlugin import BmpImageFile

    bits = int.from_bytes(data[28:30], "little")
    image = _load(BmpImageFile, path, data, max_pixels)
    if bits not in (8, 24, 32) and image.mode != "1":
        raise UnsupportedError(path, f"it is a BMP file of {bits} bits a pixel")
    if image.mode == "RGBA":
        raise UnsupportedError(path, "it is a BMP file with alpha, which cannot be written back")
    return Decoded(unpack(image, path), Metadata(dpi=_dpi(image)))


def _avif(path: Path, data: bytes, max_pixels: int) -> Decoded:
    from PIL.AvifImagePlugin import AvifImageFile

    # One per coded plane set; alpha and gain maps are marked as monochrome (0x10).
    configured = [box[2] for box in data.split(b"av1C")[1:] if len(box) > 2]
    flags = next((flags for flags in configured if not flags & 0x10), 0x0C)
    if any(flags & 0x40 for flags in configured):
        raise UnsupportedError(path, "it has 10 or 12 bits a channel: convert it to 8 bits first")
    chroma = {0x0C: "4:2:0", 0x08: "4:2:2", 0x00: "4:4:4"}.get(flags & 0x0C)
    image = _load(AvifImageFile, path, data, max_pixels)
    metadata = Metadata(image.info.get("icc_profile"), _exif(image), image.info.get("xmp"))
    return Decoded(unpack(image, path), metadata, Encoding(chroma=chroma))


def _heif(path: Path, data: bytes, max_pixels: int) -> Decoded:
    def check(size: tuple[int, int]) -> None:
        check_size(path, data, size, max_pixels)

    image, chroma, notes = heif.decode(path, data, check)
    metadata = Metadata(image.info.get("icc_profile"), _exif(image), image.info.get("xmp"))
    raster = unpack(image, path)
    return Decoded(raster, metadata, Encoding(chroma=chroma), is_upright=True, notes=notes)


_DECODERS: dict[str, Callable[[Path, bytes, int], Decoded]] = {
    "jpeg": _jpeg,
    "png": _png,
    "webp": _webp,
    "tiff": _tiff,
    "bmp": _bmp,
    "avif": _avif,
    "heif": _heif,
}
