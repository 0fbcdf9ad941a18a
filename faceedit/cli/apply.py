"""``faceedit apply``: edit photos and folders of photos."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from faceedit.cli.options import (
    Device,
    Faces,
    Inputs,
    Landmarks,
    MinFace,
    Model,
    Quiet,
    Recursive,
    Weights,
    WhoseLandmarks,
    can_exist,
    parse_faces,
)
from faceedit.limits import BATCH, THREADS, WORKERS
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
    inputs: Inputs,
    target: Annotated[
        list[str],
        typer.Option(
            "--target",
            "-t",
            metavar="NAME[:STRENGTH][+...]",
            help="What faces are to show; '+', or another -t, makes a blend. Strength: 0 to 1.5.",
            show_default=False,
        ),
    ],
    model: Model = "auto",
    profile: Annotated[
        str | None,
        typer.Option(help="Which of the method's networks; see 'models list'."),
    ] = None,
    intensity: Annotated[
        float,
        typer.Option(min=0.0, max=1.5, help="Multiplies all strengths."),
    ] = 1.0,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="PATH",
            callback=can_exist,
            help="Folder, or a file's name for one photo. Default: photos-edited, a-edited.jpg.",
        ),
    ] = None,
    recursive: Recursive = True,
    faces: Faces = "all",
    min_face: MinFace = 32.0,
    landmarks: WhoseLandmarks = Landmarks.MESH,
    on_no_face: Annotated[
        OnNoFace, typer.Option(help="What to do with a photo in which no face is found.")
    ] = OnNoFace.COPY,
    quality: Annotated[
        int | None,
        typer.Option(min=1, max=100, help="Of JPEG, WebP, AVIF and HEIC. Default: the source's."),
    ] = None,
    format: Annotated[
        str | None, typer.Option(metavar="FORMAT", help="Write png, jpg, ... instead.")
    ] = None,
    strip: Annotated[
        bool, typer.Option("--strip", help="Leave out all metadata but the colour profile.")
    ] = False,
    weights: Weights = None,
    device: Device = "auto",
    precision: Annotated[
        str, typer.Option(metavar="auto|fp32|bf16|fp16", help="Of the method's network.")
    ] = "auto",
    compile: Annotated[
        bool, typer.Option("--compile", help="Compile the network: slow to start, then faster.")
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=WORKERS,
            help="Processes on each device. Default: one for each core of a CPU, at most 8 and as "
            "far as 2 GB of memory and 40 photos for each go; one for each GPU.",
        ),
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option(
            min=1, max=BATCH, help="Faces per network call. Default: 1 on a CPU, 8 on a GPU."
        ),
    ] = None,
    threads: Annotated[
        int, typer.Option(min=1, max=THREADS, help="CPU threads of each network call.")
    ] = 1,
    engine: Annotated[
        Engine, typer.Option(help="'ray' spreads photos over a Ray cluster (extra 'ray').")
    ] = Engine.LOCAL,
    shard: Annotated[
        str | None,
        typer.Option(metavar="I/N", help="Do only part I of N, for N machines and one folder."),
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            help="Do anew what an earlier run has done, and replace any file that is in the way.",
        ),
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Edit photos, too, that faceedit edited before.")
    ] = False,
    manifest: Annotated[
        bool, typer.Option("--manifest", help="Write 'faceedit.jsonl' for a single photo, too.")
    ] = False,
    edit_shown: Annotated[
        bool,
        typer.Option("--edit-shown", help="Edit faces, too, that clearly show the target already."),
    ] = False,
    min_identity: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            min=-1.0,
            max=1.0,
            help="Weaken an edit, or leave it out, where the face's identity cosine falls below X.",
        ),
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Write before/after sheets to 'faceedit-compare'.")
    ] = False,
    gallery: Annotated[
        bool, typer.Option("--gallery", help="Write a page of all photos, 'faceedit-gallery.html'.")
    ] = False,
    provenance: Annotated[
        bool,
        typer.Option(
            "--provenance/--no-provenance", help="Say in each photo's XMP that it was edited by AI."
        ),
    ] = True,
    c2pa: Annotated[
        tuple[Path, Path] | None,
        typer.Option(
            metavar="CERT KEY",
            callback=can_exist,
            help="Sign each edited photo with content credentials (extra 'c2pa'). Each worker "
            "reads the two files.",
        ),
    ] = None,
    quiet: Quiet = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Write one JSON object per photo to stdout.")
    ] = False,
) -> None:
    """Edit the faces in photos; everything else in them stays as it is.

    Without -o, 'photos/' goes to 'photos-edited/' and 'a.jpg' to 'a-edited.jpg'. '-' reads one
    photo from stdin and writes it to stdout. A manifest, 'faceedit.jsonl', lies in the output
    folder; the same command again goes on where a run ended, and redoes only what has changed.
    Files that faceedit is not proven to have written are replaced with --overwrite only.
    """
    from faceedit.errors import UsageError
    from faceedit.targets import parse_target

    wanted = parse_target(target).scaled(intensity)
    with loading():
        from faceedit.cli.apply_run import Files, Request, Say, edit_files, edit_pipe
        from faceedit.editing.build import EditSettings
        from faceedit.faces.find.finder import FindOptions
        from faceedit.photos import WriteOptions

    request = Request(
        settings=EditSettings(
            target=wanted,
            model=model,
            profile=profile,
            find=FindOptions(faces=parse_faces(faces), min_face=min_face),
            landmarks=landmarks.value,
            weights=weights,
            device=device,
            precision=precision,
            compile=compile,
            edit_shown=edit_shown,
            min_identity=min_identity,
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
    )
    say = Say(quiet=quiet, as_json=as_json)
    if PIPE in inputs:
        if len(inputs) > 1 or shard or compare or gallery or engine is not Engine.LOCAL:
            raise UsageError("'-' is one photo from stdin: no other inputs, shards or reports")
        failed = edit_pipe(request, output, say)
    else:
        files = Files(inputs, output, recursive, shard, compare, gallery)
        failed = edit_files(request, files, say, on_ray=engine is Engine.RAY)
    if failed:
        raise typer.Exit(1)
