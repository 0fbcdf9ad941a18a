"""What may be asked for at most. Beyond these numbers lie crashes, not speed."""

from faceedit.errors import UsageError

THREADS = 1024
"""CPU threads of a process. OpenMP ends the process where it cannot start some 10,000."""

WORKERS = 256
"""Processes for each device; each takes some 0.5 GB."""

BATCH = 1024
"""Faces, or training samples, that a network takes at once."""

SHARDS = 1_000_000
"""Parts of a folder that machines share."""

COUNT = 1_000_000_000
"""Of things that are counted and not kept: training steps, photos to measure."""

SEED = 2**32 - 1
"""Of random numbers; what all libraries take."""


def check(what: str, number: int | None, most: int) -> None:
    """Refuse a number that is not between 1 and a limit; None passes.

    Args:
        what: is counted, in the plural.
        number: of them.
        most: that there may be.

    Raises:
        UsageError: the number is too small or too large.
    """
    if number is not None and not 1 <= number <= most:
        raise UsageError(f"{what} are counted from 1 to {most}, not {shorten(str(number))}")


def shorten(text: str, most: int = 60) -> str:
    """Return text for a message: the middle of what is long is left out."""
    half = most // 2
    return text if len(text) <= most else f"{text[:half]}...{text[-half:]}"
