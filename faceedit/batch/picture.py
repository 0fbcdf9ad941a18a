"""A picture in memory, whatever it was given as: opened, and given back as it was."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from faceedit.errors import UsageError
from faceedit.photos import Budget, Photo, read_photo
from faceedit.photos.pixels import eight_bits

PathOrImage = str | os.PathLike[str] | Image.Image
ImageLike = PathOrImage | np.ndarray

_KEPT = ("icc_profile", "exif", "dpi")
_MODES = ("RGB", "RGBA", "L", "LA")
_HELD = 13
"""Bytes for each pixel of an image: itself, its colours before and after, and a copy."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture to edit.

    Attributes:
        pixels: (H, W, 3) uint8 or uint16 RGB, upright.
        alpha: (H, W) opacity of the same type, or None.
        is_grey: it has no colour channels.
        is_array: it was given as an array.
        info: what Pillow keeps beside pixels: colour profile, EXIF and resolution.
    """

    pixels: np.ndarray
    alpha: np.ndarray | None = None
    is_grey: bool = False
    is_array: bool = False
    info: dict[str | tuple[int, int], Any] = field(default_factory=dict)

    def with_pixels(self, pixels: np.ndarray) -> Image.Image:
        """Return other pixels as a PIL image like this one, of 8 bits."""
        image = Image.fromarray(eight_bits(pixels))
        if self.is_grey:
            image = image.convert("L")
        if self.alpha is not None:
            image.putalpha(Image.fromarray(eight_bits(self.alpha)))
        image.info = dict(self.info)
        return image


def open_picture(image: ImageLike, budget: Budget | None = None) -> Picture:
    """Open a picture to edit.

    Args:
        image: a photo's path; a PIL image (RGB, RGBA, L, LA); or (H, W, 3) RGB of uint8 or uint16.
        budget: what a photo's file may cost; memory for other pictures is only reserved from it.

    Raises:
        UsageError: a picture of a kind that is not taken.
        PhotoError: the file cannot be read.
    """
    budget = budget or Budget()
    if isinstance(image, Image.Image):
        budget.reserve(_HELD * image.width * image.height)
        return _from_pil(image)
    if isinstance(image, np.ndarray):
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype not in (np.uint8, np.uint16):
            raise UsageError(
                "an array must be (H, W, 3) RGB of uint8 or uint16, "
                f"not {image.dtype} {image.shape}"
            )
        if not image.size:
            raise UsageError(f"an array of shape {image.shape} has no pixels")
        budget.reserve(2 * image.nbytes)
        return Picture(np.ascontiguousarray(image), is_array=True)
    if isinstance(image, str | os.PathLike):
        return _from_photo(read_photo(Path(image), budget))
    raise UsageError(
        "a picture is a path, a PIL image or an (H, W, 3) RGB array of uint8 or uint16, "
        f"not of type {type(image).__name__}"
    )


def _from_pil(image: Image.Image) -> Picture:
    if image.mode not in _MODES:
        raise UsageError(
            f"a PIL image of mode {image.mode} is not taken; convert it to RGB, RGBA, L or LA"
        )
    if not all(image.size):
        raise UsageError(f"an image of {image.width} x {image.height} has no pixels")
    upright = ImageOps.exif_transpose(image)
    return Picture(
        np.asarray(upright.convert("RGB")),
        np.asarray(upright.getchannel("A")) if "A" in upright.mode else None,
        upright.mode in ("L", "LA"),
        info={key: upright.info[key] for key in _KEPT if key in upright.info},
    )


def _from_photo(photo: Photo) -> Picture:
    metadata = photo.source.metadata
    info = {
        "icc_profile": metadata.icc,
        "exif": None if metadata.exif is None else b"Exif\0\0" + metadata.exif,
        "dpi": metadata.dpi,
    }
    return Picture(
        photo.pixels,
        photo.alpha,
        photo.source.mode in ("L", "LA"),
        info={key: value for key, value in info.items() if value is not None},
    )
