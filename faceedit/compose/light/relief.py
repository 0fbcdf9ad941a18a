"""The surface of a person as light sees it."""

from dataclasses import dataclass

import cv2
import numpy as np

from faceedit.compose.light.backdrop import person_share
from faceedit.lights import GAMMA, LUMA


@dataclass(frozen=True)
class Relief:
    """A surface, pixel by pixel.

    Attributes:
        normals: (S, S, 3) float32, unit: x right, y up, z to the camera.
        height: (S, S) float32 cm, larger nearer the camera.
        skin: (S, S) float32 in [0, 1], how far the pixel is skin whose shape the model knows.
        edge: (S, S) float32 in [0, 1], 1 near jumps of depth and the end of skin.
        person: (S, S) float32 in [0, 1], how much of the pixel's light comes from the person.
        tone: (S, S) float32, the linear luma of the picture around.
        guide: (S, S) float32, the picture in grey.
        scale: pixels per cm.
    """

    normals: np.ndarray
    height: np.ndarray
    skin: np.ndarray
    edge: np.ndarray
    person: np.ndarray
    tone: np.ndarray
    guide: np.ndarray
    scale: float


def make_relief(
    normals: np.ndarray,
    height: np.ndarray,
    skin: np.ndarray,
    pixels: np.ndarray,
    matte: np.ndarray,
    lengths: tuple[float, float],
) -> Relief:
    """Add to a surface what a picture says of it.

    Args:
        normals: (S, S, 3) float32, unit.
        height: (S, S) float32 cm.
        skin: (S, S) float32 in [0, 1].
        pixels: (S, S, 3) float32 RGB in [0, 1].
        matte: (S, S) float32 opacity of the person.
        lengths: pixels between the outer eye corners, and pixels per cm.
    """
    unit, scale = lengths
    luma = cv2.transform(cv2.pow(pixels, GAMMA), np.array([LUMA], np.float32))
    return Relief(
        normals=normals,
        height=cv2.GaussianBlur(height, (0, 0), 0.008 * unit),
        skin=skin,
        edge=_edges(height, skin, unit),
        person=person_share(pixels, luma, matte, skin, unit),
        tone=cv2.GaussianBlur(luma, (0, 0), 0.06 * unit),
        guide=cv2.transform(pixels, np.full((1, 3), 1 / 3, np.float32)),
        scale=scale,
    )


def _edges(height: np.ndarray, skin: np.ndarray, unit: float) -> np.ndarray:
    """Return how near a pixel is to where one surface hides another."""
    width = max(1, round(0.02 * unit))
    box = np.ones((2 * width + 1,) * 2, np.uint8)
    jump = cv2.dilate(height, box) - cv2.erode(height, box)
    hidden = np.clip((jump - 1.2) / 1.5, 0, 1) * (skin < 0.999)
    ends = 4 * skin * (1 - skin)
    near = cv2.dilate(np.maximum(hidden, ends).astype(np.float32), box)
    return cv2.GaussianBlur(near, (0, 0), 0.03 * unit)
