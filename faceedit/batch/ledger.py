"""What manifests prove: which files faceedit wrote, and what it did to each photo.

A manifest is ``faceedit.jsonl``, or ``faceedit-2-of-8.jsonl`` for one shard. Beside it a run keeps
a hidden journal: what it was asked, and the hash of each output just before that appears. A run
that ends well removes the journal; after a kill it proves the output whose line is missing.

Nothing in these files is trusted: lines that cannot be read are passed over and counted, and a link
or pipe under such a name is never opened.
"""

import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from faceedit.batch.result import Result, read_result
from faceedit.errors import PlanError
from faceedit.outputs import sha256_if_regular
from faceedit.photos import Job

JOURNAL_FILE = ".faceedit-journal.jsonl"

DECISIVE = ("settings", "method", "profile", "weights_sha256", "networks", "steps")
"""Fields of a line that decide, with the input, what the output looks like."""

LONGEST_LINE = 4 << 20
LARGEST_FILE = 8 << 30
SHORTEST_LINE, MOST_SHORT = 64, 10_000
"""Bytes of a line, which no run writes shorter, and how many such lines are passed over: a file of
nothing else takes minutes to read."""

_NAME = re.compile(r"faceedit(-\d+-of-\d+)?\.jsonl")
_ELSEWHERE = Job(Path(), Path())
# Deep nesting is a RecursionError, a number of 400 digits an OverflowError.
_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError)


@dataclass(frozen=True, eq=False)
class Entry:
    """What a line of a manifest says of a photo.

    Attributes:
        key: of the run's settings, see `decisive`.
        result: what became of the photo; its job says nothing.
    """

    key: str
    result: Result


@dataclass(eq=False)
class Record:
    """What the manifests and the journal of one folder say.

    Attributes:
        entries: of photos that did not fail, by the output's place below the folder.
        written: hashes that manifests have of outputs, by place; also from lines of versions
            that cannot be read otherwise.
        claims: hashes that the journal has, by place.
        copied: the photos that places are plain copies of, as they were when that was written.
        runs: the fields `DECISIVE` of all lines, by their key.
        latest: the key of the line that was written last; empty where there is none.
        manifests: that were read.
        unread: how many lines of which manifest could not be read.
        odd: files that are named like manifests and cannot be any.
    """

    entries: dict[str, list[Entry]] = field(default_factory=dict)
    written: dict[str, set[str]] = field(default_factory=dict)
    claims: dict[str, set[str]] = field(default_factory=dict)
    copied: dict[str, Path] = field(default_factory=dict)
    runs: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    latest: str = ""
    manifests: list[Path] = field(default_factory=list)
    unread: dict[Path, int] = field(default_factory=dict)
    odd: list[Path] = field(default_factory=list)

    def hashes(self, place: str) -> set[str]:
        """Return the hashes of all that was ever written to a place."""
        return self.written.get(place, set()) | self.claims.get(place, set())


class Ledger:
    """The manifests of folders, read when they are asked about, once."""

    def __init__(self):
        self._records: dict[str, Record] = {}
        self._hashes: dict[str, tuple[tuple[int, ...], str | None]] = {}

    def of(self, folder: Path) -> Record:
        """Return what is known of an output folder."""
        key = os.path.abspath(folder)  # noqa: PTH100
        if key not in self._records:
            self._records[key] = _read_folder(Path(key))
        return self._records[key]

    def forget(self, folder: Path) -> None:
        """Read a folder again when it is next asked about."""
        self._records.pop(os.path.abspath(folder), None)  # noqa: PTH100

    def sha256(self, path: Path) -> str | None:
        """Return the hash of a regular file, computed again only if the file has changed."""
        try:
            status = os.lstat(path)
        except (OSError, ValueError):
            return None
        about = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        known = self._hashes.get(str(path))
        if known is None or known[0] != about:
            known = self._hashes[str(path)] = (about, sha256_if_regular(path))
        return known[1]

    def wrote(self, folder: Path, path: Path) -> bool:
        """Say whether the manifests of a folder prove that faceedit wrote a file as it is now."""
        hashes = self.of(folder).hashes(place_of(path, folder))
        return bool(hashes) and self.sha256(path) in hashes

    def wrote_somewhere(self, path: Path) -> bool:
        """Say the same by the manifests of its folder and of those above."""
        whole = Path(os.path.abspath(path))  # noqa: PTH100
        return any(self.wrote(folder, whole) for folder in whole.parents)


def place_of(path: Path, folder: Path) -> str:
    """Return the path of an output below its folder, as manifests write it."""
    return Path(os.path.relpath(path, folder)).as_posix()


def decisive(entry: Mapping[str, Any]) -> str:
    """Return a text that is equal for two lines if their settings, method and weights are."""
    return json.dumps([entry.get(name) for name in DECISIVE], sort_keys=True)


def read_lines(path: Path) -> Iterator[Any]:
    """Yield what each line of a file of JSON lines holds; None for one that cannot be read.

    Raises:
        PlanError: it is not a regular file, larger than any manifest, or of far too short lines.
    """
    try:
        handle = os.open(path, os.O_RDONLY | _NO_LINKS)
    except FileNotFoundError:
        return
    except OSError as error:
        raise PlanError(f"{path}: cannot be read: {error.strerror}") from error
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST_FILE:
        os.close(handle)
        raise PlanError(f"{path}: is named like a manifest, but is none")
    short = 0
    with os.fdopen(handle, "rb") as file:
        while line := file.readline(LONGEST_LINE):
            if not line.endswith(b"\n") and len(line) == LONGEST_LINE:
                while (rest := file.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
                    pass
                yield None
                continue
            short += len(line) < SHORTEST_LINE
            if short > MOST_SHORT:
                raise PlanError(f"{path}: is named like a manifest, but is none")
            try:
                yield json.loads(line)
            except _UNREADABLE:
                yield None


_NO_LINKS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
"""Fails at a link, and does not wait at a pipe."""


def _read_folder(folder: Path) -> Record:
    record = Record()
    try:
        names = sorted(name for name in os.listdir(folder) if _NAME.fullmatch(name))  # noqa: PTH208
    except OSError:
        return record
    times: list[str] = [""]
    for name in names:
        record.manifests.append(folder / name)
        try:
            for line in read_lines(folder / name):
                if not _take(line, record, times):
                    record.unread[folder / name] = record.unread.get(folder / name, 0) + 1
        except PlanError:
            record.odd.append(folder / name)
    try:
        for line in read_lines(folder / JOURNAL_FILE):
            _claim(line, "sha256", record.claims)
    except PlanError:
        record.odd.append(folder / JOURNAL_FILE)
    return record


def _claim(line: Any, name: str, claims: dict[str, set[str]]) -> None:
    """Add the hash that a line has under a name to those of its place, if it has one."""
    if isinstance(line, dict):
        place, sha256 = line.get("place"), line.get(name)
        if isinstance(place, str) and isinstance(sha256, str):
            claims.setdefault(place, set()).add(sha256)


def _take(line: Any, record: Record, times: list[str]) -> bool:
    """Add a manifest's line to a record; return whether it can be believed."""
    _claim(line, "output_sha256", record.written)
    try:
        place, time = line["place"], line["time"]
        if not isinstance(place, str) or not isinstance(time, str):
            return False
        key = decisive(line)
        if line["outcome"] != "failed":
            entry = Entry(key, read_result(_ELSEWHERE, line))
            if entry.result.outcome == "copied":
                record.copied[place] = Path(line["input"])
            record.entries.setdefault(place, []).append(entry)
    except _UNREADABLE:
        return False
    record.runs.setdefault(key, {name: line.get(name) for name in DECISIVE})
    if time >= times[-1]:
        times[-1], record.latest = time, key
    return True
