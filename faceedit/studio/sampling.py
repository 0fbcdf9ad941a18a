"""What to ask of a photo: drawn at random, and evenly over everything that was allowed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from faceedit.errors import UsageError
from faceedit.lights import LIGHTS
from faceedit.studio.expressions import AMPLITUDES, PARTING_UNITS, Ask
from faceedit.targets import ACTION_UNITS, EXPRESSION_UNITS

BLENDED = 0.15
"""Share of expressions that are blends of two."""
LEANING = 0.35
"""Share of asks that are stronger on one side."""
LEAN_SPREAD = 0.15
MIXED = 0.6
"""Share of asks for action units that name more than one."""
MOST_UNITS = 4
SHARED_SKIN = ((1, 4), (6, 12), (12, 15), (10, 25), (25, 26), (4, 9), (20, 26), (5, 45))
"""Units that pull at the same skin, so that they do not add up."""
EXPRESSIVE, SHARING = 0.3, 0.3
"""Shares of mixes that are a named expression's units, and two units that share skin."""
ONE_SIDE = 0.25
"""Share of a plain menu's asks for action units that one side alone shows."""
TAKEN_AWAY = 0.5
"""Share of asks for action units that take some away, of faces that show any."""
SEEN = 0.7
"""Intensity from which on a face shows a unit."""
LID_UNITS = frozenset({5, 6, 7, 45})
"""Units that cannot be seen to change behind spectacles, which hold the lids."""
COLOURED = 0.3
"""Share of lights with a colour of their own."""
WARMEST = 0.25
"""How far a coloured light's red and blue go from white."""
LEAST_SHARE = 0.15
"""Of the way, where an expression goes only a part of it."""
LARGEST_TURN = 30.0
MANNERS = 1 << 31
MOST_AMPLITUDE = 2.5
MIX = {
    "expression": 5.0,
    "units": 3.0,
    "light": 1.0,
    "lit expression": 2.0,
    "lit units": 0.0,
    "turn": 1.0,
}
"""How often each kind of pair is asked for, beside the others that a menu allows."""


@dataclass(frozen=True)
class Menu:
    """What may be asked for.

    Attributes:
        expressions: names; () asks for none.
        action_units: whether to ask for action units.
        lights: names of `LIGHTS`; () leaves the light alone.
        turns: whether to turn heads.
        mix: weights of the kinds, as in `MIX`; kinds that it does not name are not asked for.
        amplitudes: range that the amplitudes of expressions are drawn from.
        partway: share of the expressions that go only a part of the way from the photo's face.
        varied: whether people have manners of their own and lean to a side; False asks for the
            tables' expressions, and pairs take the median's folds and the first mouth, so that the
            target follows from the photo and what is asked.
    """

    expressions: tuple[str, ...]
    action_units: bool = True
    lights: tuple[str, ...] = tuple(LIGHTS)
    turns: bool = False
    mix: Mapping[str, float] = field(default_factory=lambda: dict(MIX))
    amplitudes: tuple[float, float] = AMPLITUDES
    partway: float = 0.0
    varied: bool = True

    def __post_init__(self):
        unknown = set(self.lights) - set(LIGHTS)
        if unknown:
            raise UsageError(
                f"unknown light {', '.join(sorted(unknown))}; known: {', '.join(LIGHTS)}"
            )
        if not (self.expressions or self.action_units or self.lights or self.turns):
            raise UsageError("nothing is asked for: no expressions, action units, lights or turns")
        if odd := {k: v for k, v in self.mix.items() if k not in MIX or not 0 <= v < np.inf}:
            named = ", ".join(f"{k}={v:g}" for k, v in odd.items())
            raise UsageError(f"cannot mix {named}; weights from 0 of: {', '.join(MIX)}")
        if not sum(self.weights.values()):
            raise UsageError("nothing is asked for: what the mix names, the menu does not allow")
        low, high = self.amplitudes
        if not 0 < low <= high <= MOST_AMPLITUDE:
            raise UsageError(
                f"amplitudes lie between 0 and {MOST_AMPLITUDE:g}, not {low:g},{high:g}"
            )
        if not 0 <= self.partway <= 1:
            raise UsageError(f"a share of expressions lies between 0 and 1, not {self.partway:g}")

    @property
    def weights(self) -> dict[str, float]:
        """Return the weight of each kind, 0 where the menu does not allow it."""
        allowed = {
            "expression": bool(self.expressions),
            "units": self.action_units,
            "light": bool(self.lights),
            "lit expression": bool(self.lights) and bool(self.expressions),
            "lit units": bool(self.lights) and self.action_units,
            "turn": self.turns,
        }
        return {kind: self.mix.get(kind, 0.0) * allowed[kind] for kind in MIX}


@dataclass(frozen=True)
class Order:
    """What one pair is to be.

    Attributes:
        ask: the expression; None leaves the photo's own.
        light: name of a light, or None.
        light_colour: RGB of its key.
        turn: degrees, 0 for none.
    """

    ask: Ask | None = None
    light: str | None = None
    light_colour: tuple[float, float, float] = (1.0, 1.0, 1.0)
    turn: float = 0.0


def draw_order(
    menu: Menu,
    rng: np.random.Generator,
    shown: np.ndarray | None = None,
    still: frozenset[int] = frozenset(),
) -> Order:
    """Draw what one pair is to be, its kind by the menu's weights.

    Args:
        menu: what may be asked for.
        rng: draws.
        shown: (17,) intensities that the photo shows, some of which may be taken away.
        still: action units that are not asked for.
    """
    weights = np.array(list(menu.weights.values()))
    kind = list(menu.weights)[rng.choice(len(weights), p=weights / weights.sum())]
    if kind == "turn":
        return Order(turn=float(np.round(rng.uniform(-LARGEST_TURN, LARGEST_TURN), 1)) or 0.1)
    ask = None
    if kind in ("units", "lit units"):
        ask = draw_units(rng, shown, still, varied=menu.varied)
    elif kind in ("expression", "lit expression"):
        ask = draw_expression(menu, rng)
    if kind in ("light", "lit expression", "lit units"):
        name = menu.lights[rng.integers(len(menu.lights))]
        return Order(ask, name, _draw_colour(rng))
    return Order(ask)


def draw_expression(menu: Menu, rng: np.random.Generator) -> Ask:
    """Draw one expression, or a blend of two, at amplitudes that the menu allows."""
    ask = _draw_blend(menu.expressions, menu.amplitudes, rng)
    if not menu.varied:
        ask = replace(ask, lean=0.0, manner=0)
    if menu.partway and rng.random() < menu.partway:
        return replace(ask, share=round(float(rng.uniform(LEAST_SHARE, 1.0)), 2))
    return ask


def _draw_blend(
    names: tuple[str, ...], amplitudes: tuple[float, float], rng: np.random.Generator
) -> Ask:
    moving = [name for name in names if name != "neutral"]
    name = names[rng.integers(len(names))]
    lean, manner = _draw_lean(rng), int(rng.integers(1, MANNERS))
    if name == "neutral":
        return Ask()
    amplitude = round(float(rng.uniform(*amplitudes)), 2)
    if len(moving) > 1 and rng.random() < BLENDED:
        other = moving[rng.integers(len(moving))]
        share = float(rng.uniform(0.3, 0.7))
        if other != name:
            parts = (
                (name, round(amplitude * share, 2)),
                (other, round(amplitude * (1 - share), 2)),
            )
            return Ask(parts, lean=lean, manner=manner)
    return Ask(((name, amplitude),), lean=lean, manner=manner)


def draw_units(
    rng: np.random.Generator,
    shown: np.ndarray | None = None,
    still: frozenset[int] = frozenset(),
    *,
    varied: bool = True,
) -> Ask:
    """Draw one action unit at a whole intensity, or a mix, or some that are taken away.

    Args:
        rng: draws.
        shown: (17,) intensities that the photo shows, some of which may be taken away.
        still: units that are not asked for.
        varied: whether people have manners of their own; else a part of the asks is one-sided.
    """
    chosen: dict[int, float] = {}
    while not chosen:
        chosen = {u: v for u, v in _draw_mix(rng).items() if u not in still}
    share, lean, manner = 1.0, 0.0, 0
    if shown is not None and shown.max() >= SEEN and rng.random() < TAKEN_AWAY:
        share = round(float(rng.uniform(0.3, 1.0)), 2)
        chosen = _taken_away(shown, still, rng) | (chosen if rng.random() < 0.3 else {})
    elif not varied and rng.random() < ONE_SIDE:
        # One side twice as strong and the other not at all.
        lean = float(rng.choice([-1.0, 1.0]))
        chosen = {unit: value / 2 for unit, value in chosen.items()}
    if varied:
        lean, manner = _draw_lean(rng), int(rng.integers(1, MANNERS))
    return Ask((), tuple(chosen.get(u, 0.0) for u in ACTION_UNITS), lean, manner, share)


def _draw_mix(rng: np.random.Generator) -> dict[int, float]:
    if rng.random() >= MIXED:
        return {int(rng.choice(ACTION_UNITS)): float(rng.integers(1, 6))}
    kind = rng.random()
    if kind < EXPRESSIVE:
        names = [name for name, units in EXPRESSION_UNITS.items() if units]
        units = EXPRESSION_UNITS[names[rng.integers(len(names))]]
        scale = rng.uniform(0.3, 1.2)
        values = {u: scale * v * rng.uniform(0.7, 1.3) for u, v in units.items()}
        return {u: round(float(np.clip(v, 0.2, 5.0)), 1) for u, v in values.items()}
    if kind < EXPRESSIVE + SHARING:
        units = SHARED_SKIN[rng.integers(len(SHARED_SKIN))]
    else:
        count = int(rng.integers(2, MOST_UNITS + 1))
        units = rng.choice(ACTION_UNITS, count, replace=False)
    return {int(u): round(float(rng.uniform(0.5, 5.0)), 1) for u in units}


def _taken_away(
    shown: np.ndarray, still: frozenset[int], rng: np.random.Generator
) -> dict[int, float]:
    """Return what takes away all that a face shows, or one unit of it."""
    seen = [(u, v) for u, v in zip(ACTION_UNITS, shown, strict=True) if v >= SEEN]
    seen = [(u, v) for u, v in seen if u not in still]
    if seen and rng.random() < 0.3:
        one = seen[rng.integers(len(seen))]
        # What parts the lips goes together, or they would close over a dropped jaw.
        seen = [one, *(s for s in seen if {s[0], one[0]} <= PARTING_UNITS and s != one)]
    return {u: -round(float(v), 2) for u, v in seen}


def _draw_lean(rng: np.random.Generator) -> float:
    if rng.random() >= LEANING:
        return 0.0
    return round(float(np.clip(rng.normal(0, LEAN_SPREAD), -0.4, 0.4)), 3)


def _draw_colour(rng: np.random.Generator) -> tuple[float, float, float]:
    if rng.random() >= COLOURED:
        return (1.0, 1.0, 1.0)
    warm = float(rng.uniform(-WARMEST, WARMEST))
    return (round(1 + warm, 3), 1.0, round(1 - warm, 3))
