"""Batches by number: the same for any number of workers, processes and restarts."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import cv2
import torch
from torch.utils.data import DataLoader, Dataset

from faceedit.process import SIGNALS
from faceedit.training.task import Batch, Samples, Schedule

AHEAD = 4
"""Batches that each worker keeps ready."""


class Numbers:
    """Which samples each portion of a batch holds, as a batch sampler of torch.

    Step s of B samples in each of T turns takes the numbers from s·T·B on. Portions, and the
    processes' shares within them, follow each other.

    Args:
        schedule: steps, batch size and portions.
        turns: batches a step.
        first: the step to begin with.
        rank: of this process.
        size: number of processes.
    """

    def __init__(
        self, schedule: Schedule, turns: int, first: int = 0, rank: int = 0, size: int = 1
    ):
        self.count = schedule.batch_size // (schedule.accumulate * size)
        per_step = turns * schedule.batch_size
        portion = self.count * size
        self.starts = range(
            first * per_step + rank * self.count, schedule.steps * per_step, portion
        )

    def __len__(self) -> int:
        """Return the number of portions that are left."""
        return len(self.starts)

    def __iter__(self) -> Iterator[list[int]]:
        """Yield each portion's numbers."""
        for start in self.starts:
            yield list(range(start, start + self.count))


def load_batches(
    samples: Samples, numbers: Numbers, workers: int, device: torch.device
) -> Iterator[Batch]:
    """Draw batches ahead in processes of their own.

    Args:
        samples: see `task.Samples`.
        numbers: which.
        workers: processes; 0 draws in this one.
        device: where the batches will go.
    """
    loader = DataLoader(
        cast(Dataset, samples),
        batch_sampler=numbers,
        num_workers=workers,
        prefetch_factor=AHEAD if workers else None,
        worker_init_fn=_begin_work,
        # cv2's threads do not survive a fork.
        multiprocessing_context="spawn" if workers else None,
        pin_memory=device.type == "cuda",
    )
    with _undisturbed():
        return iter(loader)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let processes that start here ignore the signals that stop a training.

    A terminal sends them to every process; the training ends its workers itself, after its step.
    """
    try:
        before = {s: signal.signal(s, signal.SIG_IGN) for s in SIGNALS}
    except ValueError:  # Not the main thread: signals are none of our business.
        before = {}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _begin_work(worker: int) -> None:
    # Torch gives its workers one thread, and a handler of their own for SIGTERM.
    cv2.setNumThreads(1)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
