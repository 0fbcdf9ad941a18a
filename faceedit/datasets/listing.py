"""What the readers of public face sets share: a tree's pictures, splits by person, the report."""

import hashlib
import os
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TypeVar

from faceedit.datasets.labelled import SUFFIXES, VALIDATION_SHARE, LabelledPhoto
from faceedit.errors import UsageError
from faceedit.photos.walk import is_hidden

Tell = Callable[[str], None]
"""Is told, in one line, what was found and what was left out."""
P = TypeVar("P", bound=LabelledPhoto)


def list_pictures(folder: Path) -> list[Path]:
    """Return the pictures of a folder's tree, sorted, without hidden ones and previews.

    Raises:
        UsageError: the folder is none.
    """
    if not folder.is_dir():
        raise UsageError(f"no folder at {folder}")
    found = []
    for place, folders, files in os.walk(folder):
        folders[:] = [f for f in folders if not is_hidden(f)]
        found.extend(Path(place, f) for f in files if not is_hidden(f))
    return sorted(p for p in found if p.suffix.lower() in SUFFIXES)


@cache
def split_of(person: str) -> str:
    """Return "val" for about one person in ten, else "train".

    The name alone decides: a person stays where they are when photos are added or filtered.
    """
    digest = hashlib.sha256(person.encode()).digest()
    return "val" if int.from_bytes(digest[:4], "big") % VALIDATION_SHARE == 0 else "train"


def read_named(
    folder: Path,
    parse: Callable[[Path], P | None],
    keep: Callable[[P], bool],
    *,
    source: str,
    looked_for: str,
    tell: Tell | None,
) -> list[P]:
    """List the photos of a set whose file names say what they show.

    Args:
        folder: the set's own, or any above its pictures.
        parse: reads one file's name; None where it is not one of the set's.
        keep: whether a photo of the set was asked for.
        source: name of the set, for the report.
        looked_for: what names were expected and which of them were asked for, for the error.
        tell: is told what was found, or None.

    Raises:
        UsageError: no picture was both named so and asked for.
    """
    pictures = list_pictures(folder)
    known = [photo for path in pictures if (photo := parse(path)) is not None]
    kept = [photo for photo in known if keep(photo)]
    strange, dropped = len(pictures) - len(known), len(known) - len(kept)
    if not kept:
        raise UsageError(
            f"{folder}: looked for {looked_for}; of {len(pictures)} pictures {strange} are named "
            f"otherwise and {dropped} were not asked for"
        )
    if tell is not None:
        tell(report(source, kept, {"not asked for": dropped, "named otherwise": strange}))
    return kept


def report(source: str, photos: Sequence[LabelledPhoto], left_out: dict[str, int]) -> str:
    """Return one line: how many photos of how many people, and what was left out and why."""
    line = f"{source}: {len(photos)} photos of {len({p.person for p in photos})} people"
    reasons = [f"{count} {reason}" for reason, count in left_out.items() if count]
    return f"{line}; left out: {', '.join(reasons)}" if reasons else line
