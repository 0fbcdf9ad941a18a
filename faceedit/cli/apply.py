"""``faceedit apply``: edit photos and folders of photos."""

from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from faceedit.cli.log_file import open_log
from faceedit.cli.options import (
    Alike,
    Batch,
    Device,
    Faces,
    Landmarks,
    ListedInputs,
    MinFace,
    MinIdentity,
    MinNaturalness,
    Model,
    Name,
    NetworkThreads,
    NotPerson,
    OnlyPerson,
    Precision,
    Preset,
    Profile,
    Quiet,
    Recursive,
    Weights,
    WhichFace,
    WhoseLandmarks,
    Workers,
    can_exist,
    parse_faces,
)
from faceedit.cli.output import on_one_line, tell
from faceedit.cli.panels import MOST_USED, OUTPUT, PHOTOS, SPEED, WHAT
from faceedit.cli.target_options import (
    FARTHEST_TURN,
    Attributes,
    Each,
    Gaze,
    HardFaces,
    LandmarksReference,
    Light,
    Manner,
    MaxTurn,
    OnHardFaces,
    Pose,
    Reference,
    ReferenceFace,
    RelightReference,
    Seed,
    Targets,
    Units,
    asked_target,
)
from faceedit.process import loading

PIPE = "-"


class OnNoFace(StrEnum):
    """What becomes of a photo without a face."""

    COPY = "copy"
    SKIP = "skip"
    FAIL = "fail"


class Engine(StrEnum):
    """What spreads the work."""

    LOCAL = "local"
    RAY = "ray"


def apply(
    inputs: ListedInputs,
    target: Targets = None,
    au: Units = None,
    attr: Attributes = None,
    light: Light = None,
    turn: Pose = None,
    gaze: Gaze = None,
    like: Reference = None,
    like_face: ReferenceFace = None,
    relight_like: RelightReference = None,
    landmarks_like: LandmarksReference = None,
    each: Each = None,
    seed: Seed = 0,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="PATH",
            callback=can_exist,
            help="Where to write: a folder, or a file for a single photo. Default: "
            "photos-edited for photos, a-edited.jpg for a.jpg.",
            rich_help_panel=MOST_USED,
        ),
    ] = None,
    intensity: Annotated[
        float,
        typer.Option(
            metavar="X", min=0.0, max=1.5, help="Multiplies all strengths.", rich_help_panel=WHAT
        ),
    ] = 1.0,
    faces: Faces = "all",
    gallery: Annotated[
        bool,
        typer.Option(
            "--gallery",
            help="Write a web page of all photos, before and after: 'faceedit-gallery.html'.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            help="Redo what an earlier run has done, and replace existing files.",
            rich_help_panel=MOST_USED,
        ),
    ] = False,
    preset: Preset = None,
    model: Model = "auto",
    profile: Profile = None,
    weights: Weights = None,
    edit_shown: Annotated[
        bool,
        typer.Option(
            "--edit-shown",
            help="Also edit faces that clearly show the target already.",
            rich_help_panel=WHAT,
        ),
    ] = False,
    face: WhichFace = "",
    only: OnlyPerson = None,
    leave: NotPerson = None,
    alike: Alike = None,
    recursive: Recursive = True,
    min_face: MinFace = 32.0,
    landmarks: WhoseLandmarks = Landmarks.MESH,
    on_no_face: Annotated[
        OnNoFace,
        typer.Option(help="What to do with a photo that has no face.", rich_help_panel=PHOTOS),
    ] = OnNoFace.COPY,
    again: Annotated[
        bool,
        typer.Option(
            "--again",
            help="Also edit photos that faceedit edited before.",
            rich_help_panel=PHOTOS,
        ),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Only list what would be done, and why: new, changed setting, ...",
            rich_help_panel=PHOTOS,
        ),
    ] = False,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch",
            help="Go on: edit photos as they come into the folders (extra 'watch').",
            rich_help_panel=PHOTOS,
        ),
    ] = False,
    shard: Annotated[
        str | None,
        typer.Option(
            metavar="I/N",
            help="Do only part I of N: for N machines that share a folder.",
            rich_help_panel=PHOTOS,
        ),
    ] = None,
    name: Name = None,
    format: Annotated[
        str | None,
        typer.Option(
            metavar="FORMAT",
            help="Write png, jpg, ... Default: the source's format.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    quality: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            max=100,
            help="Of JPEG, WebP, AVIF and HEIC. Default: the source's.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    strip: Annotated[
        bool,
        typer.Option(
            "--strip",
            help="Leave out all metadata except the colour profile.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    provenance: Annotated[
        bool,
        typer.Option(
            "--provenance/--no-provenance",
            help="Say in each photo's XMP that it was edited by AI.",
            rich_help_panel=OUTPUT,
        ),
    ] = True,
    c2pa: Annotated[
        tuple[Path, Path] | None,
        typer.Option(
            metavar="CERT KEY",
            callback=can_exist,
            help="Sign each edited photo with content credentials (extra 'c2pa').",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    compare: Annotated[
        bool,
        typer.Option(
            "--compare",
            help="Write before/after sheets to 'faceedit-compare'.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    manifest: Annotated[
        bool,
        typer.Option(
            "--manifest",
            help="Write the manifest 'faceedit.jsonl' for a single photo, too.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    log: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            callback=can_exist,
            help="Append all messages, and a line for each photo, to a file.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="Write one JSON object per photo to stdout.", rich_help_panel=OUTPUT
        ),
    ] = False,
    quiet: Quiet = False,
    min_identity: MinIdentity = None,
    min_naturalness: MinNaturalness = None,
    max_turn: MaxTurn = FARTHEST_TURN,
    manner: Manner = None,
    on_hard: OnHardFaces = HardFaces.EDIT,
    device: Device = "auto",
    precision: Precision = "auto",
    compile: Annotated[
        bool,
        typer.Option(
            "--compile",
            help="Compile the network: slower to start, faster later.",
            rich_help_panel=SPEED,
        ),
    ] = False,
    workers: Workers = None,
    batch: Batch = None,
    threads: NetworkThreads = 1,
    engine: Annotated[
        Engine,
        typer.Option(
            help="'ray' spreads photos over a Ray cluster (extra 'ray').", rich_help_panel=SPEED
        ),
    ] = Engine.LOCAL,
) -> None:
    """Edit the faces in photos; everything else in them stays as it is.

    Without -o, 'photos/' goes to 'photos-edited/' and 'a.jpg' to 'a-edited.jpg'. '-' reads one
    photo from stdin and writes it to stdout. The output folder gets a manifest, 'faceedit.jsonl':
    the same command again continues where a run ended and redoes only what has changed. Files that
    faceedit cannot prove to have written are replaced only with --overwrite.
    """
    from faceedit.errors import UsageError

    if log is not None:
        open_log(log)
    if preset and not quiet:
        tell(on_one_line(f"settings of {preset}"))
    whole = partial(
        asked_target,
        au=au,
        attr=attr,
        light=light,
        turn=turn,
        like=like,
        like_face=like_face,
        relight_like=relight_like,
        landmarks_like=landmarks_like,
        gaze=gaze,
        manner=manner,
    )
    with loading():
        from faceedit.cli.apply_jobs import Files
        from faceedit.cli.apply_report import Say
        from faceedit.cli.apply_run import edit_files, edit_pipe
        from faceedit.cli.apply_targets import read_asked
        from faceedit.cli.input_lists import read_inputs
        from faceedit.cli.run_jobs import ApplyRequest
        from faceedit.editing.build import EditSettings
        from faceedit.editing.choice import WhichFaces
        from faceedit.faces.find.finder import FindOptions
        from faceedit.methods.catalogue import experimental_names
        from faceedit.photos import WriteOptions

    given = read_inputs(inputs)
    asked = read_asked(lambda own: whole([*(target or []), *own]), each, given, intensity, name)
    request = ApplyRequest(
        settings=EditSettings(
            target=asked.target,
            model=model,
            profile=profile,
            find=FindOptions(faces=parse_faces(faces), min_face=min_face),
            which=WhichFaces(face, tuple(only or ()), tuple(leave or ()), asked.people, alike),
            landmarks=landmarks.value,
            weights=weights,
            device=device,
            precision=precision,
            compile=compile,
            edit_shown=edit_shown,
            min_identity=min_identity,
            min_naturalness=min_naturalness,
            max_turn=max_turn,
            on_hard=on_hard.value,
            batch=batch,
        ),
        write=WriteOptions(quality=quality, format=format, strip=strip),
        on_no_face=on_no_face.value,
        provenance=provenance,
        c2pa=c2pa,
        workers=workers,
        threads=threads,
        again=again,
        overwrite=overwrite,
        manifest=manifest,
        dry=dry_run,
    )
    say = Say(quiet=quiet, as_json=as_json)
    for doubtful in () if quiet else experimental_names(model, asked.target):
        tell(f"{doubtful} is experimental: see 'faceedit attributes'")
    if PIPE in inputs:
        if len(inputs) > 1 or shard or compare or gallery or engine is not Engine.LOCAL:
            raise UsageError("'-' is one photo from stdin: no other inputs, shards or reports")
        if dry_run or watch:
            raise UsageError("'-' is one photo from stdin: there is nothing to list or to watch")
        if asked.naming is not None:
            raise UsageError("'-' is one photo from stdin to one output: no --each, no --name")
        failed = edit_pipe(request, output, say, seed)
    else:
        files = Files(given.inputs, output, recursive, shard, compare, gallery, seed, asked.naming)
        if watch:
            if engine is Engine.RAY:
                raise UsageError("--watch works on this machine alone: leave out --engine ray")
            from faceedit.cli.apply_watch import watch_files

            watch_files(request, files, say)
        failed = edit_files(request, files, say, on_ray=engine is Engine.RAY)
    if failed:
        raise typer.Exit(1)
