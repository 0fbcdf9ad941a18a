"""The nouns of evaluation: what was asked for, the pictures, and which is an edit of which."""

from dataclasses import dataclass, field, fields, replace
from typing import Self

import numpy as np

from faceedit.errors import UsageError
from faceedit.faces.align import Crop
from faceedit.targets import ACTION_UNITS, ATTRIBUTES, Expression, Target

SIZE = 256
"""Side in pixels of the crops that are looked at."""
NONE = -1
"""Of a picture that is not there."""


@dataclass(frozen=True)
class Asked:
    """What an edit was to show, as far as recognisers can check it.

    Attributes:
        target: None where it is not known.
    """

    target: Target | None = None

    @property
    def text(self) -> str:
        """What groups it in reports."""
        return "any" if self.target is None else str(self.target)

    @property
    def expression(self) -> str:
        """The one that was asked for; "" for blends and where none was."""
        return self._shown[0].name if len(self._shown) == 1 else ""

    @property
    def full(self) -> bool:
        """Whether it is as strong as the plain name, neither weaker nor stronger."""
        if self.target is None or not self.target.expressions:
            return True
        strengths = [one.strength for one in self._shown]
        return len(strengths) > 1 or strengths == [1.0]

    @property
    def action_units(self) -> tuple[float, ...] | None:
        """(17,) intensities in the order of `targets.ACTION_UNITS`, 0 for others; None for none."""
        if self.target is None or not self.target.units:
            return None
        asked = {one.unit: one.intensity for one in self.target.units if not one.relative}
        return tuple(asked.get(unit, 0.0) for unit in ACTION_UNITS)

    @property
    def attributes(self) -> tuple[float, ...] | None:
        """(13,) of `targets.ATTRIBUTES`: 1 to be there, 0 to be gone, NaN not asked; or None."""
        if self.target is None or not self.target.attributes:
            return None
        asked = {one.attribute: float(one.on) for one in self.target.attributes}
        return tuple(asked.get(name, np.nan) for name in ATTRIBUTES)

    @property
    def _shown(self) -> tuple[Expression, ...]:
        expressions = () if self.target is None else self.target.expressions
        return tuple(one for one in expressions if one.strength > 0)


@dataclass(frozen=True, eq=False)
class Pictures:
    """Aligned crops of faces, each looked at once whatever it is compared with.

    Attributes:
        crops: (M, SIZE, SIZE, 3) uint8 RGB.
        landmarks: (M, 478, 3) float32 in crop pixels; NaN where no face was found.
        people: (M,) whose face it is.
        expressions: (M,) the label of a real photo, clearly shown; "" of all else.
    """

    crops: np.ndarray
    landmarks: np.ndarray
    people: np.ndarray
    expressions: np.ndarray


@dataclass(frozen=True, eq=False)
class Edits:
    """N edits of faces.

    Attributes:
        pictures: all that they refer to.
        names: (N,) the photo, with the number of the face where it is not the first.
        asked: what was asked for, each once.
        which: (N,) int, in `asked`.
        before: (N,) int in `pictures`, the input.
        after: (N,) int, the result in the frame of the input's crop.
        real: (N,) int, a real photo of the same person as asked, in its own frame; or NONE.
        sharpness: (N,) gradient in the mask over that of the input, at the photo's own size.
        changed_outside: (N,) pixels outside all masks of the photo that changed.
        seconds: (N,) for the whole photo; NaN where the edits were made elsewhere.
        rival: (N,) bool, of the set that is compared against.
    """

    pictures: Pictures
    names: np.ndarray
    asked: tuple[Asked, ...]
    which: np.ndarray
    before: np.ndarray
    after: np.ndarray
    real: np.ndarray
    sharpness: np.ndarray
    changed_outside: np.ndarray
    seconds: np.ndarray
    rival: np.ndarray

    def __len__(self) -> int:
        """How many edits."""
        return len(self.names)

    @property
    def people(self) -> np.ndarray:
        """(N,) whose face each edit changes."""
        return self.pictures.people[self.before]

    def take(self, index: np.ndarray) -> Self:
        """Return the edits at `index`, with the same pictures."""
        whole = ("pictures", "asked")
        columns = [column.name for column in fields(self) if column.name not in whole]
        return replace(self, **{name: getattr(self, name)[index] for name in columns})

    def copied(self) -> Self:
        """Return what edits would be that change nothing: the least that a method must beat."""
        same, none = np.ones(len(self)), np.zeros(len(self))
        return replace(
            self,
            after=self.before,
            sharpness=np.where(np.isnan(self.sharpness), np.nan, same),
            changed_outside=np.where(np.isnan(self.changed_outside), np.nan, none),
            seconds=np.full(len(self), np.nan),
        )


@dataclass
class Album:
    """Collects pictures and edits one by one."""

    crops: list[np.ndarray] = field(default_factory=list)
    landmarks: list[np.ndarray] = field(default_factory=list)
    people: list[str] = field(default_factory=list)
    expressions: list[str] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    rows: list[tuple] = field(default_factory=list)

    def add_picture(
        self, crop: Crop, person: str, expression: str = "", landmarks: np.ndarray | None = None
    ) -> int:
        """Keep a crop and return its number; `landmarks` replace the crop's own."""
        self.crops.append(crop.to_bytes())
        self.landmarks.append(crop.landmarks if landmarks is None else landmarks)
        self.people.append(person)
        self.expressions.append(expression)
        return len(self.crops) - 1

    def add_edit(
        self,
        name: str,
        asked: Asked,
        before: int,
        after: int,
        *,
        sharpness: float = np.nan,
        changed_outside: float = np.nan,
        seconds: float = np.nan,
        rival: bool = False,
    ) -> None:
        """Keep an edit; arguments as in `Edits`."""
        if asked not in self.asked:
            self.asked.append(asked)
        which = self.asked.index(asked)
        self.rows.append((name, which, before, after, sharpness, changed_outside, seconds, rival))

    def close(self) -> Edits:
        """Return all edits; each one's real photo is that of the same person, where there is one.

        Raises:
            UsageError: there are none.
        """
        if not self.rows:
            raise UsageError("there is no edited face to measure")
        pictures = Pictures(
            np.stack(self.crops),
            np.stack(self.landmarks).astype(np.float32),
            np.array(self.people, object),
            np.array(self.expressions, object),
        )
        photos = {
            (p, e): i for i, (p, e) in enumerate(zip(self.people, self.expressions, strict=True))
        }
        columns = list(zip(*self.rows, strict=True))
        real = [
            photos.get((self.people[before], self.asked[which].expression), NONE)
            if self.asked[which].full and self.asked[which].expression
            else NONE
            for which, before in zip(columns[1], columns[2], strict=True)
        ]
        return Edits(
            pictures,
            np.array(columns[0], object),
            tuple(self.asked),
            *(np.array(column, np.int64) for column in (*columns[1:4], real)),
            *(np.array(column, np.float64) for column in columns[4:7]),
            rival=np.array(columns[7], bool),
        )
