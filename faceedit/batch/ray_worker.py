"""The worker on a Ray cluster: loads the editor once, then edits one block of photos after another.

Blocks hold names and results. Pixels stay with the worker, which reads and writes the shared folder
itself: a photo of 24 megapixels is 72 MB of pixels but some 8 MB of file, so that handing it from
one process to another would cost more than reading it, and fill the object store.
"""

import json
import os
import pickle
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from faceedit.batch.result import Result, describe, read_result
from faceedit.batch.worker import GAVE_UP, TRIES, Worker
from faceedit.errors import MissingError, explain
from faceedit.photos import Job
from faceedit.targets import parse_target


class PhotoWorker:
    """Edits blocks of photos. Errors are results: Ray repeats what a worker died of, only.

    Args:
        order: what is asked, an `Order` pickled, so that what is wrong with it here is told; all
            its paths are absolute.
        tries: handle of a `Tries` actor.
    """

    def __init__(self, order: bytes, tries: Any):
        self._tries, self._trouble = tries, ""
        try:
            self._worker = Worker(pickle.loads(order))
        # What is wrong here is told with the first block: Ray would hide it in traces.
        except Exception as error:
            self._trouble = f"{socket.gethostname()}: {explain(error, Path())}"

    def __call__(self, block: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
        """Edit the photos of a block.

        Args:
            block: columns ``index``, ``source``, ``target`` and ``asked``, see `to_row`.

        Returns:
            Columns ``index`` and ``told``, for `from_row`.
        """
        indices = [int(index) for index in block["index"]]
        if self._trouble:
            told = [{"trouble": self._trouble}] * len(indices)
        else:
            told = [describe(result) for result in self._edit(indices, to_jobs(block))]
        return {"index": indices, "told": [json.dumps(one) for one in told]}

    def _edit(self, indices: Sequence[int], jobs: Sequence[Job]) -> list[Result]:
        """Edit photos side by side, or one by one where a worker died of some of them before."""
        if self._begin(f"block {indices[0]}") == 1:
            return list(self._worker.edit(jobs))
        return [self._edit_alone(index, job) for index, job in zip(indices, jobs, strict=True)]

    def _edit_alone(self, index: int, job: Job) -> Result:
        if self._begin(f"photo {index}") > TRIES:
            return Result(job, "failed", GAVE_UP)
        (result,) = self._worker.edit([job])
        return result

    def _begin(self, what: str) -> int:
        import ray

        return ray.get(self._tries.begin.remote(what))


def to_row(index: int, job: Job) -> dict[str, Any]:
    """Return a photo of the plan as a row; paths are bytes, which need not be UTF-8."""
    source, target = os.path.abspath(job.source), os.path.abspath(job.target)  # noqa: PTH100
    asked = "" if job.asked is None else json.dumps(job.asked.to_json())
    paths = {"source": os.fsencode(source), "target": os.fsencode(target)}
    return {"index": index, **paths, "asked": asked}


def from_row(job: Job, told: str) -> Result:
    """Return the result that a worker reported for a photo.

    Raises:
        MissingError: the worker could not begin.
    """
    one = json.loads(told)
    if "trouble" in one:
        raise MissingError(one["trouble"])
    return read_result(job, one)


def to_jobs(block: Mapping[str, Sequence[Any]]) -> list[Job]:
    """Return the jobs of a block of rows."""
    return [
        Job(
            Path(os.fsdecode(source)),
            Path(os.fsdecode(target)),
            parse_target(json.loads(asked)) if asked else None,
        )
        for source, target, asked in zip(
            block["source"], block["target"], block["asked"], strict=True
        )
    ]
