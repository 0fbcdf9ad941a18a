"""What ``faceedit apply`` is to make of each photo: one output, or one for each target."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from faceedit.cli.input_lists import Row
from faceedit.cli.options import NAMED
from faceedit.errors import UsageError
from faceedit.photos import Naming, slug
from faceedit.targets import Target, parse_target, split_targets, union


@dataclass(frozen=True)
class Asked:
    """What is asked of every photo.

    Attributes:
        target: what its faces are to show; of several outputs that of all of them together.
        naming: names of the outputs, each with its target; None where it has one output under its
            own name.
    """

    target: Target
    naming: Naming | None = None


def read_asked(
    whole: Callable[[Sequence[str]], Target],
    each: Sequence[str] | None,
    rows: Sequence[Row],
    intensity: float,
    name: str | None,
) -> Asked:
    """Read what the options ask for.

    Args:
        whole: returns the target of an output: what all outputs share, and some texts.
        each: lists of targets, one output each.
        rows: of tables; each is an output of its photo, with a target of its own.
        intensity: multiplies all strengths.
        name: pattern of the outputs' names.

    Raises:
        UsageError: nothing is asked for, it cannot be read, or names of outputs would be the same.
    """
    if rows:
        if each is not None:
            raise UsageError("--each and a table of targets do not go together; take one at a time")
        return _of_rows(whole, rows, intensity, name)
    if each is None:
        target = whole([])
        names = [slug(str(target))]
        scaled = [target.scaled(intensity)]
        if name is None or "{target}" not in name:
            return Asked(scaled[0], None if name is None else Naming(name, (("", None),)))
    else:
        own = [one for text in each for one in split_targets(text)]
        names = [slug(str(parse_target(one))) for one in own]
        scaled = [whole([one]).scaled(intensity) for one in own]
    for at, one in enumerate(names):
        if one in names[:at]:
            raise UsageError(f"two targets of --each would be named {one}; write each of them once")
    return Asked(union(scaled), Naming(name or NAMED, tuple(zip(names, scaled, strict=True))))


def _of_rows(
    whole: Callable[[Sequence[str]], Target],
    rows: Sequence[Row],
    intensity: float,
    name: str | None,
) -> Asked:
    """Return what tables ask of their photos, and the options of all others."""
    own: dict[Path, list[tuple[str, Target | None]]] = {}
    for row in rows:
        try:
            target = parse_target(row.target) if row.target else whole([])
            scaled = None if row.rejected else target.scaled(intensity).scaled(row.strength)
        except UsageError as error:
            raise UsageError(f"{row.where}: {error}") from error
        outputs = own.setdefault(Path(row.path), [])
        if slug(str(target)) in dict(outputs):
            raise UsageError(f"{row.where}: {row.path} is to show {target} twice")
        outputs.append((slug(str(target)), scaled))
    several = any(len(outputs) > 1 for outputs in own.values())
    asked = [one for outputs in own.values() for _, one in outputs if one is not None]
    others: tuple[tuple[str, Target | None], ...] = ()
    with suppress(UsageError):
        target = whole([])
        others = ((slug(str(target)), target.scaled(intensity)),)
    pattern = name or (NAMED if several else None)
    naming = Naming(pattern, others, {path: tuple(outputs) for path, outputs in own.items()})
    return Asked(union(asked) if asked else parse_target("neutral:0"), naming)
