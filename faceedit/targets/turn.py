"""Turns of the head: ``yaw=20``, ``yaw=-10,pitch=5,roll=0`` from where it is; ``to=0`` absolute.

``to=0,level`` sets the eyes level, too; ``to=12,up=5,tilt=-3`` is a whole pose.
``gaze=keep`` lets the eyes turn along with the head.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from faceedit.errors import UsageError
from faceedit.names import quoted, unknown
from faceedit.targets.term import Part, Term, read_number, split_strength

YAW, PITCH, ROLL = 45.0, 30.0, 45.0
"""Degrees to either side beyond which no head is turned."""
_LARGEST = {"yaw": YAW, "pitch": PITCH, "roll": ROLL, "to": YAW, "up": PITCH, "tilt": ROLL}
CAMERA, KEEP = GAZES = ("camera", "keep")
"""Where eyes look: on to where they looked before, or along with the head."""
LEVEL = "level"


@dataclass(frozen=True)
class Turn(Term):
    """How a head is to be turned.

    Attributes:
        yaw: degrees, positive to the picture's right; of a relative turn.
        pitch: degrees, positive up.
        roll: degrees, positive clockwise in the picture.
        to: yaw in degrees that the head is to have, whatever it has; None for a relative turn.
        strength: share of the way.
        level: beside `to`, the eyes are to be level in the picture.
        gaze: one of `GAZES`.
        up: beside `to`, the pitch in degrees that the head is to have; None leaves it.
        tilt: beside `to`, likewise the roll in the picture; `level` is 0.

    Raises:
        UsageError: a number out of range, ``to`` beside those of a relative turn, ``level``, ``up``
            or ``tilt`` without it, both ``level`` and ``tilt``, or an unknown gaze.
    """

    part: ClassVar[Part] = Part.TURN
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    to: float | None = None
    strength: float = 1.0
    level: bool = False
    gaze: str = CAMERA
    up: float | None = None
    tilt: float | None = None

    def __post_init__(self):
        for axis, largest in _LARGEST.items():
            value = getattr(self, axis)
            if value is not None and not -largest <= value <= largest:
                raise UsageError(
                    f"the turn's {axis} is {value:g}; "
                    f"write degrees from {-largest:g} to {largest:g}"
                )
        if self.to is not None and (self.yaw or self.pitch or self.roll):
            raise UsageError("a turn is either 'to' an angle or by yaw, pitch and roll")
        if self.level and self.to is None:
            raise UsageError("eyes are set level beside an angle: write to=0,level")
        if self.to is None and not (self.up is None and self.tilt is None):
            raise UsageError("'up' and 'tilt' go with an angle: write to=0,up=5,tilt=0")
        if self.level and self.tilt is not None:
            raise UsageError("eyes are either level or tilted: leave out one")
        if self.gaze not in GAZES:
            raise UsageError(unknown("gaze", self.gaze, GAZES))
        super().__post_init__()

    @property
    def text(self) -> str:
        """See `Term.text`."""
        axes = [f"{axis}={getattr(self, axis):g}" for axis in ("yaw", "pitch", "roll")]
        words = [one for one in axes if not one.endswith("=0")] or ["yaw=0"]
        if self.to is not None:
            words = [f"to={self.to:g}", *([LEVEL] if self.level else [])]
            more = (("up", self.up), ("tilt", self.tilt))
            words += [f"{axis}={value:g}" for axis, value in more if value is not None]
        return ",".join([*words, *([] if self.gaze == CAMERA else [f"gaze={self.gaze}"])])

    @property
    def topic(self) -> str:
        """See `Term.topic`."""
        return str(self.part)

    @property
    def changes(self) -> bool:
        """See `Term.changes`."""
        moves = self.to is not None or self.yaw or self.pitch or self.roll
        return self.strength > 0 and bool(moves)


def parse_turn(text: str) -> list[Turn]:
    """Read ``AXIS=DEGREES`` of several axes or ``to=DEGREES[,level]``, maybe ``:STRENGTH``.

    Raises:
        UsageError: it is malformed or out of range.

    >>> [str(one) for one in parse_turn("yaw=-10, pitch=5")]
    ['yaw=-10,pitch=5']
    """
    term, strength = split_strength(text, "yaw=20:0.6")
    given: dict[str, Any] = {}
    for pair in term.split(","):
        axis, equals, degrees = (part.strip().lower() for part in pair.partition("="))
        if axis == LEVEL and not equals:
            given[LEVEL] = True
            continue
        if axis == "gaze" and equals:
            given[axis] = degrees
            continue
        if not equals or axis not in _LARGEST:
            raise UsageError(
                f"cannot read the turn {quoted(pair)}; write yaw=20, yaw=-10,pitch=5, "
                "to=0 or to=0,level"
            )
        if axis in given:
            raise UsageError(f"the turn's {axis} is given twice")
        largest = _LARGEST[axis]
        given[axis] = read_number(degrees, f"the turn's {axis}", -largest, largest)
    return [Turn(**given, strength=strength)]
