"""The nouns of evaluation: what was asked for, the pictures, and which is an edit of which."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Self

import numpy as np

from faceedit.errors import UsageError
from faceedit.faces.align import Crop
from faceedit.targets import Target, parse_attributes, parse_units

SIZE = 256
"""Side in pixels of the crops that are looked at."""
NONE = -1
"""Of a picture that is not there."""


@dataclass(frozen=True)
class Asked:
    """What an edit was to show, as far as recognisers can check it.

    Attributes:
        text: as the user wrote it; names the group in reports.
        expression: the one that was asked for; "" for blends and where none was.
        strength: of it.
        action_units: (17,) intensities in the order of `targets.ACTION_UNITS`, or None.
        attributes: (13,) 1 to be there, 0 to be gone, NaN not asked for, in the order of
            `targets.ATTRIBUTES`; None where none was.
    """

    text: str = "any"
    expression: str = ""
    strength: float = 1.0
    action_units: tuple[float, ...] | None = None
    attributes: tuple[float, ...] | None = None

    @property
    def full(self) -> bool:
        """Whether this is no weaker and no stronger than the plain name."""
        return self.strength == 1.0


def asked_for(target: Target) -> Asked:
    """Return what a target asks for."""
    shown = [one for one in target.expressions if one.strength > 0]
    if len(shown) != 1:
        return Asked(str(target), strength=0.0 if not shown else 1.0)
    return Asked(str(target), shown[0].name, shown[0].strength)


def ask_pictures(
    target: Target | None, action_units: str | None, attributes: Sequence[str] | None
) -> Asked:
    """Return what pictures that were edited elsewhere should show; all parts may be left out.

    Raises:
        UsageError: as `parse_units` and `parse_attributes` do.
    """
    asked = asked_for(target) if target else Asked()
    terms = [str(target)] if target else []
    if action_units:
        asked = replace(asked, action_units=parse_units(action_units))
        terms.append(f"AU {action_units}")
    if attributes:
        asked = replace(asked, attributes=parse_attributes(attributes))
        terms += attributes
    return replace(asked, text=" ".join(terms)) if terms else asked


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
