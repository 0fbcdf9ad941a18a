"""``faceedit apply``: edit photos and folders of photos."""

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from faceedit.cli.output import print_json, tell
from faceedit.errors import UsageError

if TYPE_CHECKING:
    from faceedit.batch.build import EditSettings
    from faceedit.batch.editor import FaceEditor
    from faceedit.batch.result import Result
    from faceedit.batch.run import RunOptions


class Landmarks(StrEnum):
    """Whose landmarks."""

    MESH = "mesh"
    FACE_ALIGNMENT = "face-alignment"


class OnNoFace(StrEnum):
    """What becomes of a photo without a face."""

    COPY = "copy"
    SKIP = "skip"
    FAIL = "fail"


def apply(
    inputs: Annotated[
        list[str],
        typer.Argument(
            metavar="INPUTS...", help="Photos, folders and patterns.", show_default=False
        ),
    ],
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
    recursive: Annotated[bool, typer.Option(help="Take subfolders too.")] = True,
    faces: Annotated[
        str, typer.Option(metavar="all|largest|N", help="Which faces; N: the N largest.")
    ] = "all",
    min_face: Annotated[
        float,
        typer.Option(
            metavar="PX",
            min=0.0,
            help="Leave smaller faces alone: the longer side of a face's box, forehead to chin "
            "and ear to ear, in pixels of the photo.",
        ),
    ] = 32.0,
    landmarks: Annotated[Landmarks, typer.Option(help="Built-in, or the package's.")] = (
        Landmarks.MESH
    ),
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
    weights: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="A checkpoint, or a folder to look in first."),
    ] = None,
    device: Annotated[
        str, typer.Option(metavar="DEVICE", help="auto, cpu, cuda, cuda:N or mps.")
    ] = "auto",
    threads: Annotated[
        int | None, typer.Option(min=1, help="Of the CPU. Default: all that there are.")
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Say only which photos failed, and why.")
    ] = False,
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
        find=FindOptions(faces=_parse_faces(faces), min_face=min_face),
        landmarks=landmarks.value,
        weights=weights,
        device=device,
    )
    write = WriteOptions(quality=quality, format=format, strip=strip)
    options = RunOptions(target=wanted, on_no_face=on_no_face.value, write=write)
    unlistable: list[tuple[Path, str]] = []
    jobs = plan(inputs, output, recursive, format, lambda *one: unlistable.append(one))
    for folder, reason in unlistable:
        tell(_shown(f"failed {folder}: {reason}"))
    if not jobs:
        raise UsageError(f"no photos in {', '.join(inputs)}")
    _prepare(threads)
    editor = open_editor(settings)
    if not quiet:
        method, many = editor.method, "photo" if len(jobs) == 1 else "photos"
        tell(f"{wanted} by {method.name} {method.profile} on {editor.device}, {len(jobs)} {many}")
    recorder = Recorder(output, _for_record(settings, options, editor))
    counts: Counter[str] = Counter(failed=len(unlistable))
    start = time.perf_counter()
    try:
        with _progress(
            len(jobs), shown=not quiet and not (as_json and sys.stdout.isatty())
        ) as step:
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


def _parse_faces(text: str) -> Any:
    """Return a number where one was written; `FindOptions` judges the rest."""
    return int(text) if text.isdecimal() else text


def _prepare(threads: int | None) -> None:
    """Set the number of threads, and silence Pillow: what it warns of, photos are judged for."""
    import logging
    import warnings

    warnings.filterwarnings("ignore", module="PIL")
    logging.getLogger("PIL").setLevel(logging.CRITICAL)
    if threads is not None:
        import cv2
        import torch

        torch.set_num_threads(threads)
        cv2.setNumThreads(threads)


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


@contextmanager
def _progress(total: int, shown: bool) -> Iterator[Callable[[], None]]:
    """Show a bar on stderr where that is a terminal; yield what moves it on by one photo."""
    if not shown or not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # Data on stdout must not become messages on stderr.
    with Progress(
        *columns, console=Console(stderr=True), transient=True, redirect_stdout=False
    ) as bar:
        task = bar.add_task("", total=total)
        yield lambda: bar.advance(task)


def _report(result: "Result", quiet: bool, as_json: bool) -> None:
    from faceedit.batch.result import describe

    source = result.job.source
    if result.outcome == "failed" or (result.reason and not quiet):
        tell(_shown(f"{result.outcome} {source}: {result.reason}"))
    if not quiet:
        for note in result.notes:
            tell(_shown(f"note {source}: {note}"))
    if as_json:
        print_json(describe(result))
        sys.stdout.flush()


def _shown(text: str) -> str:
    """Return text on one line: names may hold line feeds and bytes that are no text."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text
    )
