"""Portraits made to look like art, for measuring edits on pictures unlike any training photo.

What a painter, a sculptor or an engraver does to a face is imitated on photos, in display values,
so that the same people can be compared with themselves.
"""

from collections.abc import Callable

import cv2
import numpy as np

from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import EYES, OUTER_EYE_CORNERS
from faceedit.tones import LUMA, to_bytes

BRUSH = 0.024
"""Side of a brush stroke in eye distances."""
MARBLE = np.array([0.93, 0.91, 0.87], np.float32)
BRONZE = np.array([0.62, 0.46, 0.30], np.float32)
_SECTORS = ((-1, -1), (-1, 0), (0, -1), (0, 0))

Restyle = Callable[[np.ndarray, np.ndarray], np.ndarray]


def grey(picture: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Return a black-and-white photo."""
    return to_bytes(_thrice(_luma(picture)))


def painting(picture: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Return oil on canvas: strokes of one colour (Kuwahara's filter), warm varnish, weave."""
    unit = _unit(landmarks)
    stroke = max(2, round(BRUSH * unit))
    strokes = _kuwahara(_kuwahara(picture.astype(np.float32) / 255, stroke), max(1, stroke // 2))
    y, x = np.indices(picture.shape[:2], np.float32)
    thread = 2 * np.pi / max(3.0, 0.03 * unit)
    weave = 1 + 0.03 * (np.sin(thread * x) + np.sin(thread * y))[..., None]
    varnish = np.array([1.04, 0.97, 0.82], np.float32)
    return to_bytes(np.clip(strokes, 0, 1) ** 0.95 * weave * varnish)


def drawing(picture: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Return pencil on paper: lines where brightness bends, hatching in the shade."""
    unit, luma = _unit(landmarks), _luma(picture)
    lines = np.clip(luma / (cv2.GaussianBlur(luma, (0, 0), 0.05 * unit) + 0.02), 0, 1) ** 2.5
    y, x = np.indices(luma.shape, np.float32)
    hatch = 0.5 + 0.5 * np.sin((x + y) * 2 * np.pi / max(4.0, 0.035 * unit))
    shade = np.clip(1 - cv2.GaussianBlur(luma, (0, 0), 0.02 * unit) / 0.75, 0, 1)
    paper = np.array([0.97, 0.95, 0.90], np.float32)
    return to_bytes(_thrice(lines * (1 - 0.75 * shade * hatch)) * paper)


def statue(picture: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Return marble: one albedo for skin, lips and hair, and eyes without irises."""
    return to_bytes(_carved(picture, landmarks)[..., None] * MARBLE)


def bronze(picture: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Return a cast in bronze: dark, with hard highlights."""
    shading = _carved(picture, landmarks)
    shine = np.clip((shading - 0.75) / 0.25, 0, 1)[..., None] ** 2
    return to_bytes(shading[..., None] ** 1.8 * BRONZE + 0.45 * shine)


STYLES: dict[str, Restyle] = {
    "grey": grey,
    "painting": painting,
    "drawing": drawing,
    "statue": statue,
    "bronze": bronze,
}
"""Each takes (h, w, 3) uint8 RGB and the (478, >= 2) landmarks in it, and gives the same shape."""


def _carved(picture: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Return (h, w) float32 shading without the colours of what is carved."""
    unit, luma = _unit(landmarks), _luma(picture)
    for eye in EYES:
        ring = landmarks[list(eye), :2].astype(np.float64)
        inside = cv2.GaussianBlur(fill_polygon(ring, luma.shape), (0, 0), 0.01 * unit)
        lit = float(np.percentile(luma[inside > 0.5], 80)) if (inside > 0.5).any() else 0.0
        luma = luma + inside * (lit - luma) * 0.85
    tall = np.log(np.clip(luma, 0.02, 1))
    # Hair, brows and lips differ from skin over wide areas, carved forms over narrow ones.
    wide = _wide(tall, 0.2 * unit)
    shading = np.exp(0.35 * (wide - np.percentile(wide, 80)) + 0.9 * (tall - wide))
    return np.clip(0.8 * shading, 0, 1).astype(np.float32)


def _wide(values: np.ndarray, reach: float) -> np.ndarray:
    """Even (h, w) float32 values out over `reach` pixels, edges kept."""
    shrink = max(1.0, reach / 6)
    size = [max(1, round(side / shrink)) for side in values.shape[::-1]]
    small = cv2.resize(values, size, interpolation=cv2.INTER_AREA)
    small = cv2.bilateralFilter(small, 0, 0.6, reach / shrink)
    return cv2.resize(small, values.shape[::-1], interpolation=cv2.INTER_CUBIC)


def _kuwahara(image: np.ndarray, reach: int) -> np.ndarray:
    """Return each pixel's mean over that quarter of its neighbourhood that varies least."""
    side = reach + 1
    best = np.full(image.shape[:2], np.inf, np.float32)
    result = image.copy()
    for down, right in _SECTORS:
        # The window's anchor chooses the quarter.
        anchor = (0 if right == 0 else reach, 0 if down == 0 else reach)
        mean = cv2.blur(image, (side, side), anchor=anchor)
        square = cv2.blur(image * image, (side, side), anchor=anchor)
        spread = (square - mean * mean).sum(-1)
        calmer = spread < best
        best[calmer], result[calmer] = spread[calmer], mean[calmer]
    return result


def _luma(picture: np.ndarray) -> np.ndarray:
    return (picture.astype(np.float32) / 255) @ LUMA


def _thrice(plane: np.ndarray) -> np.ndarray:
    return np.repeat(plane[..., None], 3, axis=-1)


def _unit(landmarks: np.ndarray) -> float:
    return float(np.linalg.norm(np.subtract(*landmarks[list(OUTER_EYE_CORNERS), :2])))
