"""Any photo file as a picture to look at: upright, sRGB, 8 bits a channel, on white."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from faceedit.errors import PhotoError, UnreadableError, UnsupportedError, is_out_of_memory
from faceedit.photos import heif, jpeg, metadata, png, tiff, tiff_layout
from faceedit.photos.budget import Budget, Spending
from faceedit.photos.formats import sniff
from faceedit.photos.pixels import eight_bits
from faceedit.photos.read import load_file
from faceedit.photos.types import Metadata

# Opened directly: `Image.open` would apply Pillow's global limit to the number of pixels.
_PLUGINS: dict[str, Callable[[io.BytesIO], ImageFile]] = {
    "jpeg": JpegImageFile,
    "png": PngImageFile,
    "webp": WebPImageFile,
    "tiff": TiffImageFile,
    "bmp": BmpImageFile,
    "avif": AvifImageFile,
}
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SPACES = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK"}


@dataclass(frozen=True, eq=False)
class Picture:
    """A photo to look at.

    Attributes:
        image: upright, mode RGB, in sRGB.
        photo_size: width and height of the upright photo in its file.
    """

    image: Image.Image
    photo_size: tuple[int, int]


def read_picture(path: Path, side: int | None = None, budget: Budget | None = None) -> Picture:
    """Read a photo to look at it; what cannot be edited (CMYK, animations) can be looked at.

    Two files that show the same upright scene at the same size come out aligned to the pixel,
    however each is stored.

    Args:
        path: a photo file; its content decides on the format.
        side: the picture is scaled down to fit a square of this many pixels, and JPEG is decoded
            at a fraction of its size then; None keeps all pixels.
        budget: what decoding it may cost.

    Raises:
        PhotoError: the file cannot be read or shown.
    """
    try:
        return _read(path, side, budget or Budget())
    except PhotoError:
        raise
    # Decoders raise almost anything on broken files.
    except Exception as error:
        if is_out_of_memory(error):
            raise UnreadableError(path, "there is not enough memory to decode it") from error
        raise UnreadableError(path, str(error) or type(error).__name__) from error


def fit(size: tuple[int, int], side: int | None) -> tuple[int, int]:
    """Return width and height scaled down to fit a square, never below 1 and never up."""
    scale = 1.0 if side is None else min(1.0, side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _read(path: Path, side: int | None, budget: Budget) -> Picture:
    image, box, photo_size, about = _decode(path, load_file(path).data, side, budget)
    icc, turned = about.icc, metadata.orientation(about)
    image = _plain(path, image)
    size = fit(photo_size, side)
    if size != image.size or box is not None:
        image = image.resize(size, Image.Resampling.LANCZOS, box, reducing_gap=3.0)
    if turned in _TURNS:
        image = image.transpose(_TURNS[turned])
    if turned >= 5:
        photo_size = photo_size[1], photo_size[0]
    return Picture(_on_white(image, icc), photo_size)


def _decode(
    path: Path, data: bytes, side: int | None, budget: Budget
) -> tuple[Image.Image, tuple[float, float, float, float] | None, tuple[int, int], Metadata]:
    """Return the picture as stored, the part that is the photo, the photo's size, and its profile.

    The metadata are those that say how the picture has to be turned, and its colour profile.
    """
    format, spending = sniff(data[:64]), Spending(path, len(data), budget)
    if format == "heif":
        image, _, _ = heif.decode(data, spending)
        return image, None, image.size, Metadata(icc=image.info.get("icc_profile"))
    if format not in _PLUGINS:
        raise UnsupportedError(path, "it is no known format")
    plain, about, scans = _about(format, data)
    image = _PLUGINS[format](spending.open(plain))
    spending.check_size(image.size)
    size, box = image.size, None
    jpeg.check_scans(scans, size[0] * size[1])
    if format == "jpeg" and side is not None:
        width, height = fit(size, side)
        # The last halving is left to the resampling, whose filter is better than the decoder's.
        drafted = image.draft(image.mode, (2 * width, 2 * height))
        # A side that the fraction does not divide is rounded up: the rest is no part of the photo.
        box = None if drafted is None else drafted[1]
    spending.check_memory(format, image.mode, size, scans=scans)
    image.load()
    if format == "tiff":
        # Pillow turns TIFF upright while it loads.
        return image, None, image.size, Metadata(icc=image.info.get("icc_profile"))
    if about is None:
        exif = image.info.get("exif", b"").removeprefix(b"Exif\0\0") or None
        about = Metadata(image.info.get("icc_profile"), exif, image.info.get("xmp"))
    return image, box, size, about


def _about(format: str, data: bytes) -> tuple[bytes, Metadata | None, int]:
    """Return what the decoder is given, the metadata if it is not, and the number of scans."""
    if format == "jpeg":
        layout = jpeg.walk(data)
        about = jpeg.read_metadata(data, layout)
        return jpeg.without_metadata(data, layout), about, layout.scans
    if format == "png":
        return png.without_metadata(data), png.read_metadata(data), 1
    if format == "tiff":
        tiff_layout.check(data, tiff.directories(data)[0])
    return data, None, 1


def _plain(path: Path, image: Image.Image) -> Image.Image:
    """Return a picture of mode L, LA, RGB, RGBA or CMYK, which can be scaled."""
    if image.mode == "I" or image.mode.startswith("I;16"):
        deep = np.clip(np.asarray(image), 0, 65535).astype(np.uint16)
        return Image.fromarray(eight_bits(deep))
    if image.mode in ("P", "PA") or "transparency" in image.info:
        return image.convert("RGBA")
    if image.mode == "1":
        return image.convert("L")
    if image.mode == "RGBX":
        return image.convert("RGB")
    if image.mode not in ("L", "LA", "RGB", "RGBA", "CMYK"):
        raise UnsupportedError(path, f"its channels ({image.mode}) cannot be shown")
    return image


def _on_white(image: Image.Image, icc: bytes | None) -> Image.Image:
    if image.mode not in ("LA", "RGBA"):
        return _to_srgb(image, icc)
    colour = _to_srgb(image.convert("L" if image.mode == "LA" else "RGB"), icc)
    paper = Image.new("RGB", image.size, "white")
    paper.paste(colour, mask=image.getchannel("A"))
    return paper


def _to_srgb(image: Image.Image, icc: bytes | None) -> Image.Image:
    """Return the colours in sRGB; a profile that is broken or of other channels is left out."""
    if not icc:
        return image.convert("RGB")
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        space = str(getattr(profile.profile, "xcolor_space", "")).strip()
        source = image.convert("RGB") if image.mode == "L" and space == "RGB" else image
        if _SPACES[source.mode] != space:
            return image.convert("RGB")
        converted = ImageCms.profileToProfile(
            source,
            profile,
            ImageCms.createProfile("sRGB"),
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            "RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except (ImageCms.PyCMSError, OSError):
        return image.convert("RGB")
    return image.convert("RGB") if converted is None else converted
