"""The plan of an augmentation: which pictures are made of which photos.

What a picture shows follows from the seed, its photo's place and its class alone. Which classes a
photo gives pictures to depends on the other photos as well, as far as some have to be chosen.
"""

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import PurePosixPath
from typing import Any

from faceedit.augmentation.collection import Collection, Original
from faceedit.augmentation.draw import share
from faceedit.augmentation.recipe import Drawn, Recipe
from faceedit.photos import fit_name
from faceedit.targets import Target


@dataclass(frozen=True, eq=False)
class Made:
    """A picture that is to be made.

    Attributes:
        source: the photo that it is made of, whose person and split it has.
        target: what the photo's face is to show.
        label: of the picture, as the collection spells it.
        expression: one of `targets.EXPRESSIONS`, or "".
        place: its path below the output folder, with ``/``.
    """

    source: Original
    target: Target
    label: str
    expression: str
    place: str


@dataclass(frozen=True)
class Plan:
    """What is to be made.

    Attributes:
        made: sorted by their photos' places.
        short: how many pictures cannot be made since there are too few photos, by expression and
            split.
    """

    made: tuple[Made, ...]
    short: dict[tuple[str, str], int]


def plan_pictures(collection: Collection, recipe: Recipe) -> Plan:
    """Say what is to be made of a collection.

    Expressions are made in each split until all classes have as many pictures as the largest, or as
    many as the recipe says. They are made of neutral photos first, then of others, of each person
    as often as of any other, and of no photo a second time before all have had their turn. Without
    expressions each photo gets its pictures in other lights.
    """
    short: dict[tuple[str, str], int] = {}
    made: list[Made] = []
    for split in collection.splits:
        if recipe.splits is None or split in recipe.splits:
            own = [one for one in collection.originals if one.split == split]
            if recipe.classes:
                lacking = _lacking(own, recipe)
                for one, expression, number in _balance(own, lacking, recipe):
                    made.append(_made(collection, recipe, one, expression, number))
                short |= {(name, split): left for name, left in lacking.items() if left}
            else:
                most = recipe.per_photo or 1
                numbers = range(most if recipe.variants is None else min(most, recipe.variants))
                made += [_made(collection, recipe, one, "", n) for one in own for n in numbers]
    made.sort(key=lambda one: (PurePosixPath(one.source.place).parts, one.place))
    return Plan(tuple(made), short)


def _lacking(originals: Sequence[Original], recipe: Recipe) -> dict[str, int]:
    """Return how many pictures of each class are missing."""
    shown = Counter(one.expression for one in originals if one.expression)
    wanted = recipe.per_class or max(shown.values(), default=0)
    return {name: max(0, wanted - shown[name]) for name in recipe.classes}


class _Uses:
    """How many pictures were made of each photo and of each person, of whatever class."""

    def __init__(self, limit: int | None):
        self.photos: Counter[str] = Counter()
        self.people: Counter[str] = Counter()
        self._limit = limit

    def has_room(self, one: Original) -> bool:
        """Whether one more may be made of a photo."""
        return self._limit is None or self.photos[one.place] < self._limit

    def add(self, one: Original) -> None:
        """Count one more."""
        self.photos[one.place] += 1
        self.people[one.person] += 1


def _balance(
    originals: Sequence[Original], lacking: dict[str, int], recipe: Recipe
) -> Iterator[tuple[Original, str, int]]:
    """Yield photos and what is made of them.

    The class that lacks most goes first, since it has the least choice. Where photos may be taken
    only so often, classes take turns, so that all of them come equally near.

    Args:
        originals: of one split.
        lacking: pictures of each class. What is yielded is taken off.
        recipe: says how often a photo may be taken.

    Yields:
        A photo, an expression, and how many of it were made of this photo before.
    """
    uses = _Uses(recipe.per_photo)
    first = lacking if recipe.per_photo is not None else dict(lacking)
    coming = {name: _turns(originals, name, uses, recipe) for name in lacking}
    while coming:
        name = max(coming, key=lambda one: first[one])
        turn = next(coming[name], None) if lacking[name] else None
        if turn is None:
            del coming[name]
            continue
        lacking[name] -= 1
        yield turn[0], name, turn[1]


def _turns(
    originals: Sequence[Original], expression: str, uses: _Uses, recipe: Recipe
) -> Iterator[tuple[Original, int]]:
    """Yield the photos of which an expression is to be made, and their numbers, best first."""
    others = [one for one in originals if one.expression != expression]
    given: Counter[str] = Counter()
    for number in count() if recipe.variants is None else range(recipe.variants):
        before = given.total()
        for is_neutral in (True, False):
            some = [one for one in others if (one.expression == "neutral") == is_neutral]
            for one in _in_turn(some, expression, given, uses, recipe.seed):
                yield one, number
        if given.total() == before:
            return


def _in_turn(
    originals: Sequence[Original], expression: str, given: Counter[str], uses: _Uses, seed: int
) -> Iterator[Original]:
    """Yield each photo once if there is room, of the person first of whom the least was made.

    Args:
        originals: that may be taken.
        expression: that is made.
        given: pictures of this expression by person; it is kept here.
        uses: all pictures; likewise.
        seed: decides between equals.
    """
    named = {one.place: one for one in originals}
    photos: dict[str, _Queue] = {}
    for place, one in named.items():
        drawn = share(seed, expression, place)
        photos.setdefault(one.person, _Queue(uses.photos.__getitem__)).push(drawn, place)
    people = _Queue(lambda name: (given[name], uses.people[name]))
    for name in photos:
        people.push(share(seed, expression, "person", name), name)
    while (person := people.pop()) is not None:
        while (photo := photos[person[1]].pop()) is not None:
            one = named[photo[1]]
            if uses.has_room(one):
                uses.add(one)
                given[one.person] += 1
                people.push(*person)
                yield one
                break


class _Queue:
    """Names, the one with the least key first, whose keys may have grown since they were added.

    Args:
        key: of a name, as it is now.
    """

    def __init__(self, key: Callable[[str], Any]):
        self._key = key
        self._heap: list[tuple[Any, float, str]] = []

    def push(self, drawn: float, name: str) -> None:
        """Add a name; the number decides between equal keys."""
        heapq.heappush(self._heap, (self._key(name), drawn, name))

    def pop(self) -> tuple[float, str] | None:
        """Take the first name out, with its number; None where there is none."""
        while self._heap:
            key, drawn, name = heapq.heappop(self._heap)
            if key == self._key(name):
                return drawn, name
            self.push(drawn, name)
        return None


def _made(
    collection: Collection, recipe: Recipe, source: Original, expression: str, number: int
) -> Made:
    drawn = recipe.draw(source.place, expression, number)
    label, folder = source.label, ""
    if expression:
        label, folder = collection.spelled(expression)
    place = _place(source, folder, drawn)
    return Made(source, drawn.target, label, expression or source.expression, place)


def _place(source: Original, folder: str, drawn: Drawn) -> str:
    """Return where a picture goes: beside its photo, or into the folder of its class."""
    place = PurePosixPath(source.place)
    folders = list(place.parts[:-1])
    if folder and source.class_part is not None:
        folders[source.class_part] = folder
    ending = "-".join(["", *(term.text for term in drawn.target.terms), drawn.name])
    return PurePosixPath(*folders, fit_name(place.stem, ending + place.suffix)).as_posix()
