"""The three standard streams, made safe at the start of a command.

Messages that cannot be written are dropped and never end a run. Data that cannot be written is an
error. A stream that the caller has closed is opened on the null device, so that no file that is
opened later takes its number and its content.
"""

import errno
import io
import os
import stat
import sys
from typing import Any, NoReturn

from faceedit.errors import StreamError
from faceedit.outputs import permissions_of

_BLOCK = 2**20

READER_GONE = 128 + 13
"""Exit code where nobody reads stdout any more: that of tools which SIGPIPE ends."""


def secure_streams() -> None:
    """Open what is closed, and replace `sys.stdout` and `sys.stderr` by safe ones.

    Streams that something else has replaced already are left alone.
    """
    # Reading and writing the null device opened the other way fails, as on a closed stream: what
    # is asked for as data is not to vanish.
    for number, mode in ((0, os.O_WRONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        _open_if_closed(number, mode)
    if sys.stdin is None:
        sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)), "utf-8")
    if sys.stdout is sys.__stdout__:
        sys.stdout = _writer(_Data, 1, sys.__stdout__)
    if sys.stderr is sys.__stderr__:
        sys.stderr = _writer(_Messages, 2, sys.__stderr__)


def read_stdin(most: int) -> bytes:
    """Return all that comes on stdin.

    Args:
        most: bytes.

    Raises:
        StreamError: it cannot be read, or holds more.
    """
    data = io.BytesIO()
    try:
        while block := sys.stdin.buffer.read(_BLOCK):
            if data.tell() + len(block) > most:
                raise StreamError(f"stdin holds more than {most} bytes, too many for a photo here")
            data.write(block)
    except OSError as error:
        raise StreamError(f"stdin cannot be read: {error.strerror or error}") from error
    return data.getvalue()


def stdin_permissions() -> int | None:
    """Return the permissions of the file that stdin is read from; None where it is none."""
    try:
        status = os.fstat(sys.stdin.fileno())
    except (OSError, ValueError):
        return None
    return permissions_of(status) if stat.S_ISREG(status.st_mode) else None


def write_stdout(data: bytes) -> None:
    """Write bytes to stdout.

    Raises:
        StreamError: they cannot be written.
        SystemExit: nobody reads them.
    """
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except OSError as error:
        _give_up(error)


def _open_if_closed(number: int, mode: int) -> None:
    try:
        # A program that shares the terminal may have left it so that reading and writing fail.
        os.set_blocking(number, True)
    except OSError:
        opened = os.open(os.devnull, mode)
        if opened != number:
            os.dup2(opened, number)
            os.close(opened)
        os.set_inheritable(number, True)


def _writer(kind: type[io.TextIOWrapper], number: int, before: Any) -> io.TextIOWrapper:
    """Return a text stream like the one before it, in which no character is an error."""
    raw = io.FileIO(number, "w", closefd=False)
    return kind(
        io.BufferedWriter(raw),
        encoding=getattr(before, "encoding", "utf-8"),
        errors="backslashreplace",
        line_buffering=number == 2 or raw.isatty(),
    )


class _Messages(io.TextIOWrapper):
    """Drops what it cannot write."""

    def write(self, text: str, /) -> int:
        try:
            return super().write(text)
        except OSError:
            return len(text)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError:
            return


class _Data(io.TextIOWrapper):
    """Raises an error of ours where it cannot write, once; what comes after is dropped."""

    def write(self, text: str, /) -> int:
        try:
            return super().write(text)
        except OSError as error:
            _give_up(error)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            _give_up(error)


def _give_up(error: OSError) -> NoReturn:
    """End what writes to stdout."""
    # What is in buffers must not fail again when the process ends.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    if error.errno == errno.EPIPE:
        raise SystemExit(READER_GONE) from None
    raise StreamError(f"stdout cannot be written: {error.strerror or error}") from error
