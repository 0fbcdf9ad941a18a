"""An output folder as it was before: what its manifests prove to be ours is removed."""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from faceedit.batch.files import folder_alone
from faceedit.batch.ledger import JOURNAL_FILE, Ledger, Record
from faceedit.errors import PlanError, UsageError, WriteError


@dataclass(frozen=True)
class Undoing:
    """What removing the outputs of a folder comes to.

    Attributes:
        ours: files that manifests prove to be ours, byte for byte.
        kept: files that they name and that stay, and why.
        manifests: that go as well, since all that they name is gone then.
    """

    ours: tuple[Path, ...]
    kept: tuple[tuple[Path, str], ...]
    manifests: tuple[Path, ...]


def undo(folder: Path, dry: bool = False) -> Undoing:
    """Remove from a folder what its manifests prove that faceedit wrote, and nothing else.

    A copy of a photo that is no more where it was stays: it may be the last one. Folders that
    become empty go, too.

    Args:
        folder: the output folder, where ``faceedit.jsonl`` lies.
        dry: only say what would be removed.

    Raises:
        UsageError: no such folder, or it has no manifest.
        PlanError: a run is writing to it, or a manifest cannot be read.
        WriteError: a file cannot be removed.
    """
    if not folder.is_dir():
        said = "it is a file; name its folder" if folder.exists() else "no such folder"
        raise UsageError(f"{folder}: {said}")
    with folder_alone(folder) as is_alone:
        if not is_alone:
            raise PlanError(f"{folder}: another run is writing to it")
        ledger = Ledger()
        found = _find(folder, ledger)
        if dry:
            return found
        for path in (*found.ours, *found.manifests):
            try:
                path.unlink()
            except FileNotFoundError:
                continue
            except OSError as error:
                raise WriteError(path, f"cannot be removed: {error.strerror}") from error
        _remove_empty(folder, (*found.ours, *found.manifests))
    return found


def _find(folder: Path, ledger: Ledger) -> Undoing:
    record = ledger.of(folder)
    if record.odd:
        raise PlanError(f"{record.odd[0]}: is named like a manifest, but cannot be read as one")
    if not record.manifests:
        raise UsageError(
            f"{folder}: it has no manifest, so that nothing in it is proven to be ours"
        )
    ours: list[Path] = []
    kept: list[tuple[Path, str]] = []
    for place in sorted(record.written.keys() | record.claims.keys()):
        path = folder / place
        if os.path.lexists(path) and _is_below(path, folder):
            why = _why_kept(path, place, folder, record, ledger)
            if why:
                kept.append((path, why))
            else:
                ours.append(path)
    is_all = not kept and not record.unread
    more = (*record.manifests, folder / JOURNAL_FILE) if is_all else ()
    manifests = tuple(folder / one.name for one in more if one.is_file())
    return Undoing(tuple(ours), tuple(kept), manifests)


def _is_below(path: Path, folder: Path) -> bool:
    # A manifest that others wrote may name files that lie elsewhere.
    return Path(os.path.realpath(path.parent)).is_relative_to(os.path.realpath(folder))


def _why_kept(path: Path, place: str, folder: Path, record: Record, ledger: Ledger) -> str:
    if not ledger.wrote(folder, path):
        return "it is not what faceedit wrote there"
    source = record.copied.get(place)
    if source is None:
        return ""
    if not source.is_file():
        return f"it may be the last copy of {source}"
    return "it is the photo itself" if source.samefile(path) else ""


def _remove_empty(folder: Path, removed: Sequence[Path]) -> None:
    """Remove the folders that files lay in, as far as they are empty."""
    below = {parent for path in removed for parent in path.parents if parent.is_relative_to(folder)}
    for one in sorted(below, key=lambda path: len(path.parts), reverse=True):
        with suppress(OSError):
            one.rmdir()
