"""The command ``faceedit``: one file per command, registered here.

A command's module may import only what is light; torch, cv2 and the like are imported inside its
function, so that ``--help`` stays instant.
"""

import errno
import io
import os
import signal
import sys
from typing import Annotated, Any, NoReturn

import typer

from faceedit.cli import (
    analyze,
    animate,
    apply,
    attributes,
    augment,
    benchmark,
    demo,
    doctor,
    evaluate,
    frontalize,
    grid,
    lights,
    masks,
    models,
    sheet,
    studio,
    train,
    undo,
)
from faceedit.cli.log_file import close_log
from faceedit.cli.output import complain, tell
from faceedit.cli.panels import PanelCommand
from faceedit.cli.streams import secure_streams
from faceedit.errors import FaceEditError, UsageError, is_out_of_memory, unexpected
from faceedit.limits import shorten
from faceedit.process import heard_signals, import_nothing_from_here

SPINS = "20000"
"""Turns for which torch's threads wait busily for each other. Their own default lets two threads
that share two cores with other programs take ten times as long; with this, alone, they lose
nothing."""

REFUSED: Any = typer.BadParameter.__base__
"""All that typer raises of arguments; it gives this class no name of its own."""

DEBUG = "FACEEDIT_DEBUG"
"""Variable of the environment that asks for the whole trace of an unexpected error."""

app = typer.Typer(
    name="faceedit",
    help="Edit faces in folders of photos, at the photo's own resolution.",
    no_args_is_help=True,
    # Plain help needs no rich, which takes longer to import than all of this.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
app.command(cls=PanelCommand)(apply.apply)
app.command(cls=PanelCommand)(frontalize.frontalize)
app.command(cls=PanelCommand)(analyze.analyze)
app.command(cls=PanelCommand)(animate.animate)
app.command(cls=PanelCommand)(grid.grid)
app.command(cls=PanelCommand)(lights.lights)
app.command(cls=PanelCommand)(masks.masks)
app.command(cls=PanelCommand)(sheet.sheet)
app.command()(attributes.attributes)
app.command(cls=PanelCommand)(augment.augment)
app.command()(demo.demo)
app.command(cls=PanelCommand)(train.train)
app.command(cls=PanelCommand)(evaluate.evaluate)
app.command()(benchmark.benchmark)
app.add_typer(studio.app, name="studio")
app.add_typer(models.app, name="models")
app.command(cls=PanelCommand)(undo.undo)
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

    0 all done, 1 some photos failed, 2 wrong usage, 3 something needed is missing; 129, 130 and 143
    hung up, interrupted and terminated; 141 nobody reads stdout any more.
    """
    secure_streams()
    import_nothing_from_here()
    for signum in heard_signals():
        signal.signal(signum, _stop)
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", SPINS)
    try:
        sys.exit(_ended())
    finally:
        close_log()


def _ended() -> int:
    """Run a command and return its exit code, or leave with that of an error, which is told."""
    try:
        try:
            return _run()
        finally:
            sys.stdout.flush()
    except FaceEditError as error:
        if error.__cause__ is not None and is_out_of_memory(error.__cause__):
            _end_unexpectedly(error.__cause__)
        _end(str(error), error.exit_code)
    except SystemExit:
        raise
    except BaseException as error:
        _end_unexpectedly(error)


def _run() -> int:
    """Run a command and return its exit code; what typer refuses is shown as messages are."""
    try:
        return app(prog_name="faceedit", standalone_mode=False) or 0
    except REFUSED as refusal:
        # Arguments are in it, which may be names with escapes.
        text = io.StringIO()
        refusal.show(file=text)
        tell(text.getvalue().rstrip())
        return UsageError.exit_code


def _stop(signum: int, frame: object) -> None:
    """Leave through an exception, so that what is in hand ends whole; at once if asked again."""
    code = 128 + signum
    for again in heard_signals():
        signal.signal(again, lambda *_: os._exit(code))
    sys.exit(code)


def _end_unexpectedly(error: BaseException) -> NoReturn:
    """Say in one line what nobody foresaw; all of it where the variable `DEBUG` is set."""
    if os.environ.get(DEBUG):
        import traceback

        traceback.print_exception(error)
    if is_out_of_memory(error):
        _end("there is not enough memory", 1)
    if isinstance(error, OSError) and isinstance(error.filename, str | bytes) and error.strerror:
        # A name that nothing can have was mistyped.
        code = UsageError.exit_code if error.errno == errno.ENAMETOOLONG else 1
        _end(f"{shorten(os.fsdecode(error.filename), 200)}: {error.strerror}", code)
    hint = "" if os.environ.get(DEBUG) else f"; {DEBUG}=1 shows more, for a report"
    _end(f"{shorten(unexpected(error), 500)}{hint}", 1)


def _end(message: str, code: int) -> NoReturn:
    complain(message)
    sys.exit(code)
