"""Masks of the faces of one photo, made so that no face is edited inside another's."""

from collections.abc import Sequence

import cv2
import numpy as np

from faceedit.compose.mask import SOFTNESS, face_mask
from faceedit.faces.align import Crop, invert
from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import FACE_OVAL, eye_distance

REACH = 2.0
"""Crop pixels that drawing a mask in the photo spreads it by."""


def disjoint_masks(crops: Sequence[Crop]) -> list[np.ndarray]:
    """Draw the faces' masks and take from each what belongs to another face.

    What lies inside a face's outline is that face's; where two outlines overlap it is the earlier
    face's: the finder gives the larger one first, which is mostly nearer to the camera and in
    front. What lies inside no outline is the nearest face's. At such borders both masks fall
    softly to 0, so that the order in which faces are composed does not matter.

    Args:
        crops: the faces of one photo, in order of precedence.

    Returns:
        For each crop (S, S) float32 in [0, 1] in its own coordinates. A face without neighbours
        has exactly its `face_mask`.
    """
    ovals = [_to_photo(crop) for crop in crops]
    masks = []
    for at, crop in enumerate(crops):
        mask = face_mask(crop.landmarks, crop.size)
        foreign = np.zeros(mask.shape, bool)
        own = None
        for other, oval in enumerate(ovals):
            polygon = oval @ crop.affine[:, :2].T + crop.affine[:, 2]
            if other == at or not _meets(polygon, crop.size):
                continue
            if own is None:
                own = _distance_to(_fill(crop.landmarks[list(FACE_OVAL), :2], crop.size))
            core = _fill(polygon, crop.size)
            foreign |= _distance_to(core) < own
            if other < at:
                foreign |= core
        masks.append(mask * _rise(foreign, crop) if foreign.any() else mask)
    return masks


def _to_photo(crop: Crop) -> np.ndarray:
    back = invert(crop.affine)
    return crop.landmarks[list(FACE_OVAL), :2] @ back[:, :2].T + back[:, 2]


def _meets(polygon: np.ndarray, size: int) -> bool:
    return bool((polygon.max(0) >= 0).all() and (polygon.min(0) <= size - 1).all())


def _fill(polygon: np.ndarray, size: int) -> np.ndarray:
    return fill_polygon(polygon.astype(np.float64), (size, size)) > 0.5


def _distance_to(region: np.ndarray) -> np.ndarray:
    """Return each pixel's distance to a region; 0 inside, huge where there is none."""
    return cv2.distanceTransform((~region).astype(np.uint8), cv2.DIST_L2, 5)


def _rise(foreign: np.ndarray, crop: Crop) -> np.ndarray:
    """Return 0 on foreign pixels, rising to 1 over the width of the mask's own soft rim."""
    width = SOFTNESS * max(eye_distance(crop.landmarks), 1.0)
    rise = np.clip((_distance_to(foreign) - REACH) / width, 0.0, 1.0)
    return (rise * rise * (3.0 - 2.0 * rise)).astype(np.float32)
