"""The run: photos read, looked at, finished and recorded, whatever becomes of each."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from faceedit.batch import stages
from faceedit.batch.manifest import Manifest
from faceedit.batch.pipeline import Elsewhere, Ended, Pace, Pipeline
from faceedit.batch.result import OURS, Result
from faceedit.batch.stages import Looked, Read, RunOptions
from faceedit.editing.editor import FaceEditor
from faceedit.photos import Budget, Job
from faceedit.photos.formats import format_of

BATCHES = 4
"""That a helper is given at once."""

__all__ = ["RunOptions", "record", "run"]


Photo = tuple[Job, ...]
"""All that is asked of one photo."""


class Helper(Elsewhere[Job, Result], Protocol):
    """Does photos whole, outside this process; see `processes.WorkerProcess`."""

    def close(self) -> None:
        """End; the photo in hand first. Any thread may ask for it, again and again."""
        ...


def run(
    jobs: Sequence[Job],
    editor: FaceEditor,
    options: RunOptions,
    manifest: Manifest | None = None,
    pace: Pace | None = None,
    helpers: Sequence[Helper] = (),
    ended: Callable[[Result], object] = lambda result: None,
) -> Generator[Result, None, None]:
    """Work through a plan, several photos at once.

    Whatever happens to one photo becomes its result, and the run goes on. Where the caller stops
    asking (an interruption, ``close()``), photos in hand are finished or dropped, whole.

    Args:
        jobs: the plan.
        editor: finds and edits faces.
        options: how photos are treated.
        manifest: says what is done already and keeps what is done now, as soon as it is; None
            keeps nothing.
        pace: how much is done at once here; None reads and finishes in one thread each.
        helpers: take a part of the photos; they are closed at the end.
        ended: called with each photo as soon as it is recorded, by any thread; also of those that
            end after the caller has stopped asking.

    Yields:
        One result per job, in order, after it was recorded.
    """
    photos = list(_by_photo(jobs))
    pace, book = pace or Pace(), _Book(manifest, ended)
    pipeline: Pipeline[Photo, Read, Looked, list[Result]] = Pipeline(
        partial(_read, editor=editor, options=options, book=book, pace=pace),
        partial(_look, editor=editor),
        partial(_finish, editor=editor, options=options, book=book, pace=pace),
        pace,
        # A helper's networks take photos together, too.
        [_Recorded(one, book) for one in helpers],
        BATCHES * editor.batching.size if editor.batching.size > 1 else 1,
    )
    # Once before the threads are waited for, which ends what they wait for, and once after.
    with _closing(helpers), pipeline, _closing(helpers):
        for photo, results in zip(photos, pipeline.in_order(photos), strict=True):
            by_job = {one.job: one for one in results}
            yield from (by_job[job] for job in photo)


MOST_TOGETHER = 64
"""Outputs that are made of a photo at once: all that is to be done for them is held in memory."""


def _by_photo(jobs: Iterable[Job]) -> Iterator[Photo]:
    """Group neighbouring jobs that ask different things of one photo."""
    group: list[Job] = []
    for job in jobs:
        others = {one.asked for one in group}
        is_same = bool(group) and job.source == group[0].source and job.asked not in others
        if group and not (is_same and len(group) < MOST_TOGETHER):
            yield tuple(group)
            group = []
        group.append(job)
    if group:
        yield tuple(group)


@contextmanager
def _closing(helpers: Sequence[Helper]) -> Iterator[None]:
    try:
        yield
    finally:
        for one in helpers:
            one.close()


@dataclass(frozen=True)
class _Book:
    """Where results are entered as photos end, in whatever thread."""

    manifest: Manifest | None
    ended: Callable[[Result], object]

    def enter(self, result: Result) -> Result:
        result = record(result, self.manifest)
        self.ended(result)
        return result

    def end(self, results: Sequence[Result]) -> Ended[list[Result]]:
        is_work = any(not one.resumed for one in results)
        return Ended([self.enter(one) for one in results], is_work)


def _read(
    photo: Photo,
    room: Callable[[int], None],
    editor: FaceEditor,
    options: RunOptions,
    book: _Book,
    pace: Pace,
) -> Read | Ended[list[Result]]:
    budget = Budget(
        memory=pace.memory,
        processes=pace.processes,
        target=format_of(photo[0].target),
        reserve=room,
    )
    read = stages.read(photo, editor, options, book.manifest, budget)
    if isinstance(read, Read):
        return replace(read, ended=tuple(book.enter(one) for one in read.ended))
    return book.end(read)


def _look(photos: Sequence[Read], editor: FaceEditor) -> list[Looked | Ended[list[Result]]]:
    return [*stages.look(photos, editor)]


def _finish(
    looked: Looked, editor: FaceEditor, options: RunOptions, book: _Book, pace: Pace
) -> list[Result]:
    budget = Budget(memory=pace.memory, processes=pace.processes)
    finished = stages.finish(looked, editor, options, budget)
    return [*looked.read.ended, *(book.enter(one) for one in finished)]


class _Recorded:
    """A helper whose results are recorded as they come."""

    def __init__(self, helper: Helper, book: _Book):
        self._helper, self._book = helper, book

    def start(self) -> None:
        self._helper.start()

    def do(self, jobs: Sequence[Photo]) -> Iterator[list[Result]]:
        results = self._helper.do([job for photo in jobs for job in photo])
        for photo in jobs:
            # If it is lost in between, the whole photo is done again.
            ended = [next(results) for _ in photo]
            yield [self._book.enter(one) for one in ended]


def record(result: Result, manifest: Manifest | None) -> Result:
    """Record a result at once: what is not in the manifest is done again after a kill.

    A photo that was left out since faceedit edited it before is not recorded: ``--again`` takes it.

    Returns:
        The result, with a note if it could not be recorded.
    """
    if manifest is None or result.resumed or result.reason == OURS:
        return result
    trouble = manifest.add(result)
    return result if trouble is None else replace(result, notes=(*result.notes, trouble))
