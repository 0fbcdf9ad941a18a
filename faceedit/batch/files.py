"""Files that several processes write at once: appended lines, folders in use, leavings of kills."""

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from faceedit.photos.atomic import TEMPORARY

try:
    import fcntl
except ImportError:  # Windows, whose system locks nothing here
    fcntl = None


def append_line(path: Path, line: bytes) -> None:
    """Append one line to a file whole, whoever else does so; the file is made if it is missing.

    Half a line that a killed process left at the end is closed first. Where the disk is full
    nothing stays of the line.

    Args:
        path: the file.
        line: without its line feed, and none inside.

    Raises:
        OSError: the file cannot be written.
    """
    with path.open("ab+", buffering=0) as file:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX)
        size = file.seek(0, os.SEEK_END)
        if size:
            file.seek(size - 1)
            line = line if file.read(1) == b"\n" else b"\n" + line
        data = line + b"\n"
        try:
            if file.write(data) != len(data):
                raise OSError(28, "No space left on device")
        except OSError:
            with contextlib.suppress(OSError):
                file.truncate(size)
            raise


MOST_HANDLES = 64
"""Folders that are marked at once; the others are neither marked nor cleared."""


@contextlib.contextmanager
def folders_in_use(folders: Mapping[Path, Iterable[Path]]) -> Iterator[None]:
    """Mark output folders as in use, and clear away what killed runs left in unused ones.

    That is done at the beginning and, for what killed workers of this run left, at the end.

    Args:
        folders: output folders, each with those below it in which temporary files may lie. Those
            that exist are looked at.
    """
    with contextlib.ExitStack() as stack:
        for folder, below in list(folders.items())[:MOST_HANDLES]:
            _use(folder, below, stack)
        yield


def _use(folder: Path, below: Iterable[Path], stack: contextlib.ExitStack) -> None:
    if fcntl is None or not folder.is_dir():
        return
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    stack.callback(os.close, handle)
    # A file system without locks cannot say who else is here: nothing is cleared away then.
    with contextlib.suppress(OSError):
        _clear_if_alone(handle, {folder, *below})
        fcntl.flock(handle, fcntl.LOCK_SH)
        stack.callback(_clear_if_alone, handle, {folder, *below})


def _clear_if_alone(handle: int, places: Iterable[Path]) -> None:
    if fcntl is None:
        return
    with contextlib.suppress(OSError):
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for place in places:
            for leaving in place.glob(f".{TEMPORARY}*"):
                with contextlib.suppress(OSError):
                    leaving.unlink()
