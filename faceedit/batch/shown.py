"""What faces show already: an expression that is clearly there is not made a second time.

A method that turns any face into a smiling one redraws a smile, too, and what it draws is never as
good as what the camera saw.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from faceedit.faces.align import Crop
from faceedit.faces.batching import Batching
from faceedit.recognisers.expression import ExpressionReading
from faceedit.targets import EXPRESSIONS, Target

SURE = (0.5, 0.8)
"""Probability of an expression from which on it may be there, and is."""

CLEAR = (1.7, 2.2)
"""Strength, 0 to 3, of a face's expression that is partly, and that is wholly what a target of
strength 1 asks for."""

STEP = 0.25
"""What is missing is rounded to this, so that faces with as much to do share a network call."""


class Reader(Protocol):
    """What reads expressions; `ExpressionRecogniser` is one."""

    def read(self, crops: Sequence[Crop], batch: int) -> list[ExpressionReading]:
        """Return one reading per crop, looking at so many at a time."""
        ...


@dataclass(frozen=True)
class Shown:
    """Says what faces show already.

    Attributes:
        reader: reads their expressions.
    """

    reader: Reader = field(repr=False)

    def missing(
        self, crops: Sequence[Crop], target: Target, batching: Batching
    ) -> list[Target | None]:
        """Return for each face what is left of a target.

        Args:
            crops: the faces.
            target: what they are to show. What a face shows is taken off its strength, so that
                strengths above 1 go beyond a face's own expression.
            batching: how many the reader takes at once.

        Returns:
            One for each crop, in order; None where nothing is left.
        """
        readings = batching.run(crops, lambda some: self.reader.read(some, len(some)))
        return [_missing(target, reading) for reading in readings]


def shown_strength(reading: ExpressionReading, name: str) -> float:
    """Return the strength, 0 to 1, at which a face shows an expression clearly already.

    Faces that show nothing (``neutral``) show it at no strength: 0.
    """
    if name == "neutral":
        return 0.0
    likely = float(reading.probabilities[EXPRESSIONS.index(name)])
    return _rise(likely, *SURE) * _rise(reading.strength, *CLEAR)


def _missing(target: Target, reading: ExpressionReading) -> Target | None:
    left = []
    for wanted in target.expressions:
        shown = STEP * round(shown_strength(reading, wanted.name) / STEP)
        if wanted.strength > shown:
            left.append(replace(wanted, strength=wanted.strength - shown))
    return Target(tuple(left)) if left else None


def _rise(value: float, start: float, end: float) -> float:
    return min(max((value - start) / (end - start), 0.0), 1.0)
