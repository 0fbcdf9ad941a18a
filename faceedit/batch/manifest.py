"""The manifest: one JSON line per finished photo, in ``faceedit.jsonl`` beside the outputs.

The file lies in the output folder: the folder of ``-o``, or ``photos-edited`` for ``photos``, or
the photo's own folder for ``a-edited.jpg``; one shard of several has a file of its own,
``faceedit-2-of-8.jsonl``. Lines are only ever appended, by this and by later runs, so that
manifests of one folder merge by concatenation, in any order. In a line ``input`` is an absolute
path; ``output`` is relative to the manifest's folder, so that the folder can be moved, as is
``place``, where the output belongs even if none was written.

A line is believed only as far as it can be checked: a photo counts as done if some line has the
input's hash, the same settings, method and weights, and the hash of the output that lies there.
"""

import json
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from faceedit.batch.files import append_line
from faceedit.batch.result import Result, describe, read_result
from faceedit.errors import PlanError, WriteError
from faceedit.photos import Job
from faceedit.registry import sha256_of

MANIFEST_FILE = "faceedit.jsonl"
MANIFEST_FILES = "faceedit*.jsonl"

_ELSEWHERE = Job(Path(), Path())

DECISIVE = ("settings", "method", "profile", "weights_sha256", "networks")
"""Fields of a line that decide, with the input, what the output looks like."""


def manifest_folder(job: Job, output: str | Path | None) -> Path:
    """Return the output folder that a job belongs to.

    Args:
        job: as planned.
        output: what ``-o`` said.
    """
    if output is not None and job.target != Path(output):
        return Path(output)
    folder, source = job.target.parent, job.source.parent
    if output is not None or os.path.realpath(folder) == os.path.realpath(source):
        return folder
    # A tree keeps its shape: below its root both paths have the same folders.
    while source.name and folder.name == source.name:
        folder, source = folder.parent, source.parent
    return folder


def jobs_by_folder(jobs: Sequence[Job], output: str | Path | None) -> dict[Path, list[Job]]:
    """Return the jobs of each output folder; arguments as in `manifest_folder`."""
    folders: dict[Path, list[Job]] = {}
    for job in jobs:
        folders.setdefault(manifest_folder(job, output), []).append(job)
    return folders


class Manifest:
    """What earlier runs did to the outputs of this one, and the place to say what this one does.

    Its methods may be called by several threads.

    Args:
        output: what ``-o`` said.
        settings: what else a line says, the fields `DECISIVE` among them.
        name: of the files that this run appends to.
        believe: look for what is done already; without, all is done anew.
    """

    def __init__(
        self,
        output: str | Path | None,
        settings: Mapping[str, Any],
        name: str = MANIFEST_FILE,
        believe: bool = True,
    ):
        self.output = output
        self.settings = dict(settings)
        self.name = name
        self.believe = believe
        self._key = decisive(self.settings)
        self._lock = threading.Lock()
        self._known: dict[Path, dict[str, list[Result]]] = {}
        self._troubled: set[Path] = set()

    def open(self, jobs: Sequence[Job]) -> None:
        """Make the output folders and their manifests, before any work.

        Args:
            jobs: the plan.

        Raises:
            WriteError: a folder or a manifest cannot be written, so that no photo could.
            PlanError: files that no run of faceedit can have written lie where outputs go.
        """
        folders = jobs_by_folder(jobs, self.output)
        if self.believe:
            _refuse_strangers(folders)
        for folder in folders:
            path = folder / self.name
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.open("ab").close()
            except OSError as error:
                raise WriteError(path, error.strerror or str(error)) from error

    def find(self, job: Job, input_sha256: str) -> Result | None:
        """Return what an earlier run made of a photo, or None where it has to be done.

        Args:
            job: the photo.
            input_sha256: of the file as it is now.
        """
        if not self.believe:
            return None
        folder = manifest_folder(job, self.output)
        for done in self._lines(folder).get(_name(job, folder), ()):
            if done.input_sha256 != input_sha256:
                continue
            if done.outcome != "skipped" and done.output_sha256 != (_hash(job.target) or ""):
                continue
            return replace(done, job=job, seconds=0.0, resumed=True)
        return None

    def add(self, result: Result) -> str | None:
        """Append one line and hand it to the system.

        Returns:
            What the user must be told if the manifest cannot be written, once for each manifest;
            otherwise None.
        """
        folder = manifest_folder(result.job, self.output)
        path = folder / self.name
        entry = {
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
            **describe(result),
            "input": os.path.abspath(result.job.source),  # noqa: PTH100
            "output": None if result.output is None else _name(result.job, folder),
            "place": _name(result.job, folder),
            **self.settings,
        }
        del entry["resumed"]
        with self._lock:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                append_line(path, json.dumps(entry).encode())
            except OSError as error:
                told = path in self._troubled
                self._troubled.add(path)
                reason = f"it is not in the manifest {path}: {error.strerror or error}"
                return None if told else f"{reason}; it will be done again by the next run"
        return None

    def _lines(self, folder: Path) -> dict[str, list[Result]]:
        """What the manifests of a folder say of photos done with these settings, by output."""
        with self._lock:
            if folder not in self._known:
                known: dict[str, list[Result]] = {}
                for path in sorted(folder.glob(MANIFEST_FILES)):
                    for place, done in _read(path, self._key):
                        known.setdefault(place, []).append(done)
                self._known[folder] = known
            return self._known[folder]


def _refuse_strangers(folders: Mapping[Path, Sequence[Job]]) -> None:
    """Refuse to replace files in folders that have no manifest."""
    for folder, jobs in folders.items():
        if any(folder.glob(MANIFEST_FILES)):
            continue
        there = [job.target for job in jobs if os.path.lexists(job.target)]
        if there:
            more = f" and {len(there) - 1} more" if len(there) > 1 else ""
            raise PlanError(
                f"{there[0]}{more}: would be replaced, and no {MANIFEST_FILE} there says that "
                "faceedit wrote it; name another output with -o, or say --overwrite"
            )


def decisive(entry: Mapping[str, Any]) -> str:
    """Return a text that is equal for two lines if their settings, method and weights are."""
    return json.dumps([entry.get(name) for name in DECISIVE], sort_keys=True)


def _name(job: Job, folder: Path) -> str:
    return Path(os.path.relpath(job.target, folder)).as_posix()


def _hash(path: Path) -> str | None:
    try:
        return sha256_of(path)
    except OSError:
        return None


def _read(path: Path, key: str) -> Iterator[tuple[str, Result]]:
    """Yield what a manifest says of photos done with these settings; torn lines say nothing."""
    try:
        file = path.open("rb")
    except OSError:
        return
    with file:
        for line in file:
            try:
                entry = json.loads(line)
                if entry["outcome"] == "failed" or decisive(entry) != key:
                    continue
                yield entry["place"], read_result(_ELSEWHERE, entry)
            except (ValueError, KeyError, TypeError, AttributeError):
                continue
