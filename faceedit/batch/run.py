"""The run: photos read, looked at, finished and recorded, whatever becomes of each."""

from collections.abc import Generator, Sequence
from dataclasses import replace
from functools import partial

from faceedit.batch import stages
from faceedit.batch.editor import FaceEditor
from faceedit.batch.manifest import Manifest
from faceedit.batch.pipeline import Ended, Pace, Pipeline
from faceedit.batch.result import Result
from faceedit.batch.stages import NO_CHANGE, NO_FACE, Looked, Read, RunOptions
from faceedit.photos import Job

__all__ = ["NO_CHANGE", "NO_FACE", "RunOptions", "record", "run"]


def run(
    jobs: Sequence[Job],
    editors: FaceEditor | Sequence[FaceEditor],
    options: RunOptions,
    manifest: Manifest | None = None,
    pace: Pace | None = None,
) -> Generator[Result, None, None]:
    """Work through a plan, several photos at once.

    Whatever happens to one photo becomes its result, and the run goes on. Where the caller stops
    asking (an interruption, ``close()``), photos in hand are finished or dropped, whole.

    Args:
        jobs: the plan.
        editors: find and edit faces; of several, each has a thread of its own.
        options: how photos are treated.
        manifest: says what is done already and keeps what is done now, as soon as it is; None
            keeps nothing.
        pace: how much is done at once; None reads and finishes in one thread each.

    Yields:
        One result per job, in order, after it was recorded.
    """
    crew = [editors] if isinstance(editors, FaceEditor) else list(editors)
    pace = pace or Pace()
    pipeline = Pipeline(
        partial(_read, editor=crew[0], options=options, manifest=manifest),
        [partial(_look, editor=editor, options=options, manifest=manifest) for editor in crew],
        partial(_finish, editor=crew[0], options=options, manifest=manifest),
        pace,
        _pixels,
    )
    waiting: dict[int, Result] = {}
    submitted = ended = told = 0
    with pipeline:
        while told < len(jobs):
            while submitted < len(jobs) and submitted - ended < pace.window(len(crew)):
                pipeline.submit(submitted, jobs[submitted])
                submitted += 1
            index, waiting_result = pipeline.next_result()
            waiting[index] = waiting_result
            ended += 1
            while told in waiting:
                yield waiting.pop(told)
                told += 1


def _read(
    job: Job, editor: FaceEditor, options: RunOptions, manifest: Manifest | None
) -> Read | Ended[Result]:
    read = stages.read(job, editor, options, manifest)
    return _end(read, manifest) if isinstance(read, Result) else read


def _look(
    photos: Sequence[Read], editor: FaceEditor, options: RunOptions, manifest: Manifest | None
) -> list[Looked | Ended[Result]]:
    return [
        _end(seen, manifest) if isinstance(seen, Result) else seen
        for seen in stages.look(photos, editor, options)
    ]


def _finish(
    looked: Looked, editor: FaceEditor, options: RunOptions, manifest: Manifest | None
) -> Result:
    return _end(stages.finish(looked, editor, options), manifest).result


def record(result: Result, manifest: Manifest | None) -> Result:
    """Record a result at once: what is not in the manifest is done again after a kill.

    Returns:
        The result, with a note if it could not be recorded.
    """
    trouble = None if manifest is None or result.resumed else manifest.add(result)
    return result if trouble is None else replace(result, notes=(*result.notes, trouble))


def _end(result: Result, manifest: Manifest | None) -> Ended[Result]:
    return Ended(record(result, manifest))


def _pixels(read: Read) -> int:
    height, width = read.photo.pixels.shape[:2]
    return height * width
