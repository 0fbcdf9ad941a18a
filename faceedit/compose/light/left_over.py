"""Light on bare skin beyond what is known, as a fit of harmonics."""

from dataclasses import dataclass

import numpy as np

from faceedit.compose.light.depth import DARKEST, FEWEST
from faceedit.compose.light.skin import LARGEST, SURE, TINT, bare_skin

SAMPLES = 1500
"""Pixels of bare skin below which nothing is fitted, and about how many are looked at."""
BELIEVED = (0.6, 0.25)
"""Of what is fitted along x and y: beards and foreheads look like light from above."""
CERTAIN = 0.4
"""Share of the variation that is explained from which the fit is believed."""
ROUNDS = 6
RIDGE = 0.004
"""Harmonics that the visible normals hardly tell apart stay small."""


def fit_harmonics(normals: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, float]:
    """Fit values by 1 and normals, those far off counting little.

    Args:
        normals: (N, 3).
        values: (N,).

    Returns:
        (4,) coefficients of 1, x, y and z, and the share of the variation that they explain, R².
    """
    basis = np.column_stack([np.ones(len(normals)), normals])
    weight = np.ones(len(values))
    solution, missed = np.zeros(4), values
    for _ in range(ROUNDS):
        weighted = basis * weight[:, None]
        ridge = RIDGE * weight.sum() * np.diag([0.0, 1.0, 1.0, 1.0])
        solution = np.linalg.solve(weighted.T @ basis + ridge, weighted.T @ values)
        missed = values - basis @ solution
        spread = 1.5 * np.median(np.abs(missed)) + 1e-4
        weight = 1.0 / np.sqrt(1.0 + (missed / spread) ** 2)
    mean = np.average(values, weights=weight)
    left = float((weight * missed**2).sum() / max((weight * (values - mean) ** 2).sum(), 1e-9))
    return solution, float(np.clip(1 - left, 0, 1))


@dataclass(frozen=True)
class LeftOver:
    """Shading of a face beyond what is known.

    Attributes:
        slopes: (2,) log ratio along x and y of the normals.
        tint: (3,) of each colour along x, on skin alone.
    """

    slopes: np.ndarray
    tint: np.ndarray

    def on(self, normals: np.ndarray, skin: np.ndarray) -> np.ndarray:
        """Return it as (S, S, 3) float32 log ratio.

        Args:
            normals: (S, S, 3) float32 unit.
            skin: (S, S) float32 in [0, 1].
        """
        common = (normals[..., :2] @ self.slopes.astype(np.float32))[..., None]
        return common + skin[..., None] * normals[..., :1] * self.tint.astype(np.float32)


def fit_left_over(
    pixels: np.ndarray,
    landmarks: np.ndarray,
    normals: np.ndarray,
    skin: np.ndarray,
    shading: np.ndarray,
) -> LeftOver:
    """Find the light from the side or above that a face shows beyond what is known.

    Args:
        pixels: (S, S, 3) float32 RGB in [0, 1].
        landmarks: (478, >= 2) mesh points in pixels.
        normals: (S, S, 3) float32 unit.
        skin: (S, S) float32 in [0, 1].
        shading: (S, S, 3) float32, what is known, log ratio of display values.
    """
    sure = (skin > SURE) & bare_skin(landmarks, len(skin))
    places = np.flatnonzero(sure)
    if len(places) < FEWEST:
        return LeftOver(np.zeros(2), np.zeros(3))
    places = places[:: max(1, len(places) // SAMPLES)]
    facing = normals.reshape(-1, 3)[places]
    missed = np.log(pixels.reshape(-1, 3)[places] + DARKEST) - shading.reshape(-1, 3)[places]
    slopes = np.empty((3, 2))
    for channel in range(3):
        fitted, certainty = fit_harmonics(facing, missed[:, channel])
        slopes[channel] = fitted[1:3] * min(1.0, certainty / CERTAIN)
    common = slopes.mean(0)
    # Shade on skin is redder; what is redder above or below is hair.
    tint = np.clip(slopes[:, 0] - common[0], -TINT, TINT)
    return LeftOver(np.clip(common * BELIEVED, -LARGEST, LARGEST), tint)
