"""How much of a machine a run uses: an editor for each thread that looks, and the pace."""

import os
from collections.abc import Sequence

from faceedit.batch.editor import FaceEditor
from faceedit.batch.pipeline import Pace

MOST_READERS = 4


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def gather_crew(
    editors: Sequence[FaceEditor], photos: int, workers: int | None = None
) -> tuple[list[FaceEditor], Pace]:
    """Return an editor for each thread that looks, and how much is done at once.

    Args:
        editors: one for each device.
        photos: in the run.
        workers: threads that look, for each device; None takes one for two cores of the CPU, whose
            other half reads, composes and writes, or one for each GPU.
    """
    if editors[0].device == "cpu":
        count = others = workers or max(1, cores() // 2)
    else:
        count, others = workers or 1, cores()
    crew = [editor for editor in editors for _ in range(min(count, photos))]
    pace = Pace(
        readers=min(others, photos, MOST_READERS),
        finishers=min(others, photos),
        batch=editors[0].batching.size,
    )
    return crew, pace
