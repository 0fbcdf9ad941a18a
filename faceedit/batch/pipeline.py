"""Stages that work at once: threads that read, look and finish, each at its own photo.

Beside them, jobs may be done elsewhere, all stages of one after the other in another process: on
a CPU the stages of one process wait for Python's lock, and two processes do nearly twice as much.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue
from typing import Generic, Protocol, TypeVar

from faceedit.batch.waiting import Count, Room
from faceedit.errors import FaceEditError, UsageError
from faceedit.limits import BATCH, THREADS, check
from faceedit.photos.budget import photo_memory

Job = TypeVar("Job")
Read = TypeVar("Read")
Looked = TypeVar("Looked")
Result = TypeVar("Result")
Item = TypeVar("Item")
Given = TypeVar("Given", contravariant=True)
Given_back = TypeVar("Given_back", covariant=True)


@dataclass(frozen=True)
class Pace:
    """How many threads a stage has, and how many photos are on their way.

    Attributes:
        readers: threads that read and decode.
        finishers: threads that compose, encode and write.
        batch: most photos that one look takes at once.
        memory: bytes that photos on their way may take. A photo waits for room before it is
            decoded; one photo always has room.
        processes: that share the machine, each with so much memory for photos.

    Raises:
        UsageError: a number below 1, or far too many threads or photos in a batch.
    """

    readers: int = 1
    finishers: int = 1
    batch: int = 1
    memory: int = field(default_factory=photo_memory)
    processes: int = 1

    def __post_init__(self) -> None:
        check("reading threads", self.readers, THREADS)
        check("finishing threads", self.finishers, THREADS)
        check("photos in a batch", self.batch, BATCH)
        if min(self.memory, self.processes) < 1:
            raise UsageError("processes and memory are counted from 1")

    @property
    def window(self) -> int:
        """How many photos are on their way here at most: one in each hand and one beside it."""
        return self.readers + 2 * self.batch + 2 * self.finishers


WORTH_ANOTHER = 4
"""Photos."""


class LostError(FaceEditError):
    """What works elsewhere cannot go on."""


class Elsewhere(Protocol[Given, Given_back]):
    """Does jobs whole, outside this process; either method raises `LostError`."""

    def start(self) -> None:
        """Get ready for jobs, however long that takes."""
        ...

    def do(self, jobs: Sequence[Given]) -> Iterator[Given_back]:
        """Yield the result of each job, in order, as it comes."""
        ...


@dataclass(frozen=True)
class Ended(Generic[Result]):
    """What a stage returns when it is the last that a photo needs.

    Attributes:
        result: of the photo.
        is_work: it took about as much work as a photo that goes all the way.
    """

    result: Result
    is_work: bool = True


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
        read: a job to what it read, or the end. It is given a function as well, to be called with
            the bytes that the job needs before they are taken: that waits until there is room.
        look: what was read, up to ``pace.batch`` at once, to what was seen.
        finish: what was seen to the result.
        pace: how many threads and photos.
        elsewhere: others that do jobs. One more of them is started whenever `WORTH_ANOTHER` photos
            were work here, so that a run with little to do starts none. They get jobs when they
            are ready. One that is lost gets no more; the jobs that it leaves are done here.
        block: how many jobs one of them is given at once.
    """

    def __init__(
        self,
        read: Callable[[Job, Callable[[int], None]], Read | Ended[Result]],
        look: Callable[[Sequence[Read]], Sequence[Looked | Ended[Result]]],
        finish: Callable[[Looked], Result],
        pace: Pace,
        elsewhere: Sequence[Elsewhere[Job, Result]] = (),
        block: int = 1,
    ):
        self._read, self._look, self._finish = read, look, finish
        self._pace, self._block = pace, block
        self._ready: set[int] = set()
        self._work = Count()
        self._to_send: SimpleQueue[tuple[int, Job] | _Stop] = SimpleQueue()
        self._to_read: SimpleQueue[tuple[int, Job] | _Stop] = SimpleQueue()
        self._to_look: SimpleQueue[tuple[int, Read] | _Stop] = SimpleQueue()
        self._to_finish: SimpleQueue[tuple[int, Looked] | _Stop] = SimpleQueue()
        self._results: SimpleQueue[tuple[int, Result] | _Broken] = SimpleQueue()
        self._stopping = threading.Event()
        self._room = Room(pace.memory)
        work = [
            *[("read", self._reading, ())] * pace.readers,
            ("look", self._looking, ()),
            *[("finish", self._finishing, ())] * pace.finishers,
            *[("away", self._working_away, one) for one in enumerate(elsewhere)],
        ]
        self._threads = [
            threading.Thread(target=self._guarded, args=(one, *more), name=name, daemon=True)
            for name, one, more in work
        ]

    def __enter__(self) -> "Pipeline[Job, Read, Looked, Result]":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._room.open()
        self._work.open()
        for _thread in self._threads:
            for queue in (self._to_send, self._to_read, self._to_look, self._to_finish):
                queue.put(_Stop())
        for thread in self._threads:
            thread.join()

    @property
    def window(self) -> int:
        """How many jobs should be on their way now, at most."""
        return self._pace.window + 2 * self._block * len(self._ready)

    def submit(self, index: int, job: Job) -> None:
        """Add a job; the caller bounds how many are on their way, see `window`."""
        # Those elsewhere come first: each has a block in hand and one to go on with.
        goes = self._to_send.qsize() < self._block * len(self._ready)
        (self._to_send if goes else self._to_read).put((index, job))

    def next_result(self) -> tuple[int, Result]:
        """Wait for the next result and return it with its job's index.

        Raises:
            BaseException: what a stage raised.
        """
        got = self._results.get()
        if isinstance(got, _Broken):
            raise got.error
        return got

    def in_order(self, jobs: Iterable[Job]) -> Iterator[Result]:
        """Work through jobs and yield the result of each, in order.

        Jobs are asked for as they are needed, `window` of them ahead at most.

        Raises:
            BaseException: what a stage raised, or what asking for jobs did.
        """
        coming, waiting = enumerate(jobs), dict[int, Result]()
        submitted = ended = told = 0
        has_more = True
        while True:
            while has_more and submitted - ended < self.window:
                job = next(coming, None)
                has_more = job is not None
                if job is not None:
                    self.submit(*job)
                    submitted += 1
            if told == submitted:
                return
            index, result = self.next_result()
            waiting[index] = result
            ended += 1
            while told in waiting:
                yield waiting.pop(told)
                told += 1

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
            read = self._read(job, partial(self._room.take, index))
            if isinstance(read, Ended):
                self._work.add(int(read.is_work))
                self._end(index, read.result)
            else:
                self._to_look.put((index, read))

    def _looking(self) -> None:
        while not isinstance(one := self._to_look.get(), _Stop) and not self._stopping.is_set():
            some = _with_more(one, self._to_look, self._pace.batch)
            self._work.add(len(some))
            seen = self._look([read for _, read in some])
            for (index, _), what in zip(some, seen, strict=True):
                if isinstance(what, Ended):
                    self._end(index, what.result)
                else:
                    self._to_finish.put((index, what))
            del some, seen

    def _working_away(self, number: int, other: Elsewhere[Job, Result]) -> None:
        self._work.wait_for((number + 1) * WORTH_ANOTHER)
        left: list[tuple[int, Job]] = []
        try:
            if not self._stopping.is_set():
                other.start()
                self._ready.add(number)
            while not isinstance(one := self._to_send.get(), _Stop) and not self._stopping.is_set():
                left = _with_more(one, self._to_send, self._block)
                for result in other.do([job for _, job in left]):
                    self._results.put((left.pop(0)[0], result))
        except LostError:
            self._ready.discard(number)
            for returned in left:
                self._to_read.put(returned)
        # What was, or is just now, sent to nobody is done here.
        while not self._ready and not self._stopping.is_set():
            self._to_read.put(self._to_send.get())

    def _finishing(self) -> None:
        while not isinstance(one := self._to_finish.get(), _Stop) and not self._stopping.is_set():
            index, looked = one
            del one
            result = self._finish(looked)
            del looked
            self._end(index, result)


def _with_more(one: Item, queue: "SimpleQueue[Item | _Stop]", most: int) -> list[Item]:
    """Return an item and those that are waiting behind it, up to a number."""
    some = [one]
    while len(some) < most:
        try:
            another = queue.get_nowait()
        except Empty:
            break
        if isinstance(another, _Stop):
            queue.put(another)
            break
        some.append(another)
    return some
