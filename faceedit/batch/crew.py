"""How much of a machine a run uses: processes, and threads in each."""

from collections.abc import Sequence
from dataclasses import dataclass

from faceedit.batch.pipeline import Pace
from faceedit.limits import WORKERS, check
from faceedit.machine import check_room, cores, memory
from faceedit.photos.budget import photo_memory

MOST_READERS = 4

MOST_PROCESSES = 8
"""On a CPU, unless more are asked for."""

MEMORY_EACH = 3 * 2**30
"""Bytes for a process at least: 0.5 GB for networks and libraries, the rest for a photo of 45
megapixels with a face that fills a third of it, see `photo_memory`."""

WORTH = 40
"""Photos that are worth a process, which takes about as long to start as ten of them take."""


@dataclass(frozen=True)
class Crew:
    """Who works on a run.

    Attributes:
        helpers: a device for each process beside this one.
        io_threads: threads of each process that read, and as many that compose and write.
    """

    helpers: tuple[str, ...]
    io_threads: int

    @property
    def processes(self) -> int:
        """How many there are, this one included."""
        return 1 + len(self.helpers)


def pace_of(io_threads: int, batch: int, processes: int = 1) -> Pace:
    """Return how much is done at once in one process.

    Args:
        io_threads: as `Crew` has it.
        batch: faces that its networks take at once.
        processes: that share the machine's memory.
    """
    memory = photo_memory(processes)
    return Pace(min(io_threads, MOST_READERS), io_threads, batch, memory, processes)


def gather_crew(devices: Sequence[str], photos: int, workers: int | None = None) -> Crew:
    """Return who works on a run.

    Args:
        devices: those to use; this process has the first of them.
        photos: in the run.
        workers: processes for each device; None takes one for each GPU or, on a CPU, one for each
            core, as far as memory and the number of photos allow.

    Raises:
        UsageError: no processes, or more than there is memory for.
    """
    check("workers", workers, WORKERS)
    on_cpu = devices[0] == "cpu"
    count = workers or (min(cores(), MOST_PROCESSES, memory() // MEMORY_EACH) if on_cpu else 1)
    everyone = [device for _ in range(max(1, count)) for device in devices]
    if workers is None:
        everyone = everyone[: max(1, photos // WORTH)]
    check_room("--workers", min(len(everyone), photos))
    io_threads = 1 if on_cpu else max(1, cores() // len(everyone))
    return Crew(tuple(everyone[1:photos]), min(io_threads, photos))
