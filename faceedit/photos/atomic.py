"""Files that appear whole or not at all."""

import contextlib
import os
import secrets
from pathlib import Path

from faceedit.errors import WriteError

TEMPORARY = "faceedit-tmp-"
"""What the names of temporary files begin with, behind the dot that hides them."""


def write_atomic(target: Path, data: bytes, mtime_ns: int | None = None) -> None:
    """Write a file under a temporary name beside its place and rename it there.

    Folders on the way are made. A link at the target is replaced, never written through.

    Args:
        target: where the file goes; a file there is replaced.
        data: its content.
        mtime_ns: modification time to give it, None for now.

    Raises:
        WriteError: anything went wrong; the temporary file is gone and the target untouched.
    """
    # Short, so that a target whose name has the full 255 bytes can be written, and hidden, so
    # that no run takes what a killed one left behind for a photo.
    temporary = target.parent / f".{TEMPORARY}{secrets.token_hex(8)}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            if mtime_ns is not None:
                os.utime(temporary, ns=(mtime_ns, mtime_ns))
            temporary.replace(target)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink()
            raise
    except OSError as error:
        raise WriteError(target, error.strerror or str(error)) from error
