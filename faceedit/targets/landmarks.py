"""Landmarks that a face is to have: given as an array from Python, which no text holds."""

import hashlib
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from faceedit.errors import UsageError
from faceedit.targets.term import Part, Term

COUNT = 478
FARTHEST = 1e5
"""Pixels beyond which no landmark of a photo lies."""
_ARRAY = (
    f"landmarks are an array of {COUNT} points, x and y in pixels of the upright photo, as "
    "faceedit.analyze(photo)[0].face.landmarks gives them"
)


@dataclass(frozen=True)
class Landmarks(Term):
    """Where the points of one face's mesh are to be.

    Attributes:
        points: 478 of x, y in pixels of the upright photo.
        strength: share of the way there.

    Raises:
        UsageError: another number of points, or one that no photo has.
    """

    part: ClassVar[Part] = Part.LANDMARKS
    points: tuple[tuple[float, float], ...]
    strength: float = 1.0

    def __post_init__(self):
        if len(self.points) != COUNT or not all(
            len(point) == 2 and all(-FARTHEST < one < FARTHEST for one in point)
            for point in self.points
        ):
            raise UsageError(_ARRAY)
        super().__post_init__()

    @classmethod
    def of(cls, points: Any, strength: float = 1.0) -> Self:
        """Return the term of an array.

        Args:
            points: (478, 2 or 3) numbers; depths are not looked at.
            strength: share of the way there.

        Raises:
            UsageError: it is none.
        """
        try:
            rows = [tuple(float(one) for one in row) for row in points]
        except (TypeError, ValueError) as error:
            raise UsageError(_ARRAY) from error
        if any(len(row) not in (2, 3) for row in rows):
            raise UsageError(_ARRAY)
        return cls(tuple((row[0], row[1]) for row in rows), strength)

    @property
    def text(self) -> str:
        """See `Term.text`: the begin of the points' hash."""
        return hashlib.sha256(repr(self.points).encode()).hexdigest()[:12]

    @property
    def topic(self) -> str:
        """See `Term.topic`."""
        return str(self.part)


def parse_landmarks(text: str) -> list[Landmarks]:
    """Refuse a text.

    Raises:
        UsageError: always.
    """
    raise UsageError(f"{_ARRAY}; give it to faceedit.edit as the target")
