"""Another face's expression, pose or light: ``photo.jpg``, or its second face, ``photo.jpg#2``."""

import re
from dataclasses import dataclass
from typing import ClassVar

from faceedit.errors import UsageError
from faceedit.targets.term import Part, Term

_FACE = re.compile(r"(?P<path>.+)#(?P<face>[1-9]\d{0,3})", re.ASCII | re.DOTALL)


@dataclass(frozen=True)
class Like(Term):
    """A face whose expression others are to have; `editing.reference` reads its action units.

    Attributes:
        path: of the photo.
        face: which of its faces, 1 being the largest.
        strength: share of the way.

    Raises:
        UsageError: no path, or a strength out of range.
    """

    part: ClassVar[Part] = Part.LIKE
    path: str
    face: int = 1
    strength: float = 1.0

    def __post_init__(self):
        if not self.path or self.face < 1:
            raise UsageError("name the photo of a face, and its face from 1 on")
        super().__post_init__()

    @property
    def text(self) -> str:
        """See `Term.text`."""
        return self.path if self.face == 1 else f"{self.path}#{self.face}"

    @property
    def topic(self) -> str:
        """See `Term.topic`."""
        return str(self.part)


@dataclass(frozen=True)
class RelightLike(Like):
    """A face in whose light others are to stand; `editing.reference` reads the light."""

    part: ClassVar[Part] = Part.RELIGHT


@dataclass(frozen=True)
class LandmarksLike(Like):
    """A face whose pose and expression others are to have, each keeping its own shape."""

    part: ClassVar[Part] = Part.LANDMARKS_LIKE


def parse_like(text: str) -> list[Like]:
    """Read ``PATH`` or ``PATH#FACE``.

    Raises:
        UsageError: no path.

    >>> parse_like("party.jpg#2")
    [Like(path='party.jpg', face=2, strength=1.0)]
    """
    match = _FACE.fullmatch(text)
    return [Like(match["path"], int(match["face"])) if match else Like(text)]


def parse_relight(text: str) -> list[RelightLike]:
    """Read ``PATH`` or ``PATH#FACE`` of a face whose light is wanted.

    Raises:
        UsageError: no path.
    """
    return [RelightLike(like.path, like.face) for like in parse_like(text)]


def parse_landmarks_like(text: str) -> list[LandmarksLike]:
    """Read ``PATH`` or ``PATH#FACE`` of a face whose pose and expression are wanted.

    Raises:
        UsageError: no path.
    """
    return [LandmarksLike(like.path, like.face) for like in parse_like(text)]
