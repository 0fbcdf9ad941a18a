"""The guided filter: a field takes over the edges of a picture."""

import cv2
import numpy as np


def guided_filter(guide: np.ndarray, field: np.ndarray, radius: int, eps: float) -> np.ndarray:
    """Smooth a field where the guide is smooth and bend it to the guide's edges.

    In every window the result is the affine function of the guide that fits the field best
    (He, Sun and Tang, Guided image filtering, Eq. 5 to 8 and, with colours, Eq. 19 to 21).

    Args:
        guide: (H, W) or (H, W, 3) float32, about [0, 1].
        field: (H, W) or (H, W, C) float32.
        radius: half the window's side in pixels; the side is 2 radius + 1.
        eps: the guide's variance, in its own units squared, below which a window counts as flat.

    Returns:
        float32 of the field's shape; it may leave the field's range a little.
    """
    if field.ndim == 3:
        layers = [guided_filter(guide, field[..., c], radius, eps) for c in range(field.shape[2])]
        return np.stack(layers, axis=-1)
    picture = np.ascontiguousarray(guide, np.float32)
    values = np.ascontiguousarray(field, np.float32)
    if picture.ndim == 2:
        mean, mean_field = _box(picture, radius), _box(values, radius)
        slope = _box(picture * values, radius) - mean * mean_field
        slope /= np.maximum(_box(picture * picture, radius) - mean * mean, 0.0) + np.float32(eps)
        return _box(slope, radius) * picture + _box(mean_field - slope * mean, radius)
    slopes, offset = colour_slopes(picture, values, radius, eps)
    return np.einsum("ijk,ijk->ij", slopes, picture) + offset


def colour_slopes(
    picture: np.ndarray, values: np.ndarray, radius: int, eps: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return how a field depends on a picture's colours around each pixel.

    The filtered field is slopes · picture + offset. Both are smooth, so that they can be found on
    a small picture and serve a large one (He and Sun, Fast guided filter, 2015).

    Args:
        picture: (H, W, 3) float32.
        values: (H, W) float32.
        radius: as in `guided_filter`.
        eps: likewise.

    Returns:
        Slopes, (H, W, 3), and offset, (H, W), float32.
    """
    # A window's mean far from zero would cost the small variances their digits.
    means = np.array(cv2.mean(picture)[:3], np.float32)
    r, g, b = (np.ascontiguousarray(picture[..., c] - means[c]) for c in range(3))
    mr, mg, mb, mean_field = (_box(x, radius) for x in (r, g, b, values))
    floor = np.float32(eps)
    rr = _box(r * r, radius) - mr * mr + floor
    gg = _box(g * g, radius) - mg * mg + floor
    bb = _box(b * b, radius) - mb * mb + floor
    rg = _box(r * g, radius) - mr * mg
    rb = _box(r * b, radius) - mr * mb
    gb = _box(g * b, radius) - mg * mb
    cr = _box(r * values, radius) - mr * mean_field
    cg = _box(g * values, radius) - mg * mean_field
    cb = _box(b * values, radius) - mb * mean_field
    # The inverse of a symmetric 3 by 3 matrix by its cofactors.
    irr, igg, ibb = gg * bb - gb * gb, rr * bb - rb * rb, rr * gg - rg * rg
    irg, irb, igb = rb * gb - rg * bb, rg * gb - rb * gg, rb * rg - rr * gb
    scale = 1.0 / np.maximum(rr * irr + rg * irg + rb * irb, floor**3 * 0.1)
    sr = (irr * cr + irg * cg + irb * cb) * scale
    sg = (irg * cr + igg * cg + igb * cb) * scale
    sb = (irb * cr + igb * cg + ibb * cb) * scale
    offset = _box(mean_field - sr * mr - sg * mg - sb * mb, radius)
    slopes = [_box(s, radius) for s in (sr, sg, sb)]
    for slope, middle in zip(slopes, means, strict=True):
        offset -= slope * middle
    return cv2.merge(slopes), offset


def _box(values: np.ndarray, radius: int) -> np.ndarray:
    side = 2 * radius + 1
    return cv2.blur(values, (side, side), borderType=cv2.BORDER_REFLECT)
