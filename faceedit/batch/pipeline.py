"""Stages that work at once: threads that read, look and finish, each at its own photo."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from faceedit.errors import UsageError

Job = TypeVar("Job")
Read = TypeVar("Read")
Looked = TypeVar("Looked")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Pace:
    """How many threads a stage has, and how many photos are on their way.

    Attributes:
        readers: threads that read and decode.
        finishers: threads that compose, encode and write.
        batch: most photos that one look takes at once.
        pixels: no more photos are read ahead while those on their way have more pixels than this,
            so that large photos do not fill the memory.

    Raises:
        UsageError: a number below 1.
    """

    readers: int = 1
    finishers: int = 1
    batch: int = 1
    pixels: int = 200_000_000

    def __post_init__(self) -> None:
        if min(self.readers, self.finishers, self.batch, self.pixels) < 1:
            raise UsageError("threads, batches and pixels are counted from 1")

    def window(self, lookers: int) -> int:
        """Return how many photos are on their way at most: one in each hand and one beside it."""
        return self.readers + 2 * lookers * self.batch + 2 * self.finishers


@dataclass(frozen=True)
class Ended(Generic[Result]):
    """What a stage returns when it is the last that a photo needs."""

    result: Result


@dataclass(frozen=True)
class _Broken:
    error: BaseException


class _Stop:
    pass


class Pipeline(Generic[Job, Read, Looked, Result]):
    """Takes jobs and gives results as they come, in any order.

    A context: on leaving it, what is in hand is finished or dropped and the threads end. Stages
    must turn what they can expect into results; what they raise comes out of `next_result`.

    Args:
        read: a job to what it read, or the end.
        lookers: one thread for each: what was read, up to ``pace.batch`` at once, to what was seen.
        finish: what was seen to the result.
        pace: how many threads and photos.
        weight: pixels of what was read.
    """

    def __init__(
        self,
        read: Callable[[Job], Read | Ended[Result]],
        lookers: Sequence[Callable[[Sequence[Read]], Sequence[Looked | Ended[Result]]]],
        finish: Callable[[Looked], Result],
        pace: Pace,
        weight: Callable[[Read], int],
    ):
        self._read, self._finish, self._weight = read, finish, weight
        self._batch = pace.batch
        self._to_read: SimpleQueue[tuple[int, Job] | _Stop] = SimpleQueue()
        self._to_look: SimpleQueue[tuple[int, Read] | _Stop] = SimpleQueue()
        self._to_finish: SimpleQueue[tuple[int, Looked] | _Stop] = SimpleQueue()
        self._results: SimpleQueue[tuple[int, Result] | _Broken] = SimpleQueue()
        self._stopping = threading.Event()
        self._room = _Room(pace.pixels)
        work = [
            *[("read", self._reading)] * pace.readers,
            *[("finish", self._finishing)] * pace.finishers,
        ]
        self._threads = [
            threading.Thread(target=self._guarded, args=(one,), name=name, daemon=True)
            for name, one in work
        ] + [
            threading.Thread(
                target=self._guarded, args=(self._looking, look), name="look", daemon=True
            )
            for look in lookers
        ]

    def __enter__(self) -> "Pipeline[Job, Read, Looked, Result]":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._room.open()
        for _thread in self._threads:
            for queue in (self._to_read, self._to_look, self._to_finish):
                queue.put(_Stop())
        for thread in self._threads:
            thread.join()

    def submit(self, index: int, job: Job) -> None:
        """Add a job; the caller bounds how many are on their way, see `Pace.window`."""
        self._to_read.put((index, job))

    def next_result(self) -> tuple[int, Result]:
        """Wait for the next result and return it with its job's index.

        Raises:
            BaseException: what a stage raised.
        """
        got = self._results.get()
        if isinstance(got, _Broken):
            raise got.error
        return got

    def _guarded(self, work: Callable[..., None], *args: object) -> None:
        try:
            work(*args)
        except BaseException as error:
            self._results.put(_Broken(error))

    def _end(self, index: int, result: Result) -> None:
        self._room.give_back(index)
        self._results.put((index, result))

    def _reading(self) -> None:
        while not isinstance(one := self._to_read.get(), _Stop) and not self._stopping.is_set():
            index, job = one
            read = self._read(job)
            if isinstance(read, Ended):
                self._end(index, read.result)
            else:
                self._room.take(index, self._weight(read))
                self._to_look.put((index, read))

    def _looking(self, look: Callable[[Sequence[Read]], Sequence[Looked | Ended[Result]]]) -> None:
        while not isinstance(one := self._to_look.get(), _Stop) and not self._stopping.is_set():
            some = [one]
            while len(some) < self._batch:
                try:
                    another = self._to_look.get_nowait()
                except Empty:
                    break
                if isinstance(another, _Stop):
                    self._to_look.put(another)
                    break
                some.append(another)
            seen = look([read for _, read in some])
            for (index, _), what in zip(some, seen, strict=True):
                if isinstance(what, Ended):
                    self._end(index, what.result)
                else:
                    self._to_finish.put((index, what))
            del some, seen

    def _finishing(self) -> None:
        while not isinstance(one := self._to_finish.get(), _Stop) and not self._stopping.is_set():
            index, looked = one
            del one
            result = self._finish(looked)
            del looked
            self._end(index, result)


class _Room:
    """Bounds the pixels on their way; one photo always has room."""

    def __init__(self, limit: int):
        self._limit = limit
        self._taken: dict[int, int] = {}
        self._changed = threading.Condition()
        self._is_open = False

    def take(self, index: int, pixels: int) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._has_room(pixels))
            self._taken[index] = pixels

    def give_back(self, index: int) -> None:
        with self._changed:
            self._taken.pop(index, None)
            self._changed.notify_all()

    def open(self) -> None:
        with self._changed:
            self._is_open = True
            self._changed.notify_all()

    def _has_room(self, pixels: int) -> bool:
        taken = sum(self._taken.values())
        return self._is_open or not taken or taken + pixels <= self._limit
