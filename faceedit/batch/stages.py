"""What happens to one photo, step by step: read, look, finish. Nothing that it does is an error."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
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
from faceedit.editing.editor import EditedPhoto, FaceEditor, FaceEdits
from faceedit.errors import NoFaceError, explain
from faceedit.outputs import Permit, permit_for
from faceedit.photos import (
    Budget,
    Job,
    Photo,
    PhotoFile,
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

    def write_for(self, job: Job) -> WriteOptions:
        """Return how an edited photo is written: it says what it was asked for."""
        said = self.write.provenance
        if job.asked is None or said is None:
            return self.write
        return replace(self.write, provenance=replace(said, target=str(job.asked)))

    def permit(self, job: Job, manifest: Manifest | None) -> Permit:
        """Return what the output of a photo may replace."""
        return permit_for(self.overwrite) if manifest is None else manifest.permit(job)


@dataclass(frozen=True, eq=False)
class Read:
    """A photo that was read.

    Attributes:
        job: the photo and its output.
        target: what its faces are to show.
        photo: its pixels and what else is in the file.
        sha256: of the file.
        seconds: of work so far.
        permit: what the output may replace.
    """

    job: Job
    target: Target
    photo: Photo
    sha256: str
    seconds: float
    permit: Permit


@dataclass(frozen=True, eq=False)
class Looked:
    """A photo whose faces were found.

    Attributes:
        read: the photo.
        edits: what is to be done to it.
        seconds: of work so far.
    """

    read: Read
    edits: FaceEdits
    seconds: float


def read(
    job: Job,
    editor: FaceEditor,
    options: RunOptions,
    manifest: Manifest | None,
    budget: Budget | None = None,
) -> Read | Result:
    """Read a photo, unless the manifest proves that it is done already.

    A JPEG of 4096 pixels or more is decoded at a quarter of its size first. Where that shows no
    face, it is not decoded in full.
    """
    start, sha256, target = time.perf_counter(), None, options.asked(job)
    permit = options.permit(job, manifest)
    try:
        file = load_file(job.source)
        sha256 = hashlib.sha256(file.data).hexdigest()
        done = None if manifest is None else manifest.find(job, sha256)
        if done is not None:
            return done
        if target is None or _shows_no_face(job, file, editor, options, budget):
            result = Result(job, "failed", input_sha256=sha256)
            reason = AS_IT_IS if target is None else NO_FACE
            result = _without_edit(result, reason, options, permit)
            return replace(result, seconds=time.perf_counter() - start)
        photo = decode_or_explain(file, budget)
        if not (options.again or isinstance(photo, str)) and is_marked(photo.source.metadata.xmp):
            return Result(job, "skipped", OURS, input_sha256=sha256)
    # Nothing that one photo brings about may cost the others their results.
    except Exception as error:
        photo = explain(error, job.source)
    seconds = time.perf_counter() - start
    if isinstance(photo, str) or sha256 is None or target is None:
        return Result(job, "failed", str(photo), (), seconds, sha256)
    return Read(job, target, photo, sha256, seconds, permit)


def _shows_no_face(
    job: Job, file: PhotoFile, editor: FaceEditor, options: RunOptions, budget: Budget | None
) -> bool:
    """Say whether a draft is enough to know that nothing is to be edited; in doubt it is not."""
    if not options.leaves_out(NO_FACE) and not copy_suffices(job.source, job.target, options.write):
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


def look(photos: Sequence[Read], editor: FaceEditor, options: RunOptions) -> list[Looked | Result]:
    """Find the faces of several photos and say what is to be done to them."""
    start = time.perf_counter()
    try:
        pixels, targets = [one.photo.pixels for one in photos], [one.target for one in photos]
        plans = editor.look(pixels, targets)
    except Exception as error:
        plans = [error] * len(photos)
    spent = (time.perf_counter() - start) / len(photos)
    return [
        _failed(one, plan, spent)
        if isinstance(plan, Exception)
        else Looked(one, plan, one.seconds + spent)
        for one, plan in zip(photos, plans, strict=True)
    ]


def _failed(one: Read, error: Exception, spent: float) -> Result:
    reason = explain(error, one.job.source)
    return Result(one.job, "failed", reason, (), one.seconds + spent, one.sha256)


def finish(
    looked: Looked, editor: FaceEditor, options: RunOptions, budget: Budget | None = None
) -> Result:
    """Compose and write a photo, unless its faces are too large for the memory."""
    start, one = time.perf_counter(), looked.read
    faces = tuple(FaceResult.of(face) for face in (*looked.edits.faces, *looked.edits.others))
    result = Result(one.job, "failed", "", faces, 0.0, one.sha256)
    try:
        _check_memory(looked, budget or Budget())
        edited = editor.compose(one.photo.pixels, looked.edits)
        result = _write(replace(result, faces=faces_of(edited)), one, edited, options)
    except Exception as error:
        result = replace(result, reason=explain(error, one.job.source))
    return replace(result, seconds=looked.seconds + time.perf_counter() - start)


def _check_memory(looked: Looked, budget: Budget) -> None:
    """Refuse a photo whose faces are too large.

    Raises:
        UnreadableError: this machine has less memory than it needs.
    """
    photo = looked.read.photo
    height, width = photo.pixels.shape[:2]
    # A crop shows a face and as much around it as is composed.
    areas = [(crop.size / crop.scale) ** 2 for crop in looked.edits.crops]
    area = min(max(areas, default=0.0), height * width)
    several = any(len(held.edits) > 1 for held in looked.edits.held)
    needed = estimate_faces(photo.pixels, int(area), several)
    Spending(photo.path, 0, budget).check_bytes(needed)


def _write(result: Result, read: Read, edited: EditedPhoto, options: RunOptions) -> Result:
    """Write what is to be written; return the result with outcome, reason, hash and notes."""
    source, target = result.job.source, result.job.target
    photo, permit, notes = read.photo, read.permit, read.photo.source.notes
    if edited.edits:
        sha256 = write_photo(photo, target, edited.pixels, options.write_for(result.job), permit)
        notes += notes_of(result.faces)
        return replace(result, outcome="edited", output_sha256=sha256, notes=notes)
    reason = why_unedited(edited)
    if options.leaves_out(reason) or copy_suffices(source, target, options.write):
        return _without_edit(result, reason, options, permit)
    result = replace(result, outcome="copied", reason=reason)
    plain = replace(options.write, provenance=None, signer=None)
    sha256 = write_photo(photo, target, photo.pixels, plain, permit)
    return replace(result, output_sha256=sha256, notes=notes)
