"""What ``faceedit apply`` does with its options: the run over files, and the pipe."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from faceedit.batch.report.write import check_reports
from faceedit.batch.shard import parse_shard
from faceedit.cli.apply_jobs import Files, Found, find_jobs, tell_left_out
from faceedit.cli.apply_report import Say, ending_of, report, write_reports
from faceedit.cli.dry_run import list_jobs
from faceedit.cli.output import tell
from faceedit.cli.random_light import draw_light, draw_lights, is_random
from faceedit.cli.run_jobs import (
    ApplyRequest,
    Done,
    Work,
    edit_jobs,
    headline_of,
    of_part,
    open_networks,
    open_run,
    options_of,
)
from faceedit.cli.streams import read_stdin, stdin_permissions, write_stdout
from faceedit.errors import UsageError
from faceedit.outputs import REPLACE, SEALED_ONLY, check_writable, permit_for
from faceedit.photos.budget import photo_memory
from faceedit.process import prepare

if TYPE_CHECKING:
    from faceedit.editing.editor import FaceEditor


SHOWN = 8
"""Targets that a headline names."""


def edit_files(request: ApplyRequest, files: Files, say: Say, on_ray: bool = False) -> bool:
    """Edit files and folders; return whether any photo failed.

    Args:
        request: what is asked.
        files: which, and where to.
        say: how much is said.
        on_ray: spread the work over a Ray cluster.

    Raises:
        FaceEditError: nothing can be done at all.
    """
    output, compare, gallery = files.output, files.compare, files.gallery
    found = find_jobs(files, request.write.format, request.again)
    tell_left_out(found, say)
    request, work = plan_work(request, files, found)
    jobs, part = work.jobs, work.part
    if not jobs:
        tell(f"no photos{of_part(part)} to edit")
        return bool(found.unlistable)
    if request.dry:
        list_jobs(request, work, say.as_json)
        return False
    permit = REPLACE if request.overwrite else SEALED_ONLY
    check_reports(
        jobs, output, compare=compare, gallery=gallery, ending=ending_of(part), permit=permit
    )

    def write(done: Done) -> None:
        facts = _facts(work.what, done.request, done.editor) if gallery else None
        write_reports(done.results, output, compare, facts, part, permit)

    return edit_jobs(request, work, say, on_ray, write if compare or gallery else None)


def plan_work(request: ApplyRequest, files: Files, found: Found) -> tuple[ApplyRequest, Work]:
    """Return what a run is to do with the photos that were found, and what is asked of them.

    Raises:
        UsageError: a shard that cannot be read, or a random light beside a reference face.
    """
    part = None if files.shard is None else parse_shard(files.shard)
    jobs = found.jobs if part is None else part.of(found.jobs, files.output)
    what, noun = "", "photo"
    if files.naming is not None and files.naming.asks:
        shown = dict.fromkeys(str(job.asked) for job in jobs if job.asked is not None)
        what = ", ".join(shown) if len(shown) <= SHOWN else f"{len(shown)} targets"
        noun = "output"
        request = replace(request, plan={})
    if any(is_random(job.asked or request.settings.target) for job in jobs):
        what = what or str(request.settings.target)
        request, jobs = draw_lights(request, jobs, files.seed)
    failed, skipped = len(found.unlistable), len(found.ours)
    return request, Work(jobs, files.output, found.ledger, part, failed, skipped, what, noun)


def edit_pipe(request: ApplyRequest, output: str | None, say: Say, seed: int = 0) -> bool:
    """Edit one photo from stdin to stdout, or to the file ``output``; return whether it failed.

    Args:
        request: what is asked.
        output: file; None is stdout.
        say: how much is said.
        seed: of what is random.

    Raises:
        FaceEditError: nothing can be done at all.
    """
    from faceedit.batch.pipe import edit_bytes

    if output is None and sys.stdout.isatty():
        raise UsageError("stdout is a terminal: send the photo to a file or a program")
    if output is not None and not output:
        raise UsageError("the output is empty: name a file with -o")
    if say.as_json and output is None:
        raise UsageError("--json and the photo cannot both go to stdout: name a file with -o")
    target = None if output is None else Path(output)
    if target is not None:
        check_writable([target], permit_for(request.overwrite))
    if is_random(request.settings.target):
        drawn = draw_light(request.settings.target, seed, "-")
        request = replace(request, settings=replace(request.settings, target=drawn))
    # It is there twice, and decoded beside that.
    data = read_stdin(photo_memory() // 4)
    prepare(request.threads)
    request, _, editor = open_run(request, open_networks(request, request.settings.device))
    options = options_of(request, editor)
    tell(f"{headline_of(request, editor, [editor.device])}, 1 photo", not say.quiet)
    result, edited = edit_bytes(data, editor, options, target, stdin_permissions())
    report(result, say)
    if output is None and edited is not None:
        write_stdout(edited)
    return result.outcome == "failed"


def _facts(what: str, request: ApplyRequest, editor: "FaceEditor") -> dict[str, str]:
    """Return what the gallery says of all photos; ``what`` they show where targets differ."""
    settings = request.settings
    facts = {
        "target": what or str(settings.target),
        "method": editor.label,
        "weights": ", ".join((one.weights_sha256 or "")[:12] for one in editor.steps),
    }
    if settings.min_identity is not None:
        facts["least identity"] = f"{settings.min_identity:g}"
    if settings.min_naturalness is not None:
        facts["least naturalness"] = f"{settings.min_naturalness:g}"
    return facts
