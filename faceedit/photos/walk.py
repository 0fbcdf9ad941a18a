"""The photos that an input means: a file, a folder's tree, or the matches of a pattern."""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from faceedit.errors import UsageError
from faceedit.photos.formats import FORMATS, kind_of

# Previews and waste that systems keep in folders of photos under photos' names, and our sheets.
_CLUTTER = frozenset(
    {"faceedit-compare", "@eadir", "$recycle.bin", "system volume information", "__macosx"}
)
_PATTERN = re.compile(r"[*?\[]")

OnUnlistable = Callable[[Path, str], None]


@dataclass(frozen=True)
class Found:
    """One photo and where it belongs below its input.

    Attributes:
        path: the photo.
        root: the folder that was named, or None for a file that was named or matched.
        relative: its place below the folder or below the fixed part of the pattern; only the
            name for a file that was named.
    """

    path: Path
    root: Path | None
    relative: Path


def is_pattern(given: str | Path) -> bool:
    """Say whether a name that does not exist is a pattern of names."""
    return bool(_PATTERN.search(str(given)))


def is_hidden(name: str) -> bool:
    """Say whether a name inside a folder is passed over."""
    return name.startswith(".") or name.lower() in _CLUTTER


def find(
    given: str | Path, recursive: bool, inside: Path | None, on_unlistable: OnUnlistable | None
) -> list[Found]:
    """Return the photos that one input means, sorted.

    A name that exists is that file or folder, also where it could be read as a pattern. In
    folders, hidden files and files that are no photos are passed over without a word.

    Args:
        given: file, folder or pattern (``*``, ``?``, ``[abc]``, ``**`` for any depth).
        recursive: take a folder's subfolders too.
        inside: the output folder, whose content is no input unless the input lies in it.
        on_unlistable: called with each folder that cannot be listed and the reason; None raises.

    Raises:
        UsageError: no such file, no match, a named file of an unknown kind, or a folder that
            cannot be listed.
    """
    path = Path(given)
    if not str(given):
        raise UsageError("an input is empty")
    # Other than pathlib, os.path takes names too long or forbidden for names of nothing.
    if os.path.isdir(path):  # noqa: PTH112
        return _folder(path, recursive, inside, on_unlistable)
    if os.path.lexists(path):
        return [_named(path)]
    if is_pattern(given):
        return _matches(path, recursive, inside, on_unlistable)
    raise UsageError(f"{given}: no such file or folder")


def _named(path: Path) -> Found:
    if kind_of(path) is None:
        known = " ".join(suffix[1:] for suffixes in FORMATS.values() for suffix in suffixes)
        raise UsageError(f"{path}: not a kind of photo that is known ({known})")
    if path.exists() and not path.is_file():
        raise UsageError(f"{path}: not a regular file")
    return Found(path, None, Path(path.name))


def _folder(
    root: Path, recursive: bool, inside: Path | None, on_unlistable: OnUnlistable | None
) -> list[Found]:
    found = [
        Found(path, root, path.relative_to(root))
        for path in _walk(root, recursive, inside, on_unlistable)
    ]
    return sorted(found, key=lambda one: one.relative.parts)


def _walk(
    root: Path, recursive: bool, inside: Path | None, on_unlistable: OnUnlistable | None
) -> Iterator[Path]:
    """Yield the photos below a folder, each real folder once.

    Links to folders wait until the tree itself is done: a loop ends there, and a folder that is
    also linked keeps its own place.
    """
    seen: set[str] = set()
    if inside is not None and root.resolve().is_relative_to(inside):
        inside = None
    folders, links = [root], []
    while folders or links:
        folder = folders.pop() if folders else links.pop(0)
        real = os.path.realpath(folder)
        if real in seen or (inside is not None and Path(real).is_relative_to(inside)):
            continue
        seen.add(real)
        try:
            with os.scandir(folder) as scan:
                entries = sorted(scan, key=lambda entry: entry.name)
        except OSError as error:
            reason = f"cannot be listed: {error.strerror}"
            if on_unlistable is None:
                raise UsageError(f"{folder}: {reason}") from error
            on_unlistable(folder, reason)
            continue
        for entry in entries:
            path = folder / entry.name
            if is_hidden(entry.name):
                continue
            if os.path.isdir(path):  # noqa: PTH112
                if recursive:
                    (links if entry.is_symlink() else folders).append(path)
            elif kind_of(path) is not None and (entry.is_symlink() or entry.is_file()):
                yield path


def _matches(
    pattern: Path, recursive: bool, inside: Path | None, on_unlistable: OnUnlistable | None
) -> list[Found]:
    parts = pattern.parts
    fixed = next(at for at, part in enumerate(parts) if _PATTERN.search(part))
    base = Path(*parts[:fixed])
    rest = str(Path(*parts[fixed:]))
    try:
        matches = sorted(base.glob(rest), key=lambda path: path.parts)
    except (OSError, ValueError) as error:
        raise UsageError(f"{pattern}: {error}") from error
    if inside is not None and base.resolve().is_relative_to(inside):
        inside = None
    found: list[Found] = []
    for path in matches:
        relative = path.relative_to(base)
        if any(is_hidden(part) and part not in parts for part in relative.parts):
            continue
        if inside is not None and Path(os.path.realpath(path)).is_relative_to(inside):
            continue
        # With ** the files are matched themselves; elsewhere a folder stands for its content.
        if os.path.isdir(path):  # noqa: PTH112
            if "**" not in parts:
                found += _folder(path, recursive, inside, on_unlistable)
        elif kind_of(path) is not None:
            found.append(Found(path, None, relative))
    if not matches:
        raise UsageError(f"{pattern}: nothing matches")
    return found
