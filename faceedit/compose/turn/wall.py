"""What stands behind a person: the wall beside them, continued."""

import cv2
import numpy as np

from faceedit.compose.mesh_flow import fill

FINEST = 320
"""Longer side of the grid on which the wall is continued."""
FREE = 0.04
"""Opacity of the person below which a pixel shows the wall."""
SOFT = 4.0
"""Grid pixels over which what is continued is smoothed."""
FINE = 0.02
"""Of display values: what stands out more is a thing, and would be seen twice."""
GRAIN = 3.0
"""Grid pixels below which what a wall shows is its grain."""


def without_person(pixels: np.ndarray, matte: np.ndarray, margin: float) -> np.ndarray:
    """Return a picture in which the wall goes on where the person stands.

    What lies around is spread smoothly, with the grain of the wall beside, mirrored.

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
    coarse = cv2.resize(pixels, small, interpolation=cv2.INTER_AREA)
    ratio = np.array([width / small[0], height / small[1]], np.float32)
    at = cv2.resize(_mirrored(person), (width, height), interpolation=cv2.INTER_LINEAR)
    at = (at + np.float32(0.5)) * ratio - np.float32(0.5)

    def mirrored(picture: np.ndarray) -> np.ndarray:
        border = cv2.BORDER_REFLECT_101
        return cv2.remap(picture, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=border)

    def enlarged(picture: np.ndarray) -> np.ndarray:
        return cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR)

    # What lies around goes on smoothly; its grain is that of its mirror image.
    known = (person == 0).astype(np.float32)
    soft = cv2.GaussianBlur(coarse * known[..., None], (0, 0), GRAIN)
    soft /= np.maximum(cv2.GaussianBlur(known, (0, 0), GRAIN), 1e-3)[..., None]
    free = enlarged(known)[..., None]
    wall = fill(coarse, known)
    wall = enlarged(wall + (1 - known[..., None]) * (cv2.GaussianBlur(wall, (0, 0), SOFT) - wall))
    sure = cv2.GaussianBlur(cv2.erode(known, _disc(2)), (0, 0), 1.0)
    grain = np.clip(mirrored(pixels) - mirrored(enlarged(soft)), -FINE, FINE)
    wall += grain * np.clip(2 * mirrored(enlarged(sure)) - 1, 0, 1)[..., None]
    free = np.clip(2 * free - 1, 0, 1)
    return wall + free * (pixels - wall)


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


def _disc(radius: int) -> np.ndarray:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
