"""``faceedit.toml``: options of ``faceedit apply`` that need not be written again, and presets.

    [apply]
    min-identity = 0.8

    [preset.studio]
    target = "happy:0.6"
    light = "left"

The file in the user's config folder is read first, then the one in the working folder; a preset
goes over both, and the command line over everything.
"""

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, cast, get_args, get_type_hints

import typer
from typer.models import OptionInfo

from faceedit.errors import UsageError
from faceedit.names import unknown
from faceedit.ranges import short
from faceedit.untrusted import Place, line_of, parse_toml, read_text

FILE = "faceedit.toml"
APPLY, PRESET = "apply", "preset"
HERE_ONLY = frozenset({"help", "preset", "overwrite", "dry-run", "watch"})
"""Options that only the command line may have: a folder that others made may hold a file, too."""
TARGETS = {
    "target": "",
    "each": "",
    "au": "au=",
    "attr": "attr=",
    "light": "light=",
    "turn": "turn=",
}


def user_file() -> Path:
    """Return the file in the user's config folder."""
    from platformdirs import user_config_path

    return user_config_path("faceedit", appauthor=False) / FILE


def settings_files() -> list[Path]:
    """Return the files of settings that are there; a later one goes over those before."""
    return [path for path in (user_file(), Path(FILE)) if path.is_file()]


def use_settings(ctx: typer.Context, preset: str | None) -> str | None:
    """Lay the settings of files under the command line; a callback of an eager option.

    Args:
        ctx: of the command.
        preset: whose settings go over those of the command; None takes none.

    Returns:
        The files that were used; None where there are none.

    Raises:
        UsageError: a file cannot be read or makes no sense, or no file has that preset.
    """
    if ctx.resilient_parsing:
        return preset
    files = settings_files()
    read = {path: _File(path, ctx) for path in files}
    settings: dict[str, Any] = {}
    for one in read.values():
        settings |= one.of((APPLY,))
    known: dict[str, Any] = {}
    for one in read.values():
        known |= {name: one.of((PRESET, name)) for name in one.presets}
    if preset is not None and preset not in known:
        where = ", ".join(map(str, files)) or f"{Path(FILE)} or {user_file()}"
        said = unknown("preset", preset, known) if known else f"there is no preset {preset!r}"
        raise UsageError(f"{said} (looked in {where})")
    settings |= known.get(preset or "", {})
    if not settings:
        return None
    ctx.default_map = {**(ctx.default_map or {}), **settings}
    return ", ".join(map(str, files))


class _File:
    """A file of settings, checked against the options of a command.

    Raises:
        UsageError: it cannot be read, has an unknown table or key, or a value that no option takes.
    """

    def __init__(self, path: Path, ctx: typer.Context):
        self._path, self._options = path, _options_of(ctx)
        try:
            self._text = read_text(path)
            self._tables = parse_toml(self._text)
        except (OSError, ValueError) as error:
            raise UsageError(f"{path}: cannot be read as settings: {error}") from error
        self._check()

    @property
    def presets(self) -> list[str]:
        """Names of its presets."""
        return list(self._tables.get(PRESET, {}))

    def of(self, place: tuple[str, ...]) -> dict[str, Any]:
        """Return the settings of a table by the names of parameters; none where it is not there.

        Raises:
            UsageError: a target that nobody understands.
        """
        table: Any = self._tables
        for name in place:
            table = table.get(name, {})
        for key, value in table.items():
            try:
                _check_value(key, value)
            except UsageError as error:
                raise UsageError(f"{self._where((*place, key))}: {error}") from error
        return {
            self._options[key].name: _listed(self._options[key], one) for key, one in table.items()
        }

    def _check(self) -> None:
        from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

        forbid: Any = ConfigDict(extra="forbid", coerce_numbers_to_str=True)
        fields: Any = {
            one.name: (one.kind, Field(default=None, alias=key, ge=one.info.min, le=one.info.max))
            for key, one in self._options.items()
        }
        options: Any = create_model("Options", __config__=forbid, **fields)
        tables: Any = {APPLY: (options, None), PRESET: (dict[str, options], None)}
        whole: type[BaseModel] = create_model("Settings", __config__=forbid, **tables)
        try:
            whole.model_validate(self._with_lists())
        except ValidationError as error:
            raise UsageError(self._explain(error.errors()[0])) from error

    def _with_lists(self) -> dict[str, Any]:
        """Return the tables with a list for each option that may be given several times."""

        def listed(table: Any) -> Any:
            if not isinstance(table, dict):
                return table
            return {
                key: _listed(self._options[key], one) if key in self._options else one
                for key, one in table.items()
            }

        tables = {name: listed(one) for name, one in self._tables.items()}
        if isinstance(presets := self._tables.get(PRESET), dict):
            tables[PRESET] = {name: listed(one) for name, one in presets.items()}
        return tables

    def _explain(self, error: Mapping[str, Any]) -> str:
        place: Place = error["loc"]
        depth = 2 if place[0] == PRESET else 1
        place = place[: depth + 1]
        key = str(place[-1])
        shown = f"{self._where(place)}: {key} = {short(error['input'])}"
        if len(place) <= depth and error["type"] in ("dict_type", "model_type"):
            table = f"[{PRESET}.NAME]" if place[0] == PRESET else f"[{APPLY}]"
            return f"{shown}: options stand below {table}"
        if error["type"] != "extra_forbidden":
            return f"{shown}: {error['msg']}"
        if key in HERE_ONLY:
            return f"{self._where(place)}: {key} is for the command line alone"
        what, known = ("option", self._options) if len(place) > 1 else ("table", (APPLY, PRESET))
        return f"{self._where(place)}: {unknown(what, key, known)}"

    def _where(self, place: Place) -> str:
        return f"{self._path}, line {line_of(self._text, place)}"


class _Option(NamedTuple):
    """An option of a command.

    Attributes:
        name: of its parameter.
        kind: the type of its values.
        info: its range and names.
    """

    name: str
    kind: Any
    info: OptionInfo


def _options_of(ctx: typer.Context) -> dict[str, _Option]:
    """Return the options that a file may have, by name without dashes."""
    options: dict[str, _Option] = {}
    hints = get_type_hints(inspect.unwrap(cast(Any, ctx.command).callback), include_extras=True)
    for name, hint in hints.items():
        for info in getattr(hint, "__metadata__", ()):
            if isinstance(info, OptionInfo):
                # Typer keeps the first name of an option as its default.
                names = (info.default, *(info.param_decls or ()))
                named = [one for one in map(str, names) if one.startswith("--")]
                key = (named[0] if named else f"--{name}").split("/")[0]
                key = key.removeprefix("--").replace("_", "-")
                if key not in HERE_ONLY:
                    # Numbers of limits that are None limit nothing.
                    options[key] = _Option(name, get_args(hint)[0], info)
    return options


def _listed(option: _Option, value: Any) -> Any:
    is_list = list[str] in (option.kind, *get_args(option.kind))
    return [value] if is_list and not isinstance(value, list) else value


def _check_value(key: str, value: Any) -> None:
    """Refuse what pydantic cannot judge; the command would refuse it, too, but name no file."""
    if key in TARGETS:
        from faceedit.targets import parse_target, split_targets

        for text in value if isinstance(value, list) else [value]:
            for one in split_targets(text) if key == "each" else [text]:
                parse_target(TARGETS[key] + one)
    elif key == "faces":
        from faceedit.cli.options import parse_faces
        from faceedit.faces.find.options import FindOptions

        FindOptions(faces=parse_faces(str(value)))
    elif key == "face":
        from faceedit.editing.choice import WhichFaces

        WhichFaces(str(value))
    elif key == "name":
        from faceedit.photos import Naming

        Naming(value, ())
    elif key == "format":
        from faceedit.photos.formats import parse_format

        parse_format(value)
    elif key == "shard":
        from faceedit.batch.shard import parse_shard

        parse_shard(value)
    elif key == "model":
        from faceedit.methods.catalogue import find_method

        find_method(value)
