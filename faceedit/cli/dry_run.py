"""``faceedit apply --dry-run``: what would be done, and why."""

from collections import Counter

from faceedit.cli.apply_report import count
from faceedit.cli.output import on_one_line, print_json, tell
from faceedit.cli.run_jobs import (
    ApplyRequest,
    Work,
    manifest_of,
    open_networks,
    open_run,
    options_of,
)
from faceedit.device import pick_devices
from faceedit.editing.steps import check_targets
from faceedit.errors import PlanError, explain

UNREADABLE = "unreadable"


def list_jobs(request: ApplyRequest, work: Work, as_json: bool) -> None:
    """Write a line to stdout for each output: what would be done, and why. Nothing is changed.

    Args:
        request: what is asked.
        work: the jobs.
        as_json: lines are JSON.

    Raises:
        FaceEditError: nothing can be done at all, as it would be without ``--dry-run``.
    """
    device = str(pick_devices(request.settings.device)[0])
    request, jobs, editor = open_run(request, open_networks(request, device), work.jobs)
    check_targets(editor.steps, (job.asked for job in jobs))
    manifest = manifest_of(request, work, jobs, options_of(request, editor), editor)
    counts: Counter[str] = Counter()
    for job in jobs:
        try:
            what, more = manifest.reason(job)
        except OSError as error:
            what, more = UNREADABLE, explain(error, job.source)
        counts[what] += 1
        if as_json:
            paths = {"input": str(job.source), "output": str(job.target)}
            print_json({**paths, "state": what, "reason": more})
        else:
            why = f": {more}" if more else ""
            print(on_one_line(f"{what}  {job.source} -> {job.target}{why}"))
    said = ", ".join(f"{number} {what}" for what, number in counts.items())
    tell(f"{count(len(jobs), work.noun)}: {said}; nothing was written")
    try:
        manifest.check(jobs)
    except PlanError as error:
        tell(on_one_line(f"the run would stop: {error}"))
