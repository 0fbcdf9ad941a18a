"""``--log FILE``: all messages of a run with their times, and a line for each photo."""

import logging
from pathlib import Path

from faceedit.errors import PlanError, WriteError

NAME = "faceedit"
"""Of the logger that messages go to; nobody listens unless a file is open."""

_BEGIN = b"# faceedit log\n"


def open_log(path: Path) -> None:
    """Append all messages to a file from now on, until `close_log`.

    Raises:
        PlanError: what is there is no log of faceedit.
        WriteError: it cannot be written.
    """
    from faceedit.batch.files import open_appending

    try:
        with open_appending(path) as file:
            file.seek(0)
            begin = file.read(len(_BEGIN))
            if begin not in (b"", _BEGIN):
                raise PlanError(f"{path}: is no log of faceedit; name another file with --log")
            if not begin:
                file.write(_BEGIN)
        handler = logging.FileHandler(path, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise WriteError(path, error.strerror or str(error)) from error
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%Y-%m-%d %H:%M:%S"))
    # A full disk is no reason to write a trace for each line.
    handler.handleError = lambda record: None
    logger = logging.getLogger(NAME)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(handler)


def close_log() -> None:
    """Close the file, if one is open."""
    logger = logging.getLogger(NAME)
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
        handler.close()
