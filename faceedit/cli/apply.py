"""``faceedit apply``: edit photos and folders of photos."""

import sys
import time
from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from faceedit.cli.options import (
    Device,
    Faces,
    Inputs,
    Landmarks,
    MinFace,
    Quiet,
    Recursive,
    Threads,
    Weights,
    WhoseLandmarks,
    parse_faces,
    prepare,
)
from faceedit.cli.output import on_one_line, print_json, progress, tell
from faceedit.errors import UsageError

if TYPE_CHECKING:
    from faceedit.batch.build import EditSettings
    from faceedit.batch.editor import FaceEditor
    from faceedit.batch.result import Result
    from faceedit.batch.run import RunOptions


class OnNoFace(StrEnum):
    """What becomes of a photo without a face."""

    COPY = "copy"
    SKIP = "skip"
    FAIL = "fail"


def apply(
    inputs: Inputs,
    target: Annotated[
        list[str],
        typer.Option(
            "--target",
            "-t",
            metavar="NAME[:STRENGTH]",
            help="What faces are to show; may be repeated for a blend. Strength: 0 to 1.5.",
            show_default=False,
        ),
    ],
    model: Annotated[
        str, typer.Option("--model", "-m", metavar="auto|reggan", help="The method.")
    ] = "auto",
    profile: Annotated[
        str | None,
        typer.Option(help="Which of the method's networks; see 'models list'."),
    ] = None,
    intensity: Annotated[
        float, typer.Option(min=0.0, max=1.5, help="Multiplies all strengths.")
    ] = 1.0,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="PATH",
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
    threads: Threads = None,
    quiet: Quiet = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Write one JSON object per photo to stdout.")
    ] = False,
) -> None:
    """Edit the faces in photos; everything else in them stays as it is.

    Without -o, 'photos/' goes to 'photos-edited/' and 'a.jpg' to 'a-edited.jpg'. A record of what
    was done, 'faceedit.jsonl', lies in the output folder.
    """
    from faceedit.targets import parse_target

    wanted = parse_target(target).scaled(intensity)

    from faceedit.batch.build import EditSettings, open_editor
    from faceedit.batch.record import Recorder
    from faceedit.batch.run import RunOptions, run
    from faceedit.faces.finder import FindOptions
    from faceedit.photos import WriteOptions, plan

    settings = EditSettings(
        target=wanted,
        model=model,
        profile=profile,
        find=FindOptions(faces=parse_faces(faces), min_face=min_face),
        landmarks=landmarks.value,
        weights=weights,
        device=device,
    )
    write = WriteOptions(quality=quality, format=format, strip=strip)
    options = RunOptions(target=wanted, on_no_face=on_no_face.value, write=write)
    unlistable: list[tuple[Path, str]] = []
    jobs = plan(inputs, output, recursive, format, lambda *one: unlistable.append(one))
    for folder, reason in unlistable:
        tell(on_one_line(f"failed {folder}: {reason}"))
    if not jobs:
        raise UsageError(f"no photos in {', '.join(inputs)}")
    prepare(threads)
    editor = open_editor(settings)
    if not quiet:
        method, many = editor.method, "photo" if len(jobs) == 1 else "photos"
        tell(f"{wanted} by {method.name} {method.profile} on {editor.device}, {len(jobs)} {many}")
    recorder = Recorder(output, _for_record(settings, options, editor))
    counts: Counter[str] = Counter(failed=len(unlistable))
    start = time.perf_counter()
    try:
        with progress(len(jobs), shown=not quiet and not (as_json and sys.stdout.isatty())) as step:
            for result in run(jobs, editor, options, recorder):
                counts[result.outcome] += 1
                _report(result, quiet, as_json)
                step()
    finally:
        if not quiet:
            parts = (f"{counts[o]} {o}" for o in ("edited", "copied", "skipped", "failed"))
            tell(f"{', '.join(parts)} in {time.perf_counter() - start:.1f} s")
    if counts["failed"]:
        raise typer.Exit(1)


def _for_record(
    settings: "EditSettings", options: "RunOptions", editor: "FaceEditor"
) -> dict[str, Any]:
    from dataclasses import asdict
    from importlib.metadata import version

    return {
        "settings": {
            "target": str(settings.target),
            **asdict(settings.find),
            "landmarks": settings.landmarks,
            "on_no_face": options.on_no_face,
            **asdict(options.write),
            "device": editor.device,
        },
        "method": editor.method.name,
        "profile": editor.method.profile,
        "weights_sha256": editor.weights_sha256,
        "faceedit": version("faceedit"),
    }


def _report(result: "Result", quiet: bool, as_json: bool) -> None:
    from faceedit.batch.result import describe

    source = result.job.source
    if result.outcome == "failed" or (result.reason and not quiet):
        tell(on_one_line(f"{result.outcome} {source}: {result.reason}"))
    if not quiet:
        for note in result.notes:
            tell(on_one_line(f"note {source}: {note}"))
    if as_json:
        print_json(describe(result))
        sys.stdout.flush()
