"""What one photo may cost: pixels, memory and seconds, refused by name before they are spent."""

import io
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from faceedit.errors import UnreadableError
from faceedit.machine import memory
from faceedit.photos.memory import estimate

MAX_PIXELS = 250_000_000
SECONDS = 30.0
"""Of CPU time. The slowest honest photo of 250 megapixels, an LZMA TIFF, takes 23."""

BASE = 2**29
"""Bytes that a process needs for networks and libraries."""
PART = 0.8
"""Of the machine's memory; the rest is for the system and what its counters do not see."""
LEAST = 2**28
"""Bytes that are allowed on the smallest machine; swapping is left to it."""

# A small file that unpacks to gigabytes is a bomb. Photos of poor quality come to 60 pixels a byte
# in JPEG, and to 170 in AVIF.
_UNSUSPECTED, _DENSEST = 50_000_000, 300


class BombError(ValueError):
    """A file holds more of something than photos do; the message is a whole reason."""


def photo_memory(processes: int = 1) -> int:
    """Return the bytes that photos may take in each of so many processes on this machine."""
    return max(LEAST, int(PART * memory()) // processes - BASE)


def _reserve_nothing(size: int) -> None:
    pass


@dataclass(frozen=True)
class Budget:
    """What reading one photo, editing it and writing it again may cost.

    Attributes:
        pixels: that a photo may have.
        seconds: of CPU time that its decoding may take.
        memory: bytes; by default what the machine allows one process.
        processes: that share the machine's memory; named in errors.
        target: format of the output, whose encoder may need more than the photo's own does; None
            is the photo's own.
        reserve: called with the bytes that a photo needs before any of them is taken; may wait.
    """

    pixels: int = MAX_PIXELS
    seconds: float = SECONDS
    memory: int = field(default_factory=photo_memory)
    processes: int = 1
    target: str | None = None
    reserve: Callable[[int], None] = _reserve_nothing


class Spending:
    """One file and its budget, counted from now.

    Args:
        path: named in errors.
        size: bytes of the file.
        budget: what may be spent.
    """

    def __init__(self, path: Path, size: int, budget: Budget):
        self.path, self.size, self.budget = path, size, budget
        self._start = time.thread_time()

    @property
    def seconds(self) -> float:
        """CPU time of this thread since the beginning."""
        return time.thread_time() - self._start

    def check_time(self, more: float = 0.0) -> None:
        """Refuse to go on where that would take too long.

        Args:
            more: seconds that the next step takes.

        Raises:
            UnreadableError: the seconds are spent.
        """
        if self.seconds + more > self.budget.seconds:
            reason = f"decoding it takes too long: more than {self.budget.seconds:g} s"
            raise UnreadableError(self.path, reason)

    def check_size(self, size: tuple[int, int]) -> None:
        """Refuse pictures of sizes that no photo has.

        Raises:
            UnreadableError: more pixels than allowed or than a photo can have in so few bytes, or
                none.
        """
        width, height = size
        if width < 1 or height < 1:
            raise UnreadableError(self.path, "it has no pixels")
        pixels = width * height
        if pixels > self.budget.pixels:
            reason = f"its {width} x {height} pixels are more than the limit of"
            raise UnreadableError(self.path, f"{reason} {self.budget.pixels}")
        if pixels > max(_UNSUSPECTED, _DENSEST * self.size):
            reason = f"its {width} x {height} pixels in {self.size} bytes cannot be a photo"
            raise UnreadableError(self.path, reason)

    def check_memory(
        self,
        format: str,
        mode: str,
        size: tuple[int, int],
        *,
        deep: bool = False,
        scans: int = 1,
    ) -> None:
        """Refuse a photo that needs too much memory, and reserve it otherwise.

        Args:
            format: name from ``formats.FORMATS``.
            mode: of Pillow's picture.
            size: width and height.
            deep: colour of 16 bits a channel.
            scans: of a JPEG file.

        Raises:
            UnreadableError: this machine has less.
        """
        formats = {format, self.budget.target or format}
        self.check_bytes(estimate(formats, mode, size, self.size, deep=deep, scans=scans))

    def check_bytes(self, needed: int) -> None:
        """Refuse what needs so many bytes if this machine has less, and reserve them otherwise.

        Raises:
            UnreadableError: this machine has less.
        """
        budget = self.budget
        if needed > budget.memory:
            reason = f"it needs about {_gigabytes(needed)} GB of memory; this machine allows "
            reason += f"{_gigabytes(budget.memory)} GB"
            if budget.processes > 1:
                reason += f" to each of {budget.processes} processes: take fewer --workers"
            raise UnreadableError(self.path, reason)
        budget.reserve(needed)

    def open(self, data: bytes) -> io.BytesIO:
        """Return a stream that raises `UnreadableError` when the seconds are spent."""
        return _Timed(data, self)


class _Timed(io.BytesIO):
    """Decoders pull their bytes through it, a few kilobytes at a time."""

    def __init__(self, data: bytes, spending: Spending):
        super().__init__(data)
        self._spending = spending

    def read(self, size: int | None = -1, /) -> bytes:
        self._spending.check_time()
        return super().read(size)


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.1f}"
