"""Names of outputs: by a pattern, and no longer than a file's name may be."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from faceedit.errors import UsageError
from faceedit.names import quoted
from faceedit.targets import Target

_LONGEST_NAME = 255
_LONGEST_TARGET = 100
_FIELD = re.compile(r"\{[^{}]*\}")
_NO_NAME = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|\ud800-\udfff]")
"""What file names cannot hold on some system, and what would make a name a path."""


@dataclass(frozen=True)
class Naming:
    """How outputs are named, and what is made of each photo.

    Attributes:
        pattern: text with ``{stem}``, ``{target}`` and, at the end, ``{suffix}``; None keeps the
            names that outputs have otherwise.
        targets: what ``{target}`` becomes, and what the faces are to show. None is what the whole
            run is asked for, or nothing where ``asks``.
        own: those of photos that have others.

    Raises:
        UsageError: the pattern cannot be used.

    >>> Naming("{stem}-{target}{suffix}", (("happy", None),)).name("a", "happy", ".jpg")
    'a-happy.jpg'
    """

    pattern: str | None
    targets: tuple[tuple[str, Target | None], ...]
    own: Mapping[Path, tuple[tuple[str, Target | None], ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.pattern is None:
            return
        fields = set(_FIELD.findall(self.pattern))
        shown = quoted(self.pattern)
        if odd := sorted(fields - {"{stem}", "{target}", "{suffix}"}) or re.findall(
            r"[{}]", _FIELD.sub("", self.pattern)
        ):
            raise UsageError(
                f"--name {shown}: unknown {odd[0]}; known: {{stem}}, {{target}}, {{suffix}}"
            )
        if not self.pattern.endswith("{suffix}") or self.pattern.count("{suffix}") > 1:
            raise UsageError(f"--name {shown}: write {{suffix}} at the end, and nowhere else")
        if bad := _NO_NAME.search(self.pattern):
            raise UsageError(f"--name {shown}: {bad[0]!r} cannot be in a name; folders go to -o")
        if self.pattern.startswith((".", "-")):
            raise UsageError(f"--name {shown}: a name cannot begin with {self.pattern[0]!r}")
        if "{stem}" not in fields:
            raise UsageError(f"--name {shown}: write {{stem}}, or all photos have one name")
        most = max(map(len, (self.targets, *self.own.values())))
        if most > 1 and "{target}" not in fields:
            raise UsageError(f"--name {shown}: write {{target}}, or all targets have one name")

    @property
    def asks(self) -> bool:
        """Whether each output has a target of its own."""
        return bool(self.own) or any(target is not None for _, target in self.targets)

    def of(self, photo: Path) -> tuple[tuple[str, Target | None], ...]:
        """Return the targets of a photo.

        Raises:
            UsageError: it has none.
        """
        targets = self.own.get(photo, self.targets)
        if not targets:
            raise UsageError(f"{photo}: no target was given for it; write for example -t happy")
        return targets

    def name(self, stem: str, target: str, suffix: str, ending: str = "") -> str:
        """Return the name of an output; what is too long for a file's name is cut off the stem.

        Args:
            stem: of the photo.
            target: as `of` gives it.
            suffix: of the output.
            ending: of the stem where there is no pattern.
        """
        if self.pattern is None:
            return fit_name(stem, ending + suffix)
        before, *rest = self.pattern.removesuffix("{suffix}").split("{stem}")
        before, *rest = (one.replace("{target}", target) for one in (before, *rest))
        room = _LONGEST_NAME - len(os.fsencode(before + "".join(rest) + suffix))
        stem = fit_name(stem, "", room // len(rest))
        return before + "".join(stem + one for one in rest) + suffix


def fit_name(stem: str, ending: str, room: int = _LONGEST_NAME) -> str:
    """Return stem and ending, the stem cut to what a file name can hold, or to so many bytes."""
    room -= len(os.fsencode(ending))
    while len(os.fsencode(stem)) > room:
        stem = stem[:-1]
    return stem + ending


def slug(target: str) -> str:
    """Return the text form of a target as it may stand in a file's name.

    >>> slug("happy:0.6 light=left"), slug("au=12=3.5,6=2")
    ('happy-0.6-light-left', 'au-12-3.5-6-2')
    """
    return re.sub(r"[^\w.+]+", "-", target, flags=re.ASCII).strip("-.")[:_LONGEST_TARGET]
