"""Hair over the rim of a face, which the mesh would take for skin."""

from dataclasses import replace

import cv2
import numpy as np

from faceedit.compose.hair.looks import colour_bins, colour_odds, likeness
from faceedit.compose.turn.head import Head
from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import BROWS, EYES, FACE_OVAL, MOUTH_CORNERS
from faceedit.ramps import ramp

DEEP = (0.3, 0.4)
"""Eye distances within a face's edge, up to which hair may hang over it."""
AROUND = 0.5
"""Beyond it, up to which the look of hair is learned."""
FEATURES = 0.09
"""Around eyes and brows, which look like hair and are none."""
OUTLINE = 0.08
"""Within a person's outline, where colours mix with the wall's."""
FEWEST = 0.2
"""Square eye distances of hair below which nothing is learned: bald heads have shadows."""
ALIKE = (0.1, 0.2)
"""Overlap of the colours of hair and skin from which on they tell less, and nothing."""
SURE = (0.5, 2.0)
"""Log odds from which on a colour is hair's."""


def with_bare_rim(head: Head, pixels: np.ndarray) -> Head:
    """Return a head whose skin leaves out the hair that hangs over the rim of its face.

    Args:
        head: in the photo.
        pixels: (S, S, 3) float32 RGB of the crop.
    """
    size, unit, points = head.size, head.unit, head.landmarks
    oval = fill_polygon(points[list(FACE_OVAL), :2], (size, size)) > 0.5
    within, beyond = (
        cv2.distanceTransform(one.astype(np.uint8), cv2.DIST_L2, 5) / unit for one in (oval, ~oval)
    )
    parts = features(head)
    rows = np.arange(size, dtype=np.float32)[:, None]
    high = points[list(MOUTH_CORNERS), 1].mean()
    upper = np.clip((high - rows) / max(float(high - points[4, 1]), 1.0), 0, 1)
    person = head.matte * head.valid
    width = 2 * round(OUTLINE * unit) + 1
    inner = cv2.erode(person, np.ones((width, width), np.uint8))
    hair = inner * (head.skin < 0.3) * (beyond < AROUND) * ~oval * upper
    if hair.sum() < FEWEST * unit * unit:
        return head
    skin = ((within > DEEP[1]) & ~parts).astype(np.float32)
    bins = colour_bins(pixels)
    told = np.clip((ALIKE[1] - likeness(bins, hair, skin)) / (ALIKE[1] - ALIKE[0]), 0, 1)
    odds = cv2.GaussianBlur(colour_odds(bins, hair, skin), (0, 0), 0.8)
    found = told * ramp(odds, SURE)
    rim = oval * np.clip((DEEP[1] - within) / (DEEP[1] - DEEP[0]), 0, 1) * ~parts
    hair = (found * person * upper * np.where(oval, rim, beyond < AROUND)).astype(np.float32)
    return replace(head, skin=head.skin * (1 - hair * oval), hair=hair)


def features(head: Head) -> np.ndarray:
    """Return where eyes and brows are, and a little around them, (S, S) bool."""
    size, points = head.size, head.landmarks
    parts = [
        cv2.convexHull(points[list(eye + brow), :2])[:, 0]
        for eye, brow in zip(EYES, BROWS, strict=True)
    ]
    drawn = np.max([fill_polygon(part, (size, size)) for part in parts], axis=0) > 0.5
    width = 2 * round(FEATURES * head.unit) + 1
    return cv2.dilate(drawn.astype(np.uint8), np.ones((width, width), np.uint8)) > 0
