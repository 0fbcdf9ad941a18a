"""The surface of a whole person as light sees it: the model's on skin, a smooth one around it.

Hair, hats and clothes have no model. There the surface is continued from the skin so that at the
person's outline it turns away from the camera, as round things do.
"""

import cv2
import numpy as np
from numba import njit

from faceedit.compose.light.relief import Relief, make_relief, outward
from faceedit.faces.topology import FACE_OVAL
from faceedit.studio.drawing import NOTHING
from faceedit.studio.model import Part
from faceedit.studio.subject import Pose

COARSE = 64
"""Side of the grid on which the surface is continued."""
SWEEPS, OVERRELAX = 48, 1.88
SETTLING = 6
"""Last sweeps, without over-relaxation: it leaves a checkerboard behind."""
SMOOTH = 0.02
"""Eye distances over which normals of the skin are smoothed: photos have no lid folds of a mesh."""
FACING = 0.02
"""Least z of a normal that counts."""
RIM_Z = 0.3
"""z of the normals at the person's outline."""
RIM_DEPTH = -3.0
"""Depth of the outline of hair and clothes in cm; the ears are at about 0."""
LIKENESS = 2.6
"""Deviations from the face's mean colour at which a pixel is as likely skin as not."""


def build_relief(pose: Pose, pixels: np.ndarray, matte: np.ndarray, unit: float) -> Relief:
    """Build the surface of a person.

    Args:
        pose: the face as the picture shows it.
        pixels: (S, S, 3) float32 RGB in [0, 1].
        matte: (S, S) float32 opacity of the person.
        unit: distance of the outer eye corners in pixels.
    """
    drawing = pose.drawing
    normals = drawing.interpolate(pose.normals)
    outer = (drawing.part == Part.SKIN) | (drawing.part == Part.HEAD)
    outer &= normals[..., 2] > FACING
    drawn = drawing.part != NOTHING
    skin = _skin_share(pose, pixels, outer, drawn, unit)

    held = cv2.GaussianBlur(outer.astype(np.float32), (0, 0), SMOOTH * unit)
    smooth = cv2.GaussianBlur(normals * outer[..., None], (0, 0), SMOOTH * unit)
    normals = smooth / np.maximum(held, 1e-3)[..., None]

    rim, away = outline(matte)
    known = np.dstack([normals, np.where(outer, drawing.depth, 0)]).astype(np.float32)
    trust = skin * outer
    weight = _grid(trust)
    values = _grid(known * trust[..., None]) / np.maximum(weight, 1e-4)[..., None]
    rim *= np.clip(1 - 4 * weight, 0, 1)
    total = 4 * weight + rim
    mixed = (4 * weight[..., None] * values + rim[..., None] * away) / np.maximum(total, 1e-6)[
        ..., None
    ]
    full = continue_smoothly(mixed.astype(np.float32), total.astype(np.float32))
    size = pixels.shape[:2]
    around = cv2.resize(full, size[::-1], interpolation=cv2.INTER_CUBIC)

    share = skin[..., None]
    normals = normals * share + around[..., :3] * (1 - share)
    length = np.sqrt(np.einsum("ijk,ijk->ij", normals, normals))
    normals /= np.maximum(length, 1e-3)[..., None]
    height = np.where(outer, drawing.depth, around[..., 3])
    return make_relief(normals, height, skin, pixels, matte, (unit, pose.camera.scale))


def _skin_share(
    pose: Pose, pixels: np.ndarray, outer: np.ndarray, drawn: np.ndarray, unit: float
) -> np.ndarray:
    """Return how far each pixel is skin: all of the face, and what has its colour around it."""
    size = pixels.shape[:2]
    oval = np.zeros(size, np.uint8)
    ring = pose.landmarks()[list(FACE_OVAL)]
    cv2.fillPoly(oval, [np.round(ring).astype(np.int32)], 1)
    inside = (oval > 0) & outer
    alike = _likeness(pixels, inside)
    face = cv2.GaussianBlur(oval.astype(np.float32), (0, 0), 0.05 * unit)
    face = np.clip(2 * face - 0.6, 0, 1)
    alike = cv2.GaussianBlur(alike * outer, (0, 0), 0.03 * unit)
    share = np.maximum(face, np.clip(1.6 * alike - 0.3, 0, 1))
    # Eyes and mouth are lit like the skin about them; outlines of the mesh are not exact.
    width = max(1, round(0.02 * unit))
    hidden = cv2.dilate((drawn & ~outer).astype(np.uint8), np.ones((2 * width + 1,) * 2, np.uint8))
    solid = cv2.erode((drawn & (hidden == 0)).astype(np.uint8), np.ones((3, 3), np.uint8))
    return share * cv2.GaussianBlur(solid.astype(np.float32), (0, 0), 0.02 * unit)


def _likeness(pixels: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Return the probability of the face's own colour, (S, S) float32."""
    half = (max(1, pixels.shape[1] // 2), max(1, pixels.shape[0] // 2))
    small = cv2.resize(pixels, half, interpolation=cv2.INTER_AREA)
    r, g, b = cv2.split(cv2.log(np.maximum(small, 0.02)))
    chosen = cv2.resize(inside.astype(np.uint8), half, interpolation=cv2.INTER_NEAREST) > 0
    if chosen.sum() < 20:
        return np.zeros(inside.shape, np.float32)
    distance = np.zeros_like(r)
    for feature, least in (((r + g + b) / 6, 0.10), (r - g, 0.06), (g - b, 0.06)):
        sample = feature[chosen]
        middle = np.median(sample)
        spread = max(1.48 * float(np.median(np.abs(sample - middle))), least)
        distance += ((feature - middle) / np.float32(spread)) ** 2
    alike = 1 / (1 + np.exp(np.minimum(2.0 * (np.sqrt(distance) - LIKENESS), 30.0)))
    return cv2.resize(alike, pixels.shape[1::-1], interpolation=cv2.INTER_LINEAR)


def outline(matte: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return on the coarse grid where the person ends, and normal and depth there.

    Returns:
        (G, G) weight in [0, 1] and (G, G, 4) values.
    """
    soft = cv2.GaussianBlur(_grid(matte), (0, 0), 1.6, borderType=cv2.BORDER_REPLICATE)
    steep, away = outward(soft, RIM_Z)
    away = np.dstack([away, np.full_like(soft, RIM_DEPTH)])
    return np.clip(steep / 0.08, 0, 1) * (soft < 0.6), away


def _grid(field: np.ndarray) -> np.ndarray:
    return cv2.resize(field, (COARSE, COARSE), interpolation=cv2.INTER_AREA)


def continue_smoothly(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the field f that minimises 8 Σ weight (f − values)² + Σ |∇f|².

    Args:
        values: (G, G, C) float32.
        weight: (G, G) float32, 0 where nothing is known.
    """
    return _relax(values, weight, SWEEPS, OVERRELAX, SETTLING)


@njit(cache=True, fastmath=True)
def _relax(values, weight, sweeps, over, settling):
    """Sweep with successive over-relaxation, black and white cells in turn."""
    height, width, channels = values.shape
    mean = np.zeros(channels, np.float32)
    total = np.float32(1e-6)
    for y in range(height):
        for x in range(width):
            total += weight[y, x]
            for c in range(channels):
                mean[c] += weight[y, x] * values[y, x, c]
    field = np.empty_like(values)
    for y in range(height):
        for x in range(width):
            for c in range(channels):
                field[y, x, c] = values[y, x, c] if weight[y, x] > 0 else mean[c] / total
    for sweep in range(sweeps):
        rate = over if sweep < sweeps - settling else 1.0
        for colour in range(2):
            for y in range(height):
                for x in range((y + colour) % 2, width, 2):
                    w = np.float32(8) * weight[y, x]
                    up, down = max(y - 1, 0), min(y + 1, height - 1)
                    left, right = max(x - 1, 0), min(x + 1, width - 1)
                    for c in range(channels):
                        around = (
                            field[up, x, c]
                            + field[down, x, c]
                            + field[y, left, c]
                            + field[y, right, c]
                        )
                        new = (w * values[y, x, c] + around) / (w + 4)
                        field[y, x, c] += rate * (new - field[y, x, c])
    return field
