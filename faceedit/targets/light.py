"""Light: ``left:0.6``, ``weak``, ``flat``, or one of your own: ``az=-60,el=20,softness=0.5``."""

import re
from dataclasses import dataclass
from typing import ClassVar

from faceedit.errors import UsageError
from faceedit.names import quoted, unknown
from faceedit.targets.term import Part, Term, read_number, split_strength

FLAT = "flat"
"""Even light from all around: takes directional light away."""
RANDOM = "random"
"""One of the named lights, another one for each photo; who edits many photos draws it."""
OWN = "own"
"""A light that is given by its direction."""
AZIMUTH, ELEVATION, SOFTNESS, FILL = (-180.0, 180.0), (-90.0, 90.0), (0.0, 1.0), (0.0, 1.0)
KELVIN = (1500.0, 15000.0)
WHITE = "#ffffff"


@dataclass(frozen=True)
class LightChange(Term):
    """The light that a person is to stand in.

    Attributes:
        light: a key of `lights.LIGHTS` or `lights.LEVELS`, `FLAT`, `RANDOM`, or `OWN`, which the
            other five say.
        azimuth: degrees to the picture's right of the camera's axis, in `AZIMUTH`.
        elevation: degrees above it, in `ELEVATION`.
        softness: 0 (a bare bulb) to 1 (all around).
        fill: share of even light from all around, 0 to 1; 1 is `FLAT`.
        colour: ``#rrggbb`` of a display, or a temperature such as ``3200K``.
        strength: share of the way from the photo's light to this one.

    Raises:
        UsageError: an unknown light, or a number out of range.
    """

    part: ClassVar[Part] = Part.LIGHT
    light: str
    strength: float = 1.0
    azimuth: float = 0.0
    elevation: float = 0.0
    softness: float = 0.3
    fill: float = 0.0
    colour: str = WHITE

    def __post_init__(self):
        if self.light not in (known := [*_names(), FLAT, RANDOM, OWN]):
            raise UsageError(unknown("light", self.light, known[:-1]))
        for name, (low, high) in (
            ("azimuth", AZIMUTH), ("elevation", ELEVATION), ("softness", SOFTNESS),
            ("fill", FILL),
        ):  # fmt: skip
            if not low <= getattr(self, name) <= high:
                raise UsageError(
                    f"the light's {name} is {getattr(self, name):g}; "
                    f"write a number from {low:g} to {high:g}"
                )
        _check_colour(self.colour)
        super().__post_init__()

    @property
    def text(self) -> str:
        """See `Term.text`."""
        if self.light != OWN:
            return self.light
        own = f"az={self.azimuth:g},el={self.elevation:g},softness={self.softness:g}"
        own += f",fill={self.fill:g}" if self.fill else ""
        return own if self.colour == WHITE else f"{own},colour={self.colour}"

    @property
    def topic(self) -> str:
        """See `Term.topic`."""
        return str(self.part)

    @property
    def name(self) -> str:
        """See `Term.name`."""
        return f"{self.part}={self.light}"


def parse_light(text: str) -> list[LightChange]:
    """Read ``NAME[:STRENGTH]``, or ``az=-60,el=20,strength=0.8,softness=0.5,colour=3200K``.

    Raises:
        UsageError: it is malformed, unknown or out of range.

    >>> [str(one) for one in parse_light("az=-60,el=20,colour=3200K,strength=0.8")]
    ['az=-60,el=20,softness=0.3,colour=3200K:0.8']
    """
    term, strength = split_strength(text, "left:0.6")
    if "=" not in term:
        return [LightChange(term.lower(), strength)]
    given: dict[str, str] = {}
    for pair in term.split(","):
        name, _, value = (part.strip() for part in pair.lower().partition("="))
        if name not in ("az", "el", "softness", "fill", "colour", "strength"):
            raise UsageError(
                f"cannot read {quoted(pair)} of a light; write az=-60,el=20, and if you like "
                "strength=0.8, softness=0.5, fill=0.3, colour=3200K or colour=#ffd9a0"
            )
        if name in given:
            raise UsageError(f"the light's {name} is given twice")
        given[name] = value
    read = {
        "azimuth": read_number(given.get("az", "0"), "the light's azimuth", *AZIMUTH),
        "elevation": read_number(given.get("el", "0"), "the light's elevation", *ELEVATION),
        "softness": read_number(given.get("softness", "0.3"), "the light's softness", *SOFTNESS),
        "fill": read_number(given.get("fill", "0"), "the light's fill", *FILL),
    }
    strength *= read_number(given.get("strength", "1"), "the light's strength", 0, 1)
    colour = given.get("colour", WHITE)
    colour = colour if colour.startswith("#") else colour.upper()
    return [LightChange(OWN, strength, **read, colour=colour)]


def _check_colour(colour: str) -> None:
    if re.fullmatch(r"#[0-9a-f]{6}", colour):
        return
    match = re.fullmatch(r"(\d{4,5})K", colour, re.ASCII)
    if match is None or not KELVIN[0] <= float(match[1]) <= KELVIN[1]:
        raise UsageError(
            f"the light's colour is {quoted(colour)}; write #ffd9a0, or a temperature "
            f"from {KELVIN[0]:g}K to {KELVIN[1]:g}K"
        )


def _names() -> list[str]:
    # It needs numpy, and `faceedit --help` does not.
    from faceedit.lights import LEVELS, LIGHTS

    return [*LIGHTS, *LEVELS]
