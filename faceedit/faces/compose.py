"""Composing an edit onto a photo's own pixels, inside a mask.

The mask scales the fields rather than blending two pictures: a jaw line that moves fades from
moved to unmoved and is never seen twice.
"""

import cv2
import numpy as np

from faceedit.faces.align import invert
from faceedit.faces.edit import Edit, sample_field

MASK_FLOOR = 1.0 / 255.0
"""Where the mask, drawn at native resolution, is below this, nothing changes."""


def compose(image: np.ndarray, edit: Edit, affine: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Apply an edit to a photo at the photo's resolution.

    Fields of zero give the identical photo; pixels outside the mask are never written.

    Args:
        image: (H, W, 3) RGB, uint8 or uint16.
        edit: fields in crop coordinates.
        affine: (2, 3) similarity from photo pixels to crop pixels.
        mask: (S, S) float32 in [0, 1] in crop coordinates, 0 on its border.

    Returns:
        A new (H, W, 3) array of the photo's type.
    """
    result = image.copy()
    window = _support_window(mask, affine, image.shape[:2])
    if window is None:
        return result
    rows, columns = window
    offset = np.array([[float(columns.start)], [float(rows.start)]])
    to_crop = np.hstack([affine[:, :2], affine[:, :2] @ offset + affine[:, 2:]])
    size = (rows.stop - rows.start, columns.stop - columns.start)

    weight = np.clip(sample_field(mask, mask.shape[0], to_crop, size), 0.0, 1.0)
    weight[weight < MASK_FLOOR] = 0.0
    edited = _edit_window(image, edit, to_crop, weight, (rows.start, columns.start))
    top = np.iinfo(image.dtype).max
    new = np.rint(np.clip(edited, 0.0, top)).astype(image.dtype)
    cv2.copyTo(new, (weight > 0).astype(np.uint8), result[rows, columns])
    return result


def _edit_window(
    image: np.ndarray,
    edit: Edit,
    to_crop: np.ndarray,
    weight: np.ndarray,
    origin: tuple[int, int],
) -> np.ndarray:
    """Return the edited pixels of a window, (h, w, 3) float32 in the image's own range."""
    size = weight.shape
    moving = np.dstack([edit.flow, edit.opacity])
    moving = sample_field(moving, edit.size, to_crop, size) * weight[..., None]
    # Flow is a direction in the crop: turn and scale it back to the photo.
    to_photo = invert(to_crop)[:, :2].astype(np.float32)
    flow = moving[..., :2] @ to_photo.T
    warped = _warp(image, flow, origin)
    ratio = sample_field(edit.log_ratio, edit.size, to_crop, size) * weight[..., None]
    warped *= np.exp(ratio)
    opacity = np.clip(moving[..., 2], 0.0, 1.0)
    painted = np.argwhere(opacity > 0)
    if len(painted):
        (y0, x0), (y1, x1) = painted.min(0), painted.max(0) + 1
        part = np.s_[y0:y1, x0:x1]
        shifted = to_crop.copy()
        shifted[:, 2] += to_crop[:, :2] @ np.array([x0, y0], np.float64)
        paint = edit.paint.sample(shifted, (int(y1 - y0), int(x1 - x0)))
        paint = np.clip(paint, 0.0, 1.0) * np.float32(np.iinfo(image.dtype).max)
        alpha = opacity[part][..., None]
        warped[part] = alpha * paint + (1 - alpha) * warped[part]
    return warped


def _warp(image: np.ndarray, flow: np.ndarray, origin: tuple[int, int]) -> np.ndarray:
    """Resample the photo at window pixels plus flow, bicubic, from no more than is needed."""
    height, width = flow.shape[:2]
    reach = int(np.ceil(np.abs(flow).max())) + 3
    y0, x0 = max(origin[0] - reach, 0), max(origin[1] - reach, 0)
    y1 = min(origin[0] + height + reach, image.shape[0])
    x1 = min(origin[1] + width + reach, image.shape[1])
    source = image[y0:y1, x0:x1].astype(np.float32)
    xs = np.arange(width, dtype=np.float32) + (origin[1] - x0)
    ys = np.arange(height, dtype=np.float32)[:, None] + (origin[0] - y0)
    return cv2.remap(
        source,
        flow[..., 0] + xs,
        flow[..., 1] + ys,
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REFLECT_101,
    )


def _support_window(
    mask: np.ndarray, affine: np.ndarray, size: tuple[int, int]
) -> tuple[slice, slice] | None:
    """Return rows and columns of the photo that the mask can touch, or None."""
    touched = np.argwhere(mask > 0)
    if not len(touched):
        return None
    low, high = touched.min(0)[::-1] - 1.5, touched.max(0)[::-1] + 1.5
    corners = np.array([low, high, (low[0], high[1]), (high[0], low[1])])
    back = invert(affine)
    seen = corners @ back[:, :2].T + back[:, 2]
    x0, y0 = np.maximum(np.floor(seen.min(0)), 0).astype(int).tolist()
    x1, y1 = np.minimum(np.ceil(seen.max(0)) + 1, size[::-1]).astype(int).tolist()
    return (slice(y0, y1), slice(x0, x1)) if x0 < x1 and y0 < y1 else None
