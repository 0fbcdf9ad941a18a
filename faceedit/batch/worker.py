"""A worker process: what it is asked to do (`Order`), and the object that does it (`Worker`)."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from faceedit.batch.crew import pace_of
from faceedit.batch.manifest import Manifest
from faceedit.batch.result import Result
from faceedit.batch.run import run
from faceedit.batch.stages import RunOptions
from faceedit.editing.build import EditSettings, open_editor
from faceedit.editing.editor import FaceEditor
from faceedit.errors import MissingError, explain
from faceedit.photos import Job
from faceedit.process import loading, prepare

TRIES = 2
"""How often a photo is tried again, alone, after a worker died of it, before it is given up."""

GAVE_UP = "its worker process died each time that it was tried"


@dataclass(frozen=True)
class Order:
    """What every worker is told.

    Attributes:
        settings: of the editor, with the worker's own device.
        options: how photos are treated.
        output: what ``-o`` said.
        facts: what each line of the manifest says, see `Manifest`.
        resume: leave alone what the manifest proves done.
        keep: there is a manifest.
        threads: of the CPU for each network call.
        io_threads: threads that read, and as many that compose and write.
        processes: that share a machine's memory.
    """

    settings: EditSettings
    options: RunOptions
    output: str | Path | None
    facts: Mapping[str, Any]
    resume: bool
    threads: int
    io_threads: int = 1
    keep: bool = True
    processes: int = 1


class Worker:
    """Edits photos with an editor of its own. Writing the manifest is left to who gave the order.

    Args:
        order: what is asked.

    Raises:
        FaceEditError: something that the editor needs is not here, or is another one.
    """

    def __init__(self, order: Order):
        prepare(order.threads)
        self._order = order
        with loading():
            self._editor = _open(order)
        self._manifest = _Known(
            order.output,
            order.facts,
            resume=order.resume,
            keep=order.keep,
            facts=self._editor.facts_of,
        )

    def edit(self, jobs: Sequence[Job]) -> Generator[Result, None, None]:
        """Yield the result of each photo, in order. Errors are results."""
        order, left = self._order, list(jobs)
        pace = pace_of(order.io_threads, self._editor.batching.size, order.processes)
        try:
            for result in run(jobs, self._editor, order.options, self._manifest, pace):
                left.pop(0)
                yield result
        except Exception as error:
            for job in left:
                yield Result(job, "failed", explain(error, job.source))


class _Known(Manifest):
    """What earlier runs did."""

    def add(self, result: Result) -> str | None:
        return None


def _open(order: Order) -> FaceEditor:
    """Open the editor, the same as where the order was given.

    Raises:
        FaceEditError: something that it needs is not here, or is another one.
    """
    decided = order.facts.get("settings", {})
    precision = decided.get("precision", order.settings.precision)
    editor = open_editor(replace(order.settings, precision=precision))
    for name, here in editor.facts.items():
        if name in order.facts and order.facts[name] != here:
            raise MissingError(f"{name} is {here} here, not {order.facts[name]}")
    return editor
