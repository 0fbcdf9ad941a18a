"""Attributes: ``eyeglasses=off``, ``bangs=on:0.6``, ``hair=blond``, ``age=old``."""

from dataclasses import dataclass
from typing import ClassVar

from faceedit.errors import UsageError
from faceedit.names import quoted, unknown
from faceedit.targets.term import Part, Term, split_strength

ATTRIBUTES = (
    "bald", "bangs", "black_hair", "blond_hair", "brown_hair", "bushy_eyebrows", "eyeglasses",
    "male", "mouth_slightly_open", "moustache", "beard", "pale_skin", "young",
)  # fmt: skip
"""SeCGAN's thirteen, in CelebA's order and sense; ``beard`` is the opposite of its No_Beard."""
SHORT = {
    ("hair", "black"): ("black_hair", True), ("hair", "blond"): ("blond_hair", True),
    ("hair", "brown"): ("brown_hair", True), ("age", "young"): ("young", True),
    ("age", "old"): ("young", False),
}  # fmt: skip
"""What people write, and the attribute that it turns on or off."""
_OPPOSITES = ("black_hair", "blond_hair", "brown_hair", "bald"), ("bald", "bangs")


@dataclass(frozen=True)
class AttributeChange(Term):
    """An attribute that is to be there or to be gone.

    Attributes:
        attribute: one of `ATTRIBUTES`.
        on: it is to be there.
        strength: 1 all the way.

    Raises:
        UsageError: an unknown attribute, or a strength out of range.
    """

    part: ClassVar[Part] = Part.ATTRIBUTES
    attribute: str
    on: bool = True
    strength: float = 1.0

    def __post_init__(self):
        if self.attribute not in ATTRIBUTES:
            raise UsageError(unknown("attribute", self.attribute, ATTRIBUTES))
        super().__post_init__()

    @property
    def text(self) -> str:
        """See `Term.text`."""
        return f"{self.attribute}={'on' if self.on else 'off'}"

    @property
    def topic(self) -> str:
        """See `Term.topic`."""
        return f"{self.part}={self.attribute}"


def parse_attributes(text: str) -> list[AttributeChange]:
    """Read changes such as ``bangs=on,eyeglasses=off``, each with a ``:STRENGTH`` or without.

    Raises:
        UsageError: an attribute is unknown, or is neither on nor off.

    >>> [str(one) for one in parse_attributes("hair=blond, beard=off:0.5")]
    ['blond_hair=on', 'beard=off:0.5']
    """
    return [_parse_attribute(term) for term in text.split(",")]


def check_opposites(changes: list[AttributeChange]) -> None:
    """Refuse attributes that exclude each other.

    Raises:
        UsageError: two of them are to be there.
    """
    there = {one.attribute for one in changes if one.on}
    for group in _OPPOSITES:
        both = [name for name in group if name in there]
        if len(both) > 1:
            raise UsageError(f"{' and '.join(both)} exclude each other; write one of them")


def _parse_attribute(text: str) -> AttributeChange:
    term, strength = split_strength(text, "bangs=on:0.6")
    name, _, value = (part.strip().lower() for part in term.partition("="))
    if (name, value) in SHORT:
        return AttributeChange(*SHORT[name, value], strength)
    named = {key: [v for k, v in SHORT if k == key] for key, _ in SHORT}
    if name in named:
        raise UsageError(unknown(f"value of {name}", value, named[name]))
    if name not in ATTRIBUTES:
        raise UsageError(unknown("attribute", name, [*ATTRIBUTES, *named]))
    if value not in ("on", "off"):
        raise UsageError(f"{quoted(term)}: write {name}=on or {name}=off")
    return AttributeChange(name, value == "on", strength)
