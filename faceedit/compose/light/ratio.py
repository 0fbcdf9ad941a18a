"""The log ratio that puts a picture into another light."""

import cv2
import numpy as np

from faceedit.compose.light.relief import Relief
from faceedit.compose.light.shading import backdrop_gain, light_gain
from faceedit.faces.topology import IRISES, eye_distance
from faceedit.lights import GAMMA, Light

LOWEST, HIGHEST = -4.0, 1.2
"""Bounds of the log ratio."""

KNEE = 0.82
"""Display value above which highlights bend."""
CATCHLIGHT = 0.35
"""How much darker a catchlight may become, natural log."""


def light_ratio(
    relief: Relief,
    pixels: np.ndarray,
    landmarks: np.ndarray,
    own: np.ndarray,
    light: Light,
    redness: float,
    *,
    backdrop: bool = True,
) -> np.ndarray:
    """Return what leads a picture from its own light to another.

    Args:
        relief: of the person.
        pixels: (S, S, 3) float32 RGB in [0, 1].
        landmarks: (478, >= 2) mesh points in the picture's pixels.
        own: (S, S, 1 or 3) float32 linear, how brightly the picture's light lights the person; 1
            is even light.
        light: wanted.
        redness: 0 for grey photos to 1: how much of skin's own colour its shade shows.
        backdrop: light what is behind the person, too.

    Returns:
        (S, S, 3) float32 natural logs of ratios of display values, in [-4, 1.2].
        pixels · exp(ratio) is the picture in the light, highlights included, at most 1.
    """
    gain = light_gain(relief, light, own, redness, eye_distance(landmarks))
    if backdrop:
        share = relief.person[..., None]
        gain = gain * share + backdrop_gain(pixels.shape[:2], light) * (1 - share)
    ratio = np.log(np.maximum(gain, 1e-4)) / np.float32(GAMMA)
    return bend_highlights(_keep_catchlights(ratio, pixels, landmarks), pixels)


def _keep_catchlights(ratio: np.ndarray, pixels: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Let the small reflections of a light in the eyes stay bright in the dark."""
    points = landmarks[:, :2]
    for iris in IRISES:
        middle = points[iris[0]]
        radius = float(np.linalg.norm(points[list(iris[1:])] - middle, axis=1).mean())
        reach = int(np.ceil(1.5 * radius))
        x, y = (round(float(v)) for v in middle)
        rows = slice(max(y - reach, 0), y + reach + 1)
        columns = slice(max(x - reach, 0), x + reach + 1)
        window = pixels[rows, columns].mean(2)
        if window.size == 0:
            continue
        peak = window - cv2.GaussianBlur(window, (0, 0), 0.6 * radius)
        v, u = np.mgrid[rows, columns][:, : window.shape[0], : window.shape[1]]
        near = np.hypot(u - middle[0], v - middle[1]) < 1.2 * radius
        share = (np.clip((peak - 0.12) / 0.2, 0, 1) * near)[..., None].astype(np.float32)
        part = ratio[rows, columns]
        part += share * (np.maximum(part, -CATCHLIGHT) - part)
    return ratio


def bend_highlights(ratio: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Bend what would be brighter than white under it; no ratio, no change."""
    ratio = np.clip(ratio, LOWEST, HIGHEST)
    was = np.maximum(pixels, np.float32(1e-4))
    bright = was * np.exp(np.maximum(ratio, 0)) > KNEE
    some, of = ratio[bright], was[bright]
    # Values that the photo holds above the knee were bent by its own camera.
    bent = _shoulder(of * np.exp(some)) / _shoulder(of)
    ratio[bright] = np.maximum(np.log(np.minimum(bent, 1 / of)), LOWEST)
    return ratio


def _shoulder(values: np.ndarray) -> np.ndarray:
    over = np.maximum(values - KNEE, 0) / (1 - KNEE)
    return np.minimum(values, KNEE) + (1 - KNEE) * (1 - np.exp(-over))
