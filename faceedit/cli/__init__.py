"""The command ``faceedit``: one file per command, registered here.

A command's module may import only what is light; torch, cv2 and the like are imported inside its
function, so that ``--help`` stays instant.
"""

import os
import signal
import sys
from typing import Annotated

import typer

from faceedit.cli import analyze, apply, benchmark, demo, doctor, evaluate, models, studio, train
from faceedit.errors import FaceEditError

SPINS = "20000"
"""Turns for which torch's threads wait busily for each other. Their own default lets two threads
that share two cores with other programs take ten times as long; with this, alone, they lose
nothing."""

app = typer.Typer(
    name="faceedit",
    help="Edit faces in folders of photos, at the photo's own resolution.",
    no_args_is_help=True,
    add_completion=False,
    # Plain help needs no rich, which takes longer to import than all of this.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(apply.apply)
app.command()(analyze.analyze)
app.command()(demo.demo)
app.command()(train.train)
app.command()(evaluate.evaluate)
app.command()(benchmark.benchmark)
app.add_typer(studio.app, name="studio")
app.add_typer(models.app, name="models")
app.command()(doctor.doctor)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"faceedit {version('faceedit')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Edit faces in folders of photos, at the photo's own resolution."""


def main() -> None:
    """Run the command line and leave the process with its exit code.

    0 all done, 1 some photos failed, 2 wrong usage, 3 something needed is missing, 130 interrupted
    and 143 terminated.
    """
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, _stop)
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", SPINS)
    try:
        app()
    except FaceEditError as error:
        from faceedit.cli.output import complain

        complain(str(error))
        sys.exit(error.exit_code)


def _stop(signum: int, frame: object) -> None:
    """Leave through an exception, so that what is in hand ends whole; at once if asked again."""
    code = 128 + signum
    for again in (signal.SIGINT, signal.SIGTERM):
        signal.signal(again, lambda *_: os._exit(code))
    sys.exit(code)
