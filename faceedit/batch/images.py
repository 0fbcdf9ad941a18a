"""Edit one picture in memory: what ``faceedit.edit`` does."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from faceedit.batch.editor import FaceEditor
from faceedit.errors import UsageError
from faceedit.photos import read_photo
from faceedit.targets import Target

_KEPT = ("icc_profile", "exif", "dpi")
_GREY, _COLOUR = ("L", "LA"), ("RGB", "RGBA")


def edit_image(
    image: str | Path | Image.Image | np.ndarray, editor: FaceEditor, target: Target
) -> Image.Image | np.ndarray:
    """Edit a picture; a path and an array give an array, a PIL image gives a PIL image.

    Raises:
        UsageError: a picture of a kind that is not taken.
        PhotoError: the file cannot be read.
    """
    if isinstance(image, Image.Image):
        return _edit_pil(image, editor, target)
    pixels = upright_pixels(image)
    edited = editor.edit_pixels(pixels, target).pixels
    return edited.copy() if edited is image else edited


def upright_pixels(image: str | Path | Image.Image | np.ndarray) -> np.ndarray:
    """Return a picture as (H, W, 3) RGB, uint8 or uint16, upright by its EXIF orientation.

    Args:
        image: a photo's path, a PIL image, or an array, which is returned itself where it can be.

    Raises:
        UsageError: a picture of a kind that is not taken.
        PhotoError: the file cannot be read.
    """
    if isinstance(image, Image.Image):
        return np.asarray(_upright(image).convert("RGB"))
    if not isinstance(image, np.ndarray):
        return read_photo(Path(image)).pixels
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype not in (np.uint8, np.uint16):
        raise UsageError(
            f"an array must be (H, W, 3) RGB of uint8 or uint16, not {image.dtype} {image.shape}"
        )
    return np.ascontiguousarray(image)


def _upright(image: Image.Image) -> Image.Image:
    if image.mode not in (*_GREY, *_COLOUR):
        raise UsageError(
            f"a PIL image of mode {image.mode} is not taken; convert it to RGB, RGBA, L or LA"
        )
    return ImageOps.exif_transpose(image)


def _edit_pil(image: Image.Image, editor: FaceEditor, target: Target) -> Image.Image:
    upright = _upright(image)
    pixels = np.asarray(upright.convert("RGB"))
    result = Image.fromarray(editor.edit_pixels(pixels, target).pixels)
    if upright.mode in _GREY:
        result = result.convert("L")
    if upright.mode in ("LA", "RGBA"):
        result.putalpha(upright.getchannel("A"))
    result.info = {key: upright.info[key] for key in _KEPT if key in upright.info}
    return result
