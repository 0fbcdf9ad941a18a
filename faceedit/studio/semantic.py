"""Which part of a person every pixel of an aligned crop shows."""

import cv2
import numpy as np

from faceedit.compose.mouth.opening import CLOSED, lip_gap
from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import (
    BROW_OUTLINES,
    EYES,
    FACE_OVAL,
    INNER_LIPS,
    NOSE,
    OUTER_LIPS,
    eye_distance,
)
from faceedit.regions import Region
from faceedit.studio.eyewear import draw_lenses
from faceedit.studio.head import Zone
from faceedit.studio.parts import Segment

_OF_SEGMENT = np.array([Region.SKIN, Region.HAIR, Region.CLOTHES, Region.BACKGROUND], np.uint8)
"""In the order of `Segment`."""
_BLOCK = np.ones((3, 3), np.uint8)
BELOW = 0.12
"""Flesh beside the mesh is the neck's below this share of the face's height."""
EAR_MARGIN = 0.012
"""Drawn ears are widened by this share of the side: the fit has them only about where they are."""


def semantic_mask(
    landmarks: np.ndarray,
    segments: np.ndarray,
    zones: np.ndarray,
    lenses: list[np.ndarray] | None = None,
    dark: tuple[bool, bool] = (False, False),
) -> np.ndarray:
    """Label every pixel.

    Args:
        landmarks: (478, 3) mesh points in crop pixels.
        segments: (S, S) uint8 of `Segment`.
        zones: (S, S) uint8 of `Zone`, the fitted head model.
        lenses: two (n, 2) float polygons in crop pixels, of a person who wears spectacles.
        dark: whether each lens hides the eye; else eyes and brows lie on it.

    Returns:
        (S, S) uint8 of `Region`. Beard is skin, or neck where it hangs below the chin; a hat is
        clothes; closed lips show no mouth.
    """
    size = len(segments)
    oval = _drawn(landmarks, FACE_OVAL, size)
    labels = _OF_SEGMENT[segments]
    flesh = segments == Segment.FLESH
    margin = max(1, round(size * EAR_MARGIN))
    ears = cv2.dilate((zones == Zone.EAR).astype(np.uint8), _BLOCK, iterations=margin) > 0
    rows = landmarks[list(FACE_OVAL), 1]
    low = np.arange(size)[:, None] > rows.max() - BELOW * np.ptp(rows)
    labels[flesh & ~oval & low] = Region.NECK
    labels[flesh & ~oval & ears] = Region.EARS
    labels[flesh & ~oval & (zones == Zone.NECK)] = Region.NECK
    labels[oval & (segments != Segment.HAIR)] = Region.SKIN
    bare = labels == Region.SKIN
    # Hair over a brow hides it; eyes, nose and mouth are never covered by what looks like hair.
    brows = np.max([_drawn(landmarks, i, size) for i in BROW_OUTLINES], axis=0) & bare
    eyes = np.max([_drawn(landmarks, i, size) for i in EYES], axis=0)
    labels[_drawn(landmarks, NOSE, size)] = Region.NOSE
    labels[_drawn(landmarks, OUTER_LIPS, size)] = Region.LIPS
    if lip_gap(landmarks, eye_distance(landmarks)) >= CLOSED:
        labels[_drawn(landmarks, INNER_LIPS, size)] = Region.MOUTH
    hidden = np.zeros_like(oval)
    if lenses:
        labels[draw_lenses(lenses, size)] = Region.EYEGLASSES
        for lens, is_hidden in zip(lenses, dark, strict=True):
            hidden |= is_hidden & (fill_polygon(lens, (size, size)) > 0.5)
    labels[brows & ~hidden] = Region.BROWS
    labels[eyes & ~hidden] = Region.EYES
    return labels


def _drawn(landmarks: np.ndarray, outline: tuple[int, ...], size: int) -> np.ndarray:
    return fill_polygon(landmarks[list(outline), :2], (size, size)) > 0.5
