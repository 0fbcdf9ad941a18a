"""Recipes as users write them: TOML files and ``--set key=value``."""

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from faceedit.errors import UsageError
from faceedit.ranges import short
from faceedit.untrusted import MAX_DEPTH, parse_toml, read_text

R = TypeVar("R")


def read_recipe(path: Path) -> dict[str, Any]:
    """Read a recipe's settings from a TOML file.

    Raises:
        UsageError: it cannot be read, is no regular file of at most a megabyte, or is no TOML.
    """
    try:
        return parse_toml(read_text(path))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: cannot be read as a recipe: {error}") from error


def parse_settings(settings: Iterable[str]) -> dict[str, Any]:
    """Read ``weights.pixel=10`` and the like; values are TOML, or else text as it stands.

    Raises:
        UsageError: one is written otherwise.
    """
    result: dict[str, Any] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        keys = [key.strip() for key in name.split(".")]
        if not equals or not all(keys) or len(keys) > MAX_DEPTH:
            raise UsageError(f"cannot read --set {setting!r}; write NAME=VALUE")
        try:
            value = parse_toml(f"value = {text}")["value"]
        except ValueError:
            value = text.strip()
        table: dict[str, Any] = {keys[-1]: value}
        for key in reversed(keys[:-1]):
            table = {key: table}
        result = merge(result, table)
    return result


def merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings with others laid over them, table by table."""
    result = dict(below)
    for key, value in above.items():
        under = result.get(key)
        if isinstance(under, Mapping) and isinstance(value, Mapping):
            value = merge(under, value)
        result[key] = value
    return result


def override(recipe: R, settings: Mapping[str, Any]) -> R:
    """Return a recipe with some of its values replaced, checked against its types.

    Args:
        recipe: a dataclass, with dataclasses in it where it has tables.
        settings: values by name, tables nested; without any nothing is checked, and pydantic is
            not needed.

    Raises:
        UsageError: it has no such setting, or the value is of another type; each is named.
    """
    if not settings:
        return recipe
    from pydantic import TypeAdapter, ValidationError

    _check_names(recipe, settings, "")
    whole = merge(dataclasses.asdict(recipe), settings)  # pyright: ignore[reportArgumentType]
    try:
        return TypeAdapter(type(recipe)).validate_python(whole)
    except ValidationError as error:
        raise UsageError(
            f"the recipe does not fit: {'; '.join(map(_explain, error.errors()))}"
        ) from error


def _explain(error: Any) -> str:
    place = ".".join(map(str, error["loc"]))
    if error["type"] == "value_error":
        # A recipe's own check names the setting in its table.
        return f"{place}: {error['ctx']['error']}".removeprefix(": ")
    return f"{place} = {short(error['input'])}: {error['msg']}"


def _check_names(recipe: Any, settings: Mapping[str, Any], prefix: str) -> None:
    names = [field.name for field in dataclasses.fields(recipe)]
    for key, value in settings.items():
        if key not in names:
            table = f"its table {prefix.rstrip('.')}" if prefix else "it"
            raise UsageError(
                f"the recipe has no setting {prefix}{key}; {table} has: {', '.join(names)}"
            )
        part = getattr(recipe, key)
        if dataclasses.is_dataclass(part) and isinstance(value, Mapping):
            _check_names(part, value, f"{prefix}{key}.")
