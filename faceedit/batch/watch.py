"""Folders that are watched: photos that come in, once they are whole."""

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from faceedit.errors import MissingError

QUIET = 1.0
"""Seconds for which a photo has not changed when it is taken for whole."""

AGAIN = 10.0
"""Seconds after which folders are looked through unasked: network drives tell of no changes."""

_State = tuple[int, int, int]
"""Inode, size and time of the last change of a file."""


class Arrivals:
    """Says which photos came in or changed, and are whole; each state of a file only once.

    Args:
        quiet: seconds for which a file has not changed when it is whole.
        clock: seconds, ever rising.

    Attributes:
        waiting: whether files were seen that are not whole yet.
    """

    def __init__(self, quiet: float = QUIET, clock: Callable[[], float] = time.monotonic):
        self._quiet, self._clock = quiet, clock
        self._seen: dict[Path, tuple[_State, float]] = {}
        self._taken: dict[Path, _State] = {}
        self.waiting = False

    def take(self, paths: Iterable[Path]) -> list[Path]:
        """Return those of all photos that are there which are whole and were not returned before.

        A file without content is one that is still to be written.
        """
        now, ready = self._clock(), []
        before, self._seen = self._seen, {}
        for path in dict.fromkeys(paths):
            state = _state(path)
            if state is None or self._taken.get(path) == state:
                continue
            known, since = before.get(path, (None, now))
            since = since if known == state else now
            if state[1] and now - since >= self._quiet:
                self._taken[path] = state
                ready.append(path)
            else:
                self._seen[path] = state, since
        self.waiting = bool(self._seen)
        return ready


def _state(path: Path) -> _State | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


@contextmanager
def watched(folders: Sequence[str | Path], recursive: bool) -> Iterator[threading.Event]:
    """Watch folders; yield an event that is set whenever something in them changes.

    Args:
        folders: that exist.
        recursive: those below them, too.

    Raises:
        MissingError: the package watchfiles is not installed.
    """
    try:
        from watchfiles import watch
    except ImportError as error:
        raise MissingError("--watch needs watchfiles: pip install 'faceedit[watch]'") from error
    changed, ending = threading.Event(), threading.Event()

    def listen() -> None:
        # Where the system cannot tell of changes, what waits looks by itself every `AGAIN`.
        with suppress(OSError, RuntimeError):
            places = [os.fspath(folder) for folder in folders]
            for _ in watch(
                *places, watch_filter=None, debounce=400, stop_event=ending, recursive=recursive
            ):
                changed.set()

    # A thread, as watchfiles takes signals of the main thread for its own.
    thread = threading.Thread(target=listen, name="watch", daemon=True)
    thread.start()
    try:
        yield changed
    finally:
        ending.set()
        thread.join(2.0)
