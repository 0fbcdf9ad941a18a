"""What faces show already: what is clearly there is not made a second time.

A method that turns any face into a smiling one redraws a smile, too, and what it draws is never as
good as what the camera saw. Each part of a target is asked about by itself:

- Expressions: by the expression network. How strong one is it says less surely than that it is
  there; a face that has it and that the edit would not change visibly shows it, too, see
  `FaceEditor`. A blend shows as clearly as the least of its expressions.
- Attributes: each by itself, where the appearance network is sure.
- A turn to an angle: by the landmarks.
- Action units count what is shown themselves; light and relative turns are always made.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from faceedit.compose.turn.head import turn_degrees
from faceedit.faces.align import Crop
from faceedit.faces.batching import Batching
from faceedit.ramps import ramp
from faceedit.recognisers.appearance import SURE as SURE_ATTRIBUTE
from faceedit.recognisers.appearance import AppearanceReading
from faceedit.recognisers.expression import ExpressionReading
from faceedit.targets import ATTRIBUTES, EXPRESSIONS, AttributeChange, Part, Target, Term, Turn

SURE = (0.5, 0.8)
"""Probability of an expression from which on it may be there, and is."""

CLEAR = (1.6, 2.1)
"""Strength, 0 to 3, from which on a face's expression may be what strength 1 asks for, and is."""

STEPS = 2
"""Into which what shows is rounded, so that most faces share network calls."""

STRAIGHT = 2.0
"""Degrees within which a head has the pose that is asked for."""


class Reader(Protocol):
    """What reads expressions; `ExpressionRecogniser` is one."""

    def read(self, crops: Sequence[Crop], batch: int) -> list[ExpressionReading]:
        """Return one reading per crop, looking at so many at a time."""
        ...


class AttributeReader(Protocol):
    """What reads attributes; `AppearanceRecogniser` is one."""

    def read(self, crops: Sequence[Crop], batch: int) -> list[AppearanceReading]:
        """Return one reading per crop, looking at so many at a time."""
        ...


@dataclass(frozen=True)
class Showing:
    """What a face shows of a target.

    Attributes:
        left: what is left to be made; no term changes anything where the face shows all.
        far: how far it shows the part that it shows least: 0, 0.5 or 1.
        is_likely: nothing but expressions is asked for, and each of them is more likely there than
            not, however weak.
    """

    left: Target
    far: float = 0.0
    is_likely: bool = False


@dataclass(frozen=True)
class Shown:
    """Says how far faces show a target already.

    Attributes:
        reader: reads their expressions.
        attributes: reads their attributes; None takes none to be there.
    """

    reader: Reader = field(repr=False)
    attributes: AttributeReader | None = field(default=None, repr=False)

    def look(
        self, crops: Sequence[Crop], targets: Sequence[Target], batching: Batching
    ) -> list[Showing]:
        """Return for each face, in order, what it shows of its target.

        Args:
            crops: the faces.
            targets: what each of them is to show.
            batching: how many a reader takes at once.
        """
        looks = self.attributes
        smiles = [at for at, one in enumerate(targets) if _can_show(one)]
        read = batching.run_once(
            [crops[at] for at in smiles], lambda some: self.reader.read(some, len(some))
        )
        expressions = dict(zip(smiles, read, strict=True))
        attributes: dict[int, AppearanceReading] = {}
        if looks is not None:
            worn = [at for at, one in enumerate(targets) if one.attributes]
            seen = batching.run_once(
                [crops[at] for at in worn], lambda some: looks.read(some, len(some))
            )
            attributes = dict(zip(worn, seen, strict=True))
        return [
            _showing(target, crop, expressions.get(at), attributes.get(at))
            for at, (crop, target) in enumerate(zip(crops, targets, strict=True))
        ]


def how_far(target: Target, reading: ExpressionReading) -> float:
    """Return how clearly a face shows the expressions of a target already, 0 to 1.

    It is 0 for more than an expression's full strength, which goes beyond what faces show, and for
    ``neutral``, which is never clear. A blend shows as clearly as the least of its expressions.
    """
    if not _can_show(target):
        return 0.0
    return min(_clearness(name, reading) for name in _wanted(target))


def _showing(
    target: Target,
    crop: Crop,
    expression: ExpressionReading | None,
    appearance: AppearanceReading | None,
) -> Showing:
    """Return what one face shows; a reading is None where it could not matter."""
    smiling = 0.0 if expression is None else round(STEPS * how_far(target, expression)) / STEPS

    def far_of(term: Term) -> float:
        if term.part == Part.EXPRESSION:
            return smiling
        if isinstance(term, AttributeChange) and appearance is not None:
            return float(_has(term, appearance))
        if isinstance(term, Turn) and term.to is not None:
            whole = replace(term, strength=1.0)
            return float(turn_degrees(whole, crop.landmarks, crop.affine) <= STRAIGHT)
        return 0.0

    fars = [far_of(term) for term in target.terms]
    left = [term.scaled(1 - far) for term, far in zip(target.terms, fars, strict=True)]
    asked = [far for term, far in zip(target.terms, fars, strict=True) if term.changes]
    likely = False
    if expression is not None and target.parts == (Part.EXPRESSION,):
        likely = _is_likely(target, expression)
    return Showing(Target(tuple(left)), min(asked, default=0.0), likely)


def _has(change: AttributeChange, reading: AppearanceReading) -> bool:
    if change.kind or change.attribute not in ATTRIBUTES:
        return False  # the network does not tell
    at = ATTRIBUTES.index(change.attribute)
    is_there = bool(reading.attributes[at] >= 0.5)
    return is_there == change.on and bool(reading.confidence[at] >= SURE_ATTRIBUTE)


def _is_likely(target: Target, reading: ExpressionReading) -> bool:
    return all(_likelihood(name, reading) > SURE[0] for name in _wanted(target))


def _wanted(target: Target) -> list[str]:
    return [one.name for one in target.expressions if one.strength]


def _can_show(target: Target) -> bool:
    wanted = _wanted(target)
    whole = sum(one.strength for one in target.expressions)
    return bool(wanted) and whole <= 1 and "neutral" not in wanted


def _clearness(name: str, reading: ExpressionReading) -> float:
    return float(ramp(_likelihood(name, reading), SURE) * ramp(reading.strength, CLEAR))


def _likelihood(name: str, reading: ExpressionReading) -> float:
    return float(reading.probabilities[EXPRESSIONS.index(name)])
