"""Small movements of a face at rest, the head still: blinks and drifts of a few action units."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from faceedit.animation.poses import Timing
from faceedit.targets import MAX_INTENSITY, Target, Term, UnitChange

BLINK = 45
DRIFTS = {1: 0.5, 2: 0.4, 12: 0.5, 25: 0.3}
"""Units that drift, and the most intensity that a drift adds."""
CLOSING, OPENING = 0.10, 0.15
"""Seconds: lids fall faster than they rise."""
BETWEEN = (2.0, 5.0)
"""Seconds from one blink to the next."""
PERIODS = (7.0, 3.1)
"""Seconds that the two waves of a drift take, about: a clip holds whole ones, so that it joins."""
WAVES = (0.7, 0.3)


def idle_target() -> Target:
    """Return a target with all units that idle movement asks for."""
    return _moved(None, DRIFTS, 1.0)


def add_idle(
    targets: Sequence[Target | None], timing: Timing, seed: int = 0
) -> list[Target | None]:
    """Return the targets of a clip's frames with blinks and drifts on top.

    The first and the last frame have open eyes, and drifts at the end lead to those at the start.

    Args:
        targets: one for each frame.
        timing: of the clip.
        seed: of the schedule.
    """
    rng = np.random.default_rng(seed)
    waves = {unit: _waves(rng, timing) for unit in DRIFTS}
    peaks = _blinks(rng, timing)
    result: list[Target | None] = []
    for at, target in enumerate(targets):
        now = at / len(targets)
        seconds = float(at / timing.fps)
        drifts = {unit: DRIFTS[unit] * _drift(waves[unit], now) for unit in DRIFTS}
        result.append(_moved(target, drifts, max((_lids(seconds - p) for p in peaks), default=0.0)))
    return result


def _waves(rng: np.random.Generator, timing: Timing) -> list[tuple[int, float]]:
    """Return for each wave of a drift how often it comes in the clip, and its phase."""
    return [(max(1, round(timing.seconds / p)), rng.uniform(0, 2 * math.pi)) for p in PERIODS]


def _drift(waves: Sequence[tuple[int, float]], now: float) -> float:
    """Return how far a drift is, 0 to 1, when a share of the clip is over."""
    total = sum(
        size * math.sin(2 * math.pi * often * now + phase)
        for size, (often, phase) in zip(WAVES, waves, strict=True)
    )
    return (1 + total) / 2


def _blinks(rng: np.random.Generator, timing: Timing) -> list[float]:
    """Return the seconds, each a frame's, at which lids are down."""
    first, last = CLOSING, timing.seconds - OPENING - float(1 / timing.fps)
    peaks: list[float] = []
    peak = first + rng.uniform(0.2, 0.8) * min(max(last - first, 0.0), BETWEEN[0])
    while first <= peak <= last:
        peaks.append(float(round(peak * timing.fps) / timing.fps))
        peak += rng.uniform(*BETWEEN)
    return peaks


def _lids(seconds: float) -> float:
    """Return how far lids are down, 0 to 1, so long after they were."""
    share = -seconds / CLOSING if seconds < 0 else seconds / OPENING
    return 0.5 + 0.5 * math.cos(math.pi * min(share, 1.0))


def _moved(target: Target | None, drifts: dict[int, float], lids: float) -> Target:
    """Return a target with drifts added, and with lids as far down as they are."""
    terms: dict[str, Term] = {} if target is None else {one.topic: one for one in target.terms}
    for unit, more in drifts.items():
        own = UnitChange(unit, more, relative=True)
        there = terms.get(own.topic)
        if isinstance(there, UnitChange):
            own = replace(there, intensity=min(there.intensity + more, MAX_INTENSITY))
        terms[own.topic] = own
    shut = UnitChange(BLINK, MAX_INTENSITY, strength=lids)
    there = terms.get(shut.topic)
    if isinstance(there, UnitChange):
        shut = replace(
            there,
            intensity=there.intensity + lids * (MAX_INTENSITY - there.intensity),
            strength=there.strength + lids * (1 - there.strength),
        )
    terms[shut.topic] = shut
    return Target(tuple(terms.values()))
