"""The record of a run: one JSON line per photo, in ``faceedit.jsonl`` beside the outputs.

The file lies in the output folder: the folder of ``-o``, or ``photos-edited`` for ``photos``, or
the photo's own folder for ``a-edited.jpg``. Lines are only ever appended, by this and by later
runs. In a line ``input`` is an absolute path and ``output`` is relative to the record's folder, so
that the folder can be moved.
"""

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from faceedit.batch.result import Result, describe
from faceedit.photos import Job

RECORD_FILE = "faceedit.jsonl"


def record_folder(job: Job, output: str | Path | None) -> Path:
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


class Recorder:
    """Appends results to the records of their output folders.

    Args:
        output: what ``-o`` said.
        settings: what else a line says: settings, method, hash of the weights.
    """

    def __init__(self, output: str | Path | None, settings: Mapping[str, Any]):
        self.output = output
        self.settings = dict(settings)
        self._started: set[Path] = set()
        self._given_up: set[Path] = set()

    def add(self, result: Result) -> str | None:
        """Append one line and hand it to the system.

        Returns:
            What the user must be told if the record cannot be written, once for each record;
            otherwise None.
        """
        folder = record_folder(result.job, self.output)
        path = folder / RECORD_FILE
        if path in self._given_up:
            return None
        entry = {
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
            **describe(result),
            "input": os.path.abspath(result.job.source),  # noqa: PTH100
            **self.settings,
        }
        if result.output is not None:
            entry["output"] = Path(os.path.relpath(result.output, folder)).as_posix()
        try:
            self._append(path, (json.dumps(entry) + "\n").encode())
        except OSError as error:
            self._given_up.add(path)
            return f"there will be no record in {path}: {error.strerror or error}"
        return None

    def _append(self, path: Path, line: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab+") as file:
            if path not in self._started and file.tell() > 0:
                # A killed run may have left half a line, which must not spoil this one.
                file.seek(-1, os.SEEK_END)
                line = line if file.read(1) == b"\n" else b"\n" + line
            file.write(line)
        self._started.add(path)
