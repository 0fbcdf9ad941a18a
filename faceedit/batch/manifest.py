"""The manifest: one JSON line per finished photo, in ``faceedit.jsonl`` beside the outputs.

The file lies in the output folder: the folder of ``-o``, or ``photos-edited`` for ``photos``, or
the photo's own folder for ``a-edited.jpg``; one shard of several has a file of its own,
``faceedit-2-of-8.jsonl``. Lines are only ever appended, by this and by later runs, so that
manifests of one folder merge by concatenation, in any order. In a line ``input`` is an absolute
path; ``output`` is relative to the manifest's folder, so that the folder can be moved, as is
``place``, where the output belongs even if none was written.

A line is believed only as far as it can be checked: a photo counts as done if some line has the
input's hash, the same settings, method and weights, and the hash of the output that lies there. A
file is replaced only if some line has its hash, whatever the settings were.
"""

import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from faceedit.batch import journal
from faceedit.batch.asked import differences, other_name, settings_in
from faceedit.batch.files import append_line, folders_in_use, open_appending
from faceedit.batch.ledger import Ledger, Record, decisive, place_of
from faceedit.batch.output_folders import counterpart, is_beside, jobs_by_folder, manifest_folder
from faceedit.batch.result import Result, describe
from faceedit.errors import PlanError, WriteError
from faceedit.outputs import Permit, check_writable, make_folders, shared_permissions
from faceedit.photos import Job
from faceedit.registry import sha256_of
from faceedit.targets import Target

MANIFEST_FILE = "faceedit.jsonl"

DONE, NEW, AGAIN = "done", "new", "again"
GONE, FOREIGN = "gone", "foreign file"
CHANGED_INPUT, CHANGED_SETTING = "changed input", "changed setting"
"""Why a photo would be done, or would not be; see `Manifest.reason`."""


class Manifest:
    """What earlier runs did to the outputs of this one, and the place to say what this one does.

    Its methods may be called by several threads.

    Args:
        output: what ``-o`` said.
        settings: what else a line says, the fields `ledger.DECISIVE` among them. Without a target
            in them, each line has that of its job.
        facts: what a line says, in place of these settings, of what makes the target of a job that
            has its own.
        name: of the files that this run appends to.
        resume: look for what is done already, and replace nothing that is not proven to be ours;
            without, all is done anew and anything is replaced.
        keep: write a manifest. Without, a folder's manifest is read and added to if it is there.
        ledger: what was read of manifests so far.
    """

    def __init__(
        self,
        output: str | Path | None,
        settings: Mapping[str, Any],
        name: str = MANIFEST_FILE,
        resume: bool = True,
        keep: bool = True,
        ledger: Ledger | None = None,
        facts: Callable[[Target], Mapping[str, Any]] = lambda target: {},
    ):
        self.output = output
        self.settings = dict(settings)
        self.name = name
        self.resume = resume
        self.keep = keep
        self._ledger = ledger or Ledger()
        self._facts = facts
        self._lock = threading.Lock()
        self._troubled: set[Path] = set()

    @contextmanager
    def opened(self, jobs: Sequence[Job]) -> Iterator[list[str]]:
        """Check, before any work, that all outputs may be written, and mark their folders in use.

        Args:
            jobs: the plan.

        Yields:
            What the user should know of manifests that are there, one sentence each.

        Raises:
            WriteError: a folder or a manifest cannot be written, so that no photo could.
            PlanError: a file would be replaced that faceedit is not proven to have written, or
                the outputs of a run with other settings would be, or such a run is at work there.
        """
        folders = self.check(jobs)
        told = [
            f"{path}: {count} of its lines cannot be read and are passed over"
            for folder in folders
            for path, count in self._ledger.of(folder).unread.items()
        ]
        kept = [folder for folder in folders if self._keeps(folder)]
        for folder in kept:
            self._make(folder, folders[folder])
        places = {folder: {job.target.parent for job in folders[folder]} for folder in folders}
        with folders_in_use(places, journal.prune) as marked:
            for folder in set(kept) & set(marked):
                if first := journal.begin(folder, self.settings):
                    self._refuse(folder, first, f"another run is writing to {folder}")
            yield told

    def check(self, jobs: Sequence[Job]) -> dict[Path, list[Job]]:
        """Check that all outputs may be written; return the jobs of each output folder.

        Raises:
            PlanError: as `opened` says.
        """
        folders = jobs_by_folder(jobs, self.output)
        for folder, own in folders.items():
            if odd := self._ledger.of(folder).odd:
                raise PlanError(
                    f"{odd[0]}: is named like a manifest, but cannot be read as one; move it away, "
                    "or name another output with -o"
                )
            if self.resume:
                self._refuse_other_settings(folder, own)
                check_writable((job.target for job in own), self._permit(folder))
        return folders

    def reason(self, job: Job) -> tuple[str, str]:
        """Say why a photo would be done: `NEW`, `CHANGED_INPUT` and so on, and more of it.

        Raises:
            OSError: the photo cannot be read.
        """
        folder, mine = manifest_folder(job, self.output), self._settings_of(job)
        record, place = self._record(folder), place_of(job.target, folder)
        if os.path.lexists(job.target) and not self._ledger.wrote(folder, job.target):
            said = "faceedit cannot prove to have written what is there"
            return FOREIGN, said if self.resume else f"{said}; --overwrite replaces it"
        entries = record.entries.get(place, [])
        if not entries:
            return NEW, ""
        sha256 = sha256_of(job.source)
        if self.find(job, sha256) is not None:
            return DONE, ""
        if not self.resume:
            return AGAIN, "--overwrite"
        same = [one.result for one in entries if one.key == decisive(mine)]
        there = self._ledger.sha256(job.target)
        last = next((one for one in entries if one.result.output_sha256 == there), entries[-1])
        # A later run with other settings may have replaced what these gave.
        if there is None or last.key == decisive(mine):
            if any(one.input_sha256 == sha256 for one in same):
                return GONE, "its output is not there any more"
            if same:
                return CHANGED_INPUT, "the photo is not the one that was edited"
        other = record.runs[last.key]
        said = differences(other, mine) or ["other weights, or another version of them"]
        return CHANGED_SETTING, ", ".join(said)

    def find(self, job: Job, input_sha256: str) -> Result | None:
        """Return what an earlier run made of a photo, or None where it has to be done.

        Args:
            job: the photo.
            input_sha256: of the file as it is now.
        """
        if not self.resume:
            return None
        folder, key = manifest_folder(job, self.output), decisive(self._settings_of(job))
        for entry in self._record(folder).entries.get(place_of(job.target, folder), ()):
            done = entry.result
            if entry.key != key or done.input_sha256 != input_sha256:
                continue
            if done.outcome != "skipped":
                there = self._ledger.sha256(job.target)
                if there is None or done.output_sha256 != there:
                    continue
            return replace(done, job=job, seconds=0.0, resumed=True)
        return None

    def permit(self, job: Job) -> Permit:
        """Return what may be replaced by the output of a photo."""
        return self._permit(manifest_folder(job, self.output))

    def left_over(self, jobs: Sequence[Job]) -> list[Path]:
        """Return what earlier runs wrote to the folder of ``-o`` and this one does not.

        Files that faceedit is not proven to have written are not among them.

        Args:
            jobs: of this run.
        """
        folder = Path(self.output or ".")
        record, top = self._record(folder), os.path.realpath(folder)
        planned = {place_of(job.target, folder) for job in jobs}
        others = (folder / place for place in sorted(record.written.keys() - planned))
        # A manifest that others wrote may name files that lie elsewhere.
        below = (one for one in others if Path(os.path.realpath(one.parent)).is_relative_to(top))
        return [one for one in below if self._ledger.wrote(folder, one)]

    def add(self, result: Result) -> str | None:
        """Append one line and hand it to the system.

        Returns:
            What the user must be told if the manifest cannot be written, once for each manifest;
            otherwise None.
        """
        folder = manifest_folder(result.job, self.output)
        if not self._keeps(folder):
            return None
        path, place = folder / self.name, place_of(result.job.target, folder)
        entry = {
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
            **describe(result),
            "input": os.path.abspath(result.job.source),  # noqa: PTH100
            "output": None if result.output is None else place,
            "place": place,
            **self._settings_of(result.job),
        }
        del entry["resumed"]
        with self._lock:
            try:
                make_folders(folder)
                append_line(path, json.dumps(entry).encode())
            except OSError as error:
                told = path in self._troubled
                self._troubled.add(path)
                reason = f"it is not in the manifest {path}: {error.strerror or error}"
                return None if told else f"{reason}; it will be done again by the next run"
        return None

    def _settings_of(self, job: Job) -> dict[str, Any]:
        settings = settings_in(self.settings)
        if "target" in settings:
            return self.settings
        if job.asked is None:
            return {**self.settings, "settings": {"target": "", **settings}}
        own = self._facts(job.asked)
        # Those of all targets together may be several steps.
        rest = {name: one for name, one in self.settings.items() if not own or name != "steps"}
        return {**rest, **own, "settings": {"target": str(job.asked), **settings}}

    def _record(self, folder: Path) -> Record:
        with self._lock:
            return self._ledger.of(folder)

    def _keeps(self, folder: Path) -> bool:
        return self.keep or os.path.lexists(folder / self.name)

    def _permit(self, folder: Path) -> Permit:
        def may_replace(path: Path) -> bool:
            self._record(folder)
            return not self.resume or self._ledger.wrote(folder, path)

        def claim(path: Path, sha256: str) -> None:
            if self._keeps(folder):
                journal.claim(folder, place_of(path, folder), sha256)

        return Permit(may_replace, claim)

    def _make(self, folder: Path, jobs: Sequence[Job]) -> None:
        """Make an output folder and its manifest, as private as the photos are."""
        path = folder / self.name
        try:
            make_folders(folder, counterpart(jobs[0], folder))
            open_appending(path, shared_permissions(job.source for job in jobs)).close()
        except OSError as error:
            raise WriteError(path, error.strerror or str(error)) from error

    def _refuse_other_settings(self, folder: Path, jobs: Sequence[Job]) -> None:
        """Refuse to replace outputs of other settings.

        Where each job has a target of its own, another target is no other setting, and methods
        follow from it: an output is compared with one of the same target.
        """
        record, of_jobs = self._ledger.of(folder), "target" not in settings_in(self.settings)
        if not is_beside(jobs[0]):
            self._refuse(
                folder, record.runs.get(record.latest, {}), f"what is in {folder} was made"
            )
            if not of_jobs:
                return
        # Outputs with other names lie there by right.
        for job in jobs:
            entries = record.entries.get(place_of(job.target, folder), ())
            mine = self._settings_of(job)
            for entry in entries[-1:]:
                other = record.runs[entry.key]
                is_same = settings_in(other).get("target") == settings_in(mine).get("target")
                if (is_same or not of_jobs) and self._ledger.wrote(folder, job.target):
                    self._refuse(folder, other, f"{job.target} was made", mine)

    def _refuse(
        self,
        folder: Path,
        other: Mapping[str, Any],
        what: str,
        mine: Mapping[str, Any] | None = None,
    ) -> None:
        """Refuse settings, those of all jobs unless others are given, where another's differ."""
        if found := differences(other, mine or self.settings):
            raise PlanError(
                f"{what} with {', '.join(found)}: replace it with --overwrite, "
                f"or keep it and name another output with -o {other_name(folder, self.settings)}"
            )
