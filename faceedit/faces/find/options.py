"""What counts as a face to find."""

import math
from dataclasses import dataclass
from typing import Literal

from faceedit.errors import UsageError


@dataclass(frozen=True)
class FindOptions:
    """What counts as a face to find.

    Attributes:
        faces: ``"all"``, ``"largest"``, or the largest so many.
        min_face: least longer side of a face's box (`Face.box`) in pixels.
        search: how far to go after small faces. ``"auto"`` looks ever closer while nothing is found
            or faces were found that are hardly larger than what could be seen so far; so a portrait
            (its face three tenths of the photo's longer side or more) needs one look, and a group
            many. ``"thorough"`` goes down to ``min_face`` always, ``"fast"`` looks at no tiles.
        presence: least confidence of the mesh network.

    Raises:
        UsageError: a value without a meaning.
    """

    faces: Literal["all", "largest"] | int = "all"
    min_face: float = 32.0
    search: Literal["auto", "fast", "thorough"] = "auto"
    presence: float = 0.5

    def __post_init__(self) -> None:
        if self.faces not in ("all", "largest") and not (
            isinstance(self.faces, int) and self.faces > 0
        ):
            raise UsageError(f"faces must be all, largest or a number above 0, not {self.faces!r}")
        if not 0 <= self.min_face < math.inf:
            raise UsageError(f"min_face must be 0 pixels or more, not {self.min_face}")

    @property
    def limit(self) -> int | None:
        """Most faces to return; None for all."""
        if isinstance(self.faces, int):
            return self.faces
        return 1 if self.faces == "largest" else None
