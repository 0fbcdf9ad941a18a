"""What stands behind a person: the wall beside them, continued."""

import cv2
import numpy as np

FINEST = 320
"""Longer side of the grid on which the wall is continued."""
FREE = 0.04
"""Opacity of the person below which a pixel shows the wall."""
ACROSS = 0.6
"""Grid pixels by which the wall's mirror image is smoothed, per pixel of distance."""


def without_person(pixels: np.ndarray, matte: np.ndarray, margin: float) -> np.ndarray:
    """Return a picture in which the wall goes on where the person stands.

    Near the outline it is the mirror image of the wall beside, with its grain; further inside what
    lies around is spread smoothly.

    Args:
        pixels: (H, W, 3) float32 RGB in [0, 1].
        matte: (H, W) float32 opacity of the person.
        margin: pixels beside the outline that may show the person's edge.
    """
    height, width = matte.shape
    step = max(1.0, max(height, width) / FINEST)
    small = (max(2, round(width / step)), max(2, round(height / step)))
    person = cv2.resize(matte, small, interpolation=cv2.INTER_AREA) > FREE
    reach = max(1, round(margin / step))
    person = cv2.dilate(person.astype(np.uint8), _disc(reach))
    if person.all():
        return pixels
    source = _mirrored(person)
    at = cv2.resize(source, (width, height), interpolation=cv2.INTER_LINEAR)
    ratio = np.array([width / small[0], height / small[1]], np.float32)
    at = (at + np.float32(0.5)) * ratio - np.float32(0.5)
    wall = cv2.remap(
        pixels, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    inside = cv2.distanceTransform(person, cv2.DIST_L2, 5).astype(np.float32)
    far = np.clip(inside / (6 * reach) - 0.5, 0, 1)
    smooth = _spread(cv2.resize(pixels, small, interpolation=cv2.INTER_AREA), person == 0)
    smooth = cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR)
    far = cv2.resize(far, (width, height), interpolation=cv2.INTER_LINEAR)[..., None]
    return wall + far * (smooth - wall)


def _mirrored(person: np.ndarray) -> np.ndarray:
    """Return where on the wall each pixel looks, (h, w, 2) float32: itself outside the person."""
    height, width = person.shape
    _, found = cv2.distanceTransformWithLabels(
        person, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    here = np.dstack(
        np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    )
    free, labels = person == 0, found.astype(np.intp)
    nearest = np.zeros((labels.max() + 1, 2), np.float32)
    nearest[labels[free]] = here[free]
    edge = nearest[labels]
    shift = np.where(free[..., None], 0, 2 * (edge - here))
    # Next to each other pixels have edges far apart: in between the picture would tear.
    soft = cv2.GaussianBlur(shift, (0, 0), 2.0)
    at = here + np.where(free[..., None], 0, soft)
    # What a smoothed mirror shows of the person is moved out to the wall.
    x, y = (
        np.clip(np.rint(at[..., k]), 0, n - 1).astype(int) for k, n in ((0, width), (1, height))
    )
    inside = (person[y, x] > 0) & ~free
    at[inside] = (here + 2.2 * (edge - here))[inside]
    return np.clip(at, 0, [width - 1, height - 1]).astype(np.float32)


def _spread(picture: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Continue a picture from where it is known, smoother the farther away."""
    weight = known.astype(np.float32)
    total = picture * weight[..., None]
    result, trust = total.copy(), weight.copy()
    sigma = 1.5
    while sigma < max(known.shape):
        near = cv2.GaussianBlur(weight, (0, 0), sigma)
        spread = cv2.GaussianBlur(total, (0, 0), sigma) / np.maximum(near, 1e-9)[..., None]
        part = (1 - trust) * np.clip(near / 0.15, 0, 1)
        result += part[..., None] * spread
        trust += part
        sigma *= 1.7
    return result / np.maximum(trust, 1e-6)[..., None]


def _disc(radius: int) -> np.ndarray:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
