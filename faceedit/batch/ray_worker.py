"""The worker on a Ray cluster: loads the editor once, then edits one block of photos after another.

Blocks hold names and results. Pixels stay with the worker, which reads and writes the shared folder
itself: a photo of 24 megapixels is 72 MB of pixels but some 8 MB of file, so that handing it from
one process to another would cost more than reading it, and fill the object store.
"""

import json
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from faceedit.batch.build import EditSettings, open_editor
from faceedit.batch.crew import MOST_READERS
from faceedit.batch.editor import FaceEditor
from faceedit.batch.manifest import Manifest
from faceedit.batch.pipeline import Pace
from faceedit.batch.result import Result, describe, explain, read_result
from faceedit.batch.run import run
from faceedit.batch.stages import RunOptions
from faceedit.errors import MissingError
from faceedit.photos import Job
from faceedit.process import prepare

TRIES = 2
"""How often a photo may end a worker that does nothing else, before it is given up."""

GAVE_UP = "its worker process died each time that it was tried"


@dataclass(frozen=True)
class Order:
    """What every worker is told. All paths are absolute.

    Attributes:
        settings: of the editor, with a device as Ray's workers see it.
        options: how photos are treated.
        output: what ``-o`` said.
        facts: what each line of the manifest says, see `Manifest`.
        believe: leave alone what the manifest proves done.
        threads: of the CPU for each network call.
        hands: threads that read, and as many that write; 1 for a worker with one CPU.
    """

    settings: EditSettings
    options: RunOptions
    output: Path | None
    facts: Mapping[str, Any]
    believe: bool
    threads: int
    hands: int


class PhotoWorker:
    """Edits blocks of photos. Errors are results: Ray repeats what a worker died of, only.

    Args:
        order: what is asked.
        tries: handle of a `Tries` actor.
    """

    def __init__(self, order: Order, tries: Any):
        self._order, self._tries, self._trouble = order, tries, ""
        self._manifest = _Lines(order.output, order.facts, believe=order.believe)
        try:
            self._editor = _open(order)
        # What is wrong here is told with the first block: Ray would hide it in traces.
        except Exception as error:
            self._trouble = f"{socket.gethostname()}: {explain(error, Path())}"

    def __call__(self, block: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
        """Edit the photos of a block.

        Args:
            block: columns ``index``, ``source`` and ``target``, see `to_row`.

        Returns:
            Columns ``index`` and ``told``, for `from_row`.
        """
        indices = [int(index) for index in block["index"]]
        if self._trouble:
            told = [{"trouble": self._trouble}] * len(indices)
        else:
            told = [describe(result) for result in self._edit(indices, _jobs(block))]
        return {"index": indices, "told": [json.dumps(one) for one in told]}

    def _edit(self, indices: Sequence[int], jobs: Sequence[Job]) -> list[Result]:
        """Edit photos side by side, or one by one where a worker died of some of them before."""
        if self._begin(f"block {indices[0]}") == 1:
            return self._run(jobs)
        return [self._edit_alone(index, job) for index, job in zip(indices, jobs, strict=True)]

    def _edit_alone(self, index: int, job: Job) -> Result:
        if self._begin(f"photo {index}") > TRIES:
            return Result(job, "failed", GAVE_UP)
        return self._run([job])[0]

    def _run(self, jobs: Sequence[Job]) -> list[Result]:
        order = self._order
        readers = min(order.hands, MOST_READERS)
        pace = Pace(readers, order.hands, self._editor.batching.size)
        try:
            return list(run(jobs, self._editor, order.options, self._manifest, pace))
        except Exception as error:
            return [Result(job, "failed", explain(error, job.source)) for job in jobs]

    def _begin(self, what: str) -> int:
        import ray

        return ray.get(self._tries.begin.remote(what))


class _Lines(Manifest):
    """What earlier runs did. What this one does is for the driver to write down."""

    def add(self, result: Result) -> str | None:
        return None


def to_row(index: int, job: Job) -> dict[str, Any]:
    """Return a photo of the plan as a row; paths are bytes, which need not be UTF-8."""
    source, target = os.path.abspath(job.source), os.path.abspath(job.target)  # noqa: PTH100
    return {"index": index, "source": os.fsencode(source), "target": os.fsencode(target)}


def from_row(job: Job, told: str) -> Result:
    """Return the result that a worker told of a photo.

    Raises:
        MissingError: the worker could not begin.
    """
    one = json.loads(told)
    if "trouble" in one:
        raise MissingError(one["trouble"])
    return read_result(job, one)


def _jobs(block: Mapping[str, Sequence[Any]]) -> list[Job]:
    pairs = zip(block["source"], block["target"], strict=True)
    return [Job(*(Path(os.fsdecode(path)) for path in pair)) for pair in pairs]


def _open(order: Order) -> FaceEditor:
    """Open the editor, the same as the driver's.

    Raises:
        FaceEditError: something that it needs is not here, or is another one.
    """
    prepare(order.threads)
    decided = order.facts.get("settings", {})
    precision = decided.get("precision", order.settings.precision)
    editor = open_editor(replace(order.settings, precision=precision))
    for name, here in editor.facts.items():
        if name in order.facts and order.facts[name] != here:
            raise MissingError(f"{name} is {here} here, not {order.facts[name]}")
    return editor
