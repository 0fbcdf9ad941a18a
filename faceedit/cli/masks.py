"""``faceedit masks``: what each step of an edit changes, as heat maps beside the photo."""

from pathlib import Path

from faceedit.cli.options import (
    Device,
    MaxSide,
    MinFace,
    Model,
    Overwrite,
    Photo,
    Profile,
    Quiet,
    Weights,
)
from faceedit.cli.output import tell
from faceedit.cli.sheet_options import PictureSide, SheetFile
from faceedit.cli.target_options import Attributes, Light, Pose, Targets, Units, asked_target
from faceedit.process import loading, prepare

DEFAULT = "happy", "left"
"""Expression and light where nothing is asked for: one of each of LEGAN's masks."""


def masks(
    photo: Photo,
    target: Targets = None,
    au: Units = None,
    attr: Attributes = None,
    light: Light = None,
    turn: Pose = None,
    output: SheetFile = Path("faceedit-masks.png"),
    size: PictureSide = 256,
    min_face: MinFace = 32.0,
    model: Model = "auto",
    profile: Profile = None,
    weights: Weights = None,
    max_side: MaxSide = 1280,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    device: Device = "auto",
) -> None:
    """Draw what each step of an edit changes, as heat maps beside the photo.

    LEGAN's masks: Me of the expression, Ml of the light, and the person's matte, inside which light
    falls. Other edits have one for each step. Without a target it is -t happy --light left. An
    earlier sheet of faceedit is replaced; other files only with --overwrite.
    """
    if not (target or au or attr or light or turn):
        target, light = [DEFAULT[0]], DEFAULT[1]
    wanted = asked_target(target, au=au, attr=attr, light=light, turn=turn)
    with loading():
        from faceedit.animation.frames import open_scene, read_photo_for
        from faceedit.animation.grid import frame_of_person
        from faceedit.editing.build import EditSettings, open_editor
        from faceedit.editing.masks import change_masks, draw_heat
        from faceedit.faces.align import sample_crop
        from faceedit.faces.find.finder import FindOptions
        from faceedit.machine import cores
        from faceedit.sheets import draw_captioned, save_sheet, sheet_permit
        from faceedit.tones import to_bytes

    permit = sheet_permit(output, overwrite)
    pixels = read_photo_for(photo, output, max_side)
    prepare(cores())
    find = FindOptions(faces="largest", min_face=min_face)
    settings = EditSettings(wanted, model, profile, find=find, weights=weights, device=device)
    with loading():
        editor = open_editor(settings)
    scene = open_scene(editor, pixels, photo)
    edited, found = change_masks(pixels, scene.crops[0], wanted, editor)
    pictures = {"photo": pixels, "edited": edited}
    pictures |= {mask.name: draw_heat(mask, pixels) for mask in found}
    affine = frame_of_person(scene.faces[0].landmarks, pixels.shape, size)
    cells = [to_bytes(sample_crop(one, affine, size)) for one in pictures.values()]
    save_sheet(output, draw_captioned(cells, list(pictures), len(cells)), permit)
    if not quiet:
        tell(f"wrote {output}: {', '.join(list(pictures)[2:])}")
