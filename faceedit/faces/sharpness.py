"""How sharp a face is in its photo: the width of its edges, and the detail that this leaves."""

from dataclasses import dataclass

import cv2
import numpy as np

from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import FACE_OVAL

FINE, COARSE = 1.0, 2.0
"""Standard deviations in pixels of the two blurs whose gradients are compared."""
STRONGEST = 0.05
"""Share of the face's pixels that count as edges: lids, brows, nostrils and lips."""
WIDEST = 2.5
"""Wider edges are measured in a picture of half the size, where the two blurs still differ."""
LEAST = 64
"""Sides in pixels are not halved below this."""
DIFFERENCE = 1 / 3
"""Square of the blur in pixels that the difference of a pixel's neighbours is itself."""
MARGIN = 8
PIXEL = 0.3
"""Standard deviation in pixels of what averaging over a pixel does; sharpened edges seem finer."""
RISE = 2.563
"""An edge blurred by a Gaussian rises from 10% to 90% within this many standard deviations."""
HALF_CONTRAST = 0.1874
"""Cycles per standard deviation that such a blur passes at half their contrast (MTF50)."""
HAIRLINE, CHIN = 10, 152


@dataclass(frozen=True)
class Sharpness:
    """How sharp a face is; it does not depend on the photo's contrast or on its other parts.

    Attributes:
        edge_width: pixels of the photo within which the face's edges rise from 10% to 90%, as
            lenses and cameras are judged: 1 to 3 is as sharp as photos of faces come, 5 is soft, 8
            and more is out of focus, shaken or enlarged. Never below 0.8, what a pixel itself does.
        lines: how many lines one above the other could be told apart between hairline and chin at
            half of their contrast (twice the MTF50): the detail that there is, whatever the number
            of pixels. An eighth of it is the height in millimetres at which the face still looks
            sharp in a print held in the hand (4 line pairs per millimetre).
    """

    edge_width: float
    lines: float


def face_sharpness(pixels: np.ndarray, landmarks: np.ndarray) -> Sharpness:
    """Measure the sharpness of one face at its photo's own resolution.

    The blur of an edge follows from how much its gradient falls when it is blurred further (Zhuo
    and Sim, "Defocus map estimation from a single image", 2011, Eq. 4, here with two known blurs
    on both sides of the ratio, so that noise does not pass for sharpness). The median over the
    face's strongest gradients is taken.

    Args:
        pixels: (H, W, 3) uint8 or uint16 RGB.
        landmarks: (478, >= 2) in pixels of the photo.
    """
    grey, mask = _face(pixels, landmarks[:, :2])
    factor, blur = 1.0, _blur(grey, mask)
    while blur > WIDEST and min(grey.shape) >= 2 * LEAST:
        size = grey.shape[1] // 2, grey.shape[0] // 2
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
        mask = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
        factor *= 2
        blur = _blur(grey, mask)
    blur = max(factor * blur, PIXEL)
    height = float(np.linalg.norm(landmarks[CHIN, :2] - landmarks[HAIRLINE, :2]))
    # No pattern is finer than one line for a pixel.
    return Sharpness(RISE * blur, height * min(1.0, 2 * HALF_CONTRAST / blur))


def _face(pixels: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cut the face out: (h, w) float32 luma in [0, 1] and (h, w) bool, where the face is."""
    outline = points[list(FACE_OVAL)]
    limit = np.array([pixels.shape[1], pixels.shape[0]])
    low = np.clip(np.floor(outline.min(0)) - MARGIN, 0, limit - 1).astype(int)
    high = np.clip(np.ceil(outline.max(0)) + MARGIN, low + 1, limit).astype(int)
    part = pixels[low[1] : high[1], low[0] : high[0]].astype(np.float32)
    grey = cv2.cvtColor(part / np.iinfo(pixels.dtype).max, cv2.COLOR_RGB2GRAY)
    mask = fill_polygon(outline - low, grey.shape) > 0.5
    return grey, mask if mask.any() else np.ones(grey.shape, bool)


def _blur(grey: np.ndarray, mask: np.ndarray) -> float:
    """Return the standard deviation in pixels of the blur that edges inside the mask have."""
    fine, coarse = _gradient(grey, FINE)[mask], _gradient(grey, COARSE)[mask]
    edges = fine >= np.quantile(fine, 1 - STRONGEST)
    # Of a step blurred by s, a further blur by t leaves the gradient 1 / sqrt(s² + t²).
    ratio = np.median(fine[edges] / np.maximum(coarse[edges], 1e-6))
    square = max(float(ratio), 1.0005) ** 2
    found = (COARSE**2 - square * FINE**2) / (square - 1)
    return float(np.sqrt(max(found - DIFFERENCE, 0.0)))


def _gradient(grey: np.ndarray, blur: float) -> np.ndarray:
    smooth = cv2.GaussianBlur(grey, (0, 0), blur)
    x = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, ksize=1)
    y = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, ksize=1)
    return cv2.magnitude(x, y)
