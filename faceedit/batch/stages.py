"""What happens to one photo, step by step: read, look, finish. Nothing that it does is an error.

A photo may have several jobs, an output each. It is decoded and its faces are found once for all.
"""

import hashlib
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import Literal

from faceedit.batch.manifest import Manifest
from faceedit.batch.read_ahead import decode_or_explain
from faceedit.batch.result import (
    AS_IT_IS,
    NO_FACE,
    OURS,
    FaceResult,
    Result,
    faces_of,
    notes_of,
    why_unedited,
)
from faceedit.editing.editor import FaceEditor
from faceedit.editing.steps import weights_of
from faceedit.editing.types import EditedPhoto, FaceEdits
from faceedit.errors import NoFaceError, explain
from faceedit.outputs import Permit, permit_for
from faceedit.photos import (
    Budget,
    Job,
    Photo,
    PhotoFile,
    Provenance,
    WriteOptions,
    copy_photo,
    copy_suffices,
    draft_photo,
    load_file,
    write_photo,
)
from faceedit.photos.budget import Spending
from faceedit.photos.memory import estimate_faces
from faceedit.photos.provenance import is_marked
from faceedit.targets import Target


@dataclass(frozen=True)
class RunOptions:
    """How photos are treated.

    Attributes:
        target: what the faces are to show, unless the job says it; None copies photos of jobs that
            do not say it as they are.
        on_no_face: a photo without a face is copied, left out, or an error.
        write: how outputs are written.
        again: edit photos, too, that say of themselves that they were edited.
        overwrite: replace what is in the way, where no manifest decides that.
        only_edited: leave out all photos in which nothing is edited.
    """

    target: Target | None
    on_no_face: Literal["copy", "skip", "fail"] = "copy"
    write: WriteOptions = field(default_factory=WriteOptions)
    again: bool = False
    overwrite: bool = False
    only_edited: bool = False

    def asked(self, job: Job) -> Target | None:
        """Return what the faces of a photo are to show; None copies it as it is."""
        return job.asked or self.target

    def leaves_out(self, reason: str) -> bool:
        """Say whether a photo that is not edited, for some reason, gets no output."""
        if reason == AS_IT_IS:
            return False
        return self.only_edited or (reason == NO_FACE and self.on_no_face != "copy")

    def write_for(self, job: Job, editor: FaceEditor) -> WriteOptions:
        """Return how an edited photo is written: it says what it was asked for, and of what."""
        write = self.write
        if job.asked is None or (write.provenance is None and write.signer is None):
            return write
        said = provenance_of(editor.serving(job.asked), job.asked)
        return replace(
            write,
            provenance=None if write.provenance is None else said,
            signer=None if write.signer is None else write.signer.saying(said),
        )

    def permit(self, job: Job, manifest: Manifest | None) -> Permit:
        """Return what the output of a photo may replace."""
        return permit_for(self.overwrite) if manifest is None else manifest.permit(job)


def provenance_of(editor: FaceEditor, target: Target) -> Provenance:
    """Return what photos say of their edit to a target."""
    return Provenance(editor.label, str(target), weights_of(editor.steps), version("faceedit"))


@dataclass(frozen=True, eq=False)
class Wanted:
    """An output that is to be made of a photo.

    Attributes:
        job: the photo and its output.
        target: what its faces are to show.
        permit: what the output may replace.
    """

    job: Job
    target: Target
    permit: Permit


@dataclass(frozen=True, eq=False)
class Read:
    """A photo that was read.

    Attributes:
        wanted: the outputs that are to be made of it, at least one.
        photo: its pixels and what else is in the file.
        sha256: of the file.
        seconds: of work so far, for each of the outputs.
        ended: results of its other jobs.
    """

    wanted: tuple[Wanted, ...]
    photo: Photo
    sha256: str
    seconds: float
    ended: tuple[Result, ...] = ()


@dataclass(frozen=True, eq=False)
class Looked:
    """A photo whose faces were found.

    Attributes:
        read: the photo.
        edits: for each output what is to be done, or why that cannot be said.
        seconds: of work so far, for each of the outputs.
    """

    read: Read
    edits: Sequence[FaceEdits | Exception]
    seconds: float


def read(
    jobs: Sequence[Job],
    editor: FaceEditor,
    options: RunOptions,
    manifest: Manifest | None,
    budget: Budget | None = None,
) -> Read | list[Result]:
    """Read a photo, unless the manifest proves that all of its outputs are done already.

    A JPEG of 4096 pixels or more is decoded at a quarter of its size first. Where that shows no
    face, it is not decoded in full.

    Args:
        jobs: of one photo.
        editor: finds and edits faces.
        options: how photos are treated.
        manifest: says what is done.
        budget: that reading it may take.

    Returns:
        What was read for the jobs that are left, or a result for each job, in order.
    """
    start, sha256 = time.perf_counter(), None
    ended: dict[Job, Result] = {}
    try:
        file = load_file(jobs[0].source)
        sha256 = hashlib.sha256(file.data).hexdigest()
        left: list[Wanted] = []
        for job in jobs:
            done = None if manifest is None else manifest.find(job, sha256)
            permit, target = options.permit(job, manifest), options.asked(job)
            if done is not None:
                ended[job] = done
            elif target is None:
                copied = Result(job, "failed", AS_IT_IS, input_sha256=sha256)
                ended[job] = _copied(copied, options, permit, start)
            else:
                left.append(Wanted(job, target, permit))
        if not left:
            return list(ended.values())
        if _shows_no_face([one.job for one in left], file, editor, options, budget):
            for one in left:
                copied = Result(one.job, "failed", NO_FACE, input_sha256=sha256)
                ended[one.job] = _copied(copied, options, one.permit, start)
            return [ended[job] for job in jobs]
        photo = decode_or_explain(file, budget)
        if isinstance(photo, Photo):
            if options.again or not is_marked(photo.source.metadata.xmp):
                seconds = (time.perf_counter() - start) / len(left)
                return Read(tuple(left), photo, sha256, seconds, tuple(ended.values()))
            ours = (Result(one.job, "skipped", OURS, input_sha256=sha256) for one in left)
            return _in_order(jobs, [*ended.values(), *ours])
    # Nothing that one photo brings about may cost the others their results.
    except Exception as error:
        photo = explain(error, jobs[0].source)
    seconds = (time.perf_counter() - start) / len(jobs)
    failed = Result(jobs[0], "failed", photo, (), seconds, sha256)
    return [ended.get(job, replace(failed, job=job)) for job in jobs]


def _in_order(jobs: Sequence[Job], results: Iterable[Result]) -> list[Result]:
    by_job = {one.job: one for one in results}
    return [by_job[job] for job in jobs]


def _copied(result: Result, options: RunOptions, permit: Permit, start: float) -> Result:
    """Copy a file as it is for the reason of a result, or leave it out; that may fail, too."""
    try:
        result = _without_edit(result, result.reason, options, permit)
    except Exception as error:
        result = replace(result, reason=explain(error, result.job.source))
    return replace(result, seconds=time.perf_counter() - start)


def _shows_no_face(
    jobs: Sequence[Job],
    file: PhotoFile,
    editor: FaceEditor,
    options: RunOptions,
    budget: Budget | None,
) -> bool:
    """Say whether a draft is enough to know that nothing is to be edited; in doubt it is not."""
    are_copies = all(copy_suffices(job.source, job.target, options.write) for job in jobs)
    if not options.leaves_out(NO_FACE) and not are_copies:
        return False
    draft = draft_photo(file, budget=budget)
    return draft is not None and not editor.sees_face(draft.pixels, draft.scale)


def _without_edit(result: Result, reason: str, options: RunOptions, permit: Permit) -> Result:
    """Copy a file as it is, or leave it out, as a photo without a face is treated.

    Raises:
        NoFaceError: a photo without a face is to fail.
        PhotoError: it cannot be copied.
    """
    source, target = result.job.source, result.job.target
    if reason == NO_FACE and options.on_no_face == "fail":
        raise NoFaceError(source, reason)
    if options.leaves_out(reason):
        return replace(result, outcome="skipped", reason=reason)
    sha256 = copy_photo(source, target, permit)
    return replace(result, outcome="copied", reason=reason, output_sha256=sha256)


def look(photos: Sequence[Read], editor: FaceEditor) -> list[Looked]:
    """Find the faces of several photos and say what is to be done to them."""
    start = time.perf_counter()
    try:
        pixels = [one.photo.pixels for one in photos]
        plans = editor.look(pixels, [[each.target for each in one.wanted] for one in photos])
    except Exception as error:
        plans = [[error] * len(one.wanted) for one in photos]
    spent = (time.perf_counter() - start) / sum(len(one.wanted) for one in photos)
    return [
        Looked(one, edits, one.seconds + spent) for one, edits in zip(photos, plans, strict=True)
    ]


def finish(
    looked: Looked, editor: FaceEditor, options: RunOptions, budget: Budget | None = None
) -> Iterator[Result]:
    """Compose and write the outputs of a photo; yield the result of each as it ends."""
    for one, edits in zip(looked.read.wanted, looked.edits, strict=True):
        if isinstance(edits, Exception):
            reason = explain(edits, one.job.source)
            result = Result(one.job, "failed", reason, (), looked.seconds, looked.read.sha256)
        else:
            result = _finish(looked, one, edits, editor, options, budget or Budget())
        yield result


def _finish(
    looked: Looked,
    one: Wanted,
    edits: FaceEdits,
    editor: FaceEditor,
    options: RunOptions,
    budget: Budget,
) -> Result:
    """Compose and write one output, unless the faces are too large for the memory."""
    start, photo = time.perf_counter(), looked.read.photo
    others = (face for face, _ in edits.others)
    faces = tuple(FaceResult.of(face) for face in (*edits.faces, *others))
    result = Result(one.job, "failed", "", faces, 0.0, looked.read.sha256)
    try:
        _check_memory(photo, edits, budget)
        edited = editor.compose(photo.pixels, edits)
        write = options.write_for(one.job, editor)
        result = replace(result, faces=faces_of(edited))
        result = _write(result, photo, edited, write, options, one.permit)
    except Exception as error:
        result = replace(result, reason=explain(error, one.job.source))
    return replace(result, seconds=looked.seconds + time.perf_counter() - start)


def _check_memory(photo: Photo, edits: FaceEdits, budget: Budget) -> None:
    """Refuse a photo whose faces are too large.

    Raises:
        UnreadableError: this machine has less memory than it needs.
    """
    height, width = photo.pixels.shape[:2]
    # A crop shows a face and as much around it as is composed.
    areas = [(crop.size / crop.scale) ** 2 for crop in edits.crops]
    area = min(max(areas, default=0.0), height * width)
    several = any(len(held.edits) > 1 for held in edits.held)
    needed = estimate_faces(photo.pixels, int(area), several)
    Spending(photo.path, 0, budget).check_bytes(needed)


def _write(
    result: Result,
    photo: Photo,
    edited: EditedPhoto,
    write: WriteOptions,
    options: RunOptions,
    permit: Permit,
) -> Result:
    """Write what is to be written; return the result with outcome, reason, hash and notes."""
    source, target = result.job.source, result.job.target
    notes = photo.source.notes
    if edited.edits:
        sha256 = write_photo(photo, target, edited.pixels, write, permit)
        notes += notes_of(result.faces, edited.edits)
        return replace(result, outcome="edited", output_sha256=sha256, notes=notes)
    reason = why_unedited(edited)
    if options.leaves_out(reason) or copy_suffices(source, target, options.write):
        return _without_edit(result, reason, options, permit)
    result = replace(result, outcome="copied", reason=reason)
    plain = replace(options.write, provenance=None, signer=None)
    sha256 = write_photo(photo, target, photo.pixels, plain, permit)
    return replace(result, output_sha256=sha256, notes=notes)
