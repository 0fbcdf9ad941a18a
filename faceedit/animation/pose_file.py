"""Key poses as users write them: a TOML file with a table ``[[pose]]`` for each."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from faceedit.animation.poses import EASES, LONGEST, Pose
from faceedit.errors import UsageError
from faceedit.names import unknown
from faceedit.ranges import short
from faceedit.targets import parse_target
from faceedit.untrusted import Place, line_of, parse_toml, read_text

MOST = 1000
"""Poses in a file."""
NAMED = 3
"""Errors that a message names."""


class _Pose(BaseModel):
    """One table ``[[pose]]``.

    Attributes:
        target: as `parse_target` reads it; None for the photo as it is.
        at: seconds from the start.
        ease: how faces move there from the pose before.
    """

    model_config = ConfigDict(extra="forbid", strict=True)
    target: str | None = None
    at: float | None = Field(default=None, ge=0, le=LONGEST)
    ease: str = "smooth"


class _PoseFile(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", strict=True)
    pose: list[_Pose] = Field(min_length=1, max_length=MOST)


def read_poses(path: Path) -> list[Pose]:
    """Read the poses of a clip.

    Raises:
        UsageError: the file cannot be read, has an unknown key or a wrong value; file and line are
            named.
    """
    try:
        text = read_text(path)
        settings = parse_toml(text)
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: cannot be read as key poses: {error}") from error
    try:
        asked = _PoseFile.model_validate(settings).pose
    except ValidationError as error:
        named = [_explain(path, text, one) for one in error.errors()[:NAMED]]
        raise UsageError("; ".join(named)) from error
    poses = [_parse(path, text, number, one) for number, one in enumerate(asked)]
    _check_times(path, text, poses)
    return poses


def _explain(path: Path, text: str, error: Any) -> str:
    place: Place = error["loc"]
    where = f"{path}, line {line_of(text, place)}"
    if error["type"] == "extra_forbidden":
        model = _PoseFile if len(place) == 1 else _Pose
        return f"{where}: {unknown('key', str(place[-1]), model.model_fields)}"
    if error["type"] == "missing":
        return f"{path}: it has no [[pose]]; write one for each key pose"
    name = next((part for part in reversed(place) if isinstance(part, str)), "")
    return f"{where}: {name} = {short(error['input'])}: {error['msg']}"


def _parse(path: Path, text: str, number: int, asked: _Pose) -> Pose:
    def where(key: str) -> str:
        return f"{path}, line {line_of(text, ('pose', number, key))}"

    if asked.ease not in EASES:
        raise UsageError(f"{where('ease')}: {unknown('ease', asked.ease, EASES)}")
    try:
        target = None if asked.target is None else parse_target(asked.target)
    except UsageError as error:
        raise UsageError(f"{where('target')}: {error}") from error
    return Pose(target, asked.ease, asked.at)


def _check_times(path: Path, text: str, poses: list[Pose]) -> None:
    """Refuse times that only some poses have, that do not rise, or that do not start at 0."""
    times = [pose.at for pose in poses]
    if all(one is None for one in times):
        return
    before = None
    for number, one in enumerate(times):
        wrong = None
        if one is None:
            wrong = "this pose has no 'at', and others have"
        elif before is None and one != 0:
            wrong = f"the first pose is at 0, not at {one:g}"
        elif before is not None and one <= before:
            wrong = f"at = {one:g} does not come after {before:g}, the time of the pose before"
        if wrong is not None:
            line = line_of(text, ("pose", number, "at"))
            raise UsageError(f"{path}, line {line}: {wrong}")
        before = one
