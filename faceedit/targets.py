"""The vocabulary of edits and its text form: ``happy``, ``happy:0.6``."""

import re
from dataclasses import dataclass

from faceedit.errors import UsageError

EXPRESSIONS = (
    "neutral", "happy", "sad", "angry", "surprised", "disgusted", "afraid", "contemptuous",
)  # fmt: skip
MAX_STRENGTH = 1.5
ACTION_UNITS = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45)
"""Of FACS, in the order of every vector of intensities (EGGAN's seventeen)."""
ATTRIBUTES = (
    "bald", "bangs", "black_hair", "blond_hair", "brown_hair", "bushy_eyebrows", "eyeglasses",
    "male", "mouth_slightly_open", "moustache", "beard", "pale_skin", "young",
)  # fmt: skip
"""SeCGAN's thirteen, in CelebA's order and sense; ``beard`` is the opposite of its No_Beard."""

_TERM = re.compile(r"(?P<name>[a-z]+)(?::(?P<strength>-?(?:\d+(?:\.\d*)?|\.\d+)))?")


@dataclass(frozen=True)
class Expression:
    """A named expression at a strength.

    Attributes:
        name: one of `EXPRESSIONS`.
        strength: 0 (no edit) to `MAX_STRENGTH`; 1 is what people call that expression.
    """

    name: str
    strength: float = 1.0

    def __post_init__(self):
        if self.name not in EXPRESSIONS:
            raise UsageError(f"unknown expression {self.name!r}; known: {', '.join(EXPRESSIONS)}")
        if not 0.0 <= self.strength <= MAX_STRENGTH:
            raise UsageError(
                f"strength {self.strength:g} of {self.name!r} is not within 0..{MAX_STRENGTH:g}"
            )

    def __str__(self) -> str:
        """Return the text form that `parse_target` reads."""
        return self.name if self.strength == 1.0 else f"{self.name}:{self.strength:g}"


@dataclass(frozen=True)
class Target:
    """What a face is asked to show: one expression or a blend of several."""

    expressions: tuple[Expression, ...]

    def __post_init__(self):
        names = [e.name for e in self.expressions]
        if not names:
            raise UsageError("no target was given; for example: --target happy")
        if len(set(names)) != len(names):
            raise UsageError(f"a target is named twice: {', '.join(names)}")

    def scaled(self, intensity: float) -> "Target":
        """Return the target with every strength times `intensity` (0 to `MAX_STRENGTH`)."""
        return Target(tuple(Expression(e.name, e.strength * intensity) for e in self.expressions))

    def __str__(self) -> str:
        """Return the text form, for example ``happy:0.6+surprised:0.3``."""
        return "+".join(str(e) for e in self.expressions)


def parse_target(terms: list[str]) -> Target:
    """Read the text form of a target.

    Args:
        terms: one string per expression, ``NAME`` or ``NAME:STRENGTH``.

    Raises:
        UsageError: a term is malformed, unknown, out of range or repeated.
    """
    expressions = []
    for term in terms:
        match = _TERM.fullmatch(term.strip().lower())
        if match is None:
            raise UsageError(f"cannot read target {term!r}; write NAME or NAME:STRENGTH")
        expressions.append(Expression(match["name"], float(match["strength"] or 1.0)))
    return Target(tuple(expressions))
