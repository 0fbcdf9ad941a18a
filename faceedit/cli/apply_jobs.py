"""The photos that ``faceedit apply`` is to edit, and those that it leaves out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from faceedit.batch.ledger import Ledger
from faceedit.batch.result import OURS, Result
from faceedit.cli.apply_report import Say, report
from faceedit.cli.output import on_one_line, tell
from faceedit.errors import UsageError
from faceedit.photos import Job, Naming, plan, says_edited


@dataclass(frozen=True)
class Files:
    """Which photos are edited, where they go, and what is written about them.

    Attributes:
        inputs: files, folders and patterns.
        output: file or folder.
        recursive: take subfolders too.
        shard: part of the plan to do, as `parse_shard` reads it.
        compare: write a sheet for each photo.
        gallery: write a page of all photos.
        seed: of what is random.
        naming: names of the outputs, each with its target.
    """

    inputs: Sequence[str]
    output: str | None = None
    recursive: bool = True
    shard: str | None = None
    compare: bool = False
    gallery: bool = False
    seed: int = 0
    naming: Naming | None = None


@dataclass(frozen=True)
class Found:
    """What the inputs of a command are.

    Attributes:
        jobs: photos and their outputs.
        ours: photos that faceedit wrote, which are left out.
        unlistable: folders that cannot be listed, and why.
        ledger: the manifests that were read to know this.
    """

    jobs: list[Job]
    ours: list[Path]
    unlistable: list[tuple[Path, str]]
    ledger: Ledger


def find_jobs(files: Files, format: str | None, again: bool, some: bool = True) -> Found:
    """Find the photos and settle their outputs.

    Args:
        files: which photos, and names of their outputs.
        format: another format than the sources'.
        again: take photos, too, that faceedit edited before.
        some: there have to be photos.

    Raises:
        UsageError: there are no photos, or as `plan` says.
        PlanError: as `plan` says.
    """
    ours: list[Path] = []
    unlistable: list[tuple[Path, str]] = []
    ledger = Ledger()

    def leave_out(path: Path, in_the_way: bool) -> bool:
        # All other photos are looked into when they are read for editing.
        if again or not (ledger.wrote_somewhere(path) or (in_the_way and says_edited(path))):
            return False
        ours.append(path)
        return True

    def note(folder: Path, reason: str) -> None:
        unlistable.append((folder, reason))

    inputs, naming = files.inputs, files.naming
    jobs = plan(inputs, files.output, files.recursive, format, note, leave_out, naming)
    if some and not jobs and not ours:
        for folder, reason in unlistable:
            tell(on_one_line(f"failed {folder}: {reason}"))
        raise UsageError(f"no photos in {', '.join(inputs)}")
    return Found(jobs, ours, unlistable, ledger)


def tell_left_out(found: Found, say: Say) -> None:
    """Name the folders that cannot be listed, and report the photos that are left out."""
    for folder, reason in found.unlistable:
        tell(on_one_line(f"failed {folder}: {reason}"))
    for path in found.ours:
        report(Result(Job(path, path), "skipped", OURS), say)
