"""What lies behind the teeth of an open mouth: the lips' inner side, a tongue, and the dark."""

import cv2
import numpy as np

from faceedit.compose.mouth.opening import EVERYWHERE, Box, Opening
from faceedit.compose.mouth.traits import Traits
from faceedit.ramps import smoothstep
from faceedit.tones import LUMA

REDDER = np.array([0.92, 1.06, 1.08], np.float32)
"""Exponents of RGB of the light that is left in the depth: flesh passes red on."""
FLESH = np.array([1.0, 0.66, 0.63], np.float32)
"""RGB of what is wet and red, in full light over the teeth's."""
DEEP, DEEP_RANGE = 0.075, 0.03
"""Light that is left at the back of a mouth, and how far people differ."""
RIM, RIM_REACH = 0.6, 0.036
"""Light on the lower lip's inner side, and eye distances over which it is lost."""
ROOF = 0.45
"""Of that light what the upper lip's inner side gets: it looks down."""
WIDE_FROM, WIDE_TO = 0.06, 0.16
"""Gaps in eye distances between which the tongue comes to be seen."""
TONGUE_LIGHT, TONGUE_LIGHT_RANGE = 0.64, 0.24
TONGUE_HEIGHT, TONGUE_HEIGHT_RANGE = 0.46, 0.32
"""Share of an opening's height that the tongue fills from below: of 16 portraits of surprise four
show one."""
TONGUE_BACK, TONGUE_SHADE = 0.26, 0.75
"""Share of that height by which its tip lies behind the lower lip at most, and of light lost there
before it."""
TONGUE_RED = np.array([0.0, 0.14, 0.1], np.float32)
"""Log ratios of RGB by which flesh is redder than usual."""
BEHIND_SMILES = 0.4
"""How far it is seen there, beside in mouths that hang open."""
TONGUE_WIDTH = 0.92
"""Of the half width of an opening."""
TONGUE_ASIDE = 0.1
"""Half widths by which a tongue lies to a side."""
GROOVE = 0.1
"""Deepest share of light lost in the line along a tongue."""


def paint_cavity(
    opening: Opening,
    tone: np.ndarray,
    traits: Traits,
    hangs: float,
    part: Box = EVERYWHERE,
) -> np.ndarray:
    """Return what lies behind the teeth, (h, w, 3) float32 RGB.

    Args:
        opening: of the target, not empty.
        tone: (3,) RGB in [0, 1] of lit teeth, which says how the photo is lit.
        traits: whose mouth.
        hangs: in [0, 1], how far it opens with corners that hang, and does not smile.
        part: slices of the opening's box that are painted.
    """
    inside = opening.coverage > 0.05
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    height = max(float(np.ptp(rows)), 1.0)
    middle, half = columns.mean(), max(float(np.ptp(columns)) / 2, 1.0)
    x = (np.arange(inside.shape[1], dtype=np.float32) - middle)[None] / half
    up = (rows[-1] - np.arange(inside.shape[0], dtype=np.float32))[:, None] / height
    light = _walls(inside, up, opening.unit, traits)
    seen = np.clip((height / opening.unit - WIDE_FROM) / (WIDE_TO - WIDE_FROM), 0, 1)
    seen *= BEHIND_SMILES + hangs * (1 - BEHIND_SMILES)
    share, lit = _tongue(x, up, traits)
    light += seen * share * np.maximum(lit - light, 0)
    # In light of a colour flesh has that colour, too, over what is white by day.
    white = 0.5 * (tone + float(tone @ LUMA)).astype(np.float32)
    flesh = FLESH * np.exp(-traits.redness * TONGUE_RED)
    return white * flesh * np.maximum(light, 0)[part][..., None] ** REDDER


def _walls(inside: np.ndarray, up: np.ndarray, unit: float, traits: Traits) -> np.ndarray:
    """Return the light on lips' inner sides and on the depth between them, (h, w)."""
    padded = np.pad(inside.astype(np.uint8), 1)
    near = cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1] / unit
    deep = DEEP + DEEP_RANGE * traits.depth
    faces_up = ROOF + (1 - ROOF) * np.clip(1.2 - 1.6 * up, 0, 1)
    return (deep + RIM * faces_up * np.exp(-near / RIM_REACH)).astype(np.float32)


def _tongue(x: np.ndarray, up: np.ndarray, traits: Traits) -> tuple[np.ndarray, np.ndarray]:
    """Return where a tongue lies and how it is lit, (h, w) each: a mound that goes into the dark.

    Args:
        x: (1, w) places across an opening, -1 and 1 at its ends.
        up: (h, 1) places in it, 0 at its bottom and 1 at its top.
        traits: whose tongue.
    """
    high = TONGUE_HEIGHT + TONGUE_HEIGHT_RANGE * traits.tongue_height
    tip = TONGUE_BACK * max(traits.tongue_back, 0.0)
    across = (x - TONGUE_ASIDE * traits.tongue_aside) / TONGUE_WIDTH
    before, rise = np.maximum(tip - up, 0) / TONGUE_BACK, np.maximum(up - tip, 0) / high
    away = np.sqrt(across**2 + rise**2 + 0.25 * traits.tongue_aside * across * rise)
    share = smoothstep((1.0 - away) / 0.4)
    full = TONGUE_LIGHT + TONGUE_LIGHT_RANGE * traits.tongue_light
    # Light comes in from the front: what lies farther back, or turns to the side, has less.
    lit = (
        full * (1 - 0.92 * np.clip(rise, 0, 1) ** 1.1) * np.sqrt(np.clip(1 - 0.8 * across**2, 0, 1))
    )
    lit *= 1 - TONGUE_SHADE * np.clip(3 * before, 0, 1)
    line = across - 0.12 * traits.tongue_aside * rise
    deep = GROOVE * np.clip(0.5 + traits.groove, 0, 1) * np.clip(rise, 0, 1)
    return share.astype(np.float32), (lit * (1 - deep * np.exp(-((line / 0.13) ** 2)))).astype(
        np.float32
    )
