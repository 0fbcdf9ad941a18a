"""The reports of a run in its output folders: sheets and galleries."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from faceedit.batch.output_folders import jobs_by_folder, manifest_folder
from faceedit.batch.report.compare import write_compare
from faceedit.batch.report.gallery import THREADS, write_gallery
from faceedit.batch.report.items import ReportItem
from faceedit.batch.result import SHOWS_IT, Result
from faceedit.editing.choice import NOT_ASKED
from faceedit.errors import explain
from faceedit.outputs import SEALED_ONLY, Permit, check_writable, is_sealed
from faceedit.photos import Job

SHEETS = "faceedit-compare"
GALLERY = "faceedit-gallery"

LEAST = ("held", "identity", "naturalness", "strength")
"""Scores of which the least counts where there are several faces; of the others the most."""


def check_reports(
    jobs: Sequence[Job],
    output: str | Path | None,
    *,
    compare: bool,
    gallery: bool,
    ending: str = "",
    permit: Permit = SEALED_ONLY,
) -> None:
    """Refuse, before any work, reports that would replace what faceedit did not write.

    Args:
        jobs: the plan.
        output: what ``-o`` said.
        compare: sheets will be written.
        gallery: pages will be.
        ending: of the pages' names.
        permit: what may be replaced.

    Raises:
        PlanError: a report may not be written.
    """
    if compare:
        check_writable((_sheet_of(job, output) for job in jobs), permit)
    if gallery:
        folders = jobs_by_folder(jobs, output)
        check_writable((_page_of(folder, ending) for folder in folders), permit)


def write_sheets(
    results: Iterable[Result], output: str | Path | None, permit: Permit = SEALED_ONLY
) -> Iterator[str]:
    """Write a before/after sheet for each edited photo, below its output folder.

    A sheet that is newer than its photo's output is left as it is. One of a photo that is not
    edited any more is removed.

    Args:
        results: of a run.
        output: what ``-o`` said.
        permit: what may be replaced.

    Yields:
        What to tell the user of sheets that could not be written.
    """
    results = list(results)
    for one in results:
        if one.outcome in ("copied", "skipped"):
            sheet = _sheet_of(one.job, output)
            if is_sealed(sheet):
                with suppress(OSError):
                    sheet.unlink()
    edited = [one for one in results if one.outcome == "edited"]
    with ThreadPoolExecutor(THREADS) as pool:
        for problem in pool.map(lambda one: _sheet(one, output, permit), edited):
            if problem is not None:
                yield problem


def write_galleries(
    results: Sequence[Result],
    output: str | Path | None,
    facts: Mapping[str, str],
    ending: str = "",
    permit: Permit = SEALED_ONLY,
) -> list[Path]:
    """Write a page for each output folder; return where they lie.

    Args:
        results: of a run.
        output: what ``-o`` said.
        facts: label and value of what holds for all photos.
        ending: of the pages' names.
        permit: what may be replaced.

    Raises:
        WriteError: a page cannot be written.
    """
    by_job = {result.job: result for result in results}
    pages = []
    for folder, jobs in jobs_by_folder(list(by_job), output).items():
        own = [by_job[job] for job in jobs]
        page = _page_of(folder, ending)
        items, title = (_item(one, folder) for one in own), folder.name or "faceedit"
        write_gallery(items, page, title, facts, count=len(own), permit=permit)
        pages.append(page)
    return pages


def _page_of(folder: Path, ending: str) -> Path:
    return folder / f"{GALLERY}{ending.replace('/', '-of-')}.html"


def _sheet(result: Result, output: str | Path | None, permit: Permit) -> str | None:
    folder, target = manifest_folder(result.job, output), result.job.target
    path = _sheet_of(result.job, output)
    try:
        if result.resumed and path.exists() and path.stat().st_mtime_ns >= _changed(target):
            return None
        write_compare(_item(result, folder), path, permit)
    except Exception as error:
        return f"no sheet of {result.job.source}: {explain(error, result.job.source)}"
    return None


def _sheet_of(job: Job, output: str | Path | None) -> Path:
    folder = manifest_folder(job, output)
    # Beside the photo's own name, so that a.jpg and a.png have a sheet each.
    return folder / SHEETS / f"{os.path.relpath(job.target, folder)}.jpg"


def _changed(path: Path) -> int:
    # Outputs have their photo's modification time; when they were renamed into place is ctime.
    return path.stat().st_ctime_ns


def _item(result: Result, folder: Path) -> ReportItem:
    scores: dict[str, float] = {}
    faces = [face for face in result.faces if not face.reason.startswith(NOT_ASKED)]
    for face in faces:
        for name, value in face.scores.items():
            if name == "strength" and face.reason == SHOWS_IT:
                continue
            # Of several faces the one that counts is the worst kept, or the most changed.
            worse = min if name in LEAST else max
            scores[name] = worse(scores.get(name, value), value)
    if faces:
        scores["face"] = min(face.score for face in faces)
    return ReportItem(
        name=Path(os.path.relpath(result.job.target, folder)).as_posix(),
        before=result.job.source,
        after=result.output,
        outcome=result.outcome,
        reason=result.reason,
        boxes=tuple(face.box for face in faces),
        scores=scores,
        seconds=result.seconds,
        source=str(result.job.source),
        target="" if result.job.asked is None else str(result.job.asked),
    )
