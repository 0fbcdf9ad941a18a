"""``faceedit grid``: a sheet of one face at intensities of action units."""

from pathlib import Path
from typing import Annotated

import typer

from faceedit.cli.options import (
    Device,
    MaxSide,
    MinFace,
    Model,
    Overwrite,
    Photo,
    Profile,
    Quiet,
    Threads,
    Weights,
)
from faceedit.cli.output import progress, tell
from faceedit.cli.panels import MOST_USED
from faceedit.cli.sheet_options import PictureSide, SheetFile
from faceedit.process import loading, prepare


def grid(
    photo: Photo,
    au: Annotated[
        list[int] | None,
        typer.Option(
            metavar="UNIT",
            help="An action unit, such as 12; twice for two of them by each other.",
            show_default=False,
            rich_help_panel=MOST_USED,
        ),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="One row for each unit.", rich_help_panel=MOST_USED)
    ] = False,
    steps: Annotated[
        int,
        typer.Option(min=1, max=20, help="Steps from 0 to 5.", rich_help_panel=MOST_USED),
    ] = 5,
    output: SheetFile = Path("faceedit-grid.png"),
    size: PictureSide = 192,
    min_face: MinFace = 32.0,
    model: Model = "auto",
    profile: Profile = None,
    weights: Weights = None,
    max_side: MaxSide = 1280,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    device: Device = "auto",
    threads: Threads = None,
) -> None:
    """Draw the largest face of a photo at intensities 0 to 5 of action units.

    The numbers say what the face is to show, whatever it shows in the photo. An earlier sheet of
    faceedit is replaced; other files only with --overwrite.
    """
    with loading():
        from faceedit.animation.frames import Reel, open_scene, read_photo_for
        from faceedit.animation.grid import draw_grid, plan_all, plan_grid
        from faceedit.editing.build import EditSettings, open_editor
        from faceedit.errors import UsageError
        from faceedit.faces.find.finder import FindOptions
        from faceedit.machine import cores
        from faceedit.methods.catalogue import plan_steps
        from faceedit.sheets import save_sheet, sheet_permit
        from faceedit.targets import union

    permit = sheet_permit(output, overwrite)
    if every and au:
        raise UsageError("--all shows all units: leave out --au")
    plan = plan_all(steps) if every else plan_grid(au or [], steps)
    targets = [target for row in plan.targets for target in row]
    asked = union(targets)
    plan_steps(model, asked)  # what no method makes is refused before anything is loaded
    pixels = read_photo_for(photo, output, max_side)
    prepare(1)
    find = FindOptions(faces="largest", min_face=min_face)
    with loading():
        editor = open_editor(
            EditSettings(
                asked, model, profile, find, weights=weights, device=device, edit_shown=True
            )
        )
    scene = open_scene(editor, pixels, photo)
    with progress(len(targets), not quiet) as advance:
        reel = Reel(editor, scene, targets, threads or cores(), advance)
        save_sheet(output, draw_grid(plan, reel, size), permit)
    if not quiet:
        rows = "1 row" if len(plan.targets) == 1 else f"{len(plan.targets)} rows"
        tell(f"wrote {output}: {rows} of {len(plan.columns)} pictures")
