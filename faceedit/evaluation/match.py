"""Photos and edited copies of them, matched by where they lie."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from faceedit.errors import UsageError
from faceedit.photos.walk import find


@dataclass(frozen=True)
class PicturePair:
    """A photo and an edited copy of it.

    Attributes:
        name: in reports.
        before: the photo.
        after: its copy.
        rival: another copy to compare with, or None.
    """

    name: str
    before: Path
    after: Path
    rival: Path | None = None


@dataclass(frozen=True)
class Failure:
    """A photo that was not measured."""

    name: str
    reason: str


def pair_up(before: Path, after: Path) -> tuple[list[PicturePair], list[Failure]]:
    """Match the photos of two folders by their path below them, or two files with each other.

    A copy may have another suffix than its photo, if no other copy has the same name.

    Args:
        before: the folder of photos, or one photo.
        after: the folder of edited copies, or one copy.

    Returns:
        The pairs, and the photos of either side that have no partner.

    Raises:
        UsageError: one of them does not exist, or one is a folder and the other is not.
    """
    for path in (before, after):
        if not path.exists():
            raise UsageError(f"{path} does not exist")
    if before.is_dir() != after.is_dir():
        raise UsageError(f"{before} and {after}: both must be folders or both photos")
    if not before.is_dir():
        return [PicturePair(before.name, before, after)], []
    photos, copies = photos_below(before), photos_below(after)
    partners = find_copies(list(photos), copies)
    pairs = [PicturePair(name, photos[name], path) for name, path in partners.items()]
    alone = [Failure(name, f"has no partner in {after}") for name in photos if name not in partners]
    taken = set(partners.values())
    alone += [
        Failure(str(path), f"has no partner in {before}")
        for path in copies.values()
        if path not in taken
    ]
    return pairs, alone


def pair_up_with_rivals(
    before: Path, after: Path, against: Path | None
) -> tuple[list[PicturePair], list[Failure]]:
    """Like `pair_up`, with a third set of copies of the same photos to compare with."""
    pairs, alone = pair_up(before, after)
    if against is None:
        return pairs, alone
    others, more = pair_up(before, against)
    rivals = {pair.name: pair.after for pair in others}
    pairs = [replace(pair, rival=rivals.get(pair.name)) for pair in pairs]
    return pairs, alone + [one for one in more if one not in alone]


def find_copies(names: Sequence[str], copies: Mapping[str, Path]) -> dict[str, Path]:
    """Find the copy of each photo, in the order of the photos.

    Args:
        names: paths of photos below their folder.
        copies: files by their path below theirs.

    Returns:
        The copy of the same path, or else the only one left that differs in its suffix alone.
    """
    left = {name: path for name, path in copies.items() if name not in set(names)}
    stems: dict[str, list[Path]] = {}
    for name, path in left.items():
        stems.setdefault(_stem(name), []).append(path)
    photos = Counter(_stem(name) for name in names if name not in copies)
    found = {}
    for name in names:
        others = stems.get(_stem(name), [])
        if name in copies:
            found[name] = copies[name]
        elif len(others) == 1 and photos[_stem(name)] == 1:
            found[name] = others[0]
    return found


def _stem(name: str) -> str:
    return Path(name).with_suffix("").as_posix()


def photos_below(folder: Path) -> dict[str, Path]:
    """Return the photos below a folder by their path in it, as ``faceedit apply`` finds them.

    One photo is itself, by its name.

    Raises:
        UsageError: there is no such file or folder.
    """
    found = find(folder, recursive=True, inside=None, on_unlistable=None)
    return {one.relative.as_posix(): one.path for one in found}
