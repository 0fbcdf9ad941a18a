"""The live line of a run: photos, faces, rate, time left and failures, on stderr."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from faceedit.cli.output import Lines

if TYPE_CHECKING:
    from faceedit.batch.result import Result


@contextmanager
def run_progress(total: int, shown: bool) -> Iterator[Callable[["Result"], None]]:
    """Show a run's progress, a line now and then off a terminal; yield what takes each result.

    Args:
        total: photos.
        shown: whether it is wanted at all.
    """
    faces = failures = 0

    def count(result: "Result") -> None:
        nonlocal faces, failures
        faces += len(result.faces)
        failures += result.outcome == "failed"

    if not shown:
        yield lambda result: None
        return
    if not sys.stderr.isatty():
        lines = Lines(total)

        def tell_now_and_then(result: "Result") -> None:
            count(result)
            lines.step(f" photos, {faces} faces" + (f", {failures} failed" if failures else ""))

        yield tell_now_and_then
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

        def told(result: "Result") -> None:
            count(result)
            speed = bar.tasks[0].finished_speed or bar.tasks[0].speed
            bar.update(
                task,
                advance=1,
                faces=faces,
                rate="" if speed is None else f"{speed:.1f}/s",
                failures=f"{failures} failed" if failures else "",
            )

        yield told
