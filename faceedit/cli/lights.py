"""``faceedit lights``: the named lights, as a list or on a photo."""

from pathlib import Path
from typing import Annotated

import typer

from faceedit.cli.options import (
    Device,
    MaxSide,
    MinFace,
    Overwrite,
    Quiet,
    Threads,
    Weights,
    can_exist,
)
from faceedit.cli.output import print_columns, print_json, progress, tell
from faceedit.cli.sheet_options import PictureSide, SheetFile
from faceedit.process import loading, prepare


def lights(
    photo: Annotated[
        Path | None,
        typer.Argument(
            metavar="[PHOTO]",
            callback=can_exist,
            help="Draw this photo in every light; without it the lights are listed.",
            show_default=False,
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="List them as JSON, one line each.")
    ] = False,
    output: SheetFile = Path("faceedit-lights.png"),
    size: PictureSide = 192,
    min_face: MinFace = 32.0,
    weights: Weights = None,
    max_side: MaxSide = 1280,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    device: Device = "auto",
    threads: Threads = None,
) -> None:
    """List the lights that --light knows by name, or draw a photo in all of them.

    Azimuth is in degrees to the picture's right of the camera, elevation above it: a light of your
    own is --light az=-60,el=20. An earlier sheet of faceedit is replaced; other files only with
    --overwrite.
    """
    with loading():
        from faceedit.errors import UsageError
        from faceedit.lights import LIGHTS

    if photo is None:
        _list(as_json)
        return
    if as_json:
        raise UsageError("--json lists the lights: leave out the photo")
    with loading():
        from faceedit.animation.frames import Reel, open_scene, read_photo_for
        from faceedit.animation.grid import frame_of_person, plan_lights
        from faceedit.editing.build import EditSettings, open_editor
        from faceedit.faces.align import sample_crop
        from faceedit.faces.find.finder import FindOptions
        from faceedit.machine import cores
        from faceedit.sheets import draw_captioned, save_sheet, sheet_permit
        from faceedit.targets import union
        from faceedit.tones import to_bytes

    permit = sheet_permit(output, overwrite)
    targets = plan_lights(tuple(LIGHTS))
    asked = union(list(targets.values()))
    pixels = read_photo_for(photo, output, max_side)
    prepare(1)
    find = FindOptions(faces="largest", min_face=min_face)
    with loading():
        editor = open_editor(EditSettings(asked, find=find, weights=weights, device=device))
    scene = open_scene(editor, pixels, photo)
    affine = frame_of_person(scene.faces[0].landmarks, pixels.shape, size)
    with progress(len(targets), not quiet) as advance:
        reel = Reel(editor, scene, [None, *targets.values()], threads or cores(), advance)
        cells = [to_bytes(sample_crop(one, affine, size)) for one in reel]
        save_sheet(output, draw_captioned(cells, ["photo", *targets], 6), permit)
    if not quiet:
        tell(f"wrote {output}: {len(targets)} lights")


def _list(as_json: bool) -> None:
    from faceedit.lights import FLAT, LEVELS, LIGHTS, angles

    rows = []
    for light in (*LIGHTS.values(), *LEVELS.values(), FLAT):
        azimuth, elevation = angles(light)
        rows.append((light.name, azimuth, elevation, light.softness, light.key, light.ambient))
    names = ("name", "azimuth", "elevation", "softness", "key", "ambient")
    if as_json:
        for row in rows:
            print_json(dict(zip(names, row, strict=True)))
        return
    print_columns(
        tuple(name.upper() for name in names),
        [(name, *(f"{value:g}" for value in values)) for name, *values in rows],
    )
