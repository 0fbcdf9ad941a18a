"""``faceedit apply --watch``: photos are edited as they come in."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from faceedit.batch.result import Result
from faceedit.batch.watch import AGAIN, QUIET, Arrivals, watched
from faceedit.cli.apply_jobs import Files, Found, find_jobs, tell_left_out
from faceedit.cli.apply_report import Say, Tally, report
from faceedit.cli.apply_run import plan_work
from faceedit.cli.output import complain, on_one_line, tell
from faceedit.cli.random_light import draw_light
from faceedit.cli.run_jobs import ApplyRequest, edit_jobs, headline_of, open_networks, open_run
from faceedit.device import pick_devices
from faceedit.errors import FaceEditError, UsageError
from faceedit.photos import Job
from faceedit.process import prepare


def watch_files(request: ApplyRequest, files: Files, say: Say) -> None:
    """Edit what is in folders and then whatever comes, until a signal ends it.

    Photos that come together are one run, as a command of their own would be; the networks are
    loaded once. A photo that changes is done again.

    Args:
        request: what is asked.
        files: folders, and where to.
        say: how much is said.

    Raises:
        FaceEditError: nothing can be done at all. What comes up later is told.
    """
    _check(request, files)
    prepare(request.threads)
    watch = _Watch(request, files, say)
    with watched(files.inputs, files.recursive) as changed:
        try:
            watch.begin()
            while True:
                changed.clear()
                watch.look()
                if not watch.waits:
                    changed.wait(AGAIN)
                time.sleep(QUIET / 2)
        finally:
            tell(watch.tally.summary(), not say.quiet)


def _check(request: ApplyRequest, files: Files) -> None:
    if files.compare or files.gallery:
        raise UsageError(
            "--watch has no end at which a gallery or sheets could be written: "
            "run the same command without --watch for them"
        )
    if request.dry:
        raise UsageError("--watch and --dry-run do not go together")
    for one in files.inputs:
        if not Path(one).is_dir():
            raise UsageError(f"{one}: --watch takes folders that are there")


class _Watch:
    """The state of a watch: its networks, what came so far, and what became of it."""

    def __init__(self, request: ApplyRequest, files: Files, say: Say):
        self._request, self._files = request, files
        self._say = replace(say, rounds=True)
        self._networks = open_networks(request, str(pick_devices(request.settings.device)[0]))
        self._arrivals = Arrivals()
        self._left_out: set[Path] = set()
        self._complaint = ""
        self._has_begun = False
        self.tally = Tally(0)

    @property
    def waits(self) -> bool:
        """Whether there are photos that are not whole yet."""
        return self._arrivals.waiting

    def begin(self) -> None:
        """See what is there, load the networks, and say so."""
        self._arrivals.take(job.source for job in self._find().jobs)
        target = draw_light(self._request.settings.target, self._files.seed, "")
        settings = replace(self._request.settings, target=target)
        request, _, editor = open_run(replace(self._request, settings=settings), self._networks)
        naming = self._files.naming
        each = () if naming is None else (str(one) for _, one in naming.targets if one is not None)
        headline = headline_of(request, editor, [editor.device], ", ".join(each))
        folders = ", ".join(self._files.inputs)
        tell(on_one_line(f"{headline}, watching {folders}"), not self._say.quiet)

    def look(self) -> None:
        """Edit the photos that came in, and are whole.

        Raises:
            FaceEditError: the first time, as without ``--watch``.
        """
        try:
            found = self._find()
        except FaceEditError as error:
            if not self._has_begun:
                raise
            if str(error) != self._complaint:
                self._complaint = str(error)
                complain(self._complaint)
            return
        self._complaint = ""
        ready = set(self._arrivals.take(job.source for job in found.jobs))
        tell_left_out(self._newly_left_out(found), self._say)
        jobs = [job for job in found.jobs if job.source in ready]
        if jobs:
            self._edit(found, jobs)
        self._has_begun |= bool(jobs) or not self.waits

    def _find(self) -> Found:
        return find_jobs(self._files, self._request.write.format, self._request.again, some=False)

    def _newly_left_out(self, found: Found) -> Found:
        ours = [path for path in found.ours if path not in self._left_out]
        folders = [one for one in found.unlistable if one[0] not in self._left_out]
        self._left_out.update(ours, (folder for folder, _ in folders))
        return replace(found, ours=ours, unlistable=folders)

    def _edit(self, found: Found, jobs: Sequence[Job]) -> None:
        """Edit photos together; where that is refused, one by one."""
        request, work = plan_work(self._request, self._files, replace(found, jobs=[*jobs]))
        if not work.jobs:
            return
        try:
            edit_jobs(request, replace(work, tally=self.tally), self._say, networks=self._networks)
        except FaceEditError as error:
            if not self._has_begun:
                raise
            photos = dict.fromkeys(job.source for job in jobs)
            if len(photos) == 1:
                for job in jobs:
                    self._fail(job, str(error))
                return
            # Its output may be a file of somebody else's: that is no reason to leave out others.
            for photo in photos:
                self._edit(found, [job for job in jobs if job.source == photo])

    def _fail(self, job: Job, reason: str) -> None:
        result = Result(job, "failed", reason)
        self.tally.add(result)
        report(result, self._say)
