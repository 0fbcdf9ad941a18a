"""A labelled collection: its photos, where they belong, and all that is said of them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from faceedit.datasets.labelled import expression_of
from faceedit.errors import UsageError


@dataclass(frozen=True, eq=False)
class Original:
    """A photo of a collection.

    Attributes:
        path: of its file.
        place: its path below the collection's folder, with ``/``.
        label: its class, as the collection spells it; "" where unknown.
        expression: one of `targets.EXPRESSIONS` that the label means, or "".
        person: the same for all photos of one person; the place where that is unknown.
        split: "" where there are none.
        class_part: which folder of the place is that of its class, counted from 0; None without.
        columns: all else that the collection says of it, by name.
    """

    path: Path
    place: str
    label: str
    expression: str
    person: str
    split: str
    class_part: int | None
    columns: Mapping[str, str]


@dataclass(frozen=True)
class Collection:
    """The photos of a collection.

    Attributes:
        root: the folder that places are relative to.
        originals: sorted by place, at least one.
        columns: names of what is said of photos beside file, label, person and split.
        missing: files that a table lists and that are not there.
        is_folder: it was given as a folder, and all that lies in it may be taken for a part of it.
    """

    root: Path
    originals: tuple[Original, ...]
    columns: tuple[str, ...] = ()
    missing: tuple[Path, ...] = ()
    is_folder: bool = False

    @property
    def splits(self) -> tuple[str, ...]:
        """All splits, sorted."""
        return tuple(sorted({one.split for one in self.originals}))

    @cached_property
    def spellings(self) -> Mapping[str, tuple[str, str]]:
        """Label and folder of each expression, as most photos have them."""
        labels: dict[str, Counter[str]] = {}
        folders: dict[str, Counter[str]] = {}
        for one in self.originals:
            labels.setdefault(one.expression, Counter())[one.label] += 1
            if one.class_part is not None:
                folder = PurePosixPath(one.place).parts[one.class_part]
                folders.setdefault(one.expression, Counter())[folder] += 1
        return {
            name: (_most(labels[name]), _most(folders.get(name, labels[name])))
            for name in labels
            if name
        }

    def spelled(self, expression: str) -> tuple[str, str]:
        """Return label and folder of an expression; its own name where no photo shows it."""
        return self.spellings.get(expression, (expression, expression))


def collection_of(
    root: Path,
    originals: Iterable[Original],
    columns: Sequence[str] = (),
    missing: Sequence[Path] = (),
) -> Collection:
    """Return the collection of photos in any order."""
    by_place = sorted(originals, key=lambda one: PurePosixPath(one.place).parts)
    return Collection(root, tuple(by_place), tuple(columns), tuple(missing))


def class_part_of(place: str, label: str, expression: str) -> int | None:
    """Return which folder of a place is named like the photo's class, the innermost first."""
    folders = PurePosixPath(place).parts[:-1]
    for part in reversed(range(len(folders))):
        name = folders[part]
        if label and name.lower() == label.lower():
            return part
        if expression and expression_of(name) == expression:
            return part
    return None


def check_people(originals: Sequence[Original]) -> None:
    """Refuse a person in two splits: what is made of one photo would be known in the other.

    Raises:
        UsageError: it names the person.
    """
    first: dict[str, Original] = {}
    for one in originals:
        other = first.setdefault(one.person, one)
        if other.split != one.split:
            raise UsageError(
                f"person {one.person} is in two splits: {other.split or 'none'} ({other.place}) "
                f"and {one.split or 'none'} ({one.place})"
            )


def _most(names: Counter[str]) -> str:
    return min(names, key=lambda name: (-names[name], name))
