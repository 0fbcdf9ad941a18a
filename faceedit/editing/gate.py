"""What faces show already: an expression that is clearly there is not made a second time.

A method that turns any face into a smiling one redraws a smile, too, and what it draws is never as
good as what the camera saw.

How strong an expression is the network says less surely than that it is there. A face that has it
and that the edit would not change visibly shows it already, too, see `FaceEditor`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from faceedit.faces.align import Crop
from faceedit.faces.batching import Batching
from faceedit.recognisers.expression import ExpressionReading
from faceedit.targets import EXPRESSIONS, Target

SURE = (0.5, 0.8)
"""Probability of an expression from which on it may be there, and is."""

CLEAR = (1.6, 2.1)
"""Strength, 0 to 3, from which on a face's expression may be what strength 1 asks for, and is."""

STEPS = 2
"""Into which what shows is rounded, so that most faces share network calls."""


class Reader(Protocol):
    """What reads expressions; `ExpressionRecogniser` is one."""

    def read(self, crops: Sequence[Crop], batch: int) -> list[ExpressionReading]:
        """Return one reading per crop, looking at so many at a time."""
        ...


@dataclass(frozen=True)
class Showing:
    """What a face shows of a target.

    Attributes:
        far: how far it shows it: 0, 0.5 or 1.
        is_likely: every expression of the target is more likely there than not, however weak.
    """

    far: float = 0.0
    is_likely: bool = False


@dataclass(frozen=True)
class Shown:
    """Says how far faces show a target already.

    Attributes:
        reader: reads their expressions.
    """

    reader: Reader = field(repr=False)

    def look(self, crops: Sequence[Crop], target: Target, batching: Batching) -> list[Showing]:
        """Return for each face, in order, what it shows of a target.

        Args:
            crops: the faces.
            target: what they are to show.
            batching: how many the reader takes at once.
        """
        if not _can_show(target):
            return [Showing()] * len(crops)
        readings = batching.run(crops, lambda some: self.reader.read(some, len(some)))
        return [
            Showing(round(STEPS * how_far(target, one)) / STEPS, _is_likely(target, one))
            for one in readings
        ]


def how_far(target: Target, reading: ExpressionReading) -> float:
    """Return how clearly a face shows a target already, 0 to 1.

    It is 0 for more than an expression's full strength, which goes beyond what faces show, and for
    ``neutral``, which is never clear. A blend shows as clearly as the least of its expressions.
    """
    if not _can_show(target):
        return 0.0
    return min(_clearness(name, reading) for name in _wanted(target))


def _is_likely(target: Target, reading: ExpressionReading) -> bool:
    return all(_likelihood(name, reading) > SURE[0] for name in _wanted(target))


def _wanted(target: Target) -> list[str]:
    return [one.name for one in target.expressions if one.strength]


def _can_show(target: Target) -> bool:
    wanted = _wanted(target)
    whole = sum(one.strength for one in target.expressions)
    return bool(wanted) and whole <= 1 and "neutral" not in wanted


def _clearness(name: str, reading: ExpressionReading) -> float:
    return _rise(_likelihood(name, reading), *SURE) * _rise(reading.strength, *CLEAR)


def _likelihood(name: str, reading: ExpressionReading) -> float:
    return float(reading.probabilities[EXPRESSIONS.index(name)])


def _rise(value: float, start: float, end: float) -> float:
    return min(max((value - start) / (end - start), 0.0), 1.0)
