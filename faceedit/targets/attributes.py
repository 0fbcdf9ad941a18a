"""Attributes: ``eyeglasses=off``, ``bangs=on:0.6``, ``hair=blond``, ``age=old``.

Words that people use stand for one attribute each (`SHORT`), and ``eyeglasses=round`` asks for a
kind of what is to be there (`KINDS`).
"""

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
MORE_ATTRIBUTES = ("red_hair", "grey_hair")
"""What people ask for beside them. No recogniser reads these."""
_NAMES = (*ATTRIBUTES, *MORE_ATTRIBUTES)
SHORT = {
    ("hair", "black"): ("black_hair", True), ("hair", "blond"): ("blond_hair", True),
    ("hair", "brown"): ("brown_hair", True), ("hair", "red"): ("red_hair", True),
    ("hair", "grey"): ("grey_hair", True), ("age", "young"): ("young", True),
    ("age", "old"): ("young", False), ("sex", "male"): ("male", True),
    ("sex", "female"): ("male", False),
}  # fmt: skip
"""What people write, and the attribute that it turns on or off."""
_SPELLED = {"blonde": "blond", "gray": "grey"}
KINDS = {
    "eyeglasses": (
        "round", "square", "aviator", "cat_eye", "rimless", "half_rim", "thick", "thin", "metal",
        "horn", "sunglasses",
    ),
}  # fmt: skip
"""Kinds of an attribute that may be asked for in place of ``on``."""
PHRASES = {
    "black_hair=on": ("hair=black", "Hair black, its strands and highlights kept."),
    "blond_hair=on": ("hair=blond", "Hair blond, roots a little darker; brows follow weakly."),
    "brown_hair=on": ("hair=brown", "Hair brown."),
    "red_hair=on": ("hair=red", "Hair red, as redheads have it."),
    "grey_hair=on": ("hair=grey", "Hair grey; hair that is lighter stays so."),
    "eyeglasses=on": ("eyeglasses=on", "Spectacles of a kind that the face decides."),
    "eyeglasses=off": ("eyeglasses=off", "Spectacles taken off."),
    "beard=on": ("beard=on", "A beard in the hair's colour; less strength is stubble."),
    "beard=off": ("beard=off", "Shaved."),
    "moustache=on": ("moustache=on", "A moustache in the hair's colour."),
    "moustache=off": ("moustache=off", "No moustache."),
    "bushy_eyebrows=on": ("bushy_eyebrows=on", "Brows fuller, hair by hair."),
    "bushy_eyebrows=off": ("bushy_eyebrows=off", "Brows thinner."),
    "pale_skin=on": ("pale_skin=on", "Skin paler, lips and shade kept."),
    "pale_skin=off": ("pale_skin=off", "Skin tanned."),
    "mouth_slightly_open=on": ("mouth_slightly_open=on", "Lips parted (action units 25, 26)."),
    "mouth_slightly_open=off": ("mouth_slightly_open=off", "Lips closed."),
    "bangs=on": ("bangs=on", "A fringe, cut from the person's own hair; less strength is shorter."),
    "bangs=off": ("bangs=off", "The forehead bare."),
    "bald=on": ("bald=on", "Hair taken away, where it is short and ears are seen."),
    "bald=off": ("bald=off", "Hair on a bald head."),
    "young=on": ("age=young", "Younger."),
    "young=off": ("age=old", "Older."),
    "male=on": ("sex=male", "A man's face."),
    "male=off": ("sex=female", "A woman's face."),
}
"""How each change is best written, and what it does, by `AttributeChange.text`."""
_COLOURS = ("black_hair", "blond_hair", "brown_hair", "red_hair", "grey_hair")
_OPPOSITES = (*_COLOURS, "bald"), ("bald", "bangs")


@dataclass(frozen=True)
class AttributeChange(Term):
    """An attribute that is to be there or to be gone.

    Attributes:
        attribute: one of `ATTRIBUTES` or `MORE_ATTRIBUTES`.
        on: it is to be there.
        strength: 1 all the way.
        kind: of the attribute, one of its `KINDS`; empty for any.

    Raises:
        UsageError: an unknown attribute or kind, or a strength out of range.
    """

    part: ClassVar[Part] = Part.ATTRIBUTES
    attribute: str
    on: bool = True
    strength: float = 1.0
    kind: str = ""

    def __post_init__(self):
        if self.attribute not in _NAMES:
            raise UsageError(unknown("attribute", self.attribute, _NAMES))
        kinds = KINDS.get(self.attribute, ())
        if self.kind and not (self.on and self.kind in kinds):
            known = ["on", "off", *kinds]
            raise UsageError(unknown(f"value of {self.attribute}", self.kind, known))
        super().__post_init__()

    @property
    def text(self) -> str:
        """See `Term.text`."""
        return f"{self.attribute}={self.kind or ('on' if self.on else 'off')}"

    @property
    def topic(self) -> str:
        """See `Term.topic`."""
        return f"{self.part}={self.attribute}"

    @property
    def name(self) -> str:
        """The topic, such as ``attr=beard``, or with the kind, ``attr=eyeglasses=round``."""
        return f"{self.topic}={self.kind}" if self.kind else self.topic


def parse_attributes(text: str) -> list[AttributeChange]:
    """Read changes such as ``bangs=on,eyeglasses=off``, each with a ``:STRENGTH`` or without.

    Raises:
        UsageError: an attribute or its value is unknown.

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
    name, _, value = (part.strip().lower().replace("-", "_") for part in term.partition("="))
    value = _SPELLED.get(value, value)
    if (name, value) in SHORT:
        return AttributeChange(*SHORT[name, value], strength)
    named = {key: [v for k, v in SHORT if k == key] for key, _ in SHORT}
    if name in named:
        raise UsageError(unknown(f"value of {name}", value, named[name]))
    if name not in _NAMES:
        raise UsageError(unknown("attribute", name, [*_NAMES, *named]))
    if value in ("on", "off"):
        return AttributeChange(name, value == "on", strength)
    if value and name in KINDS:
        return AttributeChange(name, True, strength, value)
    raise UsageError(f"{quoted(term)}: write {name}=on or {name}=off")
