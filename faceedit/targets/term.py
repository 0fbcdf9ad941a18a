"""What all terms of a target share: a text, a strength, and the part of an edit they belong to."""

import math
import re
from dataclasses import replace
from enum import StrEnum
from numbers import Real
from typing import Any, ClassVar, Self, cast

from faceedit.errors import UsageError
from faceedit.names import quoted

MAX_STRENGTH = 1.5
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII)


class Part(StrEnum):
    """The parts of a target. Their order is the order in which an edit makes them.

    The value is the word before ``=`` in the text form; expressions go without one.
    """

    TURN = "turn"
    LANDMARKS = "landmarks"
    EXPRESSION = "expression"
    UNITS = "au"
    ATTRIBUTES = "attr"
    LIGHT = "light"
    LIKE = "like"
    RELIGHT = "relight-like"
    LANDMARKS_LIKE = "landmarks-like"


class Term:
    """One thing that a target asks for. Each kind of term is a frozen dataclass of its own.

    Attributes:
        part: which part of an edit this is.
        strength: 0 (no edit) to `MAX_STRENGTH`; 1 is what the words say.

    Raises:
        UsageError: a strength out of range.
    """

    part: ClassVar[Part]
    strength: float

    def __post_init__(self):
        if not 0.0 <= self.strength <= MAX_STRENGTH:
            raise UsageError(
                f"the strength of {self.text} is {self.strength:g}; "
                f"write a number from 0 to {MAX_STRENGTH:g}, such as {self.text}:0.6"
            )

    @property
    def text(self) -> str:
        """The term without its part's word and its strength, such as ``12=3.5``."""
        raise NotImplementedError

    @property
    def topic(self) -> str:
        """What a target may name once only, such as ``au=12``."""
        raise NotImplementedError

    @property
    def name(self) -> str:
        """What a method has to serve, such as ``light=left``; the topic unless said otherwise."""
        return self.topic

    @property
    def changes(self) -> bool:
        """Whether the term asks for a change at all."""
        return self.strength > 0

    @property
    def key(self) -> str:
        """The term's key in JSON, beside which stands its strength, such as ``au=12=3.5``."""
        return f"{self.part}={self.text}"

    def scaled(self, by: float) -> Self:
        """Return the term with its strength times `by`.

        Raises:
            UsageError: the strength becomes too large.
        """
        if self.strength * by > MAX_STRENGTH:
            raise UsageError(
                f"{self} times an intensity of {by:g} is {self.strength * by:g}; "
                f"strengths go up to {MAX_STRENGTH:g}"
            )
        return cast(Self, replace(cast(Any, self), strength=self.strength * by))

    def __str__(self) -> str:
        """Return the text form, without the part's word."""
        return self.text if self.strength == 1.0 else f"{self.text}:{self.strength:g}"


def as_number(value: object, what: str, limits: tuple[float, float] = (0, MAX_STRENGTH)) -> float:
    """Return a number as float.

    Raises:
        UsageError: it is no number; bool and text are none.
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        low, high = limits
        raise UsageError(f"{what} is {type_of(value)}; write a number from {low:g} to {high:g}")
    try:
        return float(value) + 0.0  # of -0, too, 0
    except OverflowError:
        return math.inf


def read_number(text: str, what: str, low: float, high: float) -> float:
    """Read a number.

    Raises:
        UsageError: it is none, or out of range.
    """
    value = float(text) if NUMBER.fullmatch(text.strip()) else math.nan
    if not low <= value <= high:
        raise UsageError(
            f"{what} is {quoted(text.strip())}; write a number from {low:g} to {high:g}"
        )
    return value + 0.0


def split_strength(text: str, example: str) -> tuple[str, float]:
    """Split ``TERM:STRENGTH``; without a strength it is 1.

    Raises:
        UsageError: what stands behind the colon is no number.
    """
    term, colon, strength = (part.strip() for part in text.partition(":"))
    if not colon:
        return term, 1.0
    if not NUMBER.fullmatch(strength):
        said = f"is {quoted(strength)}" if strength else "is missing"
        raise UsageError(
            f"the strength of {quoted(term)} {said}; "
            f"write a number from 0 to {MAX_STRENGTH:g}, such as {example}"
        )
    return term, float(strength) + 0.0


def type_of(value: object) -> str:
    """Say what kind of thing a user gave."""
    return quoted(value) if isinstance(value, str) else f"of type {type(value).__name__}"
