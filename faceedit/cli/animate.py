"""``faceedit animate``: one photo to a clip in which its faces move."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceedit.cli.options import (
    Device,
    Faces,
    MaxSide,
    MinFace,
    Model,
    Overwrite,
    Photo,
    Profile,
    Quiet,
    Threads,
    Weights,
    can_exist,
    parse_faces,
)
from faceedit.cli.output import progress, tell
from faceedit.cli.panels import MOST_USED, OUTPUT, WHAT
from faceedit.limits import SEED
from faceedit.process import loading, prepare

if TYPE_CHECKING:
    from faceedit.animation.poses import Pose, Timing
    from faceedit.editing.build import EditNetworks
    from faceedit.editing.editor import FaceEditor
    from faceedit.photos import Provenance
    from faceedit.targets import Target

TARGET = "NAME[:STRENGTH][+...]"
SECONDS = 2.0


class Ease(StrEnum):
    """How faces move from one pose to the next."""

    SMOOTH = "smooth"
    LINEAR = "linear"


def animate(
    photo: Photo,
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="PATH",
            callback=can_exist,
            help="A .mp4 (extra 'video'), .gif or .webp file, or a folder for PNG frames.",
            show_default=False,
            rich_help_panel=MOST_USED,
        ),
    ],
    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar=TARGET,
            help="What faces show first. Default: what they show in the photo.",
            show_default=False,
            rich_help_panel=MOST_USED,
        ),
    ] = None,
    via: Annotated[
        list[str] | None,
        typer.Option(
            "--via",
            metavar=TARGET,
            help="What they show on the way; may be repeated.",
            show_default=False,
            rich_help_panel=MOST_USED,
        ),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar=TARGET,
            help="What they show last. Default: as --from, what they show in the photo.",
            show_default=False,
            rich_help_panel=MOST_USED,
        ),
    ] = None,
    keys: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            callback=can_exist,
            help="A TOML file of key poses instead of --from, --via and --to.",
            rich_help_panel=WHAT,
        ),
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option(
            metavar="S",
            help=f"Length of the clip, with --loop the way back included. Default: {SECONDS:g}, "
            "or what the key poses say.",
            show_default=False,
            rich_help_panel=MOST_USED,
        ),
    ] = None,
    fps: Annotated[
        float, typer.Option(metavar="N", help="Frames a second.", rich_help_panel=MOST_USED)
    ] = 24.0,
    loop: Annotated[
        bool,
        typer.Option(
            "--loop",
            help="There and back, so that the clip can be repeated without a jump.",
            rich_help_panel=MOST_USED,
        ),
    ] = False,
    ease: Annotated[
        Ease,
        typer.Option(
            help="smooth: each move starts and ends at rest. linear: it is even.",
            rich_help_panel=WHAT,
        ),
    ] = Ease.SMOOTH,
    idle: Annotated[
        bool,
        typer.Option(
            "--idle",
            help="Blinks, and small movements of brows and mouth. Needs a method for action units.",
            rich_help_panel=WHAT,
        ),
    ] = False,
    seed: Annotated[
        int, typer.Option(min=0, max=SEED, help="Of --idle.", rich_help_panel=WHAT)
    ] = 0,
    faces: Faces = "all",
    min_face: MinFace = 32.0,
    model: Model = "auto",
    profile: Profile = None,
    weights: Weights = None,
    max_side: MaxSide = 1280,
    provenance: Annotated[
        bool,
        typer.Option(
            "--provenance/--no-provenance",
            help="Say in the file that it was edited by AI.",
            rich_help_panel=OUTPUT,
        ),
    ] = True,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    device: Device = "auto",
    threads: Threads = None,
) -> None:
    """Move the faces of one photo from one expression to another.

    All faces move unless --faces says otherwise. Nothing outside them changes from frame to frame.
    Nothing is written before the clip is whole, and nothing is replaced without --overwrite.
    """
    with loading():
        from faceedit.animation.frames import Reel, open_scene, read_photo_for
        from faceedit.animation.idle import add_idle
        from faceedit.animation.poses import clip_targets
        from faceedit.animation.write import Clip, check_clip, kind_of, write_clip
        from faceedit.editing.build import EditNetworks, EditSettings
        from faceedit.editing.steps import check_targets
        from faceedit.faces.find.finder import FindOptions
        from faceedit.machine import cores
        from faceedit.outputs import permit_for

    kind, place, permit = kind_of(output), Path(output), permit_for(overwrite)
    poses = _asked_poses(keys, start, via, to, ease, idle)
    timing = _asked_timing(poses, seconds, fps, loop)
    check_clip(place, kind, timing.frames, timing.fps, permit)
    if idle:
        _check_idle(model)
    pixels = read_photo_for(photo, place, max_side)
    prepare(1)
    find = FindOptions(faces=parse_faces(faces), min_face=min_face)
    asked = _whole([pose.target for pose in poses], idle)
    settings = EditSettings(
        asked, model, profile, find, weights=weights, device=device, edit_shown=True
    )
    with loading():
        networks = EditNetworks(settings)
        poses = [_resolved(networks, pose) for pose in poses]
        targets = clip_targets(poses, timing)
        targets = add_idle(targets, timing, seed) if idle else targets
        editor = networks.editor(_whole([pose.target for pose in poses], idle))
    check_targets(editor.steps, targets)
    scene = open_scene(editor, pixels, photo)
    said = _provenance(editor, poses) if provenance else None
    with progress(timing.frames, not quiet) as advance:
        reel = Reel(editor, scene, targets, threads or cores(), advance)
        write_clip(place, kind, reel, Clip(timing.fps, loop, said), permit)
    if not quiet:
        size = f"{pixels.shape[1]} x {pixels.shape[0]}"
        tell(f"wrote {place}: {timing.frames} frames of {size}, {len(scene.faces)} moving")


def _asked_poses(
    keys: Path | None,
    start: str | None,
    via: list[str] | None,
    to: str | None,
    ease: Ease,
    idle: bool,
) -> "list[Pose]":
    """Return the poses that the options ask for.

    Raises:
        UsageError: both kinds of options, or nothing that moves.
    """
    from faceedit.animation.poses import Pose
    from faceedit.errors import UsageError
    from faceedit.targets import parse_target

    texts = [start, *(via or []), to]
    named = any(text is not None for text in texts)
    if keys is not None:
        from faceedit.animation.pose_file import read_poses

        if named:
            raise UsageError("--keys says all poses: leave out --from, --via and --to")
        poses = read_poses(keys)
    elif named:
        asked = [None if text is None else parse_target(text) for text in texts]
        poses = [Pose(target, ease.value) for target in asked]
    else:
        poses = [Pose()]
    if not idle and len({pose.target for pose in poses}) == 1:
        raise UsageError("nothing would move: say --to happy, --keys or --idle")
    return poses


def _asked_timing(poses: "list[Pose]", seconds: float | None, fps: float, loop: bool) -> "Timing":
    from faceedit.animation.poses import Timing, length_of, parse_fps
    from faceedit.errors import UsageError

    told = length_of(poses, loop)
    if told is not None and seconds is not None:
        raise UsageError("the key poses have times: leave out --seconds, or 'at' in their file")
    length = SECONDS if seconds is None else seconds
    return Timing(length if told is None else told, parse_fps(fps), loop)


def _check_idle(model: str) -> None:
    """Refuse idle movement where no method makes action units.

    Raises:
        UsageError: none does.
    """
    from faceedit.animation.idle import idle_target
    from faceedit.errors import UsageError
    from faceedit.methods.catalogue import plan_steps

    try:
        plan_steps(model, idle_target())
    except UsageError as error:
        raise UsageError(f"--idle moves action units, but {error}") from error


def _whole(targets: "list[Target | None]", idle: bool) -> "Target":
    """Return a target with all terms of a clip; of one that changes nothing a neutral one."""
    from faceedit.animation.idle import idle_target
    from faceedit.targets import parse_target, union

    some = [target for target in targets if target is not None]
    some += [idle_target()] if idle else []
    return union(some) if some else parse_target("neutral:0")


def _resolved(networks: "EditNetworks", pose: "Pose") -> "Pose":
    from dataclasses import replace

    return pose if pose.target is None else replace(pose, target=networks.resolved(pose.target))


def _provenance(editor: "FaceEditor", poses: "list[Pose]") -> "Provenance":
    from importlib.metadata import version

    from faceedit.editing.steps import weights_of
    from faceedit.photos import Provenance

    return Provenance(
        method=editor.label,
        target=" to ".join(map(str, poses)),
        weights_sha256=weights_of(editor.steps),
        version=version("faceedit"),
    )
