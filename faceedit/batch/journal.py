"""The journal of an output folder: what runs at work there were asked, and what they wrote.

A file is claimed before it is put in its place, so that a run that is cut off can be proven to
have written it; what the manifest says as well is dropped when no run is at work there.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from faceedit.batch.files import append_line
from faceedit.batch.ledger import JOURNAL_FILE, Ledger, read_lines

_PRIVATE = 0o600

_ASKED = ("settings", "method", "profile")
"""Fields of a line that say what the user asked for; the others come with the version."""


def begin(folder: Path, settings: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Say in the journal what a run is asked.

    Args:
        folder: of the outputs.
        settings: what lines of the manifest say.

    Returns:
        What the first of the runs at work there was asked, which may be this one; None where the
        journal cannot be read as one.
    """
    path = folder / JOURNAL_FILE
    asked = {name: settings.get(name) for name in _ASKED}
    with suppress(OSError):
        append_line(path, json.dumps({"run": asked}).encode(), _PRIVATE)
    runs = (one["run"] for one in read_lines(path) if isinstance(one, dict) and "run" in one)
    first = next(runs, asked)
    return first if isinstance(first, dict) else None


def claim(folder: Path, place: str, sha256: str) -> None:
    """Say that a file with this hash is about to be put in a place, where there is a journal."""
    path = folder / JOURNAL_FILE
    # Without a proof the photo is whole all the same.
    with suppress(OSError):
        if path.exists():
            line = {"place": place, "sha256": sha256}
            append_line(path, json.dumps(line).encode(), _PRIVATE)


def prune(folder: Path) -> None:
    """Leave in a journal only what the manifest does not say; for when no run is at work there."""
    path = folder / JOURNAL_FILE
    if not path.exists():
        return
    ledger = Ledger()
    record = ledger.of(folder)
    if path in record.odd:
        return
    left = [
        {"place": place, "sha256": sha256}
        for place, hashes in record.claims.items()
        for sha256 in hashes
        if sha256 not in record.written.get(place, ()) and ledger.sha256(folder / place) == sha256
    ]
    with suppress(OSError):
        path.unlink()
        for line in left:
            append_line(path, json.dumps(line).encode(), _PRIVATE)
