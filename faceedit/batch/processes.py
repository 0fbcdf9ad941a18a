"""Workers in processes of their own on this machine.

A process takes photos one after the other and tells their results through a pipe. It ends with the
process that started it, however that ends. One that dies is started anew, and its photos are done
again: outputs appear whole or not at all, and are the same every time.
"""

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Generator, Sequence
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from faceedit.batch.pipeline import LostError
from faceedit.batch.result import Result, explain
from faceedit.batch.worker import GAVE_UP, TRIES, Order, Worker
from faceedit.photos import Job

_LOG = logging.getLogger(__name__)
_SIGNALS = (signal.SIGINT, signal.SIGTERM)

READY = "ready"


class WorkerProcess:
    """A worker in a process of its own. One thread starts it and gives it photos; any may close it.

    Args:
        order: what is asked of it.
    """

    def __init__(self, order: Order):
        self._order = order
        self._lock = threading.Lock()
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The process, if there is one."""
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Start the process, if that is not done, and wait until it can work.

        Raises:
            LostError: it cannot; the reason is logged.
        """
        if self._process is not None:
            return
        # A fresh interpreter: a fork of a process with threads may hang.
        context = multiprocessing.get_context("spawn")
        pipe, far_end = context.Pipe()
        process = context.Process(target=serve, args=(self._order, far_end), daemon=True)
        with self._lock:
            if self._closed:
                raise LostError("closed")
            _start_deaf(process)
            self._process, self._pipe = process, pipe
        far_end.close()
        try:
            told = pipe.recv()
        except (EOFError, OSError):
            told = "it died while it started"
        if told != READY:
            self._end()
            if not self._closed:
                _LOG.warning("a worker process less: %s", told)
            raise LostError(told)

    def do(self, jobs: Sequence[Job]) -> Generator[Result, None, None]:
        """Yield the result of each photo, in order.

        A photo at which the process dies again and again fails.

        Raises:
            LostError: it was closed, or cannot be started anew.
        """
        left, deaths = list(jobs), 0
        while left:
            some = left if not deaths else left[:1]
            try:
                for result in self._ask(list(some)):
                    left.pop(0)
                    deaths = 0
                    yield result
            except (EOFError, OSError):
                self._end()
                if self._closed:
                    raise LostError("closed") from None
                deaths += 1
                if deaths > TRIES:
                    yield Result(left.pop(0), "failed", GAVE_UP)
                    deaths = 0

    def close(self) -> None:
        """End the process. What it has in hand is dropped whole."""
        with self._lock:
            self._closed = True
            process = self._process
            if process is not None:
                process.kill()
                process.join()

    def _ask(self, jobs: list[Job]) -> Generator[Result, None, None]:
        if self._pipe is None:
            self.start()
        assert self._pipe is not None
        self._pipe.send(jobs)
        for _job in jobs:
            yield self._pipe.recv()

    def _end(self) -> None:
        with self._lock:
            if self._process is not None:
                self._process.kill()
                self._process.join()
            if self._pipe is not None:
                self._pipe.close()
            self._process = self._pipe = None


def serve(order: Order, pipe: Connection) -> None:
    """Work until nobody asks any more; the main function of the process.

    Args:
        order: what is asked.
        pipe: lists of `Job` come from it, a `Result` for each goes back.
    """
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        try:
            worker = Worker(order)
        except Exception as error:
            pipe.send(explain(error, Path()))
            return
        pipe.send(READY)
        while True:
            for result in worker.edit(pipe.recv()):
                pipe.send(result)
    except (EOFError, OSError):
        return


def _start_deaf(process: BaseProcess) -> None:
    """Start a process that does not hear Ctrl-C and SIGTERM, which are for its parent."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        process.start()
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
