"""``faceedit frontalize``: heads that look into the camera, eyes level."""

from typing import Annotated

import typer

from faceedit.cli.apply import apply
from faceedit.cli.options import (
    Device,
    Faces,
    Inputs,
    MinFace,
    MinIdentity,
    MinNaturalness,
    Overwrite,
    Quiet,
    Recursive,
    Workers,
    can_exist,
)
from faceedit.cli.panels import MOST_USED
from faceedit.cli.target_options import FARTHEST_TURN, Gaze, MaxTurn


def frontalize(
    inputs: Inputs,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="PATH",
            callback=can_exist,
            help="Where to write: a folder, or a file for a single photo, as 'apply' does.",
            rich_help_panel=MOST_USED,
        ),
    ] = None,
    gaze: Gaze = None,
    faces: Faces = "all",
    recursive: Recursive = True,
    min_face: MinFace = 32.0,
    max_turn: MaxTurn = FARTHEST_TURN,
    min_identity: MinIdentity = None,
    min_naturalness: MinNaturalness = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    device: Device = "auto",
    workers: Workers = None,
) -> None:
    """Turn heads to the camera and set eyes level: 'apply --turn to=0,level'.

    'faceedit apply' has more options, and other edits in the same go.
    """
    apply(
        inputs,
        turn="to=0,level",
        gaze=gaze,
        output=output,
        faces=faces,
        recursive=recursive,
        min_face=min_face,
        max_turn=max_turn,
        min_identity=min_identity,
        min_naturalness=min_naturalness,
        overwrite=overwrite,
        quiet=quiet,
        device=device,
        workers=workers,
    )
