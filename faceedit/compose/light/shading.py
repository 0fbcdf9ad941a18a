"""Light on a relief: what a key and an ambient light do to skin, hair and a background."""

import cv2
import numpy as np

from faceedit.compose.guided import guided_filter
from faceedit.compose.light.relief import Relief
from faceedit.compose.light.shadows import cast_shadows
from faceedit.lights import Light

SHEEN = 0.05
"""Linear reflection of a key light of 1 at the middle of a highlight of skin; F0 is 0.028."""
SHEEN_OF_HAIR = 0.35
"""Of skin's."""
GRAZE = 0.67
"""Linear reflection of a key light of 1 that comes from behind, where the surface turns away."""
DIMMEST = 0.04
"""Linear luma that this is compared with at least: black hair is to shine, not to turn grey."""
DARKEST = 0.01
"""Linear luma that the sheen is compared with at least."""
REDDENING = (0.06, 0.0, -0.02)
"""How much further light of each colour reaches into the shade of skin."""
SCATTER = (0.25, 0.6)
"""Softness that hair adds, black and what white adds to that: strands spread light around them."""
GUESSED = 1.9
"""Linear gain that surfaces without a model approach but do not exceed."""
BACKDROP_SLOPE = 0.3
"""How much more of a light from one side that side of the background gets, natural log."""


def light_gain(
    relief: Relief, light: Light, own: np.ndarray, redness: float, unit: float
) -> np.ndarray:
    """Return light on the person in `light` over that in the photo.

    Args:
        relief: the person's surface.
        light: wanted.
        own: (S, S, 1 or 3) float32 linear, how brightly the photo's light lights each pixel.
        redness: 0 for grey photos to 1: how much of skin's own colour its shade shows.
        unit: distance of the outer eye corners in pixels.

    Returns:
        (S, S, 3) float32 linear.
    """
    seen = _visibility(relief, light, unit)
    gain = _shade(relief, light, seen, redness) / own
    # Where the surface is a guess a bright mistake shows most.
    over = np.maximum(gain - 1, 0) * (1 - relief.skin)[..., None]
    gain -= over * over / (over + np.float32(GUESSED - 1))
    gloss = _sheen(relief, light, seen) + _rim(relief, light, seen)
    gain += gloss[..., None] * np.array(light.colour, np.float32)
    return gain * _towards_edges(gain, relief, unit)[..., None]


def backdrop_gain(size: tuple[int, int], light: Light) -> np.ndarray:
    """Return the linear gain of the background, (H, W, 3) float32, brighter towards the light."""
    right = np.linspace(-1, 1, size[1], dtype=np.float32)[None]
    up = np.linspace(1, -1, size[0], dtype=np.float32)[:, None]
    slope = np.float32(BACKDROP_SLOPE * (1 - light.softness))
    tilt = np.float32(light.direction[0]) * right + np.float32(light.direction[1]) * up
    # A background is further from the key, so that other light has a share in its colour.
    colour = np.float32(0.5) + np.float32(0.5) * np.array(light.colour, np.float32)
    return np.float32(light.background) * np.exp(slope * tilt)[..., None] * colour


def _visibility(relief: Relief, light: Light, unit: float) -> np.ndarray:
    """Return the share of the key light that no part of the person holds back, (S, S) float32."""
    size = relief.skin.shape
    if light.shadow == 0 or light.key == 0:
        return np.ones(size, np.float32)
    # Shadows have soft edges: half the size is enough.
    half = (max(2, size[1] // 2), max(2, size[0] // 2))
    height = cv2.resize(relief.height, half, interpolation=cv2.INTER_AREA)
    wanted = cv2.resize(relief.person, half, interpolation=cv2.INTER_AREA) > 0.02
    skin = cv2.resize(relief.skin, half, interpolation=cv2.INTER_AREA)
    scale = half[0] / size[1]
    seen = cast_shadows(height, wanted, light.direction, relief.scale * scale, light.softness)
    sharp = cv2.GaussianBlur(seen, (0, 0), (0.012 + 0.06 * light.softness) * unit * scale)
    # Hair is no closed surface: light leaks through it and spreads.
    soft = cv2.GaussianBlur(seen, (0, 0), 0.12 * unit * scale)
    seen = 1 - np.float32(light.shadow) * (1 - skin * sharp - (1 - skin) * soft)
    return cv2.resize(seen, size[::-1], interpolation=cv2.INTER_LINEAR)


def own_light(relief: Relief, own: Light) -> np.ndarray:
    """Return how brightly a light of softness 1 lights each pixel, (S, S, 1) float32."""
    facing = relief.normals @ np.array(own.direction, np.float32)
    return (
        np.float32(own.ambient) + np.float32(own.key) * np.maximum((facing + 1) / 2, 0)[..., None]
    )


def _shade(relief: Relief, light: Light, seen: np.ndarray, redness: float) -> np.ndarray:
    """Return what a light gives each pixel, (S, S, 3) float32 linear, cast shadows included."""
    facing = relief.normals @ np.array(light.direction, np.float32)
    # Hair scatters light around its strands.
    hard = np.float32(1 - light.softness)
    spread = np.float32(SCATTER[0]) + np.float32(SCATTER[1]) * np.sqrt(relief.tone)
    softer = np.float32(light.softness) + spread * (1 - relief.skin) * hard
    lit = np.empty((*seen.shape, 3), np.float32)
    for k, further in enumerate(REDDENING):
        w = softer + np.float32(further * redness) * relief.skin * hard
        lit[..., k] = np.maximum((facing + w) / (1 + w), 0) * seen
    lit *= np.array(light.colour, np.float32) * np.float32(light.key)
    return lit + np.float32(light.ambient)


def _sheen(relief: Relief, light: Light, seen: np.ndarray) -> np.ndarray:
    """Return the reflection of a light in skin and hair, (S, S) float32 linear, over their tone."""
    half = np.array(light.direction, np.float32) + np.array([0, 0, 1], np.float32)
    half /= max(float(np.linalg.norm(half)), 1e-3)
    mirror = np.maximum(relief.normals @ half, 0)
    m12 = mirror**12
    broad = 0.75 * m12 + 0.25 * m12 * m12 * m12
    facing = relief.normals @ np.array(light.direction, np.float32)
    front = np.clip(facing * 3 + np.float32(0.3), 0, 1)
    of = relief.skin + np.float32(SHEEN_OF_HAIR) * (1 - relief.skin)
    gloss = SHEEN * light.key * (1 - light.softness) ** 2
    return np.float32(gloss) * broad * front * seen * of / np.maximum(relief.tone, DARKEST)


def _rim(relief: Relief, light: Light, seen: np.ndarray) -> np.ndarray:
    """Return what a light from behind adds along the outline, (S, S) float32, over the tone.

    At grazing angles skin and hair mirror most of it, and strands let it through.
    """
    behind = np.float32(np.clip(0.3 - light.direction[2], 0, 1))
    if behind == 0:
        return np.zeros_like(seen)
    facing = np.maximum(relief.normals @ np.array(light.direction, np.float32), 0)
    graze = (1 - np.clip(relief.normals[..., 2], 0, 1)) ** 3 * facing
    gloss = np.float32(GRAZE * light.key * (1 - light.softness) ** 2)
    return gloss * behind * graze * seen / np.maximum(relief.tone, DIMMEST)


def _towards_edges(gain: np.ndarray, relief: Relief, unit: float) -> np.ndarray:
    """Return by what factor borders of light come nearer to borders of the picture.

    The model only guesses where the jaw, the ears and the hair end; the picture shows it.
    """
    logs = np.log(np.maximum(gain[..., 1], 1e-3))
    bent = guided_filter(relief.guide, logs, max(2, round(0.06 * unit)), 4e-3)
    return np.exp(relief.edge * (bent - logs))
