"""The run: each photo read, edited, written and recorded, whatever becomes of the others."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from faceedit.batch.editor import EditedPhoto, FaceEditor
from faceedit.batch.read_ahead import FileReading, read_ahead
from faceedit.batch.record import Recorder
from faceedit.batch.result import Result, explain
from faceedit.errors import NoFaceError
from faceedit.photos import (
    Job,
    Photo,
    WriteOptions,
    copy_photo,
    copy_suffices,
    write_photo,
)
from faceedit.targets import Target

NO_FACE = "no face was found"
NO_CHANGE = "a strength of 0 changes nothing"


@dataclass(frozen=True)
class RunOptions:
    """How photos are treated.

    Attributes:
        target: what the faces are to show.
        on_no_face: a photo without a face is copied, left out, or an error.
        write: how outputs are written.
    """

    target: Target
    on_no_face: Literal["copy", "skip", "fail"] = "copy"
    write: WriteOptions = field(default_factory=WriteOptions)


def run(
    jobs: Sequence[Job],
    editor: FaceEditor,
    options: RunOptions,
    recorder: Recorder | None = None,
) -> Iterator[Result]:
    """Work through a plan, reading one photo ahead.

    Whatever happens to one photo becomes its result, and the run goes on.

    Args:
        jobs: the plan.
        editor: finds and edits faces.
        options: how photos are treated.
        recorder: keeps the record; None keeps none.

    Yields:
        One result per job, in order, after it was recorded.
    """
    for job, reading in zip(jobs, read_ahead([job.source for job in jobs]), strict=True):
        result = _finish(job, reading, editor, options)
        trouble = None if recorder is None else recorder.add(result)
        yield result if trouble is None else replace(result, notes=(*result.notes, trouble))


def _finish(job: Job, reading: FileReading, editor: FaceEditor, options: RunOptions) -> Result:
    start, photo = time.perf_counter(), reading.photo
    if isinstance(photo, str):
        return Result(job, "failed", photo, (), reading.seconds, reading.sha256)
    result = Result(job, "failed", input_sha256=reading.sha256)
    try:
        edited = editor.edit_pixels(photo.pixels, options.target)
        result = replace(result, faces=edited.faces)
        result = _write(result, photo, edited, options)
    # Nothing that one photo brings about may cost the others their results.
    except Exception as error:
        result = replace(result, reason=explain(error, job.source))
    return replace(result, seconds=reading.seconds + time.perf_counter() - start)


def _write(result: Result, photo: Photo, edited: EditedPhoto, options: RunOptions) -> Result:
    """Write what is to be written; return the result with outcome, reason and notes."""
    source, target = result.job.source, result.job.target
    if edited.edits:
        write_photo(photo, target, edited.pixels, options.write)
        return replace(result, outcome="edited", notes=photo.source.notes)
    reason = NO_CHANGE if edited.faces else NO_FACE
    if not edited.faces and options.on_no_face == "fail":
        raise NoFaceError(source, reason)
    if not edited.faces and options.on_no_face == "skip":
        return replace(result, outcome="skipped", reason=reason)
    if copy_suffices(source, target, options.write):
        copy_photo(source, target)
        return replace(result, outcome="copied", reason=reason)
    write_photo(photo, target, photo.pixels, options.write)
    return replace(result, outcome="copied", reason=reason, notes=photo.source.notes)
