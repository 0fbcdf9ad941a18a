"""Options that several commands share, and what they all do with them."""

import errno
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import typer

from faceedit.cli import complete
from faceedit.cli.panels import GATES, MOST_USED, OUTPUT, PHOTOS, SPEED, WHAT
from faceedit.cli.settings import use_settings
from faceedit.errors import UsageError
from faceedit.limits import BATCH, COUNT, SEED, THREADS, WORKERS, shorten
from faceedit.methods.catalogue import served_parts, shipped_methods
from faceedit.targets import Part, Target, Turn, parse_target

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
    typer.Option(help="Which of the method's networks; see 'models list'.", rich_help_panel=WHAT),
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


def part_option(
    part: Part,
    metavar: str,
    help: str,
    values: Callable[[str], list[str]] | None = None,
    panel: str = MOST_USED,
) -> Any:
    """Make the option of a part of a target; it shows where a method serves that part.

    A shell offers `values` for what was typed.
    """
    return typer.Option(
        f"--{part}",
        metavar=metavar,
        help=help,
        hidden=part not in served_parts(),
        show_default=False,
        autocompletion=values,
        rich_help_panel=panel,
    )


Targets = Annotated[
    list[str] | None,
    typer.Option(
        "--target",
        "-t",
        metavar="NAME[:STRENGTH][+...]",
        autocompletion=complete.targets,
        help="What faces are to show; '+' or another -t makes a blend. Strength: 0 to 1.5.",
        show_default=False,
        rich_help_panel=MOST_USED,
    ),
]
Units = Annotated[
    str | None,
    part_option(Part.UNITS, "12=3.5,4+1,...", "FACS action units: = sets, + and - add. 0 to 5."),
]
Attributes = Annotated[
    list[str] | None,
    part_option(Part.ATTRIBUTES, "NAME=on|off,...", "Attributes to add or remove."),
]
Light = Annotated[
    str | None,
    part_option(
        Part.LIGHT,
        "NAME[:STRENGTH]|az=X,el=Y",
        "The light that falls on people; or random.",
        complete.lights,
    ),
]
Pose = Annotated[
    str | None, part_option(Part.TURN, "yaw=20|to=0", "Turn heads, in degrees; 'to' is absolute.")
]
Gaze = Annotated[
    Literal["camera", "keep"] | None,
    typer.Option(
        help="Of --turn: eyes go on looking where they look (default), or turn with the head.",
        hidden=Part.TURN not in served_parts(),
        show_default=False,
        rich_help_panel=WHAT,
    ),
]
MaxTurn = Annotated[
    float | None,
    typer.Option(
        metavar="DEG",
        min=0.0,
        max=180.0,
        help="Refuse photos in which a head would be turned by more.",
        hidden=Part.TURN not in served_parts(),
        show_default=False,
        rich_help_panel=GATES,
    ),
]


Manner = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        help="Show expressions in their N-th manner, as -t NAME:mannerN does. Default: each face "
        "in one of its own.",
        rich_help_panel=WHAT,
    ),
]


class HardFaces(StrEnum):
    """What becomes of faces that are hard to edit."""

    EDIT = "edit"
    SKIP = "skip"


OnHardFaces = Annotated[
    HardFaces,
    typer.Option(
        "--on-hard",
        help="Faces turned by more than 30 degrees, looking far up or down, or shouting where "
        "something else is asked for: edit them all the same, or leave them alone.",
        rich_help_panel=GATES,
    ),
]
Reference = Annotated[
    str | None,
    part_option(
        Part.LIKE, "PHOTO[#FACE]", "Give faces the expression of another photo's.", panel=WHAT
    ),
]
Seed = Annotated[
    int,
    typer.Option(
        min=0,
        max=SEED,
        help="Of '--light random': which light each photo gets.",
        rich_help_panel=WHAT,
    ),
]
RelightReference = Annotated[
    str | None,
    typer.Option(
        f"--{Part.RELIGHT}",
        metavar="PHOTO[#FACE]",
        help="Put people into the light of another photo's face.",
        hidden=Part.RELIGHT not in served_parts(),
        show_default=False,
        rich_help_panel=WHAT,
    ),
]
LandmarksReference = Annotated[
    str | None,
    typer.Option(
        f"--{Part.LANDMARKS_LIKE}",
        metavar="PHOTO[#FACE]",
        help="Give faces pose and expression of another photo's; their shape stays.",
        hidden=Part.LANDMARKS_LIKE not in served_parts(),
        show_default=False,
        rich_help_panel=WHAT,
    ),
]
ReferenceFace = Annotated[
    int | None,
    typer.Option(
        "--like-face",
        metavar="N",
        min=1,
        max=9999,
        help="Which face of the --like photo, the largest being 1.",
        hidden=Part.LIKE not in served_parts(),
        show_default=False,
        rich_help_panel=WHAT,
    ),
]
Inputs = Annotated[
    list[str],
    typer.Argument(metavar="INPUTS...", help="Photos, folders and patterns.", show_default=False),
]
Recursive = Annotated[bool, typer.Option(help="Include subfolders.", rich_help_panel=PHOTOS)]


Preset = Annotated[
    str | None,
    typer.Option(
        "--preset",
        metavar="NAME",
        callback=use_settings,
        is_eager=True,
        help="Options of '[preset.NAME]' in faceedit.toml.",
        show_default=False,
        rich_help_panel=WHAT,
    ),
]
Each = Annotated[
    list[str] | None,
    typer.Option(
        "--each",
        metavar="TARGET,TARGET,...",
        help="Make several outputs of each photo: happy,sad or light=left,light=right.",
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


def asked_target(
    target: Sequence[str] | None,
    *,
    au: str | None = None,
    attr: Sequence[str] | None = None,
    light: str | None = None,
    turn: str | None = None,
    like: str | None = None,
    like_face: int | None = None,
    relight_like: str | None = None,
    landmarks_like: str | None = None,
    gaze: str | None = None,
    manner: int | None = None,
) -> Target:
    """Return what the options of a command ask for together.

    Raises:
        UsageError: nothing, it cannot be read, or a face is named without its photo.
    """
    if like_face is not None:
        if like is None:
            raise UsageError("--like-face: name the photo of that face with --like")
        like = f"{like}#{like_face}"
    words = {Part.TURN: [turn], Part.UNITS: [au], Part.ATTRIBUTES: attr or [None]}
    words |= {Part.LIGHT: [light], Part.LIKE: [like]}
    words |= {Part.RELIGHT: [relight_like], Part.LANDMARKS_LIKE: [landmarks_like]}
    parts = (
        f"{part}={text}" for part, texts in words.items() for text in texts if text is not None
    )
    whole = parse_target([*(target or []), *parts])
    if manner is not None:
        whole = whole.in_manner(manner)
    if gaze is None:
        return whole
    if Part.TURN not in whole.parts:
        raise UsageError("--gaze: say with --turn how the head is to turn")
    terms = (replace(one, gaze=gaze) if isinstance(one, Turn) else one for one in whole.terms)
    return replace(whole, terms=tuple(terms))


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
        rich_help_panel=MOST_USED,
    ),
]
WhichFace = Annotated[
    str,
    typer.Option(
        "--face",
        metavar="left|right|center|N",
        help="Edit one face of each photo; N: the N-th largest.",
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
        min=1, max=THREADS, help="CPU threads. Default: one per core.", rich_help_panel=SPEED
    ),
]
NetworkThreads = Annotated[
    int,
    typer.Option(
        min=1, max=THREADS, help="CPU threads of each network call.", rich_help_panel=SPEED
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
