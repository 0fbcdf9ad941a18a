"""Public sets of face photos, read as they are shared: CFEE, RaFD, Multi-PIE, CelebA, KDEF.

Each module knows one set: `read_...` lists its photos as `LabelledPhoto`s that carry what only
that set knows (camera, light, gaze, attributes). `read_collection` takes any folder.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from faceedit.datasets.celeba import CelebAPhoto, find_celeba, read_celeba
from faceedit.datasets.cfee import CfeePhoto, looks_like_cfee, read_cfee
from faceedit.datasets.kdef import NAME as KDEF_NAME
from faceedit.datasets.kdef import KdefPhoto, read_kdef
from faceedit.datasets.labelled import LabelledPhoto, find_table, read_labelled
from faceedit.datasets.listing import Tell, list_pictures
from faceedit.datasets.multipie import NAME as MULTIPIE_NAME
from faceedit.datasets.multipie import MultiPiePhoto, read_multipie
from faceedit.datasets.rafd import NAME as RAFD_NAME
from faceedit.datasets.rafd import RafdPhoto, read_rafd
from faceedit.errors import UsageError

__all__ = [
    "CelebAPhoto",
    "CfeePhoto",
    "KdefPhoto",
    "MultiPiePhoto",
    "RafdPhoto",
    "read_celeba",
    "read_cfee",
    "read_collection",
    "read_kdef",
    "read_multipie",
    "read_rafd",
    "recognise",
]


class Reader(Protocol):
    """Lists the photos of one set."""

    def __call__(self, folder: Path, *, tell: Tell | None = None) -> Sequence[LabelledPhoto]:
        """List them; `tell` is told what was found and left out."""
        ...


READERS: dict[str, Reader] = {
    "celeba": read_celeba,
    "rafd": read_rafd,
    "kdef": read_kdef,
    "multipie": read_multipie,
    "cfee": read_cfee,
}


def recognise(folder: Path) -> str | None:
    """Return which of `READERS` knows a folder, or None.

    CelebA is known by its table of attributes, the others by names that most of the folder's
    pictures have: one stray file says nothing about the rest.
    """
    if find_celeba(folder) is not None:
        return "celeba"
    pictures = list_pictures(folder)
    tests: dict[str, Callable[[Path], bool]] = {
        "rafd": lambda path: _is_named(RAFD_NAME, path),
        "kdef": lambda path: _is_named(KDEF_NAME, path),
        "multipie": lambda path: _is_named(MULTIPIE_NAME, path),
        "cfee": looks_like_cfee,
    }
    for name, is_of in tests.items():
        if 2 * sum(map(is_of, pictures)) > len(pictures):
            return name
    return None


def read_collection(path: Path, *, tell: Tell | None = None) -> list[LabelledPhoto]:
    """List the photos of a table, of person/expression folders or of a public set.

    A table of the project's own kind comes first, then the sets (each with its defaults: photos
    from the front, expressions that have a name), then person/expression folders.

    Args:
        path: as `read_labelled` takes it, or a set's folder.
        tell: is told what was found in a set and what was left out.

    Raises:
        UsageError: nothing there, or what is there makes no sense.
    """
    if not path.is_dir() or find_table(path) is not None:
        return read_labelled(path)
    name = recognise(path)
    if name is not None:
        return list(READERS[name](path, tell=tell))
    try:
        return read_labelled(path)
    except UsageError as error:
        raise UsageError(f"{error}, nor the files of a known set: {', '.join(READERS)}") from None


def _is_named(pattern: re.Pattern[str], path: Path) -> bool:
    return pattern.fullmatch(path.stem) is not None
