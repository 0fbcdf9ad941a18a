"""Named expressions: ``happy``, ``happy:0.6``, ``contemptuous:left``, ``sad:manner2:0.6``."""

import re
from dataclasses import dataclass
from typing import ClassVar

from faceedit.errors import UsageError
from faceedit.names import quoted, unknown
from faceedit.targets.manners import manners_of
from faceedit.targets.term import MAX_STRENGTH, NUMBER, Part, Term, as_number

EXPRESSIONS = (
    "neutral", "happy", "sad", "angry", "surprised", "disgusted", "afraid", "contemptuous",
)  # fmt: skip
SYNONYMS = {
    "smile": "happy", "joy": "happy", "sadness": "sad", "anger": "angry", "surprise": "surprised",
    "disgust": "disgusted", "fear": "afraid", "contempt": "contemptuous", "calm": "neutral",
}  # fmt: skip
"""Other words for expressions; messages and outputs use the expression's own name."""
ONE_SIDED = ("contemptuous",)
"""Expressions that one side of a face shows."""
OPEN_MOUTHED = ("surprised", "afraid")
"""Expressions that part the lips, whatever else the mouth does."""
SIDES = ("left", "right")
"""Of the person."""
MANNER = "manner"
"""Word before the number of a manner."""


@dataclass(frozen=True)
class Expression(Term):
    """A named expression at a strength.

    Attributes:
        expression: one of `EXPRESSIONS`.
        strength: 0 (no edit) to `MAX_STRENGTH`; 1 is what people call that expression.
        side: of the person, one of `SIDES`, for those of `ONE_SIDED`; "" for what the face has.
        manner: number of one of `manners.manners_of`, from 1; 0 for the face's own.

    Raises:
        UsageError: an unknown name, a side of what has none, or a strength out of range.

    >>> str(Expression("happy", 0.6))
    'happy:0.6'
    """

    part: ClassVar[Part] = Part.EXPRESSION
    expression: str
    strength: float = 1.0
    side: str = ""
    manner: int = 0

    def __post_init__(self):
        if self.expression not in EXPRESSIONS:
            raise UsageError(unknown("expression", self.expression, EXPRESSIONS, SYNONYMS))
        if self.side and (self.expression not in ONE_SIDED or self.side not in SIDES):
            raise UsageError(
                f"{self.expression}:{quoted(self.side)} says no strength from 0 to "
                f"{MAX_STRENGTH:g}; a side, left or right, is for {', '.join(ONE_SIDED)}"
            )
        if not 0 <= self.manner <= (most := len(manners_of(self.expression))):
            raise UsageError(f"{self.expression} has manners 1 to {most}, no {self.manner}")
        super().__post_init__()

    @property
    def text(self) -> str:
        """The expression's name, which `topic` and `name` are, its side and manner, as in `key`."""
        manner = f"{MANNER}{self.manner}" if self.manner else ""
        return ":".join(filter(None, (self.expression, self.side, manner)))

    @property
    def topic(self) -> str:
        """See `Term.topic`."""
        return self.expression

    @property
    def key(self) -> str:
        """See `Term.key`."""
        return self.text


def parse_expression(text: str) -> Expression:
    """Read ``NAME`` or ``NAME:STRENGTH``, with ``:SIDE`` and ``:mannerN`` behind the name.

    Raises:
        UsageError: it is malformed, unknown or out of range.
    """
    name, colon, strength = (part.strip().lower() for part in text.partition(":"))
    first, more, rest = (part.strip() for part in strength.partition(":"))
    while first in SIDES or re.fullmatch(f"{MANNER}[0-9]{{1,3}}", first):
        name, colon, strength = f"{name}:{first}", more, rest
        first, more, rest = (part.strip() for part in strength.partition(":"))
    if not name:
        raise UsageError(f"cannot read the target {quoted(text)}; write NAME or NAME:STRENGTH")
    if not colon:
        return named_expression(name)
    if not NUMBER.fullmatch(strength):
        known = named_expression(name).text
        said = f"is {quoted(strength)}" if strength else "is missing"
        raise UsageError(
            f"the strength of {known} {said}; "
            f"write {known}, or a number from 0 to {MAX_STRENGTH:g} such as {known}:0.6"
        )
    return named_expression(name, float(strength))


def named_expression(name: str, strength: object = 1.0) -> Expression:
    """Return an expression that a user named, with its side and manner, by its own name.

    Raises:
        UsageError: the name is unknown, or the strength is no number or out of range.
    """
    name, *more = (part.strip() for part in name.lower().split(":"))
    manner = 0
    if more and (match := re.fullmatch(f"{MANNER}([0-9]{{1,3}})", more[-1])):
        manner = int(match[1])
        more.pop()
    name = SYNONYMS.get(name, name)
    strength = as_number(strength, f"the strength of {quoted(name)}")
    return Expression(name, strength, ":".join(more), manner)
