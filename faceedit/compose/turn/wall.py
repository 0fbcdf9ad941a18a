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


def without_person(
    pixels: np.ndarray, matte: np.ndarray, margin: float, box: tuple[slice, slice]
) -> np.ndarray:
    """Return a part of a picture in which the wall goes on where the person stands.

    What lies around is spread smoothly, with the grain of the wall beside, mirrored.

    Args:
        pixels: (H, W, 3) float32 RGB in [0, 1].
        matte: (H, W) float32 opacity of the person.
        margin: pixels beside the outline that may show the person's edge.
        box: rows and columns of the part.
    """
    height, width = matte.shape
    step = max(1.0, max(height, width) / FINEST)
    small = (max(2, round(width / step)), max(2, round(height / step)))
    person = cv2.resize(matte, small, interpolation=cv2.INTER_AREA) > FREE
    reach = max(1, round(margin / step))
    person = cv2.dilate(person.astype(np.uint8), _disc(reach))
    if person.all():
        return pixels[box]
    coarse = cv2.resize(pixels, small, interpolation=cv2.INTER_AREA)
    known = (person == 0).astype(np.float32)
    ratio = np.array([small[0] / width, small[1] / height])
    corner = np.array([box[1].start, box[0].start])
    to_small = np.column_stack([np.diag(ratio), (corner + 0.5) * ratio - 0.5])
    shape = (box[1].stop - box[1].start, box[0].stop - box[0].start)

    def enlarged(field: np.ndarray) -> np.ndarray:
        how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(field, to_small, shape, flags=how, borderMode=cv2.BORDER_REPLICATE)

    # What lies around goes on smoothly; its grain is that of its mirror image.
    wall = fill(coarse, known)
    wall = enlarged(wall + (1 - known[..., None]) * (cv2.GaussianBlur(wall, (0, 0), SOFT) - wall))
    soft = cv2.GaussianBlur(coarse * known[..., None], (0, 0), GRAIN)
    soft /= np.maximum(cv2.GaussianBlur(known, (0, 0), GRAIN), 1e-3)[..., None]
    sure = cv2.GaussianBlur(cv2.erode(known, _disc(2)), (0, 0), 1.0)
    at = enlarged(_mirrored(person))
    grain = _at(pixels, (at + np.float32(0.5)) / ratio.astype(np.float32) - np.float32(0.5))
    grain -= _at(soft, at)
    np.clip(grain, -FINE, FINE, out=grain)
    grain *= np.clip(2 * _at(sure, at) - 1, 0, 1)[..., None]
    wall += grain
    free = np.clip(2 * enlarged(known) - 1, 0, 1)[..., None]
    return wall + free * (pixels[box] - wall)


def _at(picture: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Sample a picture at (h, w, 2) places."""
    border = cv2.BORDER_REFLECT_101
    x, y = places[..., 0], places[..., 1]
    return cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=border)


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
