"""Signals that ask a training to stop, kept until its step is done."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from faceedit.process import heard_signals

PATIENCE = 2.0
"""Seconds within which a signal is the same request again: terminals and ``timeout`` send it to
a process and to its group."""


@dataclass
class Caught:
    """The signal that came; 0 is none."""

    number: int = 0
    at: float = 0.0


@contextmanager
def caught_signals() -> Iterator[Caught]:
    """Keep the signals that end a command for the training; a second one, later, stops it."""
    caught = Caught()
    before = {}

    def keep(number: int, frame: FrameType | None) -> None:
        if not caught.number:
            caught.number, caught.at = number, time.monotonic()
        elif time.monotonic() - caught.at > PATIENCE:
            signal.signal(number, before[number])
            signal.raise_signal(number)

    try:
        for number in heard_signals():
            before[number] = signal.signal(number, keep)
    except ValueError:  # Not the main thread: no signal comes here.
        before.clear()
    try:
        yield caught
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
