"""Light on a relief: what a key and an ambient light do to skin, hair and a background."""

import cv2
import numpy as np
from numba import njit

from faceedit.lights import Light
from faceedit.studio.guided import guided_filter
from faceedit.studio.relief import Relief
from faceedit.studio.shadows import cast_shadows

SHEEN = 0.05
"""Linear reflection of a key light of 1 at the middle of a highlight of skin; F0 is 0.028."""
SHEEN_OF_HAIR = 0.35
"""Of skin's."""
DARKEST = 0.01
"""Linear luma that the sheen is compared with at least."""
REDDENING = (0.06, 0.0, -0.02)
"""How much further light of each colour reaches into the shade of skin."""
SCATTER = 0.25
"""Softness that hair adds: strands spread light around them."""
GUESSED = 1.9
"""Linear gain that surfaces without a model approach but do not exceed."""
BACKDROP_SLOPE = 0.3
"""How much more of a light from one side that side of the background gets, natural log."""


def light_gain(relief: Relief, light: Light, own: Light, redness: float, unit: float) -> np.ndarray:
    """Return light on the person in `light` over that in `own`.

    Args:
        relief: the person's surface.
        light: wanted.
        own: of the photo.
        redness: 0 for grey photos to 1: how much of skin's own colour its shade shows.
        unit: distance of the outer eye corners in pixels.

    Returns:
        (S, S, 3) float32 linear.
    """
    gain, sheen = _shade(
        relief.normals,
        _visibility(relief, light, unit),
        relief.skin,
        _as_row(light),
        _as_row(own),
        np.array(light.colour, np.float32),
        np.array(REDDENING, np.float32) * np.float32(redness),
    )
    sheen *= np.float32(SHEEN) / np.maximum(relief.tone, DARKEST)
    gain += sheen[..., None] * np.array(light.colour, np.float32)
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


def _as_row(light: Light) -> np.ndarray:
    return np.array([*light.direction, light.ambient, light.key, light.softness], np.float32)


@njit(cache=True, fastmath=True)
def _shade(normals, seen, skin, new, own, colour, reddening):
    """Return (S, S, 3) light over light in the photo's own, and (S, S) sheen, both linear."""
    height, width = seen.shape
    gain = np.empty((height, width, 3), np.float32)
    sheen = np.empty((height, width), np.float32)
    half = new[:3].copy()
    half[2] += 1
    half /= max(np.sqrt((half * half).sum()), np.float32(1e-3))
    gloss = new[4] * (1 - new[5]) ** 2
    for y in range(height):
        for x in range(width):
            a, b, c = normals[y, x, 0], normals[y, x, 1], normals[y, x, 2]
            was = own[3] + own[4] * max((a * own[0] + b * own[1] + c * own[2] + 1) / 2, 0.0)
            facing = a * new[0] + b * new[1] + c * new[2]
            # Hair scatters light around its strands.
            softer = new[5] + np.float32(SCATTER) * (1 - skin[y, x]) * (1 - new[5])
            for k in range(3):
                w = softer + reddening[k] * skin[y, x] * (1 - new[5])
                lit = max((facing + w) / (1 + w), np.float32(0))
                ratio = (new[3] + new[4] * colour[k] * lit * seen[y, x]) / was
                # Where the surface is a guess a bright mistake shows most.
                over = max(ratio - 1, np.float32(0)) * (1 - skin[y, x])
                gain[y, x, k] = ratio - over * over / (over + np.float32(GUESSED - 1))
            mirror = max(a * half[0] + b * half[1] + c * half[2], np.float32(0))
            m4 = mirror * mirror * mirror * mirror
            m12 = m4 * m4 * m4
            broad = np.float32(0.75) * m12 + np.float32(0.25) * m12 * m12 * m12
            front = min(max(facing * 3 + np.float32(0.3), np.float32(0)), np.float32(1))
            of = skin[y, x] + np.float32(SHEEN_OF_HAIR) * (1 - skin[y, x])
            sheen[y, x] = gloss * broad * front * seen[y, x] * of
    return gain, sheen


def _towards_edges(gain: np.ndarray, relief: Relief, unit: float) -> np.ndarray:
    """Return by what factor borders of light come nearer to borders of the picture.

    The model only guesses where the jaw, the ears and the hair end; the picture shows it.
    """
    logs = np.log(np.maximum(gain[..., 1], 1e-3))
    bent = guided_filter(relief.guide, logs, max(2, round(0.06 * unit)), 4e-3)
    return np.exp(relief.edge * (bent - logs))
