"""Options that several commands share, and what they all do with them."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer


class Landmarks(StrEnum):
    """Whose landmarks."""

    MESH = "mesh"
    FACE_ALIGNMENT = "face-alignment"


Inputs = Annotated[
    list[str],
    typer.Argument(metavar="INPUTS...", help="Photos, folders and patterns.", show_default=False),
]
Recursive = Annotated[bool, typer.Option(help="Take subfolders too.")]
Faces = Annotated[str, typer.Option(metavar="all|largest|N", help="Which faces; N: the N largest.")]
MinFace = Annotated[
    float,
    typer.Option(
        metavar="PX",
        min=0.0,
        help="Leave smaller faces alone: the longer side of a face's box, forehead to chin "
        "and ear to ear, in pixels of the photo.",
    ),
]
WhoseLandmarks = Annotated[Landmarks, typer.Option(help="Built-in, or the package's.")]
Weights = Annotated[
    Path | None,
    typer.Option(metavar="PATH", help="A checkpoint, or a folder to look in first."),
]
Device = Annotated[str, typer.Option(metavar="DEVICE", help="auto, cpu, cuda, cuda:N or mps.")]
Threads = Annotated[
    int | None, typer.Option(min=1, help="Of the CPU. Default: all that there are.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace files that are in the way.")]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Say only which photos failed, and why.")
]


def parse_faces(text: str) -> Any:
    """Return a number where one was written; `FindOptions` judges the rest."""
    return int(text) if text.isdecimal() else text
