"""The surface of a person as light sees it."""

from dataclasses import dataclass

import cv2
import numpy as np

from faceedit.compose.light.backdrop import person_share
from faceedit.lights import GAMMA, LUMA

ROUND = 0.16
"""Eye distances over which the surface turns away from the camera before the person's outline."""
AWAY_Z = 0.15
"""z of the normals there."""
BEHIND = 12.0
"""Centimetres by which what is behind the person lies back: it holds no light from the person."""


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
    back = height - np.float32(BEHIND) * (1 - matte)
    return Relief(
        normals=_turned_away(normals, matte, unit),
        height=cv2.GaussianBlur(back, (0, 0), 0.008 * unit),
        skin=skin,
        edge=_edges(height, skin, unit),
        person=person_share(pixels, luma, matte, skin, unit),
        tone=cv2.GaussianBlur(luma, (0, 0), 0.06 * unit),
        guide=cv2.transform(pixels, np.full((1, 3), 1 / 3, np.float32)),
        scale=scale,
    )


def outward(soft: np.ndarray, z: float) -> tuple[np.ndarray, np.ndarray]:
    """Return how steeply a soft matte falls, and the normals that lead out of it.

    Args:
        soft: (H, W) float32 opacity, blurred.
        z: of the normals, towards the camera.

    Returns:
        (H, W) float32 per pixel, and (H, W, 3) float32 unit, x right, y up, where it falls.
    """
    right = cv2.Sobel(soft, cv2.CV_32F, 1, 0, scale=1 / 8, borderType=cv2.BORDER_REPLICATE)
    down = cv2.Sobel(soft, cv2.CV_32F, 0, 1, scale=1 / 8, borderType=cv2.BORDER_REPLICATE)
    steep = np.hypot(right, down)
    level = np.float32(np.sqrt(1 - z * z)) / np.maximum(steep, np.float32(1e-4))
    return steep, cv2.merge([-right * level, down * level, np.full_like(soft, z)])


def _turned_away(normals: np.ndarray, matte: np.ndarray, unit: float) -> np.ndarray:
    """Return normals that turn away from the camera towards the person's outline.

    What is round does so; a smooth guess of a surface does not, and light from behind needs it.
    """
    sigma = ROUND * unit
    soft = cv2.GaussianBlur(matte, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    steep, away = outward(soft, AWAY_Z)
    # 1 at a straight outline, less where it is not one.
    sure = np.minimum(steep * np.float32(sigma * np.sqrt(2 * np.pi)) * 2, 1)
    share = (np.clip(2 - 2 * soft, 0, 1) * sure)[..., None]
    turned = normals + share * (away - normals)
    length = np.sqrt(np.einsum("ijk,ijk->ij", turned, turned))
    return turned / np.maximum(length, np.float32(1e-3))[..., None]


def _edges(height: np.ndarray, skin: np.ndarray, unit: float) -> np.ndarray:
    """Return how near a pixel is to where one surface hides another."""
    width = max(1, round(0.02 * unit))
    box = np.ones((2 * width + 1,) * 2, np.uint8)
    jump = cv2.dilate(height, box) - cv2.erode(height, box)
    hidden = np.clip((jump - 1.2) / 1.5, 0, 1) * (skin < 0.999)
    ends = 4 * skin * (1 - skin)
    near = cv2.dilate(np.maximum(hidden, ends).astype(np.float32), box)
    return cv2.GaussianBlur(near, (0, 0), 0.03 * unit)
