"""The plan of a run: every photo and its output, settled before any work starts."""

import os
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from faceedit.errors import PlanError, UsageError
from faceedit.photos.formats import format_of, kind_of, parse_format
from faceedit.photos.naming import Naming, fit_name
from faceedit.photos.walk import Found, OnUnlistable, find
from faceedit.targets import Target


@dataclass(frozen=True)
class Job:
    """One photo to edit.

    Attributes:
        source: the photo.
        target: its output.
        asked: what its faces are to show, where that differs from photo to photo.
    """

    source: Path
    target: Path
    asked: Target | None = None


def plan(
    inputs: Iterable[str | Path],
    output: str | Path | None = None,
    recursive: bool = True,
    format: str | None = None,
    on_unlistable: OnUnlistable | None = None,
    leave_out: Callable[[Path, bool], bool] | None = None,
    naming: Naming | None = None,
) -> list[Job]:
    """Find all photos and decide where each output goes. Nothing is written.

    Without ``output``, a folder ``photos`` gets a sibling ``photos-edited`` with the same tree
    and ``a.jpg`` gets ``a-edited.jpg`` beside it. With ``output``: one named photo goes to that
    file if it is named like a photo, and otherwise into that folder; one folder's tree goes
    below it; several folders keep the paths below their common parent; a pattern's matches keep
    their paths below its fixed part. A photo that is reached twice is done once. What lies in
    the output folder already is no input.

    Args:
        inputs: files, folders and patterns.
        output: file or folder.
        recursive: take subfolders too.
        format: another format than the sources', such as ``png``.
        on_unlistable: called with each folder that cannot be listed and the reason; None raises.
        leave_out: asked of each photo that was found, with whether the output of another goes
            there; those that it says yes to are no inputs.
        naming: names of the outputs, and what each photo is asked for.

    Returns:
        The jobs in the order of the inputs, sorted within each.

    Raises:
        UsageError: an input that does not exist or is no photo, an unknown format, an output
            that does not fit the inputs.
        PlanError: two photos would get one output, or an output is an input.

    >>> for job in plan(["portrait.jpg", "photos"]):
    ...     print(job.source.as_posix(), "->", job.target.as_posix())
    portrait.jpg -> portrait-edited.jpg
    photos/a.png -> photos-edited/a.png
    """
    given = list(inputs)
    if output is not None and not str(output):
        raise UsageError("the output is empty: name a folder or a file with -o")
    suffix = None if format is None else parse_format(format)
    single = _single_target(output, suffix)
    folder = None if output is None or single is not None else Path(output)
    if folder is not None and os.path.lexists(folder) and not folder.is_dir():
        raise UsageError(f"{folder}: the output is a file, but a folder is needed")
    photos = _find_all(given, recursive, folder or _beside, on_unlistable)
    common = _common_parent(given)
    if single is not None:
        if len(given) > 1 or [photo.path for photo in photos] != [Path(given[0])]:
            raise UsageError(f"{single}: the output names one file, but the input is not one file")
        if naming is not None and naming.pattern is not None:
            raise UsageError(
                f"{single}: the output names one file; for names by pattern name a folder"
            )
        asked = None if naming is None else naming.of(photos[0].path)[0][1]
        jobs = [Job(photo.path, single, asked) for photo in photos]
    else:
        jobs = [job for photo in photos for job in _jobs(photo, folder, common, suffix, naming)]
    if leave_out is not None:
        targets = {job.target for job in jobs}
        left_out = {photo.path for photo in photos if leave_out(photo.path, photo.path in targets)}
        jobs = [job for job in jobs if job.source not in left_out]
    _refuse_collisions(jobs)
    return jobs


def find_photos(
    inputs: Iterable[str | Path],
    recursive: bool = True,
    on_unlistable: OnUnlistable | None = None,
) -> list[Path]:
    """Find the photos that inputs mean, each once, without any plan of outputs.

    Arguments, order and errors as in `plan`.

    >>> [path.as_posix() for path in find_photos(["photos"])]
    ['photos/a.png']
    """
    return [one.path for one in _find_all(list(inputs), recursive, None, on_unlistable)]


def _find_all(
    given: Sequence[str | Path],
    recursive: bool,
    output: Path | Callable[[Path], Path] | None,
    on_unlistable: OnUnlistable | None,
) -> list[Found]:
    """Find photos, except those in the output folder, which may be another one for each folder."""
    if not given:
        raise UsageError("no inputs: name photos or folders of photos")
    found: dict[tuple[str, str], Found] = {}
    for one in given:
        inside = output
        if callable(inside):
            inside = inside(Path(one)) if os.path.isdir(one) else None  # noqa: PTH112
        inside = None if inside is None else inside.resolve()
        for photo in find(one, recursive, inside, on_unlistable):
            key = (os.path.realpath(photo.path.parent), photo.path.name)
            found.setdefault(key, photo)
    return list(found.values())


def _single_target(output: str | Path | None, suffix: tuple[str, str] | None) -> Path | None:
    """Return the output where it names a file and not a folder."""
    if output is None:
        return None
    path = Path(output)
    if path.is_dir() or str(output).endswith(("/", os.sep)) or kind_of(path) is None:
        return None
    if format_of(path) is None:
        raise UsageError(f"{path}: {path.suffix} files are not written")
    if suffix is not None and format_of(path) != suffix[0]:
        raise UsageError(f"{path}: the output does not end like the format that was asked for")
    return path


def _common_parent(given: Sequence[str | Path]) -> Path | None:
    """Return the folder above all named folders where there are several."""
    folders = {os.path.abspath(one) for one in map(Path, given) if one.is_dir()}  # noqa: PTH100
    if len(folders) < 2:
        return None
    try:
        return Path(os.path.commonpath([Path(folder).parent for folder in folders]))
    except ValueError as error:
        raise UsageError("the folders lie on several drives: run them one by one") from error


def _jobs(
    photo: Found,
    folder: Path | None,
    common: Path | None,
    suffix: tuple[str, str] | None,
    naming: Naming | None,
) -> Iterator[Job]:
    """Yield what is to be done with a photo: one job for each target."""
    if photo.root is None:
        path = photo.path if folder is None else folder / photo.relative
    else:
        place = folder or _beside(photo.root)
        if folder is not None and common is not None:
            place = folder / Path(os.path.abspath(photo.root)).relative_to(common)  # noqa: PTH100
        path = place / photo.relative
    kind = path.suffix
    if suffix is not None and format_of(path) not in (None, suffix[0]):
        kind = suffix[1]
    naming = naming or Naming(None, (("", None),))
    ending = "-edited" if photo.root is None and folder is None else ""
    for name, asked in naming.of(photo.path):
        yield Job(photo.path, path.with_name(naming.name(path.stem, name, kind, ending)), asked)


def _beside(root: Path) -> Path:
    """Return the folder for the outputs of a folder of photos where none was named."""
    named = root.resolve() if root.name in ("", "..") else root
    if not named.name:
        raise PlanError(f"{root}: no folder can lie beside it: name an output with -o")
    return named.with_name(fit_name(named.name, "-edited"))


def _refuse_collisions(jobs: list[Job]) -> None:
    sources = {}
    for job in jobs:
        identity = _identity(job.source)
        if identity is not None:
            sources[identity] = job.source
    targets: dict[str, Job] = {}
    insensitive: dict[str, bool] = {}
    for job in jobs:
        identity = _identity(job.target)
        if identity in sources and identity is not None:
            raise PlanError(
                f"{job.target}: would be the output of {job.source}, but it is an input "
                f"({sources[identity]}); name another output with -o"
            )
        if os.path.isdir(job.target):  # noqa: PTH112
            raise PlanError(f"{job.target}: a folder is where {job.source} would be written")
        key = _key(job.target, insensitive)
        if key in targets:
            raise PlanError(
                f"{targets[key].source} and {job.source} would both be written to {job.target}"
            )
        targets[key] = job
    nearest = {job.target.parent for job in jobs}
    for folder in nearest.union(*(folder.parents for folder in nearest)):
        if job := targets.get(_key(folder, insensitive)):
            raise PlanError(f"{job.source} would be written to {folder}, but that is a folder")


def _identity(path: Path) -> tuple[int, int] | None:
    """Return what is the same for all names of one file, or None where there is no file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _key(target: Path, insensitive: dict[str, bool]) -> str:
    """Return a text that is equal for two targets if they are one file."""
    folder = os.path.realpath(target.parent)
    if folder not in insensitive:
        insensitive[folder] = _ignores_case(Path(folder))
    key = str(Path(folder) / target.name)
    return unicodedata.normalize("NFC", key).casefold() if insensitive[folder] else key


def _ignores_case(folder: Path) -> bool:
    """Say whether a folder's file system takes ``A`` and ``a`` for one name.

    Looks at names that exist, in the folder or the nearest one above it that has any.
    """
    for place in (folder, *folder.parents):
        try:
            names = set(os.listdir(place))  # noqa: PTH208
        except OSError:
            continue
        for name in sorted(names):
            other = name.swapcase()
            if other != name and other.swapcase() == name and other not in names:
                return os.path.lexists(place / other)
    return False
