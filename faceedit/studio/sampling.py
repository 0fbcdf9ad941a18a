"""What to ask of a photo: drawn at random, and evenly over everything that was allowed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from faceedit.errors import UsageError
from faceedit.lights import LIGHTS
from faceedit.studio.expressions import AMPLITUDES, Ask
from faceedit.targets import ACTION_UNITS

BLENDED = 0.15
"""Share of expressions that are blends of two."""
LEANING = 0.35
"""Share of asks that are stronger on one side."""
LEAN_SPREAD = 0.15
MIXED = 0.6
"""Share of asks for action units that name more than one."""
MOST_UNITS = 4
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


def draw_order(menu: Menu, rng: np.random.Generator) -> Order:
    """Draw what one pair is to be, its kind by the menu's weights."""
    weights = np.array(list(menu.weights.values()))
    kind = list(menu.weights)[rng.choice(len(weights), p=weights / weights.sum())]
    if kind == "turn":
        return Order(turn=float(np.round(rng.uniform(-LARGEST_TURN, LARGEST_TURN), 1)))
    ask = None
    if kind in ("units", "lit units"):
        ask = draw_units(rng, varied=menu.varied)
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


def draw_units(rng: np.random.Generator, *, varied: bool = True) -> Ask:
    """Draw one action unit at a whole intensity, or two to four at any."""
    if rng.random() >= MIXED:
        chosen = {int(rng.integers(len(ACTION_UNITS))): float(rng.integers(1, 6))}
    else:
        count = int(rng.integers(2, MOST_UNITS + 1))
        numbers = rng.choice(len(ACTION_UNITS), count, replace=False)
        chosen = {int(n): round(float(rng.uniform(0.5, 5.0)), 1) for n in numbers}
    intensities = tuple(chosen.get(i, 0.0) for i in range(len(ACTION_UNITS)))
    lean, manner = _draw_lean(rng), int(rng.integers(1, MANNERS))
    return Ask((), intensities, lean, manner) if varied else Ask((), intensities)


def _draw_lean(rng: np.random.Generator) -> float:
    if rng.random() >= LEANING:
        return 0.0
    return round(float(np.clip(rng.normal(0, LEAN_SPREAD), -0.4, 0.4)), 3)


def _draw_colour(rng: np.random.Generator) -> tuple[float, float, float]:
    if rng.random() >= COLOURED:
        return (1.0, 1.0, 1.0)
    warm = float(rng.uniform(-WARMEST, WARMEST))
    return (round(1 + warm, 3), 1.0, round(1 - warm, 3))
