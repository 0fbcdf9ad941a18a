"""The reports of a run in its output folders: sheets and galleries."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from faceedit.batch.manifest import jobs_by_folder, manifest_folder
from faceedit.batch.report.compare import write_compare
from faceedit.batch.report.gallery import THREADS, write_gallery
from faceedit.batch.report.items import ReportItem
from faceedit.batch.result import NOT_ASKED, SHOWS_IT, Result, explain

SHEETS = "faceedit-compare"
GALLERY = "faceedit-gallery"


def write_sheets(results: Iterable[Result], output: str | Path | None) -> Iterator[str]:
    """Write a before/after sheet for each edited photo, below its output folder.

    A sheet that is newer than its photo's output is left as it is. One of a photo that is not
    edited any more is removed.

    Args:
        results: of a run.
        output: what ``-o`` said.

    Yields:
        What the user must be told of sheets that could not be written.
    """
    results = list(results)
    for one in results:
        if one.outcome in ("copied", "skipped"):
            with suppress(OSError):
                _sheet_of(one, output).unlink(missing_ok=True)
    edited = [one for one in results if one.outcome == "edited"]
    with ThreadPoolExecutor(THREADS) as pool:
        for problem in pool.map(lambda one: _sheet(one, output), edited):
            if problem is not None:
                yield problem


def write_galleries(
    results: Sequence[Result], output: str | Path | None, facts: Mapping[str, str], ending: str = ""
) -> list[Path]:
    """Write a page for each output folder; return where they lie.

    Args:
        results: of a run.
        output: what ``-o`` said.
        facts: label and value of what holds for all photos.
        ending: of the pages' names.

    Raises:
        WriteError: a page cannot be written.
    """
    by_job = {result.job: result for result in results}
    pages = []
    for folder, jobs in jobs_by_folder(list(by_job), output).items():
        own = [by_job[job] for job in jobs]
        page = folder / f"{GALLERY}{ending.replace('/', '-of-')}.html"
        title = folder.name or "faceedit"
        write_gallery((_item(one, folder) for one in own), page, title, facts, count=len(own))
        pages.append(page)
    return pages


def _sheet(result: Result, output: str | Path | None) -> str | None:
    folder, target = manifest_folder(result.job, output), result.job.target
    path = _sheet_of(result, output)
    try:
        if result.resumed and path.exists() and path.stat().st_mtime_ns >= _changed(target):
            return None
        write_compare(_item(result, folder), path)
    except Exception as error:
        return f"no sheet of {result.job.source}: {explain(error, result.job.source)}"
    return None


def _sheet_of(result: Result, output: str | Path | None) -> Path:
    folder = manifest_folder(result.job, output)
    # Beside the photo's own name, so that a.jpg and a.png have a sheet each.
    return folder / SHEETS / f"{os.path.relpath(result.job.target, folder)}.jpg"


def _changed(path: Path) -> int:
    # Outputs have their photo's modification time; when they were renamed into place is ctime.
    return path.stat().st_ctime_ns


def _item(result: Result, folder: Path) -> ReportItem:
    scores: dict[str, float] = {}
    faces = [face for face in result.faces if face.reason != NOT_ASKED]
    for face in faces:
        for name, value in face.scores.items():
            if name == "strength" and face.reason == SHOWS_IT:
                continue
            # Of several faces the one that counts is the worst kept, or the most changed.
            worse = min if name in ("identity", "strength") else max
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
    )
