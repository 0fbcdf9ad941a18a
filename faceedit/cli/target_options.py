"""Options that say what faces are to show, and the target that they make together."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, Any, Literal

import typer

from faceedit.cli import complete
from faceedit.cli.panels import GATES, MOST_USED, WHAT
from faceedit.errors import UsageError
from faceedit.limits import SEED
from faceedit.methods.catalogue import served_parts
from faceedit.targets import Part, Target, Turn, parse_target


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
    part_option(
        Part.ATTRIBUTES, "NAME=on|off,...", "Attributes to add or remove.", complete.attributes
    ),
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
FARTHEST_TURN = 30.0
"""Degrees beyond which no turn was seen to pass for a photo; see ``docs/figures.md``."""
MaxTurn = Annotated[
    float,
    typer.Option(
        metavar="DEG",
        min=0.0,
        max=180.0,
        help="Refuse photos in which a head would be turned by more.",
        hidden=Part.TURN not in served_parts(),
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
        metavar="N",
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
Each = Annotated[
    list[str] | None,
    typer.Option(
        "--each",
        metavar="TARGET,TARGET,...",
        autocompletion=complete.lists,
        help="Make several outputs of each photo: happy,sad or light=left,light=right.",
        show_default=False,
        rich_help_panel=WHAT,
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
