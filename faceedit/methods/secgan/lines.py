"""Lines that age draws on a face, on a map of the mean face."""

import cv2
import numpy as np

SIDE, SPAN, TOP = 768, 2.0, -0.65
"""Side of the map in pixels and eye distances, and its upper edge on the mean face."""
Path = tuple[tuple[float, float], ...]
LINES: tuple[tuple[Path, float, float], ...] = (
    # Forehead.
    (((0.0, -0.47), (0.14, -0.485), (0.3, -0.475), (0.45, -0.435)), 0.014, 0.14),
    (((0.0, -0.385), (0.12, -0.4), (0.28, -0.395), (0.46, -0.345)), 0.014, 0.17),
    (((0.02, -0.3), (0.14, -0.32), (0.3, -0.315), (0.44, -0.275)), 0.012, 0.13),
    # Between the brows.
    (((0.055, -0.2), (0.06, -0.13), (0.05, -0.07)), 0.012, 0.15),
    # Beside the eyes.
    (((0.56, -0.01), (0.63, -0.05), (0.7, -0.07)), 0.009, 0.16),
    (((0.565, 0.02), (0.64, 0.015), (0.71, 0.02)), 0.009, 0.18),
    (((0.555, 0.05), (0.62, 0.075), (0.68, 0.11)), 0.009, 0.16),
    # Under the eyes.
    (((0.2, 0.075), (0.29, 0.13), (0.4, 0.14), (0.5, 0.1)), 0.012, 0.16),
    (((0.18, 0.12), (0.26, 0.19), (0.37, 0.215), (0.48, 0.18)), 0.017, 0.15),
    # From the nose past the mouth, and below it.
    (((0.235, 0.44), (0.31, 0.52), (0.365, 0.62), (0.385, 0.71)), 0.017, 0.2),
    (((0.33, 0.8), (0.355, 0.88), (0.365, 0.96)), 0.016, 0.16),
    # In the cheek.
    (((0.5, 0.5), (0.53, 0.6), (0.535, 0.7)), 0.02, 0.07),
    # Over the upper lip.
    (((0.07, 0.6), (0.075, 0.655)), 0.007, 0.08),
    (((0.13, 0.6), (0.14, 0.66)), 0.007, 0.08),
    (((0.19, 0.62), (0.2, 0.68)), 0.007, 0.08),
)
"""Of the right half: the path, half the width in eye distances, and the depth in log luma."""
SHAKE = 0.014
"""Eye distances by which faces differ."""
DEEP, PARTS = (0.3, 1.25), (0.4, 1.0)
"""Between which shares of their depth lines have, and their parts of a fifth each."""
RIDGE = 0.3
"""Of the depth, by which skin beside a line catches light."""


def draw_lines(seed: int) -> np.ndarray:
    """Draw the lines of a face, no two faces alike: (SIDE, SIDE) float32 log ratio."""
    draw = np.random.default_rng(seed)
    whole = np.zeros((SIDE, SIDE), np.float32)
    pixel = SIDE / SPAN
    for path, width, depth in LINES:
        for sign in (1, -1):
            points = _smooth(np.array(path) + draw.normal(0, SHAKE, (len(path), 2)))
            points[:, 0] *= sign
            places = (points - np.array([-SPAN / 2, TOP])) * pixel - 0.5
            deep = depth * draw.uniform(*DEEP)
            parts = np.interp(np.linspace(0, 4, len(places) - 1), range(5), draw.uniform(*PARTS, 5))
            whole += _crease(places, parts, width * draw.uniform(0.8, 1.2) * pixel, deep)
    return whole


def _crease(places: np.ndarray, parts: np.ndarray, width: float, depth: float) -> np.ndarray:
    """Return a line that fades at its ends, dark in the middle and lighter below it."""
    layer = np.zeros((SIDE, SIDE), np.uint8)
    share = np.sin(np.pi * np.linspace(0.06, 0.94, len(parts))) ** 0.6 * parts
    fixed = np.round(places * 16).astype(np.int32)
    for start, end, one in zip(fixed[:-1], fixed[1:], share, strict=True):
        cv2.line(layer, start.tolist(), end.tolist(), int(255 * one), 2, cv2.LINE_AA, 4)
    low, high = places.min(0) - 8 * width, places.max(0) + 8 * width
    x0, y0 = np.maximum(low, 0).astype(int)
    x1, y1 = np.minimum(high, SIDE).astype(int)
    part = layer[y0:y1, x0:x1].astype(np.float32) / 255
    # A blurred line of two pixels has this peak.
    dark = cv2.GaussianBlur(part, (0, 0), 0.5 * width) * np.float32(0.5 * width * 2.5 / 2)
    soft = cv2.GaussianBlur(part, (0, 0), 1.6 * width) * np.float32(1.6 * width * 2.5 / 2)
    shift = np.array([[1, 0, 0], [0, 1, 1.3 * width]], np.float32)
    light = cv2.warpAffine(soft, shift, soft.shape[::-1])
    made = np.zeros((SIDE, SIDE), np.float32)
    made[y0:y1, x0:x1] = depth * (RIDGE * light - 0.75 * dark - 0.45 * soft)
    return made


def _smooth(path: np.ndarray, count: int = 28) -> np.ndarray:
    """Return (count, 2) points of a smooth curve through a path."""
    order = min(3, len(path) - 1)
    t = np.linspace(0, 1, len(path))
    fine = np.linspace(0, 1, count)
    return np.column_stack([np.polyval(np.polyfit(t, path[:, k], order), fine) for k in (0, 1)])
