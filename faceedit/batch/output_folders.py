"""Which output folder a photo belongs to: where its manifest and its reports lie."""

import os
from collections.abc import Sequence
from pathlib import Path

from faceedit.photos import Job


def manifest_folder(job: Job, output: str | Path | None) -> Path:
    """Return the output folder that a job belongs to.

    Args:
        job: as planned.
        output: what ``-o`` said.
    """
    if output is not None and job.target != Path(output):
        return Path(output)
    folder, source = job.target.parent, job.source.parent
    if output is not None or is_beside(job):
        return folder
    # A tree keeps its shape: below its root both paths have the same folders.
    while source.name and folder.name == source.name:
        folder, source = folder.parent, source.parent
    return folder


def is_beside(job: Job) -> bool:
    """Say whether the output lies in the photo's own folder."""
    return os.path.realpath(job.target.parent) == os.path.realpath(job.source.parent)


def is_single(jobs: Sequence[Job], output: str | Path | None) -> bool:
    """Say whether a run is about one photo and one file, and not about a folder of outputs."""
    if len(jobs) != 1:
        return False
    return is_beside(jobs[0]) if output is None else jobs[0].target == Path(output)


def jobs_by_folder(jobs: Sequence[Job], output: str | Path | None) -> dict[Path, list[Job]]:
    """Return the jobs of each output folder; arguments as in `manifest_folder`."""
    folders: dict[Path, list[Job]] = {}
    for job in jobs:
        folders.setdefault(manifest_folder(job, output), []).append(job)
    return folders


def counterpart(job: Job, folder: Path) -> Path:
    """Return the folder of the photos that an output folder stands for."""
    below, source = Path(os.path.relpath(job.target.parent, folder)), job.source.absolute().parent
    for _ in below.parts:
        source = source.parent
    return source
