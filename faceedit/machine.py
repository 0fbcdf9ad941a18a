"""What this machine gives a process: cores and memory, the limits of its container included."""

import os
from collections.abc import Iterator
from pathlib import Path

from faceedit.errors import UsageError

PROCESS_MEMORY = 2**29
"""Bytes that the networks and libraries of a process take, without any photo."""

_SHARE = Path("/sys/fs/cgroup/cpu.max")
_GROUPS = Path("/proc/self/cgroup")
_TREE = Path("/sys/fs/cgroup")


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
    """Return the bytes of memory that this process may fill; 8 GB where nobody tells.

    The least of what the machine has, what its control groups (versions 1 and 2) allow, and what
    ``ulimit -v`` allows.
    """
    try:
        there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        there = 8 * 2**30
    return min([there, *_group_limits(), *_own_limits()])


def check_room(option: str, processes: int) -> None:
    """Refuse more processes than the memory holds, before the system ends some of them.

    Args:
        option: that asked for them.
        processes: in all.

    Raises:
        UsageError: there are too many; the message says how many there may be.
    """
    most = max(1, memory() // PROCESS_MEMORY)
    if processes > most:
        raise UsageError(
            f"{option}: {processes} processes need at least "
            f"{processes * PROCESS_MEMORY / 2**30:g} GB of memory; there is room for {most}"
        )


def _group_limits() -> Iterator[int]:
    """Yield the limits of all control groups that this process is in, one inside the other."""
    try:
        lines = _GROUPS.read_text().splitlines()
    except OSError:
        lines = []
    # In a container the process's group may be named as it is outside: the root is always asked.
    places = {(_TREE, "memory.max"), (_TREE / "memory", "memory.limit_in_bytes")}
    for line in lines:
        _, kinds, name = line.split(":", 2)
        if not kinds:
            root, file = _TREE, "memory.max"
        elif "memory" in kinds.split(","):
            root, file = _TREE / "memory", "memory.limit_in_bytes"
        else:
            continue
        group = Path(name.lstrip("/"))
        places |= {(root / part, file) for part in (group, *group.parents)}
    for folder, file in places:
        try:
            yield int((folder / file).read_text())
        except (OSError, ValueError):  # no such group, or "max"
            continue


def _own_limits() -> Iterator[int]:
    try:
        import resource
    except ImportError:  # Windows
        return
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit != resource.RLIM_INFINITY:
        yield limit
