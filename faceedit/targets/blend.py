"""Targets on the way from one to another, as the frames of a clip need them."""

from dataclasses import fields, replace
from typing import Any, cast

from faceedit.targets.target import Target
from faceedit.targets.term import Term

_NAMES = ("unit", "face", "manner")
"""Fields whose numbers are names, with nothing in between."""


def blend(first: Target | None, second: Target | None, share: float) -> Target | None:
    """Return the target that lies a share of the way from one to another (Eq. 8 of EGGAN).

    A term of only one end has its strength scaled. Where both ends have the same term (the same
    unit, expression or own light, the same way of turning), all of its numbers change evenly. Terms
    that exclude each other (two named lights, an attribute on and off) go by way of the photo as
    it is: the first has gone when half of the way is done, then the second comes.

    Args:
        first: None for the photo as it is.
        second: likewise.
        share: 0 is the first, 1 the second.

    Returns:
        A target with the terms of both ends; None where neither has any.

    Raises:
        UsageError: terms of the two ends exclude each other and are different topics.

    >>> from faceedit.targets import parse_target
    >>> str(blend(parse_target("neutral"), parse_target("happy:0.8"), 0.25))
    'neutral:0.75+happy:0.2'
    >>> str(blend(parse_target("au=12=1"), parse_target("au=12=3,6=2"), 0.5))
    'au=12=2,6=2:0.5'
    >>> str(blend(None, parse_target("happy"), 0.5))
    'happy:0.5'
    """
    before, after = (
        {} if one is None else {term.topic: term for term in one.terms} for one in (first, second)
    )
    topics = dict.fromkeys([*before, *after])
    terms = [_between(before.get(one), after.get(one), share) for one in topics]
    return Target(tuple(terms)) if terms else None


def _between(first: Term | None, second: Term | None, share: float) -> Term:
    """Return the term between two of one topic, at least one of which is there."""
    if first is None or second is None:
        only = first or second
        assert only is not None
        return only.scaled(share if first is None else 1 - share)
    if type(first) is not type(second):
        raise TypeError(f"{first} and {second} share a topic")
    pairs = {
        field.name: (getattr(first, field.name), getattr(second, field.name))
        for field in fields(cast(Any, first))
    }
    numbers = {name: pair for name, pair in pairs.items() if _is_number(name, pair)}
    if all(a == b for name, (a, b) in pairs.items() if name not in numbers):
        even = {name: (1 - share) * a + share * b for name, (a, b) in numbers.items()}
        return cast(Term, replace(cast(Any, first), **even))
    return first.scaled(1 - 2 * share) if share < 0.5 else second.scaled(2 * share - 1)


def _is_number(name: str, pair: tuple[object, object]) -> bool:
    return name not in _NAMES and all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in pair
    )
