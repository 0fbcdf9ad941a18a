"""Which parts of a head the face model's surface is: ears and neck are skin to it like the face."""

from enum import IntEnum

import numpy as np

from faceedit.studio.drawing import NOTHING, Drawing
from faceedit.studio.model import FaceModel, Part

EAR_DEPTH = 1.75
"""Ears lie behind this z, in cm; 0 is about the middle of the ear."""
EAR_HEIGHTS = (-2.3, 3.8)
"""And between these y."""
JAW_DEPTHS = (1.75, 3.4, 6.0, 8.5, 10.5)
JAW_HEIGHTS = (-2.0, -4.8, -6.6, -7.7, -8.2)
"""The edge of the jaw from the lobe of the ear to the chin, as z and y."""


class Zone(IntEnum):
    """What a vertex of the model's outside belongs to."""

    NONE = 0
    FACE = 1
    EAR = 2
    NECK = 3
    SCALP = 4
    SHOULDERS = 5


def head_zones(model: FaceModel) -> np.ndarray:
    """Return the `Zone` of every vertex, (V,) uint8, from where it is on the neutral head."""
    y, z = model.neutral[:, 1], model.neutral[:, 2]
    skin, head = (model.vertex_part == part for part in (Part.SKIN, Part.HEAD))
    ear = (z < EAR_DEPTH) & (y > EAR_HEIGHTS[0]) & (y < EAR_HEIGHTS[1])
    neck = ~ear & (y < np.interp(z, JAW_DEPTHS, JAW_HEIGHTS))
    zones = np.full(len(y), Zone.NONE, np.uint8)
    zones[skin] = Zone.FACE
    zones[skin & ear] = Zone.EAR
    zones[skin & neck] = Zone.NECK
    zones[head] = np.where(y[head] < EAR_HEIGHTS[0], Zone.SHOULDERS, Zone.SCALP)
    return zones


def draw_zones(model: FaceModel, drawing: Drawing) -> np.ndarray:
    """Return what of the head every pixel of a drawing shows, (H, W) uint8 of `Zone`."""
    zones = head_zones(model)[drawing.vertices[..., 0]]
    return np.where(drawing.part == NOTHING, np.uint8(Zone.NONE), zones)
