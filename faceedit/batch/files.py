"""Files that several processes write at once: appended lines, folders in use, leavings of kills."""

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import IO

from faceedit.outputs import TEMPORARY

try:
    import fcntl
    import resource
except ImportError:  # Windows, whose system locks nothing here
    fcntl = resource = None


def open_appending(path: Path, permissions: int = 0o666) -> IO[bytes]:
    """Open a file for reading and for appending; it is made if it is missing.

    Args:
        path: the file. Links are not followed.
        permissions: of a new file, less what the system takes off those of new files.

    Raises:
        OSError: it cannot be opened, or is a link, a pipe or a device.
    """
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
    # Fails at a link, and does not wait at a pipe.
    for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"):
        flags |= getattr(os, name, 0)
    handle = os.open(path, flags, permissions)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
    return os.fdopen(handle, "ab+", buffering=0)


def append_line(path: Path, line: bytes, permissions: int = 0o666) -> None:
    """Append one line to a file whole, whoever else does so; the file is made if it is missing.

    Half a line that a killed process left at the end is closed first. Where the disk is full
    nothing stays of the line.

    Args:
        path: the file.
        line: without its line feed, and none inside.
        permissions: as `open_appending` has them.

    Raises:
        OSError: the file cannot be written.
    """
    with open_appending(path, permissions) as file:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX)
        size = file.seek(0, os.SEEK_END)
        if size:
            file.seek(size - 1)
            line = line if file.read(1) == b"\n" else b"\n" + line
        data = line + b"\n"
        try:
            if file.write(data) != len(data):
                raise OSError(errno.ENOSPC, "No space left on device")
        except OSError:
            with contextlib.suppress(OSError):
                file.truncate(size)
            raise


MOST_HANDLES = 256
"""Folders that are marked at once, or a quarter of the files that the process may have open."""


@contextlib.contextmanager
def folders_in_use(
    folders: Mapping[Path, Iterable[Path]], when_alone: Callable[[Path], None] | None = None
) -> Iterator[list[Path]]:
    """Mark output folders as in use, and clear away what killed runs left in unused ones.

    That is done at the beginning and, for what killed workers of this run left, at the end.

    Args:
        folders: output folders, each with those below it in which temporary files may lie. Those
            that exist are looked at.
        when_alone: called with an output folder, both times, if nobody else uses it.

    Yields:
        The folders that are marked. Where there are very many some are not, and not cleared.
    """
    with contextlib.ExitStack() as stack:
        some = list(folders.items())[: _most_handles()]
        yield [folder for folder, below in some if _use(folder, below, when_alone, stack)]


@contextlib.contextmanager
def folder_alone(folder: Path) -> Iterator[bool]:
    """Keep runs out of an output folder; yield whether nobody is at work in it.

    Where the system has no locks the answer is yes.
    """
    with contextlib.ExitStack() as stack:
        is_alone = True
        if fcntl is not None:
            handle = os.open(folder, os.O_RDONLY)
            stack.callback(os.close, handle)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                is_alone = False
            except OSError:
                pass
        yield is_alone


def _most_handles() -> int:
    if resource is None:
        return MOST_HANDLES
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_HANDLES if soft < 0 else max(1, min(MOST_HANDLES, soft // 4))


def _use(
    folder: Path,
    below: Iterable[Path],
    when_alone: Callable[[Path], None] | None,
    stack: contextlib.ExitStack,
) -> bool:
    if fcntl is None or not folder.is_dir():
        return False
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:
        return False
    stack.callback(os.close, handle)
    clear = partial(_clear_if_alone, handle, folder, {folder, *below}, when_alone)
    # A file system without locks cannot say who else is here: nothing is cleared away then.
    try:
        clear()
        fcntl.flock(handle, fcntl.LOCK_SH)
    except OSError:
        return False
    stack.callback(clear)
    return True


def _clear_if_alone(
    handle: int, folder: Path, places: Iterable[Path], when_alone: Callable[[Path], None] | None
) -> None:
    if fcntl is None:
        return
    with contextlib.suppress(OSError):
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for place in places:
            for leaving in place.glob(f".{TEMPORARY}*"):
                with contextlib.suppress(OSError):
                    leaving.unlink()
        if when_alone is not None:
            when_alone(folder)
