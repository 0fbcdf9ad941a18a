"""The light that a face stands in, as a `LightChange` that puts others into it."""

import numpy as np

from faceedit.compose.light.skin import bare_skin
from faceedit.faces.align import Crop
from faceedit.lights import GAMMA, LUMA, light_from
from faceedit.methods.legan.light_network import Surface
from faceedit.methods.legan.relight import surface_planes
from faceedit.targets import LightChange
from faceedit.targets.light import FLAT, OWN

AZIMUTHS, ELEVATIONS = range(-70, 71, 10), range(-40, 71, 10)
"""Degrees; what comes from further aside is told by edges alone."""
SOFTNESSES = (0.1, 0.3, 0.6, 1.0)
SAMPLES = 1500
"""Pixels of skin that are looked at, about."""
FEWEST = 50
STEP = 0.05
"""Of numbers below 1, so that the same reference gives the same light on every machine."""
EVEN = 0.92
"""Fill from which nobody sees where a light comes from."""


def read_light(crop: Crop, surface: Surface) -> LightChange:
    """Say in which light a face stands.

    Every direction and softness of a grid is tried; how much of the light comes from there and how
    much from all around is solved for. Its colour is not told: any shade on skin is redder.

    Args:
        crop: wide, of `light_network.SIZE`.
        surface: (., 256, 256) each, of this crop.
    """
    normals, _, skin, matte, shading = surface_planes(crop, surface)
    sure = np.flatnonzero((skin * matte > 0.8) & bare_skin(crop.landmarks, crop.size))
    if len(sure) < FEWEST:
        return LightChange(FLAT)
    sure = sure[:: max(1, len(sure) // SAMPLES)]
    facing = normals.reshape(-1, 3)[sure]
    luma = np.exp(GAMMA * shading.reshape(-1, 3)[sure]) @ np.array(LUMA, np.float32)
    best = min(
        (_explain(facing, luma, azimuth, elevation, softness)
         for azimuth in AZIMUTHS for elevation in ELEVATIONS for softness in SOFTNESSES),
    )  # fmt: skip
    _, azimuth, elevation, softness, fill = best
    fill = round(round(fill / STEP) * STEP, 2)
    if fill >= EVEN:
        return LightChange(FLAT)
    return LightChange(OWN, azimuth=azimuth, elevation=elevation, softness=softness, fill=fill)


def _shape(facing: np.ndarray, azimuth: float, elevation: float, softness: float) -> np.ndarray:
    """Return how brightly a light of no fill lights surfaces, (N,)."""
    light = light_from(float(azimuth), float(elevation), softness)
    turned = (facing @ np.array(light.direction, np.float32) + softness) / (1 + softness)
    return light.ambient + light.key * np.maximum(turned, 0)


def _explain(
    facing: np.ndarray, luma: np.ndarray, azimuth: int, elevation: int, softness: float
) -> tuple[float, int, int, float, float]:
    """Return the error of one light beside fill, the light, and its fill."""
    shape = _shape(facing, azimuth, elevation, softness)
    spread = shape - shape.mean()
    wanted = luma - luma.mean()
    directed = max(0.0, float(spread @ wanted) / max(float(spread @ spread), 1e-9))
    # Fill cannot be negative.
    directed = min(directed, float(luma.mean()) / max(float(shape.mean()), 1e-6))
    even = float(luma.mean()) - directed * float(shape.mean())
    error = float(np.abs(wanted - directed * spread).mean())
    return error, azimuth, elevation, softness, even / max(even + directed, 1e-6)
