"""``faceedit sheet``: a contact sheet of many photos, each in several edits."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from faceedit.cli import complete
from faceedit.cli.options import (
    Device,
    Inputs,
    MaxSide,
    MinFace,
    Overwrite,
    Quiet,
    Recursive,
    Threads,
    Weights,
)
from faceedit.cli.output import on_one_line, progress, tell
from faceedit.cli.panels import MOST_USED
from faceedit.cli.sheet_options import PictureSide, SheetFile
from faceedit.process import loading, prepare

LONGEST = 65_000
"""Pixels of a side that a JPEG can have."""


def sheet(
    inputs: Inputs,
    each: Annotated[
        list[str],
        typer.Option(
            "--each",
            metavar="TARGET,TARGET,...",
            autocompletion=complete.lists,
            help="The edits, a column for each: happy,sad or light=left,light=right.",
            show_default=False,
            rich_help_panel=MOST_USED,
        ),
    ],
    output: SheetFile = Path("faceedit-sheet.jpg"),
    size: PictureSide = 192,
    recursive: Recursive = True,
    min_face: MinFace = 32.0,
    weights: Weights = None,
    max_side: MaxSide = 1280,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    device: Device = "auto",
    threads: Threads = None,
) -> None:
    """Draw the largest face of each photo as it is and in every edit, a photo a row.

    It shows what 'faceedit apply --each ...' would make; nothing else is written.
    Photos without a face, and those that 'apply' refuses, are named and left out. An earlier sheet
    of faceedit is replaced; other files only with --overwrite.
    """
    with loading():
        from faceedit.animation.frames import Reel, open_scene, read_photo_for
        from faceedit.animation.grid import LEAST_TYPE, TYPE, frame_of_person
        from faceedit.cli.apply_report import count
        from faceedit.editing.build import EditSettings, open_editor
        from faceedit.errors import PhotoError, UsageError
        from faceedit.faces.align import sample_crop
        from faceedit.faces.find.finder import FindOptions
        from faceedit.machine import cores
        from faceedit.photos import find_photos, read_photo
        from faceedit.sheets import draw_table, save_sheet, sheet_permit
        from faceedit.targets import parse_target, split_targets, union
        from faceedit.tones import to_bytes

    targets = [parse_target(one) for text in each for one in split_targets(text)]
    permit = sheet_permit(output, overwrite)
    photos = find_photos(inputs, recursive)
    photos = [one for one in photos if not (output.exists() and one.samefile(output))]
    if not photos:
        raise UsageError(f"no photos in {', '.join(inputs)}")
    if max(len(photos), len(targets) + 1) * (size + 12) > LONGEST:
        raise UsageError(f"{len(photos)} photos are too many for one sheet: try a smaller --size")
    prepare(1)
    find = FindOptions(faces="largest", min_face=min_face)
    settings = EditSettings(union(targets), find=find, weights=weights, device=device)
    with loading():
        editor = open_editor(settings)
    rows, names, failed = [], [], 0
    stems = Counter(one.stem for one in photos)
    with progress(len(photos), not quiet) as step:
        for photo in photos:
            try:
                # What 'apply' refuses can be looked at, but is not what this sheet shows.
                read_photo(photo)
                pixels = read_photo_for(photo, output, max_side)
                scene = open_scene(editor, pixels, photo)
                affine = frame_of_person(scene.faces[0].landmarks, pixels.shape, size)
                reel = Reel(editor, scene, [None, *targets], threads or cores())
                rows.append([to_bytes(sample_crop(one, affine, size)) for one in reel])
                name = photo.stem if stems[photo.stem] == 1 else photo.name
                names.append(name[: size // 8])
            except PhotoError as error:
                failed += 1
                tell(on_one_line(f"left out {error}"))
            step()
    if not rows:
        raise UsageError("no photo shows a face: there is nothing to draw")
    columns = ["photo", *map(str, targets)]
    drawn = draw_table(rows, columns, names, type_size=max(LEAST_TYPE, TYPE * size))
    save_sheet(output, drawn, permit)
    said = f"{count(len(rows), 'photo')}, {count(len(targets), 'edit')}"
    tell(on_one_line(f"wrote {output}: {said}"), not quiet)
    if failed:
        raise typer.Exit(1)
