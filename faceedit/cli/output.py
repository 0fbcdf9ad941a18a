"""How commands speak: data to stdout, messages to stderr."""

import json
import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from faceedit.cli.log_file import NAME
from faceedit.visible import visible

EVERY = 30.0
"""Seconds between lines of progress."""


def complain(message: str) -> None:
    """Write one line to stderr, red where that is a terminal."""
    line = f"error: {on_one_line(' '.join(message.split()))}"
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.text import Text

        Console(stderr=True).print(Text(line, style="red"), soft_wrap=True)
        tell(line, shown=False)
    else:
        tell(line)


def tell(message: str, shown: bool = True) -> None:
    """Write a message of one or more lines to stderr; what no terminal may see is escaped.

    Args:
        message: the lines.
        shown: False writes it to the log alone, where there is one.
    """
    text = on_lines(message)
    if shown:
        print(text, file=sys.stderr)
    for line in text.splitlines():
        logging.getLogger(NAME).info("%s", line)


def on_one_line(text: str) -> str:
    """Return text on one line: names may hold line feeds, escapes and bytes that are no text."""
    return visible(text)


def on_lines(text: str) -> str:
    """Return text on its own lines, with its tabs; all else is escaped as in `on_one_line`."""
    return visible(text, keep=r"\n\t")


class Lines:
    """A line of progress now and then, where no bar can be drawn.

    Args:
        total: photos.
        clock: seconds, ever rising.
    """

    def __init__(self, total: int, clock: Callable[[], float] = time.monotonic):
        self._total, self._clock = total, clock
        self._done, self._begin = 0, clock()
        self._last = self._begin

    def step(self, more: str = "") -> None:
        """Count a photo, and tell of all so far if the last line is `EVERY` seconds ago."""
        self._done += 1
        from faceedit.training.live import duration

        now = self._clock()
        if now - self._last < EVERY or self._done == self._total:
            return
        self._last = now
        rate = self._done / (now - self._begin)
        left = duration(max(self._total - self._done, 0) / rate)
        tell(f"{self._done} of {self._total}{more}, {rate:.1f}/s, {left} left")


@contextmanager
def progress(total: int, shown: bool) -> Iterator[Callable[[], None]]:
    """Show a bar on stderr, or lines where that is no terminal; yield what counts a photo."""
    if not shown:
        yield lambda: None
        return
    if not sys.stderr.isatty():
        yield Lines(total).step
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # Data on stdout must not become messages on stderr.
    with Progress(
        *columns, console=Console(stderr=True), transient=True, redirect_stdout=False
    ) as bar:
        task = bar.add_task("", total=total)
        yield lambda: bar.advance(task)


def print_json(value: object) -> None:
    """Write one line of JSON to stdout, in ASCII since file names need not be valid Unicode."""
    print(json.dumps(value))


def print_columns(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a table to stdout in aligned columns, never cut to a terminal's width."""
    table = [list(header), *([on_one_line(cell) for cell in row] for row in rows)]
    widths = [max(len(cell) for cell in column) for column in zip(*table, strict=True)]
    for row in table:
        print("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip())


def readable_size(size: int) -> str:
    """Return a number of bytes as people read it: ``812 B``, ``3.7 MB``."""
    if size < 1000:
        return f"{size} B"
    if size < 1_000_000:
        return f"{size / 1e3:.1f} kB"
    return f"{size / 1e6:.1f} MB"
