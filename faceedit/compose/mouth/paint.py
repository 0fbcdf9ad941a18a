"""A mouth painted from teeth that lie on the jaws like plates, a dark behind them."""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from faceedit.compose.mouth.cavity import WIDE_FROM, WIDE_TO, paint_cavity
from faceedit.compose.mouth.jaws import SmoothMap
from faceedit.compose.mouth.light import SHADED, corridor, teeth_light
from faceedit.compose.mouth.opening import (
    EVERYWHERE,
    Box,
    MouthPoints,
    Opening,
    hanging,
    mouth_width,
)
from faceedit.compose.mouth.traits import USUAL, Traits
from faceedit.faces.topology import UPPER_INNER_LIP

TEXTURE_SIZE = (96, 192)
PER_CM = 30.0
"""Texture pixels per centimetre of the mean face."""
CORNER = (-3.2, 1.9)
"""Top left corner of a texture, in the centimetres of `JAW_MARKS`."""
JAW_MARKS = np.array(
    [
        [[x, y] for y in rows for x in np.linspace(-width, width, 5)]
        for rows, width in (((1.0678, 3.4520), 2.4533), ((3.2895, 4.6688), 2.3628))
    ]
)
"""Where the marks of the upper and the lower jaw lie on the mean face, (2, 10, 2) cm, x right, y
down: five along the upper edge of the fronts of the teeth, five along the lower."""
TEETH_EDGE = 3.4520
"""Height in cm of the lower edge of the upper teeth in a texture."""

LOWER_SIZE = (1.25, 1.3)
"""How much narrower and shorter lower teeth are than upper ones."""
LOWER_LIGHT = np.array([0.74, 0.7, 0.65], np.float32)
"""RGB of the upper teeth's light that they get, much of it from the tongue and the lip."""
LOWER_SEEN, LOWER_OF_DRAWN, LOWER_SURE = 0.15, 0.0, 5.0
"""Trait from which on a mouth that hangs open shows them, by how much less where it is drawn wide,
and how steeply."""
LOWERED, LOWERED_RANGE = 0.04, 0.02
"""Eye distances by which upper teeth show more in a wide mouth than the landmarks of the lip's rim
let them, as a rim that is drawn up rolls outwards; and how far people differ."""
LOWER_SUNK, LOWER_SUNK_RANGE = 0.025, 0.04
"""Eye distances by which the lower teeth of a wide mouth lie deeper behind the lip."""
SHOWN, SHOWN_RANGE = 0.36, 0.14
"""Share of an opening that upper teeth fill from above where corners hang low, and how far people
differ: the lip covers the rest."""
SHOWN_WIDE, SHOWN_WIDE_RANGE = 0.56, 0.16
"""Likewise where such a mouth is drawn wide."""
SMILES, SMILES_RANGE = 1.1, 0.15
"""Likewise in a smile: below the teeth lies the shade over the lower lip."""
LEAST_SHOWN, MOST_LOWERED = 0.6, 0.08
"""Of that share what they fill even where the lip would hide them, as an open mouth without teeth
is a hole; and eye distances by which they end lower for it at most."""
UNDER_HAIR = 0.4
"""Of that share what a moustache over the lip hides."""
ROUND, DRAWN = 0.48, 0.58
"""Widths of a mouth in eye distances between which it is drawn wide."""
LOWER_DRAWN = 0.02
"""Eye distances by which a mouth that is drawn wide shows more of them."""
SIZE_RANGE = 0.08
YELLOW = np.array([0.014, 0.0, -0.021], np.float32)
"""Log ratios of RGB of teeth that are yellower than usual."""
ROOTS = 0.6
"""Where textures show teeth from, between the marks of the upper jaw, the upper ones at 0."""


@dataclass(frozen=True)
class TeethTexture:
    """Upper teeth, flat on the mean face's front.

    Attributes:
        colour: (h, w, 3) float32 RGB, lit teeth about 1.
        shown: (h, w) float32 in [0, 1], where teeth and gums are.
    """

    colour: np.ndarray
    shown: np.ndarray


class Ends(NamedTuple):
    """Where upper teeth end, beside where they are marked.

    Attributes:
        drop: pixels by which they end lower.
        beside: in [0, 1], how far the photo shows upper teeth of its own, which these end with.
        hair: in [0, 1], how far a moustache covers the upper lip, and with it teeth that hang low.
    """

    drop: float = 0.0
    beside: float = 0.0
    hair: float = 0.0


AS_MARKED = Ends()


class _Seats(NamedTuple):
    """Where teeth are set: texture places of both jaws, how far a mouth hangs, is wide, drawn."""

    upper: SmoothMap
    lower: SmoothMap
    hangs: float
    wide: float
    drawn: float


def paint_mouth(
    texture: TeethTexture,
    points: MouthPoints,
    opening: Opening,
    tone: np.ndarray,
    ends: Ends = AS_MARKED,
    traits: Traits = USUAL,
    part: Box = EVERYWHERE,
) -> np.ndarray:
    """Return a mouth for an opening, or a part of its box, (h, w, 3) float32 RGB.

    Args:
        texture: whose teeth.
        points: of the target, with the ten marks of `JAW_MARKS` on each jaw.
        opening: of the target, not empty.
        tone: (3,) RGB in [0, 1] of lit teeth.
        ends: of the upper teeth.
        traits: whose mouth, beyond its teeth's form.
        part: slices of the box that are painted.
    """
    seats = _seated(points, opening, ends, traits)
    texels = PER_CM * float(np.ptp(JAW_MARKS[0][:, 0])) / max(np.ptp(points.upper[:, 0]), 1.0)
    at_upper, at_lower = (jaw.on_grid(opening.places)[part] for jaw in (seats.upper, seats.lower))
    upper = _sample(texture.colour, texture.shown, at_upper, texels)
    row = _sample(texture.colour, texture.shown, _lower_row(at_lower), texels)
    shade = teeth_light(opening.coverage > 0.05, opening.unit, seats.hangs)[part]
    picture = paint_cavity(opening, tone, traits, seats.hangs, part)
    picture *= (seats.hangs + (1 - seats.hangs) * corridor(opening.coverage > 0.05))[part[1], None]
    white = tone * np.exp(traits.yellow * YELLOW)
    # Many a lower lip hides its teeth; half hidden they would shine through it.
    seen = float(
        np.clip(LOWER_SURE * (traits.lower_teeth - LOWER_SEEN + LOWER_OF_DRAWN * seats.drawn), 0, 1)
    )
    layers = (
        (LOWER_LIGHT * row[0], row[1] * (1 - max(seats.wide, seats.hangs) * (1 - seen))),
        upper,
    )
    for colour, alpha in layers:
        lit = colour * white * shade[..., None] ** SHADED
        picture += alpha[..., None] * (lit - picture)
    return picture.astype(np.float32)


def _seated(points: MouthPoints, opening: Opening, ends: Ends, traits: Traits) -> _Seats:
    """Set teeth on the jaws: how low the upper ones end, how deep the lower ones lie."""
    unit, new = opening.unit, 1 - ends.beside
    rows = np.flatnonzero((opening.coverage > 0.5).any(1))
    gap = float(np.ptp(rows)) / unit if len(rows) else 0.0
    wide = float(np.clip((gap - WIDE_FROM) / (WIDE_TO - WIDE_FROM), 0, 1))
    drop = ends.drop + new * (LOWERED + LOWERED_RANGE * traits.teeth_drop) * unit * wide
    drop -= new * _bared(points, drop)
    hangs = hanging(points, unit)
    broad = (mouth_width(points.landmarks, unit) - ROUND) / (DRAWN - ROUND)
    drawn = hangs * float(np.clip(broad, 0, 1))
    shown, broadly = (
        usual + differs * traits.teeth_drop
        for usual, differs in ((SHOWN, SHOWN_RANGE), (SHOWN_WIDE, SHOWN_WIDE_RANGE))
    )
    shown += drawn * (broadly - shown)
    shown -= UNDER_HAIR * ends.hair * max(shown, 0.0)
    shown = SMILES + SMILES_RANGE * traits.teeth_drop + hangs * (shown - SMILES)
    sunk = (LOWER_SUNK - LOWER_SUNK_RANGE * traits.lower_teeth) * unit * wide
    sunk -= drawn * LOWER_DRAWN * unit
    drop -= new * _covered(points, drop, shown, LEAST_SHOWN * hangs, MOST_LOWERED * unit)
    size = 1 + SIZE_RANGE * traits.teeth_size
    return _Seats(
        _texture_map(points.upper + np.array([0.0, drop]), _sized(JAW_MARKS[0], size)),
        _texture_map(points.lower + np.array([0.0, sunk]), _sized(JAW_MARKS[1], size)),
        hangs,
        wide,
        drawn,
    )


def _bared(points: MouthPoints, drop: float) -> float:
    """Return the pixels by which the upper lip would bare what is above the teeth of a texture."""
    gum, edge = points.upper[2, 1], points.upper[7, 1]
    lip = float(points.landmarks[UPPER_INNER_LIP[len(UPPER_INNER_LIP) // 2], 1])
    return max(float(gum + ROOTS * (edge - gum)) + drop - lip, 0.0)


def _covered(points: MouthPoints, drop: float, shown: float, least: float, lowest: float) -> float:
    """Return the pixels by which upper teeth are to end higher, to fill so much of a mouth.

    Args:
        points: of the target.
        drop: pixels by which they end lower than marked.
        shown: share of the opening's height, above 0.
        least: share of that height which they fill even where the lip hides them.
        lowest: pixels by which they end lower for that at most.
    """
    upper, lower = points.lips
    middle = len(upper) // 2
    below = float(points.upper[7, 1]) + drop - float(upper[middle, 1])
    shows = max(below, 0.0)
    most = shown * max(float(lower[middle, 1] - upper[middle, 1]), 1e-3)
    fills = most * float(np.tanh(shows / most))
    return shows - fills if fills > least * most else max(below - least * most, -lowest)


def _sized(marks: np.ndarray, size: float) -> np.ndarray:
    """Return marks where a texture is looked at for teeth `size` times as large."""
    middle = np.array([0.0, TEETH_EDGE])
    return middle + (marks - middle) / size


def _texture_map(points: np.ndarray, marks: np.ndarray) -> SmoothMap:
    return SmoothMap(points.astype(np.float64), (marks - CORNER) * PER_CM - 0.5)


def _lower_row(at: np.ndarray) -> np.ndarray:
    """Return which pixels of the upper teeth, turned over, show the lower ones at their places.

    Args:
        at: (h, w, 2) pixels of the texture by the lower jaw.
    """
    middle, top = (np.array([0.0, JAW_MARKS[1, 0, 1]]) - CORNER) * PER_CM - 0.5
    edge = (TEETH_EDGE - CORNER[1]) * PER_CM - 0.5
    across = middle + (at[..., 0] - middle) * LOWER_SIZE[0]
    return np.stack([across, edge - (at[..., 1] - top) * LOWER_SIZE[1]], -1).astype(np.float32)


def _sample(
    colour: np.ndarray, alpha: np.ndarray, at: np.ndarray, texels: float
) -> tuple[np.ndarray, np.ndarray]:
    """Sample a texture where `texels` of its pixels make one of the picture."""
    layers = np.dstack([colour, alpha])
    if texels > 1:
        layers = cv2.GaussianBlur(layers, (0, 0), 0.4 * texels)
    found = cv2.remap(
        layers, at[..., 0], at[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT
    )
    return np.maximum(found[..., :3], 0.0), np.clip(found[..., 3], 0.0, 1.0)
