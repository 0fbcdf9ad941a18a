"""A target: everything that one edit is to do to a face, and its text and JSON forms."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Union, cast

from faceedit.errors import NoTargetError, UsageError
from faceedit.targets.attributes import AttributeChange, check_opposites, parse_attributes
from faceedit.targets.expressions import (
    EXPRESSIONS,
    SYNONYMS,
    Expression,
    named_expression,
    parse_expression,
)
from faceedit.targets.faces import (
    FACES,
    STARTS_FACES,
    FaceShare,
    faces_text,
    parse_faces,
    read_face,
)
from faceedit.targets.landmarks import Landmarks, parse_landmarks
from faceedit.targets.light import parse_light
from faceedit.targets.like import parse_landmarks_like, parse_like, parse_relight
from faceedit.targets.manners import manners_of
from faceedit.targets.term import MAX_STRENGTH, Part, Term, as_number, type_of
from faceedit.targets.turn import parse_turn
from faceedit.targets.units import UnitChange, parse_units

if TYPE_CHECKING:
    import numpy as np

TargetLike = Union[str, Sequence[str], Mapping[str, float], "np.ndarray", "Target"]
"""What `parse_target` reads."""

ACCEPTED = (
    "write text such as 'happy:0.6+surprised:0.3', a list of such terms, a mapping such as "
    "{'happy': 0.6}, or a faceedit.Target"
)
PARSERS: dict[Part, Callable[[str], Sequence[Term]]] = {
    Part.UNITS: parse_units,
    Part.ATTRIBUTES: parse_attributes,
    Part.LIGHT: parse_light,
    Part.TURN: parse_turn,
    Part.LANDMARKS: parse_landmarks,
    Part.LIKE: parse_like,
    Part.RELIGHT: parse_relight,
    Part.LANDMARKS_LIKE: parse_landmarks_like,
}
"""Of the parts that the text form writes with a word and ``=``."""
_WORD = re.compile(rf"\s*\b({'|'.join(PARSERS)})=", re.IGNORECASE)
_WORDS = "|".join([*PARSERS, FACES])
_PART = re.compile(rf"(?:^|\s)(?:{_WORDS})=", re.IGNORECASE)
_STARTS = re.compile(rf"(?:^|\s+)(?=(?:{_WORDS})=)", re.IGNORECASE)


@dataclass(frozen=True)
class Target:
    """What a face is asked to show: named expressions, action units, light and so on.

    Attributes:
        terms: in the order in which they were named.
        faces: the share of all strengths that single faces of a photo get, by their number: 1 is
            the largest one that is edited. All others get all.

    Raises:
        UsageError: no term, one that is named twice, or some that exclude each other; a face that
            is named twice, or whose strength would be too large.
    """

    terms: tuple[Term, ...]
    faces: tuple[FaceShare, ...] = ()

    def __post_init__(self):
        topics = [one.topic for one in self.terms]
        if not topics:
            raise NoTargetError("no target was given; write for example happy")
        twice = [one for one in dict.fromkeys(topics) if topics.count(one) > 1]
        if twice:
            raise UsageError(f"{', '.join(twice)} is named twice; write each of them once")
        check_opposites([one for one in self.terms if isinstance(one, AttributeChange)])
        if Part.LIKE in self.parts and {Part.EXPRESSION, Part.UNITS} & set(self.parts):
            raise UsageError("a reference face says the expression; leave out the other one")
        if {Part.RELIGHT, Part.LIGHT} <= set(self.parts):
            raise UsageError("a reference face says the light; leave out the other one")
        named = {Part.EXPRESSION, Part.UNITS, Part.LIKE} & set(self.parts)
        if Part.LANDMARKS in self.parts and named:
            raise UsageError("landmarks say the expression; leave out the other one")
        named |= {Part.TURN, Part.LANDMARKS} & set(self.parts)
        if Part.LANDMARKS_LIKE in self.parts and named:
            raise UsageError("a reference face says pose and expression; leave out the other ones")
        numbers = [number for number, _ in self.faces]
        if len(set(numbers)) < len(numbers) or min(numbers, default=1) < 1:
            raise UsageError("faces are numbered from 1 on; write each of them once")
        for _, share in self.faces:
            Target(self.terms).scaled(share)

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """The named expressions among the terms."""
        return tuple(one for one in self.terms if isinstance(one, Expression))

    @property
    def units(self) -> tuple[UnitChange, ...]:
        """The action units among the terms."""
        return tuple(one for one in self.terms if isinstance(one, UnitChange))

    @property
    def attributes(self) -> tuple[AttributeChange, ...]:
        """The attributes among the terms."""
        return tuple(one for one in self.terms if isinstance(one, AttributeChange))

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts that it asks for, in the order in which an edit makes them."""
        asked = {one.part for one in self.terms}
        return tuple(part for part in Part if part in asked)

    @property
    def names(self) -> tuple[str, ...]:
        """What a method has to serve, see `Term.name`."""
        return tuple(one.name for one in self.terms)

    def missing(self, served: Iterable[str]) -> tuple[str, ...]:
        """Return the names of terms that are not served.

        Args:
            served: names, which stand for every value of a term, and values written out.

        >>> parse_target("attr=beard=off,bangs=off").missing(["attr=beard=on", "attr=bangs"])
        ('attr=beard=off',)
        """
        known = set(served)
        return tuple(
            one.key if any(name.startswith(f"{one.name}=") for name in known) else one.name
            for one in self.terms
            if one.name not in known and one.key not in known
        )

    @property
    def changes(self) -> bool:
        """Whether any term asks for a change."""
        return any(one.changes for one in self.terms)

    @property
    def strength(self) -> float:
        """Strength of all terms together."""
        return sum(one.strength for one in self.terms)

    def only(self, *parts: Part) -> "Target":
        """Return the terms of some parts, at least one of which is there."""
        return replace(self, terms=tuple(one for one in self.terms if one.part in parts))

    def of_face(self, number: int) -> "Target":
        """Return what a face is to show, the largest one being 1.

        >>> str(parse_target("happy:0.6 faces=2:0.5").of_face(2))
        'happy:0.3'
        """
        if not self.faces:
            return self
        return Target(self.terms).scaled(dict(self.faces).get(number, 1.0))

    def scaled(self, intensity: float) -> "Target":
        """Return the target with every strength times `intensity` (0 to `MAX_STRENGTH`).

        Raises:
            UsageError: an intensity out of range, or one that makes a strength too large.

        >>> str(parse_target("happy:0.6 light=left").scaled(0.5))
        'happy:0.3 light=left:0.5'
        """
        intensity = as_number(intensity, "the intensity")
        if not 0.0 <= intensity <= MAX_STRENGTH:
            raise UsageError(
                f"the intensity is {intensity:g}; write a number from 0 to {MAX_STRENGTH:g}"
            )
        return replace(self, terms=tuple(one.scaled(intensity) for one in self.terms))

    def in_manner(self, number: int) -> "Target":
        """Return the target with its expressions in their `number`-th manner, or their last one.

        Expressions that name a manner keep it.

        Raises:
            UsageError: nothing that it asks for has manners.

        >>> str(parse_target("sad:0.5+happy:manner1").in_manner(4))
        'sad:manner4:0.5+happy:manner1'
        """
        several = [one for one in self.expressions if len(manners_of(one.name)) > 1]
        if not several:
            raise UsageError(f"{self} has one manner only; leave out --manner")

        def told(one: Term) -> Term:
            if one not in several or not isinstance(one, Expression) or one.manner:
                return one
            return replace(one, manner=min(number, len(manners_of(one.name))))

        return Target(tuple(told(one) for one in self.terms))

    def to_json(self) -> dict[str, float]:
        """Return the strength of each term by its `Term.key`; `parse_target` reads it back.

        >>> parse_target("happy:0.6 light=left").to_json()
        {'happy': 0.6, 'light=left': 1.0}
        """
        shares = {f"{FACES}={number}": share for number, share in self.faces}
        return {one.key: one.strength for one in self.terms} | shares

    def __str__(self) -> str:
        """Return the text form, for example ``happy:0.6+surprised:0.3 light=left``."""
        words = ["+".join(map(str, self.expressions))] if self.expressions else []
        for part in self.parts:
            if part in PARSERS:
                terms = ",".join(str(one) for one in self.terms if one.part == part)
                words.append(f"{part}={terms}")
        if self.faces:
            words.append(faces_text(self.faces))
        return " ".join(words)


def parse_target(target: TargetLike) -> Target:
    """Read a target in any of its forms.

    Args:
        target: text: expressions ``NAME`` or ``NAME:STRENGTH`` joined by ``+``, then parts such as
            ``light=left`` or ``au=12=3.5,6=2``, and last what single faces get of that, such as
            ``faces=2:0.5``, set apart by blanks; a list or tuple of such
            texts; strengths by name, as `Target.to_json` gives them; a (478, 2 or 3) array of
            landmarks that a face is to have; or a `Target`, which is returned as it is. Synonyms
            are names, too.

    Raises:
        UsageError: it is malformed, unknown, out of range or repeated.

    >>> str(parse_target("smile:0.6 + surprised"))
    'happy:0.6+surprised'
    >>> parse_target({"happy": 0.6}) == parse_target(["happy:0.6"])
    True
    """
    if isinstance(target, Target):
        return target
    if hasattr(target, "shape"):
        return Target((Landmarks.of(target),))
    if isinstance(target, Mapping):
        own = {key: one for key, one in target.items() if STARTS_FACES.match(str(key))}
        read = tuple(_from_json(*item) for item in target.items() if item[0] not in own)
        return Target(read, tuple(read_face(*item) for item in own.items()))
    if isinstance(target, str):
        target = [target]
    if not isinstance(target, list | tuple) or not all(isinstance(one, str) for one in target):
        raise UsageError(f"a target cannot be {type_of(target)}; {ACCEPTED}")
    terms: list[Term] = []
    faces: list[FaceShare] = []
    for text in target:
        more, own = _parse_text(text)
        terms += more
        faces += own
    return Target(tuple(terms), tuple(faces))


def split_targets(text: str) -> list[str]:
    """Split a list of targets at the commas between them; parts of a target have commas, too.

    >>> split_targets("happy:0.6,au=12=3.5,6=2,light=left")
    ['happy:0.6', 'au=12=3.5,6=2', 'light=left']
    """
    targets: list[str] = []
    for one in text.split(","):
        if targets and _PART.search(targets[-1]) and not _begins_target(one):
            targets[-1] += f",{one}"
        else:
            targets.append(one)
    return targets


def _begins_target(text: str) -> bool:
    name = re.split(r"[:+\s]", text.strip(), maxsplit=1)[0].lower()
    return _WORD.match(text) is not None or name in (*EXPRESSIONS, *SYNONYMS)


def union(targets: Iterable[Target]) -> Target:
    """Return a target with the terms of several once, each at strength 1.

    Of terms that one target cannot have together, such as two lights, the first is taken.

    >>> str(union([parse_target("happy:0.5"), parse_target("happy+sad:0.2")]))
    'happy+sad'
    """
    whole: Target | None = None
    for key in dict.fromkeys(one.key for target in targets for one in target.terms):
        with suppress(UsageError):
            whole = parse_target({**(whole.to_json() if whole else {}), key: 1.0})
    return whole or Target(())


def _parse_text(text: str) -> tuple[list[Term], list[FaceShare]]:
    """Read one text: expressions, then parts and faces; each ends where the next begins."""
    terms: list[Term] = []
    faces: list[FaceShare] = []
    for word in filter(None, _STARTS.split(text)) if text.strip() else [text]:
        match = _WORD.match(word)
        if of_faces := STARTS_FACES.match(word):
            faces += parse_faces(word[of_faces.end() :])
            continue
        if match is None:
            terms += [parse_expression(term) for term in word.split("+")]
        else:
            terms += PARSERS[Part(match[1].lower())](word[match.end() :])
    return terms, faces


def _from_json(key: object, strength: object) -> Term:
    if not isinstance(key, str):
        raise UsageError(f"the name of a target cannot be {type_of(key)}; {ACCEPTED}")
    if _WORD.match(key) is None:
        return named_expression(key, strength)
    terms, _ = _parse_text(key)
    if len(terms) != 1 or terms[0].strength != 1:
        raise UsageError(f"{key}: write one term, and its strength beside it")
    number = as_number(strength, f"the strength of {key}")
    return replace(cast(Any, terms[0]), strength=number)
