"""What ``faceedit apply`` is to make of each photo: one output, or one for each target."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from faceedit.cli.input_lists import Given, Row
from faceedit.cli.options import NAMED
from faceedit.errors import NoTargetError, UsageError
from faceedit.photos import Naming, slug
from faceedit.targets import Target, parse_target, split_targets, union

NOTHING = parse_target("neutral:0")
"""A target that changes nothing."""


@dataclass(frozen=True)
class Asked:
    """What is asked of every photo.

    Attributes:
        target: what its faces are to show; of several outputs that of all of them together.
        naming: names of the outputs, each with its target; None where it has one output under its
            own name.
        people: photos of people, and what each of them is to show.
    """

    target: Target
    naming: Naming | None = None
    people: tuple[tuple[str, Target], ...] = ()


def read_asked(
    whole: Callable[[Sequence[str]], Target],
    each: Sequence[str] | None,
    given: Given,
    intensity: float,
    name: str | None,
) -> Asked:
    """Read what the options ask for.

    Args:
        whole: returns the target of an output: what all outputs share, and some texts.
        each: lists of targets, one output each.
        given: rows of tables; each is an output of its photo, with a target of its own, or a person
            with one.
        intensity: multiplies all strengths.
        name: pattern of the outputs' names.

    Raises:
        UsageError: nothing is asked for, it cannot be read, or names of outputs would be the same.
    """
    people = tuple((row.path, _target_of(row, whole, intensity)[1]) for row in given.people)
    if given.rows:
        if each is not None:
            raise UsageError("--each and a table of targets do not go together; take one at a time")
        return replace(_of_rows(whole, given.rows, intensity, name), people=people)
    if each is None:
        # With people alone, all others are left as they are.
        target = _or_none(whole) if people else whole([])
        names = [slug(str(target))]
        scaled = [target.scaled(intensity)]
        if name is None or "{target}" not in name:
            naming = None if name is None else Naming(name, (("", None),))
            return Asked(scaled[0], naming, people)
    else:
        own = [one for text in each for one in split_targets(text)]
        names = [slug(str(parse_target(one))) for one in own]
        scaled = [whole([one]).scaled(intensity) for one in own]
    for at, one in enumerate(names):
        if one in names[:at]:
            raise UsageError(f"two targets of --each would be named {one}; write each of them once")
    naming = Naming(name or NAMED, tuple(zip(names, scaled, strict=True)))
    return Asked(union(scaled), naming, people)


def _of_rows(
    whole: Callable[[Sequence[str]], Target],
    rows: Sequence[Row],
    intensity: float,
    name: str | None,
) -> Asked:
    """Return what tables ask of their photos, and the options of all others."""
    own: dict[Path, list[tuple[str, Target | None]]] = {}
    faces = _of_faces(whole, rows)
    # A row of a face whose photo has none goes with one that leaves all others as they are asked.
    for row in sorted(rows, key=lambda one: one.face > 0):
        plain = replace(row, strength=1.0, rejected=False) if row.face else row
        target, scaled = _target_of(plain, whole, intensity)
        word, path = slug(str(target)), Path(row.path)
        outputs = own.setdefault(path, [])
        if word in dict(outputs):
            if row.face:
                continue
            raise UsageError(f"{row.where}: {row.path} is to show {target} twice")
        try:
            shares = tuple((dict(scaled.faces) | faces.get((path, word), {})).items())
            outputs.append((word, None if plain.rejected else replace(scaled, faces=shares)))
        except UsageError as error:
            raise UsageError(f"{row.where}: {error}") from error
    several = any(len(outputs) > 1 for outputs in own.values())
    asked = [one for outputs in own.values() for _, one in outputs if one is not None]
    others: tuple[tuple[str, Target | None], ...] = ()
    with suppress(NoTargetError):
        target = whole([])
        others = ((slug(str(target)), target.scaled(intensity)),)
    pattern = name or (NAMED if several else None)
    naming = Naming(pattern, others, {path: tuple(outputs) for path, outputs in own.items()})
    return Asked(union(asked) if asked else NOTHING, naming)


def _of_faces(
    whole: Callable[[Sequence[str]], Target], rows: Sequence[Row]
) -> dict[tuple[Path, str], dict[int, float]]:
    """Return what single faces get of the strength of their outputs, by photo and target."""
    shares: dict[tuple[Path, str], dict[int, float]] = {}
    for row in rows:
        if row.face:
            target = slug(str(_target_of(row, whole, 1.0)[0]))
            own = shares.setdefault((Path(row.path), target), {})
            if row.face in own:
                raise UsageError(f"{row.where}: face {row.face} of {row.path} is named twice")
            own[row.face] = 0.0 if row.rejected else row.strength
    return shares


def _target_of(
    row: Row, whole: Callable[[Sequence[str]], Target], intensity: float
) -> tuple[Target, Target]:
    """Return the target of a row as it is written, and with its strength."""
    try:
        target = parse_target(row.target) if row.target else whole([])
        return target, target.scaled(intensity).scaled(row.strength)
    except UsageError as error:
        raise UsageError(f"{row.where}: {error}") from error


def _or_none(whole: Callable[[Sequence[str]], Target]) -> Target:
    try:
        return whole([])
    except NoTargetError:
        return NOTHING
