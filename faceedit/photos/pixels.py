"""Between a file's own channels and the RGB that is edited, without losing either."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import DTypeLike
from PIL import Image

from faceedit.errors import UnsupportedError
from faceedit.photos.types import Palette, Photo

# Channel sets that each format can hold.
MODES: dict[str, tuple[str, ...]] = {
    "jpeg": ("L", "RGB"),
    "png": ("L", "LA", "P", "RGB", "RGBA"),
    "webp": ("RGB", "RGBA"),
    "tiff": ("L", "LA", "P", "RGB", "RGBA"),
    "bmp": ("L", "P", "RGB"),
    "avif": ("L", "RGB", "RGBA"),
    "heif": ("L", "RGB", "RGBA"),
}
DEEP_FORMATS = ("png", "tiff")
# Pixels that are worked on at once where that takes more memory than a picture.
_BAND = 1 << 20
_REFUSED = {
    "1": "it is a 1-bit picture, which has no tones to edit",
    "CMYK": "it is CMYK, whose inks do not survive a way through RGB: convert it first",
    "LAB": "it is Lab, which does not survive a way through RGB: convert it first",
    "I": "it has 32-bit channels: convert it to 16 bits first",
    "F": "it has floating-point channels: convert it to 16 bits first",
    "RGBX": "it has an extra channel of unknown meaning",
    "PA": "its palette has a separate alpha channel",
}


def eight_bits(pixels: np.ndarray) -> np.ndarray:
    """Return uint8 or uint16 pixels as uint8, rounded; uint8 ones as they are."""
    if pixels.dtype == np.uint8:
        return pixels
    return cv2.convertScaleAbs(pixels, alpha=1 / 257)


@dataclass(frozen=True, eq=False)
class Raster:
    """A decoded picture: the pixel part of a ``Photo`` and its file's channels.

    Attributes:
        mode: ``L``, ``LA``, ``P``, ``RGB`` or ``RGBA``.
        pixels: (H, W, 3) uint8 or uint16 RGB.
        alpha: (H, W) of the same type, or None.
        palette: for mode ``P``.
    """

    mode: str
    pixels: np.ndarray
    alpha: np.ndarray | None = None
    palette: Palette | None = None


def unpack(image: Image.Image, path: Path) -> Raster:
    """Turn a loaded Pillow image into RGB and what goes beside it.

    Raises:
        UnsupportedError: channels that could not be written back as they were.
    """
    if image.mode == "P":
        return _unpack_palette(image)
    if "transparency" in image.info:
        raise UnsupportedError(path, "one of its colours stands for transparency")
    if image.mode not in ("L", "LA", "RGB", "RGBA") and not image.mode.startswith("I;16"):
        known = f"its channels ({image.mode}) cannot be edited and written back"
        raise UnsupportedError(path, _REFUSED.get(image.mode, known))
    width, height = image.size
    # In bands: Pillow would make two copies of the whole picture.
    return _gather(
        (height, width),
        np.uint16 if image.mode.startswith("I;16") else np.uint8,
        len(image.getbands()),
        lambda top, end: np.asarray(image.crop((0, top, width, end))),
    )


def from_channels(channels: np.ndarray) -> Raster:
    """Split an array of grey or colour channels.

    Args:
        channels: (H, W) or (H, W, 1 to 4), uint8 or uint16: L, LA, RGB or RGBA.
    """
    channels = channels[..., None] if channels.ndim == 2 else channels
    height, width, count = channels.shape
    if count == 3 and channels.flags.c_contiguous:
        return Raster("RGB", channels)
    return _gather((height, width), channels.dtype, count, lambda top, end: channels[top:end])


def _gather(
    size: tuple[int, int], type: DTypeLike, count: int, rows: Callable[[int, int], np.ndarray]
) -> Raster:
    """Return the raster whose channels are told from one row to before another."""
    pixels = np.empty((*size, 3), type)
    alpha = np.empty(size, type) if count in (2, 4) else None
    for top, end in bands(size):
        some = rows(top, end).reshape(end - top, size[1], count)
        pixels[top:end] = some[..., : 3 if count > 2 else 1]
        if alpha is not None:
            alpha[top:end] = some[..., -1]
    return Raster(("L", "LA", "RGB", "RGBA")[count - 1], pixels, alpha)


def bands(size: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    """Yield the first row of each band of a picture, and the row behind it.

    Args:
        size: height and width.
    """
    step = max(1, _BAND // max(1, size[1]))
    for top in range(0, size[0], step):
        yield top, min(top + step, size[0])


def _unpack_palette(image: Image.Image) -> Raster:
    indices = np.array(image)
    colours = np.array(image.getpalette("RGB") or [], np.uint8).reshape(-1, 3)
    missing = max(int(indices.max(initial=0)) + 1 - len(colours), 0)
    colours = np.pad(colours, ((0, missing), (0, 0)))
    opacity = None
    transparency = image.info.get("transparency")
    if transparency is not None:
        opacity = np.full(len(colours), 255, np.uint8)
        if isinstance(transparency, int):
            opacity[transparency] = 0
        else:
            listed = np.frombuffer(transparency, np.uint8)[: len(colours)]
            opacity[: len(listed)] = listed
    palette = Palette(indices, colours, opacity)
    alpha = None if opacity is None else opacity[indices]
    return Raster("P", colours[indices], alpha, palette)


def turn(raster: Raster, orientation: int) -> Raster:
    """Return the upright picture of one that is stored with an EXIF orientation, 1 to 8."""
    palette = raster.palette
    if palette is not None:
        palette = Palette(_turn(palette.indices, orientation), palette.colours, palette.alpha)
    alpha = None if raster.alpha is None else _turn(raster.alpha, orientation)
    return Raster(raster.mode, _turn(raster.pixels, orientation), alpha, palette)


def _turn(array: np.ndarray, orientation: int) -> np.ndarray:
    if orientation >= 5:
        array = array.swapaxes(0, 1)
    # What remains after the transposition: (flip rows, flip columns).
    rows, columns = {
        2: (False, True),
        3: (True, True),
        4: (True, False),
        6: (False, True),
        7: (True, True),
        8: (True, False),
    }.get(orientation, (False, False))
    array = array[::-1] if rows else array
    array = array[:, ::-1] if columns else array
    return np.ascontiguousarray(array)


def pack(photo: Photo, target: Path, pixels: np.ndarray, format: str) -> tuple[str, np.ndarray]:
    """Return edited pixels in the photo's own channels, or the nearest that a format has.

    Pixels that were not changed come out with exactly the values of the file.

    Args:
        photo: as read.
        target: named in errors.
        pixels: (H, W, 3) RGB, edited, of the type of ``photo.pixels``.
        format: format of the target.

    Returns:
        Mode and channels: (H, W) for L and P, (H, W, C) for the others.

    Raises:
        UnsupportedError: transparency that the format cannot hold.
    """
    alpha = photo.alpha
    if photo.pixels.dtype == np.uint16 and format not in DEEP_FORMATS:
        pixels = _to_eight_bits(pixels)
        alpha = None if alpha is None else _to_eight_bits(alpha)
    mode = _nearest_mode(photo, format)
    if alpha is not None and mode in ("L", "RGB") and (alpha != np.iinfo(alpha.dtype).max).any():
        reason = f"it has transparency, which {target.suffix} cannot hold"
        raise UnsupportedError(photo.path, reason)
    if mode == "P":
        return mode, _requantise(photo, pixels)
    colour = _luma(pixels) if mode in ("L", "LA") else pixels
    if mode in ("LA", "RGBA"):
        assert alpha is not None
        colour = np.dstack([colour, alpha])
    return mode, np.ascontiguousarray(colour)


def _nearest_mode(photo: Photo, format: str) -> str:
    mode, offered = photo.source.mode, MODES[format]
    if mode == "P" and photo.alpha is not None and format != "png":
        mode = "RGBA"
    if mode in offered:
        return mode
    nearest = {"P": ("RGB",), "L": ("RGB",), "LA": ("RGBA", "L"), "RGBA": ("RGB",)}
    return next(candidate for candidate in nearest[mode] if candidate in offered)


def _luma(pixels: np.ndarray) -> np.ndarray:
    """Return (H, W) luma with the weights of BT.601, which sum to 1 exactly: grey is kept."""
    weights = np.array([19595, 38470, 7471], np.uint32)
    luma = np.empty(pixels.shape[:2], pixels.dtype)
    for top, end in bands(luma.shape):
        luma[top:end] = (pixels[top:end].astype(np.uint32) @ weights + 32768) >> 16
    return luma


def _to_eight_bits(channels: np.ndarray) -> np.ndarray:
    result = np.empty(channels.shape, np.uint8)
    for top, end in bands(channels.shape):
        result[top:end] = (channels[top:end].astype(np.uint32) * 255 + 32767) // 65535
    return result


def _requantise(photo: Photo, pixels: np.ndarray) -> np.ndarray:
    """Return (H, W) indices: the file's own, except where an opaque pixel was changed.

    Changed pixels take colours of the same palette, with error diffusion.
    """
    palette = photo.source.palette
    assert palette is not None
    changed = np.empty(pixels.shape[:2], bool)
    for top, end in bands(changed.shape):
        changed[top:end] = (pixels[top:end] != photo.pixels[top:end]).any(axis=2)
    opaque = np.arange(len(palette.colours))
    if palette.alpha is not None and photo.alpha is not None:
        changed &= photo.alpha == 255
        opaque = opaque[palette.alpha == 255]
    if not changed.any():
        return palette.indices
    opaque = np.pad(opaque, (0, 256 - len(opaque)), constant_values=opaque[0]).astype(np.uint8)
    guide = Image.new("P", (1, 1))
    guide.putpalette(palette.colours[opaque].tobytes())
    chosen = Image.fromarray(pixels).quantize(palette=guide, dither=Image.Dither.FLOYDSTEINBERG)
    return np.where(changed, opaque[np.asarray(chosen)], palette.indices)
