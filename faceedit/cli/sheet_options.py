"""Options of the commands that draw one sheet of pictures."""

from pathlib import Path
from typing import Annotated

import typer

from faceedit.cli.options import can_exist
from faceedit.cli.panels import MOST_USED, OUTPUT

SheetFile = Annotated[
    Path,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        callback=can_exist,
        help="Where the sheet goes: .png or .jpg.",
        rich_help_panel=MOST_USED,
    ),
]
PictureSide = Annotated[
    int,
    typer.Option(
        "--size",
        metavar="PX",
        min=32,
        max=1024,
        help="Side of each picture.",
        rich_help_panel=OUTPUT,
    ),
]
