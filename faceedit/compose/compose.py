"""Composing an edit onto a photo's own pixels, inside a mask.

The mask scales the fields rather than blending two pictures: a jaw line that moves fades from
moved to unmoved and is never seen twice.
"""

import math
from collections.abc import Sequence

import cv2
import numpy as np

from faceedit.compose.canvas import Canvas, Patch
from faceedit.compose.edit import Edit, sample_field
from faceedit.compose.mask import draw_mask, in_frame
from faceedit.compose.matte import draw_matte
from faceedit.errors import NetworkError
from faceedit.faces.align import invert, widened
from faceedit.numerics import check_answer
from faceedit.photos.pixels import bands

MASK_FLOOR = 1.0 / 255.0
"""Where the mask, drawn at native resolution, is below this, nothing changes."""
OPACITY_FLOOR = 1.0 / 512.0
"""Less paint than this everywhere around changes no pixel of 8 bits and is not drawn."""
FARTHEST = (8, 4096)
"""Lengths of a photo, and pixels beside, beyond which nothing is sampled: OpenCV mirrors a photo
again and again up to there, for hours where a place is not finite."""
SAMPLES = 4.0
"""Smooth fields are drawn at this many samples per field pixel and filled in linearly."""

Slices = tuple[slice, slice]


def compose(image: np.ndarray, edit: Edit, affine: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Apply an edit to a photo at the photo's resolution.

    Fields of zero give the identical photo; pixels outside the mask are never written.

    Args:
        image: (H, W, 3) RGB, uint8, uint16, or float32 in [0, 1].
        edit: fields in crop coordinates.
        affine: (2, 3) similarity from photo pixels to crop pixels.
        mask: (S, S) float32 in [0, 1] in crop coordinates, 0 on its border.

    Returns:
        A new (H, W, 3) array of the photo's type.

    Raises:
        NetworkError: the edit's numbers are not finite or beyond all measure.

    >>> from faceedit.compose.edit import Edit, RasterPaint
    >>> zero = np.zeros((2, 2, 3), np.float32)
    >>> brighter = Edit(zero[..., :2], zero + 0.1, zero[..., 0], RasterPaint(zero, 64), 64)
    >>> mask = np.pad(np.ones((32, 32), np.float32), 16)
    >>> photo = np.full((64, 64, 3), 90, np.uint8)
    >>> edited = compose(photo, brighter, np.eye(2, 3), mask)
    >>> int(edited[32, 32, 0]), int(edited[0, 0, 0])
    (99, 90)
    """
    result = image.copy()
    _compose(result, edit, affine, mask)
    return result


def _compose(image: np.ndarray, edit: Edit, affine: np.ndarray, mask: np.ndarray) -> None:
    """Do what `compose` does, in place: all is read before anything is written."""
    _compose_one(image, edit, affine, mask)
    if edit.then is not None:
        _compose(image, edit.then, affine, mask)


def _compose_one(image: np.ndarray, edit: Edit, affine: np.ndarray, mask: np.ndarray) -> None:
    edit.check()
    window = _seen_window(mask > 0, mask.shape[0], affine, image.shape[:2], margin=1.5)
    if window is None:
        return
    to_crop = _shift(affine, window)
    size = (window[0].stop - window[0].start, window[1].stop - window[1].start)
    weight = draw_mask(mask, to_crop, size)
    top = top_of(image.dtype)
    matte = None
    if edit.matte is not None:
        matte = draw_matte(edit.matte, image[window], top, to_crop, edit.size)
        weight *= matte
    flow, gain = _draw_fields(edit, mask, to_crop, size, matte)
    patches: list[Patch] = []
    # Each of these arrays is as large as the face: none is kept longer than it is used.
    if flow is not None and edit.details and not edit.on_top:
        pixels = image[window].astype(np.float32)
        pixels /= np.float32(top)
        canvas = Canvas(pixels, flow, gain, to_crop)
        patches = [patch for detail in edit.details for patch in detail.draw(canvas)]
        del canvas, pixels
    if flow is None:
        edited = image[window].astype(np.float32)
    else:
        edited = _warp(image, flow, (window[0].start, window[1].start))
    del flow
    cv2.multiply(edited, gain, dst=edited)
    del gain
    _paint(edited, edit, to_crop, weight, top)
    if edit.on_top and edit.details:
        made = np.clip(edited / np.float32(top), 0, 1)
        still = np.zeros((*size, 2), np.float32)
        canvas = Canvas(made, still, np.ones_like(made), to_crop)
        patches = [patch for detail in edit.details for patch in detail.draw(canvas)]
    for patch in patches:
        opacity = (patch.opacity * weight[patch.box])[..., None]
        edited[patch.box] += opacity * (patch.paint * np.float32(top) - edited[patch.box])
    # Details divide, too; a sum is the cheapest look at all numbers.
    check_answer(math.inf, pixels=edited.sum())
    np.clip(edited, 0.0, top, out=edited)
    new = edited if image.dtype == np.float32 else np.rint(edited, out=edited).astype(image.dtype)
    cv2.copyTo(new, (weight >= MASK_FLOOR).astype(np.uint8), image[window])


def compose_steps(
    image: np.ndarray, steps: Sequence[tuple[Edit, np.ndarray]], affine: np.ndarray
) -> np.ndarray:
    """Apply edits to a face, one on top of the other, with floats in between.

    Args:
        image: as in `compose`.
        steps: each edit with its mask, which covers what the edit covers, in pixels as large as the
            crop's. An edit may have another size.
        affine: as in `compose`, to the crop.

    Returns:
        A new (H, W, 3) array of the photo's type.
    """
    placed = []
    for edit, mask in steps:
        to_mask = widened(affine, mask.shape[0] // 2) if edit.wide else affine
        placed.append((edit, *in_frame(mask, to_mask, edit.size)))
    if not placed:
        return image.copy()
    if len(placed) == 1:
        ((edit, mask, to_crop),) = placed
        return compose(image, edit, to_crop, mask)
    # As much around as any flow that passes `Edit.check` can reach.
    window = _reached(placed, image.shape[:2])
    if window is None:
        return image.copy()
    top = top_of(image.dtype)
    part = image[window].astype(np.float32) / np.float32(top)
    for edit, mask, to_crop in placed:
        _compose(part, edit, _shift(to_crop, window), mask)
    result = image.copy()
    exact = part if image.dtype == np.float32 else np.rint(part * np.float32(top))
    result[window] = exact.astype(image.dtype)
    return result


def _reached(
    placed: Sequence[tuple[Edit, np.ndarray, np.ndarray]], size: Sequence[int]
) -> Slices | None:
    """Return the smallest window of a photo that holds all that edits can touch or look at."""
    everything = np.ones((2, 2), bool)
    seen = [
        _seen_window(everything, mask.shape[0], affine, tuple(size), margin=2.0)
        for _, mask, affine in placed
    ]
    windows = [one for one in seen if one is not None]
    if not windows:
        return None
    rows, columns = (
        slice(min(one[k].start for one in windows), max(one[k].stop for one in windows))
        for k in (0, 1)
    )
    return rows, columns


def top_of(kind: np.dtype) -> float:
    """Return what white is in pixels of a type."""
    return 1.0 if kind == np.float32 else float(np.iinfo(kind).max)


def _draw_fields(
    edit: Edit,
    mask: np.ndarray,
    to_crop: np.ndarray,
    size: tuple[int, int],
    matte: np.ndarray | None,
) -> tuple[np.ndarray | None, np.ndarray]:
    """Draw flow and gain inside the mask, and gain where the (h, w) matte has the person.

    Returns:
        Flow x and y, (h, w, 2) float32 in photo pixels, None where nothing moves; and exp(R),
        (h, w, 3) float32.
    """
    scale = float(np.hypot(to_crop[0, 0], to_crop[1, 0]))
    finest = max(edit.flow.shape[0], edit.log_ratio.shape[0]) / edit.size
    step = max(1, int(1.0 / (scale * finest * SAMPLES)))
    grid = (-(-size[0] // step), -(-size[1] // step))
    # The centre of a coarse pixel is the middle of its step by step block.
    middle = to_crop[:, 2:] + to_crop[:, :2].sum(1, keepdims=True) * (step - 1) / 2
    coarse = np.hstack([to_crop[:, :2] * step, middle])

    weight = draw_mask(mask, coarse, grid)
    flow = None
    if edit.flow.any() or (edit.details and not edit.on_top):
        # It is a direction in the crop: turn and scale it back to the photo.
        moved = _weighted(sample_field(edit.flow, edit.size, coarse, grid), weight)
        moved = cv2.transform(moved, invert(to_crop)[:, :2], dst=moved)
        # One at a time: OpenCV rounds two channels otherwise.
        flow = (
            moved
            if step == 1
            else cv2.merge([_enlarge(one, step, size) for one in cv2.split(moved)])
        )
    ratio = _weighted(sample_field(edit.log_ratio, edit.size, coarse, grid), weight)
    gain = _enlarge(cv2.exp(ratio, dst=ratio), step, size)
    if matte is not None:
        # What shows through between strands keeps its light.
        gain -= np.float32(1)
        gain *= matte[..., None]
        gain += np.float32(1)
    return flow, gain


def _weighted(field: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Multiply a (h, w, C) field by (h, w), in place: channel by channel, numpy is faster."""
    for k in range(field.shape[2]):
        field[..., k] *= weight
    return field


def _enlarge(field: np.ndarray, step: int, size: tuple[int, int]) -> np.ndarray:
    height, width = field.shape[:2]
    if step > 1:
        field = cv2.resize(field, (width * step, height * step), interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(field[: size[0], : size[1]])


def _warp(image: np.ndarray, flow: np.ndarray, origin: tuple[int, int]) -> np.ndarray:
    """Resample the photo at window pixels plus flow, bicubic, from no more than is needed.

    Args:
        image: (H, W, 3) uint8 or uint16.
        flow: (h, w, 2) float32 x and y in pixels.
        origin: row and column of the window in the photo.

    Returns:
        (h, w, 3) float32 in the image's own range.
    """
    height, width = flow.shape[:2]
    across = np.arange(origin[1], origin[1] + width, dtype=np.float32)
    down = np.arange(origin[0], origin[0] + height, dtype=np.float32)[:, None]
    warped = np.empty((height, width, 3), np.float32)
    # In bands, so that the photo is in floats only where it is read.
    for top, end in bands((height, width)):
        at_x, at_y = flow[top:end, :, 0] + across, flow[top:end, :, 1] + down[top:end]
        rows, columns = (_reach(v, n) for v, n in zip((at_y, at_x), image.shape[:2], strict=True))
        at_x -= columns.start
        at_y -= rows.start
        source = image[rows, columns].astype(np.float32)
        border = cv2.BORDER_REFLECT_101
        cv2.remap(source, at_x, at_y, cv2.INTER_CUBIC, warped[top:end], borderMode=border)
    return warped


def _reach(at: np.ndarray, length: int) -> slice:
    """Return the part of an axis that sampling at these places reads, reflection included.

    Raises:
        NetworkError: a place is not finite, or `FARTHEST` away.
    """
    first, last = float(at.min()), float(at.max())
    farthest = FARTHEST[0] * length + FARTHEST[1]
    if not (-farthest <= first and last <= farthest):
        raise NetworkError("the network's answer is not finite or beyond all measure (flow)")
    low, high = int(np.floor(first)) - 3, int(np.ceil(last)) + 4
    # Behind the photo's edge lies its mirror image.
    reflected_low, reflected_high = 2 * (length - 1) - high, 1 - low
    return slice(
        max(0, min(low, reflected_low, length - 1)), min(length, max(high, reflected_high, 1))
    )


def _paint(
    edited: np.ndarray, edit: Edit, to_crop: np.ndarray, weight: np.ndarray, top: float
) -> None:
    """Lay the paint over (h, w, 3) float32 pixels in [0, top], in place, where it is opaque."""
    opaque = edit.opacity >= OPACITY_FLOOR
    part = _seen_window(opaque, edit.size, to_crop, weight.shape, margin=2.5)
    if part is None:
        return
    to_crop = _shift(to_crop, part)
    size = (part[0].stop - part[0].start, part[1].stop - part[1].start)
    opacity = np.clip(sample_field(edit.opacity, edit.size, to_crop, size), 0.0, 1.0)
    opacity *= weight[part]
    paint = np.clip(edit.paint.sample(to_crop, size), 0.0, 1.0)
    paint *= np.float32(top)
    paint -= edited[part]
    paint *= opacity[..., None]
    edited[part] += paint


def _shift(affine: np.ndarray, window: Slices) -> np.ndarray:
    """Return the affine map as seen from a window's own pixels."""
    corner = np.array([[window[1].start], [window[0].start]], np.float64)
    return np.hstack([affine[:, :2], affine[:, :2] @ corner + affine[:, 2:]])


def _seen_window(
    cells: np.ndarray, crop_size: int, affine: np.ndarray, size: tuple[int, ...], margin: float
) -> Slices | None:
    """Return rows and columns of a grid that the True cells of a field can touch, or None.

    Args:
        cells: (n, n) bool, covering the crop.
        crop_size: side of the crop in crop pixels.
        affine: (2, 3) similarity from grid pixels to crop pixels.
        size: height and width of the grid.
        margin: how far a cell reaches, in cells.
    """
    x, y, width, height = cv2.boundingRect(cells.astype(np.uint8))
    if width == 0:
        return None
    corners = np.array([[x, y], [x + width - 1, y], [x, y + height - 1]], np.float64)
    corners = np.vstack([corners, [x + width - 1, y + height - 1]])
    corners += margin * np.array([[-1, -1], [1, -1], [-1, 1], [1, 1]])
    corners = (corners + 0.5) * (crop_size / cells.shape[0]) - 0.5
    back = invert(affine)
    seen = corners @ back[:, :2].T + back[:, 2]
    x0, y0 = np.maximum(np.floor(seen.min(0)), 0).astype(int).tolist()
    x1, y1 = np.minimum(np.ceil(seen.max(0)) + 1, (size[1], size[0])).astype(int).tolist()
    return (slice(y0, y1), slice(x0, x1)) if x0 < x1 and y0 < y1 else None
