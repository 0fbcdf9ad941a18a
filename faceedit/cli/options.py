"""Options that several commands share, and what they all do with them."""

import errno
import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from faceedit.errors import UsageError
from faceedit.limits import COUNT, THREADS, shorten
from faceedit.methods.catalogue import METHODS

Named = TypeVar("Named")

LONGEST_NAME = 255
"""Bytes of a file's name, in all file systems that are common."""


class Landmarks(StrEnum):
    """Whose landmarks."""

    MESH = "mesh"
    FACE_ALIGNMENT = "face-alignment"


Model = Annotated[
    str,
    typer.Option("--model", "-m", metavar="|".join(["auto", *METHODS]), help="The method."),
]
Inputs = Annotated[
    list[str],
    typer.Argument(metavar="INPUTS...", help="Photos, folders and patterns.", show_default=False),
]
Recursive = Annotated[bool, typer.Option(help="Take subfolders too.")]


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


Faces = Annotated[str, typer.Option(metavar="all|largest|N", help="Which faces; N: the N largest.")]
MinFace = Annotated[
    float,
    typer.Option(
        metavar="PX",
        min=0.0,
        max=1e6,
        help="Leave smaller faces alone: the longer side of a face's box, forehead to chin "
        "and ear to ear, in pixels of the photo.",
    ),
]
WhoseLandmarks = Annotated[Landmarks, typer.Option(help="Built-in, or the package's.")]
Weights = Annotated[
    Path | None,
    typer.Option(
        metavar="PATH", callback=can_exist, help="A checkpoint, or a folder to look in first."
    ),
]
Device = Annotated[str, typer.Option(metavar="DEVICE", help="auto, cpu, cuda, cuda:N or mps.")]
Threads = Annotated[
    int | None, typer.Option(min=1, max=THREADS, help="Of the CPU. Default: all that there are.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace files that are in the way.")]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Say only which photos failed, and why.")
]


def parse_faces(text: str) -> Any:
    """Return a number where one was written; `FindOptions` judges the rest.

    More faces than `COUNT` are all faces.
    """
    if not text.isdecimal():
        return text
    digits = text.lstrip("0") or "0"
    return int(digits) if len(digits) < len(str(COUNT)) else COUNT
