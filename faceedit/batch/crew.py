"""How much of a machine a run uses: processes, and threads in each."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from faceedit.batch.pipeline import Pace

MOST_READERS = 4

MOST_PROCESSES = 8
"""On a CPU, unless more are asked for."""

MEMORY_EACH = 2 * 2**30
"""Bytes for a process: 0.5 GB for networks and libraries, the rest for photos of 50 megapixels."""

WORTH = 40
"""Photos that are worth a process, which takes about as long to start as ten of them take."""

_LIMIT, _SHARE = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/cpu.max")
"""What a container may use."""


@dataclass(frozen=True)
class Crew:
    """Who works on a run.

    Attributes:
        helpers: a device for each process beside this one.
        hands: threads of each process that read, and as many that compose and write.
    """

    helpers: tuple[str, ...]
    hands: int


def pace_of(hands: int, batch: int) -> Pace:
    """Return how much is done at once in one process.

    Args:
        hands: as `Crew` has it.
        batch: faces that its networks take at once.
    """
    return Pace(min(hands, MOST_READERS), hands, batch)


def gather_crew(devices: Sequence[str], photos: int, workers: int | None = None) -> Crew:
    """Return who works on a run.

    Args:
        devices: those to use; this process has the first of them.
        photos: in the run.
        workers: processes for each device; None takes one for each GPU or, on a CPU, one for each
            core, as far as memory and the number of photos allow.
    """
    on_cpu = devices[0] == "cpu"
    count = workers or (min(cores(), MOST_PROCESSES, memory() // MEMORY_EACH) if on_cpu else 1)
    everyone = [device for _ in range(max(1, count)) for device in devices]
    if workers is None:
        everyone = everyone[: max(1, photos // WORTH)]
    hands = 1 if on_cpu else max(1, cores() // len(everyone))
    return Crew(tuple(everyone[1:photos]), min(hands, photos))


def cores() -> int:
    """Return how many cores this process may use at once, a container's share rounded down."""
    there = os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        there = len(os.sched_getaffinity(0))
    try:
        quota, period = _SHARE.read_text().split()
        return max(1, min(there, int(quota) // int(period)))
    except (OSError, ValueError):
        return there


def memory() -> int:
    """Return the bytes of memory that there are for this process; 8 GB where nobody tells."""
    try:
        there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        there = 8 * 2**30
    try:
        return min(there, int(_LIMIT.read_text()))
    except (OSError, ValueError):
        return there
