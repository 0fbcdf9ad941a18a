"""Workers in processes of their own on this machine.

A process takes photos one after the other and tells their results through a pipe. It ends with the
process that started it, however that ends. One that dies is started anew, and its photos are done
again: outputs appear whole or not at all, and are the same every time.
"""

import atexit
import multiprocessing
import signal
import threading
from collections.abc import Callable, Generator, Sequence
from multiprocessing import connection, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from faceedit.batch.pipeline import LostError
from faceedit.batch.result import Result
from faceedit.batch.serve import READY, serve
from faceedit.batch.worker import GAVE_UP, TRIES, Order
from faceedit.photos import Job
from faceedit.process import SIGNALS


class WorkerProcess:
    """A worker in a process of its own. One thread starts it and gives it photos; any may close it.

    Args:
        order: what is asked of it.
        warn: is told why the process cannot be started.
    """

    def __init__(self, order: Order, warn: Callable[[str], object]):
        self._order, self._warn = order, warn
        self._lock = threading.Lock()
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None
        self._works = self._closed = False

    @property
    def pid(self) -> int | None:
        """The process, if there is one."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the process, if that is not done, and wait until it can work.

        Raises:
            LostError: it cannot.
        """
        if self._process is not None:
            return
        try:
            pipe = self._spawn()
            pipe.send(self._order)
            told = self._receive()
        except (EOFError, ConnectionError):
            told = "it died while it started"
        except OSError as error:
            told = error.strerror or str(error)
        if told != READY:
            self._end()
            if not self._closed:
                self._warn(f"a worker process less: {told}")
            raise LostError(told)

    def do(self, jobs: Sequence[Job]) -> Generator[Result, None, None]:
        """Yield the result of each photo, in order.

        A photo at which the process dies again and again fails.

        Raises:
            LostError: it was closed, or cannot be started anew.
        """
        left, deaths = list(jobs), 0
        while left:
            try:
                self.start()
            except LostError:
                # Who takes the others up must not die of this one.
                if deaths and not self._closed:
                    yield Result(left.pop(0), "failed", GAVE_UP)
                raise
            some = left[:1] if deaths else list(left)
            try:
                for result in self._ask(some):
                    left.pop(0)
                    deaths = 0
                    yield result
            except (EOFError, OSError):
                self._end()
                deaths += 1
                if deaths > TRIES:
                    yield Result(left.pop(0), "failed", GAVE_UP)
                    deaths = 0
            if self._closed:
                raise LostError("closed")

    def close(self) -> None:
        """End the process; at once, or after the photo that it has in hand."""
        with self._lock:
            self._closed = True
            if not self._works:
                self._kill()

    def _abandon(self) -> None:
        self._closed = True
        self._kill()

    def _kill(self) -> None:
        # The pipe is left to the thread that may be waiting for it.
        if self._process is not None:
            self._process.kill()
            self._process.join()
        atexit.unregister(self._abandon)

    def _spawn(self) -> Connection:
        # A fresh interpreter: a fork of a process with threads may hang.
        context = multiprocessing.get_context("spawn")
        with self._lock:
            if self._closed:
                raise LostError("closed")
            pipe, far_end = context.Pipe()
            self._pipe = pipe
            with far_end:
                process = context.Process(target=serve, args=(far_end,), daemon=True)
                _start_ignoring_signals(process)
            self._process = process
        # What is left open at exit would be asked to end, which it does not hear, and waited for.
        atexit.register(self._abandon)
        return pipe

    def _ask(self, jobs: Sequence[Job]) -> Generator[Result, None, None]:
        assert self._pipe is not None
        self._works = True
        try:
            self._pipe.send(list(jobs))
            for _job in jobs:
                yield self._receive()
                if self._closed:
                    return
        finally:
            self._works = False

    def _receive(self) -> Any:
        """Wait for what the process tells.

        Raises:
            EOFError: it died. On Windows the pipe alone need not show that.
        """
        process, pipe = self._process, self._pipe
        if process is None or pipe is None:
            raise EOFError
        if pipe not in connection.wait([pipe, process.sentinel]):
            raise EOFError
        return pipe.recv()

    def _end(self) -> None:
        with self._lock:
            self._kill()
            if self._pipe is not None:
                self._pipe.close()
            self._process = self._pipe = None


def _start_ignoring_signals(process: BaseProcess) -> None:
    """Start a process that hears none of `SIGNALS`, which are for its parent."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        process.start()
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        # The tracker of shared memory starts first: it ends with some signals let through.
        resource_tracker.ensure_running()
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
