"""What a target changes of a face's action units, given what the face shows."""

from collections.abc import Iterable, Sequence

from faceedit.targets.emfacs import EXPRESSION_UNITS, ONE_SIDED
from faceedit.targets.target import Target
from faceedit.targets.term import Term
from faceedit.targets.units import ACTION_UNITS, MAX_INTENSITY, UnitChange

SIDES = ("left", "right")
"""Of the person."""
DIGITS = 4
"""Of intensities; more are noise of the arithmetic."""
UNITS_OF = {
    "attr=mouth_slightly_open=on": {25: 2.3, 26: 1.0},
    "attr=mouth_slightly_open=off": {25: 0.0, 26: 0.0},
}  # fmt: skip
"""Attributes, by `Term.key`, that action units make, and their intensities."""
SideUnits = tuple[tuple[float, ...], tuple[float, ...]]
"""Intensities of the person's left and right side, each in the order of `ACTION_UNITS`."""


def unit_changes(target: Target, shown: Sequence[float] | None) -> SideUnits:
    """Return how far each action unit has to rise, or fall, for a target.

    Expressions come first, as tables of units: as far as their strengths together reach 1, what
    the face shows goes. Units are set, or added, on top of them.

    Args:
        target: its expressions and units count, other terms do not.
        shown: 17 intensities that the face shows; None where that is not known, so that units may
            fall as far as the target says.

    >>> left, right = unit_changes(Target((UnitChange(12, 3.0),)), (1.0,) * 17)
    >>> left == right, left[ACTION_UNITS.index(12)], left[0]
    (True, 2.0, 0.0)
    """
    least = -MAX_INTENSITY if shown is None else 0.0
    shown = (0.0,) * len(ACTION_UNITS) if shown is None else shown
    left, right = (_wanted(target, shown, side, least) for side in SIDES)
    return (
        tuple(b - a for a, b in zip(shown, left, strict=True)),
        tuple(b - a for a, b in zip(shown, right, strict=True)),
    )


def relative_units(changes: SideUnits) -> Target:
    """Return the target that makes changes, as `unit_changes` returns them, of any face."""
    terms: list[Term] = []
    for unit, *values in zip(ACTION_UNITS, *changes, strict=True):
        left, right = (round(one, DIGITS) for one in values)
        if left == right:
            terms += [UnitChange(unit, left, relative=True)] if left else []
            continue
        sides = zip(SIDES, (left, right), strict=True)
        terms += [UnitChange(unit, one, True, side) for side, one in sides if one]  # pyright: ignore[reportArgumentType]
    # A target has terms, also one that changes nothing.
    return Target(tuple(terms) or (UnitChange(ACTION_UNITS[0], 0.0, relative=True),))


def in_units(target: Target, served: Iterable[str]) -> Target:
    """Return a target with attributes that are action units written as these.

    Args:
        target: of any terms.
        served: names of attributes that are made otherwise, as `Descriptor.targets` has them.

    Raises:
        UsageError: it names one of the units, too.

    >>> from faceedit.targets import parse_target
    >>> str(in_units(parse_target("attr=mouth_slightly_open=on:0.5,hair=red"), ()))
    'au=25=2.3:0.5,26=1:0.5 attr=red_hair=on'
    """
    known = set(served)
    terms: list[Term] = []
    for term in target.terms:
        units = {} if {term.name, term.key} & known else UNITS_OF.get(term.key, {})
        made = [UnitChange(unit, value, strength=term.strength) for unit, value in units.items()]
        terms += made or [term]
    return Target(tuple(terms))


def _wanted(target: Target, shown: Sequence[float], side: str, least: float) -> list[float]:
    """Return the intensities that one side is to show."""
    whole = min(1.0, sum(one.strength for one in target.expressions))
    wanted = [(1 - whole) * one for one in shown]
    for expression in target.expressions:
        if (expression.side or ONE_SIDED.get(expression.name, side)) != side:
            continue
        for unit, intensity in EXPRESSION_UNITS[expression.name].items():
            wanted[ACTION_UNITS.index(unit)] += expression.strength * intensity
    for term in target.units:
        if term.side in ("", side):
            at = ACTION_UNITS.index(term.unit)
            goal = term.intensity + (wanted[at] if term.relative else 0.0)
            wanted[at] += term.strength * (goal - wanted[at])
    return [min(max(one, least), MAX_INTENSITY) for one in wanted]
