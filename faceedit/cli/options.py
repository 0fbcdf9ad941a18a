"""Options that several commands share, and what they all do with them."""

import errno
import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from faceedit.cli import complete
from faceedit.cli.panels import GATES, MOST_USED, OUTPUT, PHOTOS, SPEED, WHAT
from faceedit.cli.settings import use_settings
from faceedit.errors import UsageError
from faceedit.limits import BATCH, COUNT, THREADS, WORKERS, shorten
from faceedit.methods.catalogue import shipped_methods

Named = TypeVar("Named")

NAMED = "{stem}-{target}{suffix}"
"""Names of outputs where a photo has several."""

LONGEST_NAME = 255
"""Bytes of a file's name, in all file systems that are common."""


class Landmarks(StrEnum):
    """Whose landmarks."""

    MESH = "mesh"
    FACE_ALIGNMENT = "face-alignment"


Model = Annotated[
    str,
    typer.Option(
        "--model",
        "-m",
        metavar="|".join(["auto", *(one.name for one in shipped_methods())]),
        help="The method. auto: the one that serves the target.",
        autocompletion=complete.models,
        rich_help_panel=WHAT,
    ),
]

Profile = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Which of the method's networks; see 'models list'.",
        rich_help_panel=WHAT,
    ),
]
MaxSide = Annotated[
    int,
    typer.Option(
        metavar="PX",
        min=64,
        max=8192,
        help="Scale larger photos down to this longer side.",
        rich_help_panel=OUTPUT,
    ),
]


Inputs = Annotated[
    list[str],
    typer.Argument(metavar="INPUTS...", help="Photos, folders and patterns.", show_default=False),
]
ListedInputs = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUTS...",
        help="Photos, folders and patterns; @list.txt names some, a line each, and @table.csv has "
        "a target for each photo or person.",
        show_default=False,
    ),
]
Recursive = Annotated[bool, typer.Option(help="Include subfolders.", rich_help_panel=PHOTOS)]


Preset = Annotated[
    str | None,
    typer.Option(
        "--preset",
        metavar="NAME",
        callback=use_settings,
        is_eager=True,
        autocompletion=complete.presets,
        help="Options of '[preset.NAME]' in faceedit.toml.",
        show_default=False,
        rich_help_panel=WHAT,
    ),
]
Name = Annotated[
    str | None,
    typer.Option(
        "--name",
        metavar="PATTERN",
        help=f"Names of outputs in their folder. Default with --each: {NAMED}.",
        show_default=False,
        rich_help_panel=OUTPUT,
    ),
]


def can_exist(given: Named) -> Named:
    """Refuse names that no file can have, and places that cannot be looked into.

    Args:
        given: one name, several, or None.

    Raises:
        UsageError: one cannot be used.
    """
    names: Any = given if isinstance(given, list | tuple) else [given]
    for name in names:
        try:
            if name is not None:
                _refuse_long(os.fspath(name))
                os.lstat(name)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise UsageError(f"{shorten(str(name), 200)}: {reason}") from error
    return given


def _refuse_long(name: str) -> None:
    """Refuse what the system refuses as well, where all folders of the name are there."""
    if any(len(os.fsencode(part)) > LONGEST_NAME for part in Path(name).parts):
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))


Photo = Annotated[
    Path,
    typer.Argument(metavar="PHOTO", callback=can_exist, help="One photo.", show_default=False),
]
Faces = Annotated[
    str,
    typer.Option(
        metavar="all|largest|N",
        help="Which faces of each photo; N: the N largest.",
        autocompletion=complete.numbers_of_faces,
        rich_help_panel=MOST_USED,
    ),
]
WhichFace = Annotated[
    str,
    typer.Option(
        "--face",
        metavar="left|right|center|N",
        help="Edit one face of each photo; N: the N-th largest.",
        autocompletion=complete.places,
        show_default=False,
        rich_help_panel=PHOTOS,
    ),
]
OnlyPerson = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        metavar="PHOTO[#FACE]",
        callback=can_exist,
        help="Edit only the person whom this photo shows; several may be named.",
        show_default=False,
        rich_help_panel=PHOTOS,
    ),
]
NotPerson = Annotated[
    list[str] | None,
    typer.Option(
        "--not",
        metavar="PHOTO[#FACE]",
        callback=can_exist,
        help="Leave the person alone whom this photo shows.",
        show_default=False,
        rich_help_panel=PHOTOS,
    ),
]
Alike = Annotated[
    float | None,
    typer.Option(
        metavar="X",
        min=-1.0,
        max=1.0,
        help="Of --only, --not and tables of people: the cosine from which on two faces count as "
        "one person's. Default: the network's own.",
        rich_help_panel=PHOTOS,
    ),
]
MinFace = Annotated[
    float,
    typer.Option(
        metavar="PX",
        min=0.0,
        max=1e6,
        help="Leave faces alone whose box is smaller than this on its longer side, in pixels of "
        "the photo. The box goes from forehead to chin and from ear to ear.",
        rich_help_panel=PHOTOS,
    ),
]
WhoseLandmarks = Annotated[
    Landmarks,
    typer.Option(
        help="Where landmarks come from: the built-in mesh, or the face-alignment package.",
        rich_help_panel=PHOTOS,
    ),
]
Weights = Annotated[
    Path | None,
    typer.Option(
        metavar="PATH",
        callback=can_exist,
        help="A checkpoint, or a folder to look in first.",
        rich_help_panel=WHAT,
    ),
]
Device = Annotated[
    str,
    typer.Option(metavar="DEVICE", help="auto, cpu, cuda, cuda:N or mps.", rich_help_panel=SPEED),
]
Threads = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        max=THREADS,
        help="CPU threads. Default: one per core.",
        rich_help_panel=SPEED,
    ),
]
NetworkThreads = Annotated[
    int,
    typer.Option(
        metavar="N",
        min=1,
        max=THREADS,
        help="CPU threads of each network call.",
        rich_help_panel=SPEED,
    ),
]
Precision = Annotated[
    str,
    typer.Option(
        metavar="auto|fp32|bf16|fp16", help="Of the method's network.", rich_help_panel=SPEED
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        max=WORKERS,
        help="Processes per device. Default: one for a GPU; on a CPU one per core, at most 8, "
        "each with 3 GB of memory and 40 photos.",
        rich_help_panel=SPEED,
    ),
]
Batch = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        max=BATCH,
        help="Faces per network call. Default: 1 on a CPU, 8 on a GPU.",
        rich_help_panel=SPEED,
    ),
]
MinIdentity = Annotated[
    float | None,
    typer.Option(
        metavar="X",
        min=-1.0,
        max=1.0,
        help="Weaken an edit, or leave it out, where the cosine of the face's identity "
        "before and after falls below X.",
        rich_help_panel=GATES,
    ),
]
MinNaturalness = Annotated[
    float | None,
    typer.Option(
        metavar="X",
        min=0.0,
        max=10.0,
        help="Weaken an edit, or leave it out, where the face then looks less natural than X of "
        "10, and less than before.",
        rich_help_panel=GATES,
    ),
]
Overwrite = Annotated[
    bool,
    typer.Option("--overwrite", help="Replace existing files.", rich_help_panel=OUTPUT),
]
Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet", "-q", help="Only say which photos failed, and why.", rich_help_panel=OUTPUT
    ),
]


def parse_faces(text: str) -> Any:
    """Return a number where one was written; `FindOptions` judges the rest.

    More faces than `COUNT` are all faces.
    """
    if not text.isdecimal():
        return text
    digits = text.lstrip("0") or "0"
    return int(digits) if len(digits) < len(str(COUNT)) else COUNT
