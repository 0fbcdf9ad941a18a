"""A person's upper teeth, drawn one by one: each with its own outline, shade and gum."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from faceedit.compose.mouth.paint import CORNER, PER_CM, TEETH_EDGE, TEXTURE_SIZE, TeethTexture
from faceedit.compose.mouth.traits import USUAL, Traits

WIDTHS = np.array([0.8, 0.6, 0.54, 0.44, 0.36, 0.28])
"""Centimetres of the mean face that each tooth takes up from the middle on, seen from before."""
HIGHER = np.array([0.0, 0.09, 0.03, 0.14, 0.2, 0.24])
"""Centimetres by which each ends higher than the first."""
POINTED = np.array([0.03, 0.06, 0.2, 0.17, 0.14, 0.12])
"""Centimetres by which the edge of each rises from its tip to its sides."""
CROWNS = np.array([0.9, 0.8, 0.92, 0.82, 0.78, 0.76])
"""Centimetres from the gum to the edge of each."""
PAPILLA, ROUND, ROUNDER = 0.26, 0.12, 0.05
"""Centimetres by which gum hangs down between two, and of an edge's corners: towards the middle of
the mouth less than away from it."""
LIGHTS = np.array([1.05, 1.0, 0.95, 0.84, 0.72, 0.58])
"""On each tooth: the arch bends back into the shade."""
SEAM, SEAM_DEPTH, TURNED = 0.035, 0.32, 0.14
"""Centimetres of a seam between two, and shares of light lost in it and towards it."""
GLOSS, NECK, EDGE, UNDER_GUM = 0.06, 0.12, 0.1, 0.25
"""Shares of light that a front throws back, and lost at its neck, its edge and under the gum."""
YELLOW_NECK = np.array([0.0, 0.015, 0.07])
"""Share of RGB light lost towards the neck, where dentine shines through."""
GUM = np.array([0.75, 0.44, 0.44])
"""RGB of the gum over that of lit teeth."""
WIDER, LONGER, SLANTED, UNEVEN = 0.05, 0.035, 0.05, 0.04
"""How far single teeth differ: in share of width, centimetres of length and from side to side, and
share of light."""
_GOLDEN = 2.399963


class _Arch(NamedTuple):
    """Which tooth lies at each of w columns, and where in it.

    Attributes:
        side: (w,) 0 left, 1 right.
        tooth: (w,) from the middle on.
        across: (w,) -1 at its side towards the middle, 1 at the other.
        away: (w,) centimetres to the nearer side.
        there: (w,) whether there is one.
    """

    side: np.ndarray
    tooth: np.ndarray
    across: np.ndarray
    away: np.ndarray
    there: np.ndarray


@lru_cache(maxsize=16)
def draw_teeth(traits: Traits = USUAL) -> TeethTexture:
    """Return a person's upper teeth; nobody may write to them.

    Args:
        traits: whose mouth.
    """
    height, width = TEXTURE_SIZE
    y = (CORNER[1] + (np.arange(height) + 0.5) / PER_CM)[:, None]
    arch = _arch(CORNER[0] + (np.arange(width) + 0.5) / PER_CM, traits)
    tooth, aside, at = arch.tooth, np.abs(arch.across), (arch.side, arch.tooth)
    edge = TEETH_EDGE - HIGHER[tooth] + LONGER * _single(traits, 1)[at]
    top = edge - CROWNS[tooth] + PAPILLA * aside**2.4
    edge += SLANTED * _single(traits, 2)[at] * arch.across * (tooth < 3)
    edge -= POINTED[tooth] * aside**1.5 + _corners(arch)
    down = np.clip((y - top) / np.maximum(edge - top, 0.1), 0, 1)
    light = LIGHTS[tooth] * (1 + UNEVEN * _single(traits, 3)[at]) * (1 - TURNED * aside**3)
    light = light * (1 - SEAM_DEPTH * np.exp(-((arch.away / SEAM) ** 2)))
    front = ((arch.across + 0.1) / 0.5) ** 2 + ((down - 0.42) / 0.28) ** 2
    light = light * (1 + GLOSS * np.exp(-front) - NECK * (1 - down) ** 2 - EDGE * down**6)
    light *= 1 - UNDER_GUM * np.exp(-(((y - top) / 0.05) ** 2))
    colour = light[..., None] * (1 - YELLOW_NECK * ((1 - down) ** 1.5)[..., None])
    of_gum = LIGHTS[tooth] / LIGHTS[0] * (1 - 0.25 * np.clip((top - y) / 0.5, 0, 1))
    gum = np.clip((top - y) * PER_CM / 2 + 0.5, 0, 1)[..., None]
    colour += gum * (GUM * of_gum[..., None] - colour)
    shown = np.clip((edge - y) * PER_CM + 0.5, 0, 1) * arch.there
    return TeethTexture(colour.astype(np.float32), shown.astype(np.float32))


def _arch(x: np.ndarray, traits: Traits) -> _Arch:
    """Set teeth side by side, at columns of (w,) centimetres from the middle."""
    widths = WIDTHS * (1 + WIDER * _single(traits, 0))
    ends = np.cumsum(widths, 1)
    side, out = (x > 0).astype(int), np.abs(x)
    tooth = np.minimum((out[:, None] > ends[side]).sum(1), len(WIDTHS) - 1)
    wide, end = widths[side, tooth], ends[side, tooth]
    across = np.clip(1 - 2 * (end - out) / wide, -1, 1)
    return _Arch(side, tooth, across, (1 - np.abs(across)) * wide / 2, out < ends[side, -1])


def _corners(arch: _Arch) -> np.ndarray:
    """Return how much higher than its middle an edge ends for its round corners, (w,) cm."""
    radius = ROUND + ROUNDER * np.sign(arch.across)
    along = np.clip(1 - arch.away / radius, 0, 1)
    return radius * (1 - np.sqrt(1 - along**2))


def _single(traits: Traits, which: int) -> np.ndarray:
    """Return a number in [-1, 1] for each tooth of a person, (2, 6); no two are alike."""
    n = np.arange(2 * len(WIDTHS)).reshape(2, -1)
    own = (traits.groove, traits.depth, traits.tongue_height, traits.smirk)
    phase = sum(3 * trait * np.cos(k * n + which) for k, trait in enumerate(own))
    return np.sin(_GOLDEN * (which + 1) * (n + 1) + phase)
