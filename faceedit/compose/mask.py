"""Where an edit may change a photo: the mask of the region that it declares, softened.

The faces of one photo have masks that share no pixel, so that no face is edited inside another's.
"""

from collections.abc import Sequence
from typing import Literal, get_args

import cv2
import numpy as np

from faceedit.faces.align import Crop, invert
from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import FACE_OVAL, eye_distance
from faceedit.ramps import smoothstep

Region = Literal["face", "head", "person", "crop"]
"""What of a person an edit may change: inside the mesh's outline; hair and ears too; neck and
shoulders too; everything in the crop."""
REGIONS: tuple[Region, ...] = get_args(Region)

JAW_MARGIN = 0.16
"""How far the face reaches beyond the jaw, in eye distances: a smile moves the jaw line."""
HAIR_MARGIN = -0.04
"""The same at the top of the forehead: it stays inside, so that hair does not move."""
HEAD_MARGIN, CROWN_MARGIN = 0.9, 1.6
"""How far the head reaches beyond the face at its sides and above it, in eye distances."""
SHOULDERS = 3.2
"""Half the width of a person at the crop's lower edge, in eye distances."""
SOFTNESS = 0.16
"""Width of the soft rim in eye distances, inside the region."""
REACH = 2.0
"""Crop pixels that drawing a mask in the photo spreads it by."""


def face_mask(landmarks: np.ndarray, size: int) -> np.ndarray:
    """Draw the mask of one face in its crop; see `region_mask`.

    >>> from faceedit.faces.align import crop_affine, transform_landmarks
    >>> from faceedit.faces.topology import mean_shape
    >>> points = transform_landmarks(mean_shape(), crop_affine(mean_shape(), 256))
    >>> mask = face_mask(points, 256)
    >>> mask.shape, float(mask[128, 128]), float(mask[0].max())
    ((256, 256), 1.0, 0.0)
    """
    return region_mask("face", landmarks, size)


def region_mask(region: Region, landmarks: np.ndarray, size: int) -> np.ndarray:
    """Draw the mask of a region in a crop.

    Args:
        region: one of `REGIONS`.
        landmarks: (478, 3) mesh points in crop pixels.
        size: side of the crop in pixels.

    Returns:
        (size, size) float32 in [0, 1]; exactly 0 outside the region and on the crop's border.
    """
    unit = eye_distance(landmarks.astype(np.float64))
    support = _support(region, landmarks[list(FACE_OVAL), :2].astype(np.float64), unit, size)
    support[[0, -1]] = False
    support[:, [0, -1]] = False
    depth = cv2.distanceTransform(support.astype(np.uint8), cv2.DIST_L2, 5)
    return smoothstep(depth / (SOFTNESS * unit)).astype(np.float32)


def edit_masks(crops: Sequence[Crop], regions: Sequence[Region]) -> list[np.ndarray]:
    """Draw the masks of the faces of one photo and take from each what belongs to another face.

    What lies inside a face's outline is that face's; where two outlines overlap it is the earlier
    face's: the finder gives the larger one first, which is mostly nearer to the camera and in
    front. What lies inside no outline is the nearest face's. At such borders both masks fall
    softly to 0, so that the order in which faces are composed does not matter.

    Args:
        crops: the faces of one photo, in order of precedence.
        regions: of the edit of each.

    Returns:
        For each crop (S, S) float32 in [0, 1] in its own coordinates. A face without neighbours
        has exactly its `region_mask`.
    """
    ovals = [_to_photo(crop) for crop in crops]
    masks = []
    for at, (crop, region) in enumerate(zip(crops, regions, strict=True)):
        mask = region_mask(region, crop.landmarks, crop.size)
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


def _support(region: Region, outline: np.ndarray, unit: float, size: int) -> np.ndarray:
    """Return the pixels of a region, (size, size) bool."""
    if region == "crop":
        return np.ones((size, size), bool)
    chin, top = outline[len(outline) // 2], outline[0]
    down = (chin - top) / max(float(np.linalg.norm(chin - top)), 1e-6)
    centre = outline.mean(axis=0)
    away = outline - centre
    away /= np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-6)
    lowness = np.clip((away @ down + 1.0) / 1.2, 0.0, 1.0)[:, None]
    least, most = (HAIR_MARGIN, JAW_MARGIN) if region == "face" else (CROWN_MARGIN, HEAD_MARGIN)
    support = _fill(outline + away * unit * (least + (most - least) * lowness), size)
    if region == "person":
        across = np.array([-down[1], down[0]]) * SHOULDERS * unit
        below = chin + down * 2 * size
        support |= _fill(
            np.stack([chin - across, chin + across, below + across, below - across]), size
        )
    return support


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
    return smoothstep((_distance_to(foreign) - REACH) / width).astype(np.float32)


def in_frame(mask: np.ndarray, affine: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a mask in another size.

    Args:
        mask: (S, S) float32 in [0, 1].
        affine: (2, 3) similarity from photo pixels to the mask's.
        size: side that it is to have.

    Returns:
        The mask, 0 on its border, and the map from photo pixels to its own.
    """
    ratio = size / mask.shape[0]
    if ratio == 1:
        return mask, affine
    affine = np.hstack([affine[:, :2] * ratio, (affine[:, 2:] + 0.5) * ratio - 0.5])
    mask = cv2.resize(mask, (size, size), interpolation=cv2.INTER_AREA)
    mask[[0, -1]] = mask[:, [0, -1]] = 0
    return mask, affine


def draw_mask(mask: np.ndarray, to_crop: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Draw a crop's mask in the photo or in a window of it.

    Args:
        mask: (S, S) float32.
        to_crop: (2, 3) similarity from the result's pixels to the crop's.
        size: height and width of the result.

    Returns:
        (height, width) float32, 0 beyond the crop.
    """
    # Linear: it stays within 0 and 1 and reaches no further than one crop pixel.
    return cv2.warpAffine(mask, to_crop, size[::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
