"""The light on the near side of a turned head.

Its outline stays, and skin within it is drawn out. The light does not come along: a rim light goes
on to lie along the outline, as the skin that it left has turned away from it.
"""

import cv2
import numpy as np

from faceedit.compose.mesh_flow import fill
from faceedit.compose.turn.flow import looked_up
from faceedit.compose.turn.head import Head, facing
from faceedit.compose.turn.outline import near_side
from faceedit.compose.turn.rim import features
from faceedit.faces.raster import rasterize_mesh
from faceedit.faces.topology import N_SURFACE, OUTER_EYE_CORNERS
from faceedit.ramps import ramp
from faceedit.tones import muted

REACH = 0.035
"""Eye distances over which light is averaged: pores and wrinkles come along."""
DARKEST = 0.03
"""Added to display values before the logarithm."""
TINT, MOST = 0.4, 1.2
"""Bounds of its colour, and of the log ratio."""
HELD = (0.01, 0.12)
"""How far skin is held, up to where it tells how light would go on, and from where on it is left in
full."""
GRAZING = (0.6, 0.8)
"""z of normals up to which light is left in full, and from where on it comes along."""
SHADE = 0.3
"""Share of what is darker that is left: most of it is the shape's."""
CHEEK = (-0.05, 0.2)
"""Below the outer eye corners, over which a cheek begins: a temple has hair before it."""
OUTLINE, SOFT = 0.045, 0.06
"""Eye distances within the outline where colours mix with the wall's, and over which all of this
comes in: no seams."""


def side_light(
    pixels: np.ndarray, head: Head, turn: np.ndarray, held: np.ndarray, flow: np.ndarray
) -> np.ndarray:
    """Return the log ratio that leaves light where it lay, (S, S, 3) float32.

    Args:
        pixels: (S, S, 3) float32 RGB of the crop.
        head: in the photo.
        turn: (3, 3) rotation.
        held: (S, S) float32 in [0, 1], as `outline.near_hold` returns it.
        flow: (S, S, 2) float32 backward flow of the turned head.
    """
    size = head.size
    if not held.any():
        return np.zeros((size, size, 3), np.float32)
    drawn = rasterize_mesh(head.landmarks[:N_SURFACE], (size, size), hide=True)
    towards = drawn.interpolate(facing(head.landmarks)[:, None])[..., 0]
    side = drawn.inside * (1 - ramp(towards, GRAZING)) * near_side(head, turn)
    side = np.maximum(ramp(held, HELD), side)
    person = (head.matte * head.valid > 0.5).astype(np.uint8)
    width = 2 * max(1, round(OUTLINE * head.unit)) + 1
    inner = cv2.erode(person, np.ones((width, width), np.uint8))
    skin = (head.skin * inner * (1 - head.hair)).astype(np.float32)
    bare = (skin * ~features(head)).astype(np.float32)
    mean = cv2.GaussianBlur(pixels * bare[..., None], (0, 0), REACH * head.unit)
    near = cv2.GaussianBlur(bare, (0, 0), REACH * head.unit)
    light = np.log(mean / np.maximum(near, 1e-3)[..., None] + DARKEST)
    told = bare * drawn.inside * (side < HELD[0])
    beyond = light - fill(light, told.astype(np.float32))
    grey = muted(beyond, 0.0)
    tint = np.clip(beyond - grey, -TINT, TINT)
    eyes = head.landmarks[list(OUTER_EYE_CORNERS), 1].mean()
    cheek = ramp((np.arange(size)[:, None] - eyes) / head.unit, CHEEK)
    share = cv2.GaussianBlur((side * cheek * bare).astype(np.float32), (0, 0), SOFT * head.unit)
    share *= np.clip(2 * near, 0, 1)
    beyond = share[..., None] * (np.where(grey > 0, grey, SHADE * grey) + tint)
    ratio = np.clip(beyond - looked_up(beyond, flow), -MOST, MOST)
    # What lay along an outline that moves inwards would light the wall.
    after = looked_up(cv2.GaussianBlur(skin, (0, 0), 0.5 * SOFT * head.unit), flow)
    return (after[..., None] * ratio).astype(np.float32)
