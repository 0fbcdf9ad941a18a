"""``faceedit analyze``: what there is to say of the faces in photos."""

import contextlib
import io
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from faceedit.cli.options import (
    Device,
    Faces,
    Inputs,
    Landmarks,
    MinFace,
    Overwrite,
    Quiet,
    Recursive,
    Threads,
    Weights,
    WhoseLandmarks,
    can_exist,
    parse_faces,
)
from faceedit.cli.output import on_one_line, print_json, progress, tell
from faceedit.cli.panels import MOST_USED, OUTPUT
from faceedit.errors import FaceEditError, UsageError
from faceedit.outputs import (
    Permit,
    check_writable,
    create_file,
    permit_for,
    shared_permissions,
)
from faceedit.process import prepare

if TYPE_CHECKING:
    from faceedit.analysis.run import PhotoReading, PhotoToRead

LABEL = 16
"""Width of the first column of a table."""
Rows = Callable[[list[dict[str, Any]]], None]


def analyze(
    inputs: Inputs,
    csv: Annotated[
        Path | None,
        typer.Option(
            "--csv",
            metavar="FILE",
            callback=can_exist,
            help="Write one row per face to this file.",
            rich_help_panel=MOST_USED,
        ),
    ] = None,
    sheet: Annotated[
        str | None,
        typer.Option(
            "--sheet",
            metavar="PATH",
            callback=can_exist,
            help="Write the photos with their readings drawn on them: a folder, or a file's name "
            "for one photo.",
            rich_help_panel=MOST_USED,
        ),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="Write one JSON object per photo to stdout instead of the tables.",
            rich_help_panel=MOST_USED,
        ),
    ] = False,
    identity: Annotated[
        bool,
        typer.Option(
            "--identity",
            help="Add to --json 256 numbers that tell people apart.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    recursive: Recursive = True,
    faces: Faces = "all",
    min_face: MinFace = 32.0,
    landmarks: WhoseLandmarks = Landmarks.MESH,
    weights: Weights = None,
    device: Device = "auto",
    threads: Threads = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Say what faces in photos show: expression, light, attributes, pose, quality.

    Photos are only read. A table per face goes to stdout, messages and progress go to stderr.
    """
    from faceedit.analysis.analyzer import open_analyzer
    from faceedit.analysis.record import table_of_faces
    from faceedit.analysis.run import analyze_photos
    from faceedit.faces.find.finder import FindOptions

    find = FindOptions(faces=parse_faces(faces), min_face=min_face)
    if identity and not as_json:
        raise UsageError("--identity needs --json")
    unlistable: list[tuple[Path, str]] = []
    photos = _photos(inputs, recursive, sheet, lambda *one: unlistable.append(one))
    if csv is not None:
        check_writable([csv], permit_for(overwrite))
    for folder, reason in unlistable:
        tell(on_one_line(f"failed {folder}: {reason}"))
    if not photos:
        raise UsageError(f"no photos in {', '.join(inputs)}")
    permit = permit_for(overwrite)
    check_writable([item.sheet for item in photos if item.sheet is not None], permit)
    prepare(threads)
    counts: Counter[str] = Counter(failed=len(unlistable))
    number, start = 0, time.perf_counter()
    with _csv_file(csv, permit, photos) as write_rows:
        analyzer = open_analyzer(
            find, identity=identity, landmarks=landmarks.value, weights=weights, device=device
        )
        # A bar would be drawn into what is written to the same terminal.
        shown = not quiet and not sys.stdout.isatty()
        with progress(len(photos), shown=shown) as step:
            for photo in analyze_photos(photos, analyzer, permit):
                counts[photo.outcome] += 1
                number += len(photo.faces)
                write_rows(table_of_faces(photo))
                _report(photo, quiet, as_json)
                step()
    if not quiet:
        parts = (f"{counts[o]} {o}" for o in ("analyzed", "no face", "failed"))
        seconds = time.perf_counter() - start
        tell(f"{', '.join(parts)}; faces: {number}; {seconds:.1f} s on {analyzer.device}")
    if counts["failed"]:
        raise typer.Exit(1)


def _photos(
    inputs: list[str],
    recursive: bool,
    sheet: str | None,
    on_unlistable: Callable[[Path, str], None],
) -> "list[PhotoToRead]":
    from faceedit.analysis.run import PhotoToRead
    from faceedit.photos import find_photos, plan

    if sheet is None:
        return [PhotoToRead(path) for path in find_photos(inputs, recursive, on_unlistable)]
    jobs = plan(inputs, sheet, recursive, on_unlistable=on_unlistable)
    return [PhotoToRead(job.source, job.target) for job in jobs]


@contextlib.contextmanager
def _csv_file(path: Path | None, permit: Permit, photos: "Sequence[PhotoToRead]") -> Iterator[Rows]:
    """Open the table, so that a run that is cut short leaves what it had; yield its writer.

    It is as private as the photos are.
    """
    if path is None:
        yield lambda rows: None
        return
    import csv

    from faceedit.analysis.record import COLUMNS
    from faceedit.photos.formats import format_of

    if format_of(path) is not None:
        raise UsageError(f"{path}: --csv would write a table to a file that is named like a photo")
    permissions = shared_permissions(item.source for item in photos)
    # A file's name need not be text; it comes out with the bytes that it has.
    binary = create_file(path, permit, permissions)
    file = io.TextIOWrapper(binary, "utf-8", "surrogateescape", newline="")
    # Quotes about all text: where lists are parted by semicolons, a name with one stays whole.
    table = csv.DictWriter(file, COLUMNS, quoting=csv.QUOTE_NONNUMERIC)

    def write(rows: list[dict[str, Any]]) -> None:
        try:
            table.writerows(rows)
            file.flush()
        except OSError as error:
            raise FaceEditError(f"{path}: cannot be written: {error.strerror or error}") from error

    try:
        write([{name: name for name in COLUMNS}])
        yield write
    finally:
        # What could not be written is told already.
        with contextlib.suppress(OSError):
            file.close()


def _report(photo: "PhotoReading", quiet: bool, as_json: bool) -> None:
    if photo.outcome == "failed":
        tell(on_one_line(f"failed {photo.source}: {photo.reason}"))
    elif photo.outcome == "no face" and not quiet:
        tell(on_one_line(f"no face was found in {photo.source}"))
    if as_json:
        from faceedit.analysis.record import describe

        print_json(describe(photo))
        sys.stdout.flush()
    elif not quiet:
        _print_tables(photo)


def _print_tables(photo: "PhotoReading") -> None:
    """Print what is read of each face, wrapped to a terminal and a line each anywhere else.

    Each photo's tables are handed on at once, for those who read along.
    """
    import textwrap

    from rich.console import Console
    from rich.text import Text

    from faceedit.analysis.words import table_rows

    console = Console(highlight=False)
    room = max(20, console.width - LABEL - 1) if console.is_terminal else 10_000
    for number, face in enumerate(photo.faces, 1):
        of = f", face {number} of {len(photo.faces)}" if len(photo.faces) > 1 else ""
        console.print(Text(on_one_line(f"{photo.source}{of}"), style="bold"), soft_wrap=True)
        for name, words in table_rows(face):
            lines = ("\n" + " " * LABEL).join(textwrap.wrap(words, room))
            label = f"  {name}".ljust(LABEL)
            console.print(Text.assemble((label, "dim"), lines), soft_wrap=True)
    sys.stdout.flush()
