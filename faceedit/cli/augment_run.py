"""What ``faceedit augment`` does with its plan: the run, the table and the links."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from faceedit.augmentation.collection import Collection, Original
from faceedit.augmentation.plan import Plan
from faceedit.augmentation.recipe import Recipe
from faceedit.augmentation.table import TABLE_FILE, table_of
from faceedit.batch.ledger import Ledger
from faceedit.batch.result import Result
from faceedit.cli.apply_report import Say, count
from faceedit.cli.output import on_one_line, tell
from faceedit.cli.run_jobs import ApplyRequest, Done, Work, edit_jobs
from faceedit.errors import PlanError, WriteError
from faceedit.outputs import Permit, check_writable, make_folders, permit_for, write_atomic
from faceedit.photos import Job


@dataclass(frozen=True)
class Augmentation:
    """What is to be made, and where it goes.

    Attributes:
        collection: that is made larger.
        plan: of the pictures that are made of it.
        recipe: of the plan.
        output: folder.
        originals: what becomes of the photos themselves.
        prune: remove pictures that earlier runs made there and the plan has no more.
    """

    collection: Collection
    plan: Plan
    recipe: Recipe
    output: Path
    originals: Literal["copy", "link", "none"]
    prune: bool = False

    @property
    def kept(self) -> tuple[Original, ...]:
        """The photos that are copied or linked."""
        return () if self.originals == "none" else self.collection.originals

    @property
    def jobs(self) -> list[Job]:
        """What is copied and made: each photo, then what is made of it."""
        jobs: dict[str, list[Job]] = {}
        for one in self.collection.originals:
            job = Job(one.path, self.output / one.place)
            jobs[one.place] = [job] if self.originals == "copy" else []
        for one in self.plan.made:
            job = Job(one.source.path, self.output / one.place, one.target)
            jobs[one.source.place].append(job)
        return [job for own in jobs.values() for job in own]


def augment_collection(request: ApplyRequest, asked: Augmentation, say: Say) -> bool:
    """Make a collection larger; return whether any photo failed.

    Args:
        request: how photos are edited.
        asked: what is to be made.
        say: how much is said.

    Raises:
        FaceEditError: nothing can be done at all.
    """
    _check_output(asked.collection, asked.output)
    for path in asked.collection.missing:
        tell(on_one_line(f"failed {path}: no such file"))
    jobs, ledger = asked.jobs, Ledger()
    if not jobs:
        tell("nothing is to be made: all classes are equally large")
        return bool(asked.collection.missing)
    table = asked.output / TABLE_FILE
    if not request.overwrite:
        check_writable([table], Permit(lambda path: ledger.wrote(asked.output, path)))
    if asked.originals == "link":
        check_writable(
            [link for link, path in _links(asked) if not _is_link(link, path)],
            permit_for(request.overwrite),
        )
    work = Work(
        jobs,
        str(asked.output),
        ledger,
        failed=len(asked.collection.missing),
        what=f"{len(asked.plan.made)} made",
        noun="picture",
    )

    def finish(done: Done) -> None:
        _finish(asked, jobs, done, say)

    return edit_jobs(request, work, say, finish=finish)


def _check_output(collection: Collection, output: Path) -> None:
    """Refuse an output that would be taken for a part of the collection.

    Raises:
        PlanError: it lies in it.
    """
    place, root = Path(os.path.realpath(output)), Path(os.path.realpath(collection.root))
    if place == root or (collection.is_folder and place.is_relative_to(root)):
        raise PlanError(
            f"{output}: lies in the collection, {collection.root}; name a folder outside with -o"
        )


def _finish(asked: Augmentation, jobs: Sequence[Job], done: Done, say: Say) -> None:
    """Link photos, remove or name what is left of earlier runs, and write the table."""
    if asked.originals == "link":
        for link, path in _links(asked):
            _link(link, path)
    left = done.manifest.left_over(jobs)
    if left and asked.prune:
        for path in left:
            path.unlink(missing_ok=True)
    elif left and not say.quiet:
        number = count(len(left), "picture")
        tell(
            f"{number} of earlier runs, not in {TABLE_FILE} any more; --prune removes what is left"
        )
    table, number = _table(asked, done)
    path = asked.output / TABLE_FILE
    permit = done.manifest.permit(Job(path, path))
    write_atomic(path, table, permit)
    if not say.quiet:
        tell(on_one_line(f"wrote {path}: {count(number, 'picture')}"))


def _table(asked: Augmentation, done: Done) -> tuple[bytes, int]:
    results: dict[Path, Result] = {one.job.target: one for one in done.results}
    kept = {one.place for one in asked.kept}
    if asked.originals == "copy":
        kept = {one for one in kept if results[asked.output / one].outcome == "copied"}
    made = {one.place: (one, results[asked.output / one.place]) for one in asked.plan.made}
    return table_of(asked.collection, made, kept, seed=asked.recipe.seed, model=done.editor.label)


def _links(asked: Augmentation) -> list[tuple[Path, Path]]:
    """Return the links to photos, and what they point to."""
    return [
        (asked.output / one.place, Path(os.path.abspath(one.path)))  # noqa: PTH100
        for one in asked.kept
    ]


def _is_link(link: Path, path: Path) -> bool:
    return link.is_symlink() and link.readlink() == path


def _link(link: Path, path: Path) -> None:
    """Link to a photo; what is there may be replaced.

    Raises:
        WriteError: that cannot be done.
    """
    if _is_link(link, path):
        return
    try:
        make_folders(link.parent, path.parent)
        link.unlink(missing_ok=True)
        link.symlink_to(path)
    except OSError as error:
        raise WriteError(link, error.strerror or str(error)) from error
