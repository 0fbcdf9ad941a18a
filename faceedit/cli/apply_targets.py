"""What ``faceedit apply`` is to make of each photo: one output, or one for each target."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

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
    intensity: float,
    name: str | None,
) -> Asked:
    """Read what the options ask for.

    Args:
        whole: returns the target of an output: what all outputs share, and some texts.
        each: lists of targets, one output each.
        intensity: multiplies all strengths.
        name: pattern of the outputs' names.

    Raises:
        UsageError: nothing is asked for, it cannot be read, or names of outputs would be the same.
    """
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
