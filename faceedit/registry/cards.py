"""What ``registry.toml`` says of each checkpoint."""

import re
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    ValidationError,
    field_validator,
)

from faceedit.errors import WeightsError
from faceedit.registry.header import MAX_CHECKPOINT
from faceedit.untrusted import parse_toml, read_text

REGISTRY_FILE = "registry.toml"

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Score = float | dict[str, float]
_MOST_REASONS = 5


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Strict):
    """Where `pull` gets a file from.

    Attributes:
        repo_id: ``owner/name`` on the Hugging Face hub.
        revision: the commit, 40 hexadecimal digits; branches and tags move and are refused.
        filename: path of the file inside the repository.
    """

    repo_id: Annotated[str, StringConstraints(pattern=r"^[\w.-]+/[\w.-]+$")]
    revision: str
    filename: Text

    @field_validator("revision")
    @classmethod
    def _is_commit(cls, value: str) -> str:
        if not re.fullmatch(r"[0-9a-f]{40}", value):
            raise ValueError(
                f"{value!r} is not a commit; pin the 40 hexadecimal digits of one, "
                "not a branch or a tag"
            )
        return value


class Card(_Strict):
    """One checkpoint: what it is, where it came from and how good it is.

    Attributes:
        name: the name people type, unique within a registry.
        method: the method or network that reads it, as in the file's own metadata.
        profile: the variant of that method, as in the file's own metadata.
        file: plain name of a ``.safetensors`` file beside the registry or in a nearer folder.
        sha256: of the whole file, lower-case hexadecimal.
        size: of the file, in bytes.
        crop_size: side of the network's square input, in pixels.
        targets: names of the edits that it makes; empty for networks that look.
        head: ``compose`` or ``rgb`` for generators, ``none`` for networks that look.
        data: what it was trained on.
        licence: of the weights.
        recipe: hyper-parameters of the training.
        scores: measured quality, a number or a small table per name.
        differs: what differs from the paper, one sentence each.
        card: path of a Markdown card, relative to the registry's folder.
        source: where `pull` gets the file from; None for files that only ship.
    """

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
    method: Text
    profile: Text
    file: str
    sha256: Sha256
    size: Annotated[int, Field(ge=1, le=MAX_CHECKPOINT)]
    crop_size: Annotated[int, Field(ge=1, le=4096)]
    targets: tuple[Text, ...] = ()
    head: Literal["compose", "rgb", "none"]
    data: Text
    licence: Text
    recipe: dict[str, JsonValue] = Field(default_factory=dict)
    scores: dict[str, Score] = Field(default_factory=dict)
    differs: tuple[Text, ...] = ()
    card: str | None = None
    source: Source | None = None

    @field_validator("file")
    @classmethod
    def _is_plain_name(cls, value: str) -> str:
        if not re.fullmatch(r"[\w][\w.-]*\.safetensors", value):
            raise ValueError(f"{value!r} is not the plain name of a .safetensors file")
        return value

    @field_validator("card")
    @classmethod
    def _stays_inside(cls, value: str | None) -> str | None:
        if value is not None:
            path = PurePosixPath(value)
            if path.is_absolute() or ".." in path.parts or "\\" in value:
                raise ValueError(f"{value!r} leaves the folder of the registry")
        return value


class _File(_Strict):
    checkpoints: dict[str, Card] = Field(default_factory=dict)


def read_cards(path: Path) -> dict[str, Card]:
    """Read a registry file.

    Args:
        path: a TOML file with one table ``[checkpoints.NAME]`` per checkpoint.

    Returns:
        Cards by name, in the file's order.

    Raises:
        WeightsError: the file cannot be read, is no regular file of at most a megabyte, is not TOML
            or an entry is not a sound card.
    """
    try:
        content = parse_toml(read_text(path))
    except (OSError, ValueError) as error:
        raise WeightsError(f"{path}: cannot be read as a registry: {error}") from error
    tables = content.get("checkpoints")
    if isinstance(tables, dict):
        for name, table in tables.items():
            if isinstance(table, dict):
                table.setdefault("name", name)
                if table["name"] != name:
                    raise WeightsError(f"{path}: checkpoints.{name} calls itself {table['name']!r}")
    try:
        return _File.model_validate(content).checkpoints
    except ValidationError as error:
        raise WeightsError(f"{path}: {_explain(error)}") from error


def _explain(error: ValidationError) -> str:
    reasons = []
    for detail in error.errors(include_url=False):
        where = ".".join(str(part) for part in detail["loc"])
        reasons.append(f"{where}: {detail['msg'].removeprefix('Value error, ')}")
    more = len(reasons) - _MOST_REASONS
    return "; ".join(reasons[:_MOST_REASONS]) + (f"; and {more} more" if more > 0 else "")
