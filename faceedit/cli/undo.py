"""``faceedit undo``: remove what earlier runs wrote."""

from pathlib import Path
from typing import Annotated

import typer

from faceedit.cli.options import Quiet, can_exist
from faceedit.cli.output import on_one_line, tell
from faceedit.cli.panels import MOST_USED


def undo(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="OUT", callback=can_exist, help="An output folder, with its manifest."
        ),
    ],
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Only list what would be removed.", rich_help_panel=MOST_USED
        ),
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Remove from an output folder what its manifest proves that faceedit wrote.

    A file goes if it is, byte for byte, what the manifest says was written there. All else stays:
    your own files, outputs that you retouched, pages and sheets of a gallery, and a copy of a photo
    that is no more where it was. With the last output the manifest goes.
    """
    from faceedit.batch.undo import undo as undo_folder

    done = undo_folder(folder, dry_run)
    if dry_run:
        for path in (*done.ours, *done.manifests):
            print(on_one_line(str(path)))
    for path, why in done.kept:
        tell(on_one_line(f"kept {path}: {why}"))
    if not quiet:
        files = "file" if len(done.ours) == 1 else "files"
        what = "would be removed" if dry_run else "removed"
        tell(f"{len(done.ours)} {files} {what}, {len(done.kept)} kept")
