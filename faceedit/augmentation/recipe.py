"""What is to be made of a collection, as far as that can be said before its photos are known."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from faceedit.augmentation.collection import Collection
from faceedit.augmentation.draw import digest, share, shuffled
from faceedit.datasets.labelled import expression_of
from faceedit.errors import UsageError
from faceedit.limits import COUNT, SEED, check
from faceedit.methods.catalogue import served_names
from faceedit.names import unknown
from faceedit.targets import MAX_STRENGTH, Expression, LightChange, Part, Target, Term, Turn
from faceedit.targets.light import RANDOM
from faceedit.targets.term import read_number
from faceedit.targets.turn import YAW

ALL = "all"
DIGITS = 3
"""Of a strength that is drawn."""
RANDOM_YAW = (-15.0, 15.0)
"""Degrees of ``random`` turns: as far as they hold."""
YAW_DIGITS = 1
"""Of an angle that is drawn."""
DIGEST = 8
"""Hexadecimal digits in the name of a made picture, which tell apart what has one stem."""
NOTHING = "nothing would be made: say --balance expression, --light or --turn, or several of them"
"""Said where nothing is asked for."""


class Drawn(NamedTuple):
    """What was drawn for a picture.

    Attributes:
        target: what it is to show.
        name: digits that no other picture of the same photo has.
    """

    target: Target
    name: str


@dataclass(frozen=True)
class Recipe:
    """What is to be made.

    Attributes:
        seed: of all that is drawn.
        classes: expressions that are made until all are shown equally often; empty makes none.
        per_class: until each is shown so often; None takes the most that one of them is.
        lights: of which each picture gets one; empty leaves the light as it is.
        yaw: degrees by which heads turn at least and at most, between which each picture's turn is
            drawn; None turns none.
        strength: least and most of expressions and lights, between which it is drawn.
        per_photo: pictures made of one photo at most; None sets no limit for expressions, and makes
            one picture in another light or turned.
        splits: in which pictures are made; None takes all.

    Raises:
        UsageError: nothing is to be made, or a number is out of range.
    """

    seed: int = 0
    classes: tuple[str, ...] = ()
    per_class: int | None = None
    lights: tuple[str, ...] = ()
    yaw: tuple[float, float] | None = None
    strength: tuple[float, float] = (1.0, 1.0)
    per_photo: int | None = None
    splits: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if not self.classes and not self.lights and self.yaw is None:
            raise UsageError(NOTHING)
        if not 0 <= self.seed <= SEED:
            raise UsageError(f"the seed is {self.seed}; write a number from 0 to {SEED}")
        check("pictures of a photo", self.per_photo, COUNT)
        check("pictures of a class", self.per_class, COUNT)

    @property
    def variants(self) -> int | None:
        """How many different pictures of one class can be made of a photo; None for any number."""
        low, high = self.strength
        if low < high or self.yaw is not None:
            return None
        return max(1, len(self.lights))

    def draw(self, place: str, expression: str, number: int) -> Drawn:
        """Draw what a picture is to show.

        Args:
            place: of the photo.
            expression: that is made; "" leaves the photo's own.
            number: of pictures of this photo and expression, from 0 on.
        """
        light, again = "", number
        if self.lights:
            lights = shuffled(self.lights, self.seed, "light", place, expression)
            light, again = lights[number % len(lights)], number // len(lights)
        key = (place, expression, light, again)
        terms: list[Term] = []
        if self.yaw is not None:
            drawn = _between(self.yaw, YAW_DIGITS, self.seed, "yaw", *key)
            # No turn at all would make no picture.
            terms.append(Turn(yaw=drawn or self.yaw[1] or self.yaw[0]))
        if expression:
            terms.append(Expression(expression, self._strength("of the expression", *key)))
        if light:
            terms.append(LightChange(light, self._strength("of the light", *key)))
        return Drawn(Target(tuple(terms)), digest(*key).hex()[:DIGEST])

    def _strength(self, *words: object) -> float:
        return _between(self.strength, DIGITS, self.seed, *words)

    @property
    def settings(self) -> dict[str, Any]:
        """What the manifest says of it."""
        low, high = self.strength
        return {
            "seed": self.seed,
            "classes": ",".join(self.classes) or None,
            "per_class": self.per_class,
            "light": ",".join(self.lights) or None,
            **({} if self.yaw is None else {"turn": "{:g}:{:g}".format(*self.yaw)}),
            "strength": f"{low:g}" if low == high else f"{low:g}:{high:g}",
            "per_photo": self.per_photo,
            "splits": None if self.splits is None else ",".join(self.splits),
        }


def _between(limits: tuple[float, float], digits: int, seed: int, *words: object) -> float:
    """Return a number between two, drawn for words and rounded."""
    low, high = limits
    drawn = round(low + (high - low) * share(seed, *words), digits)
    return min(max(drawn, low), high)


def parse_yaw(text: str | None) -> tuple[float, float] | None:
    """Read ``LOW:HIGH`` in degrees, or ``random``.

    Raises:
        UsageError: it is something else, or LOW is not below HIGH.

    >>> parse_yaw("-20:20"), parse_yaw("random")
    ((-20.0, 20.0), (-15.0, 15.0))
    """
    if text is None:
        return None
    if text.strip().lower() == RANDOM:
        return RANDOM_YAW
    low, _, high = text.partition(":")
    least, most = (read_number(one, "the turn", -YAW, YAW) for one in (low, high))
    if not least < most:
        raise UsageError(f"turns go from {least:g} to {most:g}; write for example -20:20")
    return least, most


def parse_strength(text: str) -> tuple[float, float]:
    """Read ``LOW:HIGH``, or one number.

    Raises:
        UsageError: it is something else, or LOW is above HIGH.

    >>> parse_strength("0.7:1.2"), parse_strength("1")
    ((0.7, 1.2), (1.0, 1.0))
    """
    low, _, high = text.partition(":")
    least = read_number(low, "the least strength", 0.0, MAX_STRENGTH)
    most = read_number(high or low, "the most strength", 0.0, MAX_STRENGTH)
    if not 0 < least <= most:
        raise UsageError(f"strengths go from {least:g} to {most:g}; write for example 0.7:1.2")
    return least, most


def parse_lights(text: str | None, model: str) -> tuple[str, ...]:
    """Read names of lights, or ``random`` for all that a model makes.

    Where no method makes light those are all lights, so that who edits says what is missing.

    Raises:
        UsageError: an unknown light.
    """
    if text is None:
        return ()
    if text.strip().lower() == RANDOM:
        from faceedit.lights import LIGHT_ORDER

        served = set(served_names(model, Part.LIGHT))
        lights = [name for name in LIGHT_ORDER if LightChange(name).name in served]
        return tuple(lights or LIGHT_ORDER)
    return tuple(dict.fromkeys(LightChange(name.lower()).light for name in _names(text)))


def parse_classes(text: str | None, model: str, collection: Collection) -> tuple[str, ...]:
    """Return the expressions that are to be balanced.

    Args:
        text: names, as the vocabulary or the collection has them; ``all`` for all that a model
            makes; None for those that the collection shows.
        model: as `catalogue.find_method` takes it.
        collection: whose classes are balanced.

    Raises:
        UsageError: an unknown class, or none to make.
    """
    served = served_names(model, Part.EXPRESSION)
    if text is not None and text.strip().lower() == ALL:
        return served
    if text is not None:
        asked = {name: expression_of(name) for name in _names(text)}
        for name, expression in asked.items():
            if not expression:
                raise UsageError(unknown("class", name, served))
        return tuple(dict.fromkeys(asked.values()))
    shown = tuple(sorted(collection.spellings))
    if not shown:
        labels = sorted({one.label for one in collection.originals})
        raise UsageError(
            f"no class of the collection is an expression: {', '.join(labels[:5])}; "
            f"expressions: {', '.join(served)}"
        )
    if len(shown) == 1:
        raise UsageError(
            f"all photos are {shown[0]}: name the classes that are to be made with --classes"
        )
    return shown


def parse_splits(text: str | None, collection: Collection) -> tuple[str, ...] | None:
    """Read names of splits.

    Raises:
        UsageError: the collection has no such split.
    """
    if text is None:
        return None
    names = tuple(dict.fromkeys(_names(text)))
    for name in names:
        if name not in collection.splits:
            known = [one or "(none)" for one in collection.splits]
            raise UsageError(unknown("split", name, known))
    return names


def _names(text: str) -> Sequence[str]:
    return [name.strip() for name in text.split(",")]
