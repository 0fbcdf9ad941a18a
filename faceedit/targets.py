"""The vocabulary of edits and its text form: ``happy``, ``happy:0.6``, ``happy:0.6+surprised:0.3``.

Everything that names a target, on the command line, in Python and in files, goes through
`parse_target`.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Union

from faceedit.errors import UsageError
from faceedit.names import quoted, unknown

EXPRESSIONS = (
    "neutral", "happy", "sad", "angry", "surprised", "disgusted", "afraid", "contemptuous",
)  # fmt: skip
SYNONYMS = {
    "smile": "happy", "joy": "happy", "sadness": "sad", "anger": "angry", "surprise": "surprised",
    "disgust": "disgusted", "fear": "afraid", "contempt": "contemptuous", "calm": "neutral",
}  # fmt: skip
"""Other words for expressions; whatever is written says the expression's own name."""
MAX_STRENGTH = 1.5
ACTION_UNITS = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45)
"""Of FACS, in the order of every vector of intensities (EGGAN's seventeen)."""
MAX_INTENSITY = 5.0
"""Of an action unit."""
ATTRIBUTES = (
    "bald", "bangs", "black_hair", "blond_hair", "brown_hair", "bushy_eyebrows", "eyeglasses",
    "male", "mouth_slightly_open", "moustache", "beard", "pale_skin", "young",
)  # fmt: skip
"""SeCGAN's thirteen, in CelebA's order and sense; ``beard`` is the opposite of its No_Beard."""

TargetLike = Union[str, Sequence[str], Mapping[str, float], "Target"]
"""What `parse_target` reads."""

ACCEPTED = (
    "write text such as 'happy:0.6+surprised:0.3', a list of such terms, a mapping such as "
    "{'happy': 0.6}, or a faceedit.Target"
)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII)


@dataclass(frozen=True)
class Expression:
    """A named expression at a strength.

    Attributes:
        name: one of `EXPRESSIONS`.
        strength: 0 (no edit) to `MAX_STRENGTH`; 1 is what people call that expression.

    Raises:
        UsageError: an unknown name, or a strength out of range.

    >>> str(Expression("happy", 0.6))
    'happy:0.6'
    """

    name: str
    strength: float = 1.0

    def __post_init__(self):
        if self.name not in EXPRESSIONS:
            raise UsageError(unknown("expression", self.name, EXPRESSIONS, SYNONYMS))
        if not 0.0 <= self.strength <= MAX_STRENGTH:
            raise UsageError(
                f"the strength of {self.name} is {self.strength:g}; "
                f"write a number from 0 to {MAX_STRENGTH:g}, such as {self.name}:0.6"
            )

    def __str__(self) -> str:
        """Return the text form that `parse_target` reads."""
        return self.name if self.strength == 1.0 else f"{self.name}:{self.strength:g}"


@dataclass(frozen=True)
class Target:
    """What a face is asked to show: one expression or a blend of several.

    Raises:
        UsageError: no expression, or one that is named twice.
    """

    expressions: tuple[Expression, ...]

    def __post_init__(self):
        names = [e.name for e in self.expressions]
        if not names:
            raise UsageError("no target was given; write for example happy")
        twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
        if twice:
            raise UsageError(f"{', '.join(twice)} is named twice; write each expression once")

    def scaled(self, intensity: float) -> "Target":
        """Return the target with every strength times `intensity` (0 to `MAX_STRENGTH`).

        Raises:
            UsageError: an intensity out of range, or one that makes a strength too large.

        >>> str(parse_target("happy:0.6+surprised:0.3").scaled(0.5))
        'happy:0.3+surprised:0.15'
        """
        intensity = _as_number(intensity, "the intensity")
        if not 0.0 <= intensity <= MAX_STRENGTH:
            raise UsageError(
                f"the intensity is {intensity:g}; write a number from 0 to {MAX_STRENGTH:g}"
            )
        for one in self.expressions:
            if one.strength * intensity > MAX_STRENGTH:
                raise UsageError(
                    f"{one} times an intensity of {intensity:g} is "
                    f"{one.strength * intensity:g}; strengths go up to {MAX_STRENGTH:g}"
                )
        return Target(tuple(Expression(e.name, e.strength * intensity) for e in self.expressions))

    def __str__(self) -> str:
        """Return the text form, for example ``happy:0.6+surprised:0.3``."""
        return "+".join(str(e) for e in self.expressions)


def parse_target(target: TargetLike) -> Target:
    """Read a target in any of its forms.

    Args:
        target: terms ``NAME`` or ``NAME:STRENGTH`` joined by ``+``; a list or tuple of such texts;
            strengths by name; or a `Target`, which is returned as it is. Synonyms are names, too.

    Raises:
        UsageError: it is malformed, unknown, out of range or repeated.

    >>> str(parse_target("smile:0.6 + surprised"))
    'happy:0.6+surprised'
    >>> parse_target({"happy": 0.6}) == parse_target(["happy:0.6"])
    True
    """
    if isinstance(target, Target):
        return target
    if isinstance(target, Mapping):
        return Target(tuple(_expression(*item) for item in target.items()))
    if isinstance(target, str):
        target = [target]
    if not isinstance(target, list | tuple) or not all(isinstance(one, str) for one in target):
        raise UsageError(f"a target cannot be {_named(target)}; {ACCEPTED}")
    return Target(tuple(_parse_term(term) for text in target for term in text.split("+")))


def union(targets: Iterable[Target]) -> Target:
    """Return a target that names all expressions of several, each at strength 1.

    >>> str(union([parse_target("happy:0.5"), parse_target("happy+sad:0.2")]))
    'happy+sad'
    """
    names = dict.fromkeys(one.name for target in targets for one in target.expressions)
    return Target(tuple(Expression(name) for name in names))


def parse_units(text: str) -> tuple[float, ...]:
    """Read ``12=3.5,6=2``: action units and intensities 0 to `MAX_INTENSITY`, the others being 0.

    Returns:
        Intensities in the order of `ACTION_UNITS`.

    Raises:
        UsageError: it does not say that.

    >>> units = dict(zip(ACTION_UNITS, parse_units("12=3.5,6=2"), strict=True))
    >>> units[12], units[6], units[1]
    (3.5, 2.0, 0.0)
    """
    values: dict[int, float] = dict.fromkeys(ACTION_UNITS, 0.0)
    for term in text.split(","):
        number, _, intensity = (part.strip() for part in term.partition("="))
        if not (number.isascii() and number.isdigit() and _NUMBER.fullmatch(intensity)):
            raise UsageError(f"cannot read action unit {quoted(term)}; write 12=3.5,6=2")
        unit = next((one for one in ACTION_UNITS if str(one) == number.lstrip("0")), None)
        if unit is None or not 0 <= float(intensity) <= MAX_INTENSITY:
            raise UsageError(
                f"{quoted(term)}: units are {', '.join(map(str, ACTION_UNITS))}, "
                f"intensities 0 to {MAX_INTENSITY:g}"
            )
        values[unit] = float(intensity)
    return tuple(values.values())


def parse_attributes(terms: Sequence[str]) -> tuple[float, ...]:
    """Read terms like ``eyeglasses=off``.

    Returns:
        1 to be there, 0 to be gone, NaN not asked for, in the order of `ATTRIBUTES`.

    Raises:
        UsageError: an attribute is unknown, or is neither on nor off.

    >>> values = parse_attributes(["eyeglasses=off", "beard=on"])
    >>> wanted = dict(zip(ATTRIBUTES, values, strict=True))
    >>> wanted["eyeglasses"], wanted["beard"], wanted["bald"]
    (0.0, 1.0, nan)
    """
    values = dict.fromkeys(ATTRIBUTES, math.nan)
    for term in terms:
        name, _, state = term.partition("=")
        if name not in values:
            raise UsageError(unknown("attribute", name, ATTRIBUTES))
        if state not in ("on", "off"):
            raise UsageError(f"{quoted(term)}: write {name}=on or {name}=off")
        values[name] = float(state == "on")
    return tuple(values.values())


def _parse_term(term: str) -> Expression:
    name, colon, strength = (part.strip().lower() for part in term.partition(":"))
    if not name:
        raise UsageError(f"cannot read the target {quoted(term)}; write NAME or NAME:STRENGTH")
    if not colon:
        return _expression(name)
    if not _NUMBER.fullmatch(strength):
        known = _expression(name).name
        said = f"is {quoted(strength)}" if strength else "is missing"
        raise UsageError(
            f"the strength of {known} {said}; "
            f"write {known}, or a number from 0 to {MAX_STRENGTH:g} such as {known}:0.6"
        )
    return _expression(name, float(strength))


def _expression(name: object, strength: object = 1.0) -> Expression:
    """Return an expression that a user named, by its own name."""
    if not isinstance(name, str):
        raise UsageError(f"the name of a target cannot be {_named(name)}; {ACCEPTED}")
    name = name.strip().lower()
    name = SYNONYMS.get(name, name)
    return Expression(name, _as_number(strength, f"the strength of {quoted(name)}"))


def _as_number(value: object, what: str) -> float:
    """Return a number as float; bool, text and the like are none."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise UsageError(f"{what} is {_named(value)}; write a number from 0 to {MAX_STRENGTH:g}")
    try:
        return float(value) + 0.0  # of -0, too, 0
    except OverflowError:
        return math.inf


def _named(value: object) -> str:
    return quoted(value) if isinstance(value, str) else f"of type {type(value).__name__}"
