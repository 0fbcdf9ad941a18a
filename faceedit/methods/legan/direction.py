"""How far a face stands in a light already, and what it lacks to be seen in it.

Lights are compared on bare skin as harmonics of first order, without their exposure: what a photo's
own light does beyond that, such as hard shadows, is no difference.
"""

import numpy as np

from faceedit.channels import mean
from faceedit.compose.light.skin import DARKEST, FEWEST
from faceedit.lights import GAMMA, LUMA, Light
from faceedit.ramps import smoothstep

ALIKE = 0.26
"""Difference of two lights on bare skin, root mean square of linear logs, that is another light."""
NEAR = 0.5
"""Share of that difference over which a light of one's own becomes another."""
STAYS = 0.9
"""Share of an edit that is left out at most."""
MOST = 0.5
"""Of what a light lacks, what is added at most, natural log."""
PIVOT = 0.65
"""Share of skin, from the far side on, that becomes darker: brightened shade shows mistakes."""
ASIDE = 0.3
"""Share of a light's direction from which on it comes from a side."""


def likeness(light: Light, own: np.ndarray, normals: np.ndarray) -> np.float32:
    """Return how far a face stands in a light already, 0 to `STAYS`: so much is not done to it.

    Args:
        light: wanted.
        own: (N, 3) float32 linear, how brightly the photo's light lights pixels of bare skin.
        normals: (N, 3) float32 unit, of these.
    """
    if not len(own):
        return np.float32(0)
    off = _logs_in(light, normals) - np.log(own @ np.array(LUMA, np.float32))
    basis, fitted = _fit(normals, off)
    near = (1 - (basis @ fitted).std() / np.float32(ALIKE)) / np.float32(NEAR)
    return np.float32(STAYS) * smoothstep(near)


def turned_at_least(
    light: Light, lit: np.ndarray, bare: np.ndarray, normals: np.ndarray
) -> np.ndarray:
    """Return what a light from a side lacks to be seen as such, (S, S) float32 log ratio.

    Of a photo in hard light of its own something stays, and named lights are soft. Skin is to
    brighten across the face at least as even skin would in that light alone. Up and down it is left
    as it is: foreheads and beards tell little of light. What comes from behind lights edges alone.

    Args:
        light: wanted.
        lit: (S, S, 3) float32 RGB, the picture as it would be.
        bare: (S, S) bool, bare skin of the face.
        normals: (S, S, 3) float32 unit.
    """
    x, _, z = light.direction
    if bare.sum() < FEWEST or abs(x) < ASIDE or z < 0:
        return np.zeros(bare.shape, np.float32)
    side, facing = np.sign(x), normals[bare]
    wanted = _logs_in(light, facing) / np.float32(GAMMA)
    shown = np.log(mean(lit[bare]) + np.float32(DARKEST))
    _, fitted = _fit(facing, np.column_stack([wanted, shown]))
    want, has = (side * fitted[1]).tolist()
    lacks = np.float32(side * np.clip(want - has, 0, MOST))
    pivot = side * np.quantile(side * facing[:, 0], PIVOT)
    return lacks * (normals[..., 0] - pivot)


def _logs_in(light: Light, normals: np.ndarray) -> np.ndarray:
    """Return the log of how brightly a light lights (N, 3) normals, linear, (N,)."""
    soft = np.float32(light.softness)
    turned = (normals @ np.array(light.direction, np.float32) + soft) / (1 + soft)
    return np.log(light.ambient + light.key * np.maximum(turned, 0) + np.float32(1e-3))


def _fit(normals: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return 1 and normals, (N, 4), and the coefficients by which they come nearest to values."""
    basis = np.column_stack([np.ones(len(normals), np.float32), normals])
    return basis, np.linalg.lstsq(basis, values, rcond=None)[0]
