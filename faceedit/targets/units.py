"""Action units of FACS: ``12=3.5`` sets, ``12+1.5`` adds, ``4=0`` takes away, one side or both."""

import re
from dataclasses import dataclass
from typing import ClassVar, Literal, cast

from faceedit.errors import UsageError
from faceedit.names import quoted
from faceedit.targets.term import Part, Term, split_strength

UNIT_NAMES = {
    1: "inner brow raiser", 2: "outer brow raiser", 4: "brow lowerer", 5: "upper lid raiser",
    6: "cheek raiser", 7: "lid tightener", 9: "nose wrinkler", 10: "upper lip raiser",
    12: "lip corner puller", 14: "dimpler", 15: "lip corner depressor", 17: "chin raiser",
    20: "lip stretcher", 23: "lip tightener", 25: "lips part", 26: "jaw drop", 45: "eyes closed",
}  # fmt: skip
"""FACS' name of each unit (Ekman and Friesen); 45 is a blink, held."""
UNIT_PHRASES = {
    1: "lifts the inner ends of the brows, as in worry",
    2: "lifts the outer ends of the brows",
    4: "draws the brows down and together, as in a frown",
    5: "opens the eyes wide",
    6: "lifts the cheeks and gathers skin beside the eyes, as in a real smile",
    7: "narrows the eyes",
    9: "wrinkles the nose, as at a bad smell",
    10: "lifts the middle of the upper lip",
    12: "pulls the mouth's corners up, as in a smile",
    14: "tightens the mouth's corners and dimples the cheeks",
    15: "pulls the mouth's corners down",
    17: "pushes the chin and the lower lip up",
    20: "pulls the mouth's corners sideways, as in fear",
    23: "makes the lips narrow and tight",
    25: "parts the lips",
    26: "lets the jaw drop",
    45: "shuts the eyes",
}
"""What people see of each unit."""
ACTION_UNITS = tuple(UNIT_NAMES)
"""Of FACS, in the order of every vector of intensities (EGGAN's seventeen)."""
MAX_INTENSITY = 5.0
"""Of an action unit; FACS' E."""
Side = Literal["", "left", "right"]

_TERM = re.compile(
    r"(?:(?P<side>left|right)\s*:\s*)?(?:au\s*)?(?P<unit>\d+)\s*(?P<how>[=+-])\s*"
    r"(?P<value>[+-]?(?:\d+\.?\d*|\.\d+))",
    re.ASCII | re.IGNORECASE,
)
_WRITE = "write 12=3.5,6=2 to set, 12+1.5 to add, left:12=2 for one side"


@dataclass(frozen=True)
class UnitChange(Term):
    """What an action unit is to become.

    Attributes:
        unit: number in `ACTION_UNITS`.
        intensity: 0 to `MAX_INTENSITY`; of a relative change -`MAX_INTENSITY` to it.
        relative: add the intensity to what the face shows, rather than reach it.
        side: the person's left or right; empty for both.
        strength: share of the way from what the face shows to what is asked for.

    Raises:
        UsageError: an unknown unit, or a number out of range.
    """

    part: ClassVar[Part] = Part.UNITS
    unit: int
    intensity: float
    relative: bool = False
    side: Side = ""
    strength: float = 1.0

    def __post_init__(self):
        least = -MAX_INTENSITY if self.relative else 0.0
        if self.unit not in UNIT_NAMES:
            raise UsageError(f"unknown action unit {self.unit}. {_listed()}")
        if not least <= self.intensity <= MAX_INTENSITY:
            raise UsageError(
                f"the intensity of action unit {self.unit} is {self.intensity:g}; "
                f"write a number from {least:g} to {MAX_INTENSITY:g}. {_listed()}"
            )
        super().__post_init__()

    @property
    def text(self) -> str:
        """See `Term.text`."""
        how = f"{self.intensity:+g}" if self.relative else f"={self.intensity:g}"
        return f"{self.side}{':' if self.side else ''}{self.unit}{how}"

    @property
    def topic(self) -> str:
        """See `Term.topic`."""
        return f"{self.name}{'=' if self.side else ''}{self.side}"

    @property
    def name(self) -> str:
        """See `Term.name`."""
        return f"{self.part}={self.unit}"

    @property
    def changes(self) -> bool:
        """See `Term.changes`."""
        return self.strength > 0 and not (self.relative and self.intensity == 0)


def parse_units(text: str) -> list[UnitChange]:
    """Read changes such as ``12=3.5,left:4+1``, each with a ``:STRENGTH`` or without.

    Raises:
        UsageError: it is malformed, a unit is unknown, or a number is out of range.

    >>> [str(one) for one in parse_units("12=3.5, left:4+1:0.5")]
    ['12=3.5', 'left:4+1:0.5']
    """
    return [_parse_unit(term) for term in text.split(",")]


def _parse_unit(text: str) -> UnitChange:
    match = _TERM.match(text.strip())
    rest = "" if match is None else text.strip()[match.end() :].strip()
    if match is None or (rest and not rest.startswith(":")):
        raise UsageError(f"cannot read action unit {quoted(text.strip())}; {_WRITE}. {_listed()}")
    relative = match["how"] != "="
    sign = -1.0 if match["how"] == "-" else 1.0
    unit = match["unit"].lstrip("0")
    known = next((one for one in ACTION_UNITS if str(one) == unit), None)
    if known is None:
        raise UsageError(f"unknown action unit {quoted(match['unit'])}. {_listed()}")
    _, strength = split_strength(f"{unit}{rest}", "12=3.5:0.6")
    side = cast(Side, (match["side"] or "").lower())
    return UnitChange(known, sign * float(match["value"]) + 0.0, relative, side, strength)


def _listed() -> str:
    units = (f"{unit} {name} ({UNIT_PHRASES[unit]})" for unit, name in UNIT_NAMES.items())
    return f"Action units: {'; '.join(units)}"
