"""The live line of a run: photos, faces, rate, time left and failures, on stderr."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from faceedit.batch.result import Result


@contextmanager
def run_progress(total: int, shown: bool) -> Iterator[Callable[["Result"], None]]:
    """Show a run's progress where stderr is a terminal; yield what takes each result.

    Args:
        total: photos.
        shown: whether it is wanted at all.
    """
    if not shown or not sys.stderr.isatty():
        yield lambda result: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[faces]} faces"),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(compact=True),
        TextColumn("[red]{task.fields[failures]}"),
    )
    # Data on stdout must not become messages on stderr.
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, redirect_stdout=False) as bar:
        task = bar.add_task("", total=total, faces=0, rate="", failures="")
        faces = failures = 0

        def told(result: "Result") -> None:
            nonlocal faces, failures
            faces += len(result.faces)
            failures += result.outcome == "failed"
            speed = bar.tasks[0].finished_speed or bar.tasks[0].speed
            bar.update(
                task,
                advance=1,
                faces=faces,
                rate="" if speed is None else f"{speed:.1f}/s",
                failures=f"{failures} failed" if failures else "",
            )

        yield told
