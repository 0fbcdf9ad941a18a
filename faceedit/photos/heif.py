"""HEIC and HEIF through pillow-heif, where it is installed."""

import importlib
import io
from pathlib import Path
from typing import Any

from PIL import Image

from faceedit.errors import UnsupportedError
from faceedit.photos.budget import Spending

_HOW = "HEIC needs pillow-heif: pip install 'faceedit[heif]'"


def _library(path: Path) -> Any:
    try:
        return importlib.import_module("pillow_heif")
    except ImportError as error:
        raise UnsupportedError(path, _HOW) from error


def decode(data: bytes, spending: Spending) -> tuple[Image.Image, str | None, tuple[str, ...]]:
    """Decode the primary picture, which libheif turns upright.

    Args:
        data: the whole file.
        spending: what it may cost, refused before pixels are unpacked.

    Returns:
        The picture with its metadata in ``info``, its chroma, and notes for the user.

    Raises:
        UnsupportedError: pillow-heif is not installed, or more than 8 bits a channel.
        UnreadableError: it costs too much.
    """
    path = spending.path
    library = _library(path)
    file = library.open_heif(spending.open(data), convert_hdr_to_8bit=False)
    spending.check_size(file.size)
    spending.check_memory("heif", file.mode, file.size)
    if file.info.get("bit_depth", 8) > 8:
        raise UnsupportedError(path, "it has 10 or 12 bits a channel: convert it to 8 bits first")
    notes = ()
    if len(file) > 1 or file.info.get("aux") or file.info.get("depth_images"):
        notes = ("the further pictures in it (gain map, depth or burst) are not kept",)
    chroma = file.info.get("chroma")
    image = file.to_pillow()
    return image, f"{chroma // 100}:{chroma // 10 % 10}:{chroma % 10}" if chroma else None, notes


def encode(
    path: Path,
    image: Image.Image,
    quality: int,
    chroma: str | None,
    icc: bytes | None,
    exif: bytes | None,
    xmp: bytes | None,
) -> bytes:
    """Encode an upright picture.

    Raises:
        UnsupportedError: pillow-heif is not installed.
    """
    library = _library(path)
    if icc:
        image.info["icc_profile"] = icc
    file = library.from_pillow(image)
    stream = io.BytesIO()
    options = {"chroma": int(chroma.replace(":", ""))} if chroma else {}
    # Empty EXIF is an error for libheif.
    file.save(stream, quality=quality, exif=exif or None, xmp=xmp or None, **options)
    return stream.getvalue()
