"""Key poses and easing: from what faces show when to the target of each frame. No pictures."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate

from faceedit.errors import UsageError
from faceedit.names import unknown
from faceedit.targets import Target, blend

LONGEST = 600.0
"""Seconds of a clip."""
FASTEST = 120.0
"""Frames a second."""
FINEST = 1001
"""Denominator of frame rates: 30000/1001 is television's."""


def smooth(share: float) -> float:
    """Return 3t² - 2t³, which starts and ends at rest and is 1.5 times as fast half way."""
    return share * share * (3.0 - 2.0 * share)


def linear(share: float) -> float:
    """Return t."""
    return share


EASES: dict[str, Callable[[float], float]] = {"smooth": smooth, "linear": linear}


@dataclass(frozen=True)
class Pose:
    """What faces show at one time of a clip.

    Attributes:
        target: None for the photo as it is.
        ease: key of `EASES`, how faces move to this pose from the one before.
        at: seconds from the start; None where poses are spread evenly.

    Raises:
        UsageError: no such ease.
    """

    target: Target | None = None
    ease: str = "smooth"
    at: float | None = None

    def __post_init__(self) -> None:
        if self.ease not in EASES:
            raise UsageError(unknown("ease", self.ease, EASES))

    def __str__(self) -> str:
        """Return the target's text form."""
        return "the photo" if self.target is None else str(self.target)


@dataclass(frozen=True)
class Timing:
    """How long a clip is, and how many frames it has.

    Attributes:
        seconds: length of the whole clip, the way back included.
        fps: frames a second.
        loop: go to the last pose and back, so that the clip can be repeated without a jump.

    Raises:
        UsageError: too short or too long.
    """

    seconds: float
    fps: Fraction
    loop: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.seconds <= LONGEST:
            raise UsageError(
                f"the clip would be {self.seconds:g} s long; write 0.1 to {LONGEST:g} seconds"
            )

    @property
    def frames(self) -> int:
        """Number of frames, 2 or more; in a loop even, so that one of them is the last pose."""
        half = 2 if self.loop else 1
        return max(2, half * round(self.seconds * self.fps / half))

    def positions(self) -> list[float]:
        """Return for each frame how far it is from the first pose to the last, 0 to 1.

        Without a loop the first frame is the first pose and the last frame the last one. A loop
        ends one frame before the first pose comes again.
        """
        count = self.frames
        if self.loop:
            return [min(at, count - at) / (count // 2) for at in range(count)]
        return [at / (count - 1) for at in range(count)]


def parse_fps(fps: float) -> Fraction:
    """Return a frame rate as a fraction, which time stamps need.

    Raises:
        UsageError: it is too slow, too fast or no number.

    >>> parse_fps(29.97), parse_fps(24.0)
    (Fraction(2997, 100), Fraction(24, 1))
    """
    if not 1 <= fps <= FASTEST:
        raise UsageError(f"{fps:g} frames a second; write a number from 1 to {FASTEST:g}")
    return Fraction(str(fps)).limit_denominator(FINEST)


def length_of(poses: Sequence[Pose], loop: bool) -> float | None:
    """Return the seconds that the times of poses ask for; None where they have none."""
    last = poses[-1].at
    return None if last is None else last * (2 if loop else 1)


def clip_targets(poses: Sequence[Pose], timing: Timing) -> list[Target | None]:
    """Return what faces show in each frame; None for the photo as it is.

    Args:
        poses: one or more, all with rising times from 0 on or all without.
        timing: of the clip.

    Raises:
        UsageError: terms of neighbouring poses exclude each other.
    """
    starts = _starts(poses)
    return [_target_at(poses, starts, position) for position in timing.positions()]


def _starts(poses: Sequence[Pose]) -> list[float]:
    """Return where each pose lies between the first, 0, and the last, 1."""
    times = [pose.at for pose in poses]
    known = [one for one in times if one is not None]
    if len(known) < len(times):
        known = list(accumulate([1.0] * (len(poses) - 1), initial=0.0))
    return [one / known[-1] if known[-1] else 0.0 for one in known]


def _target_at(poses: Sequence[Pose], starts: Sequence[float], position: float) -> Target | None:
    number = bisect_right(starts, position) - 1
    if number == len(poses) - 1:
        return poses[-1].target
    share = (position - starts[number]) / (starts[number + 1] - starts[number])
    there = poses[number + 1]
    return blend(poses[number].target, there.target, EASES[there.ease](share))
