"""``faceedit train``: train a method or a recogniser on one's own data."""

import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from faceedit.cli import complete
from faceedit.cli.options import Device, Threads, can_exist
from faceedit.cli.output import tell
from faceedit.cli.panels import MOST_USED, SPEED, WHAT
from faceedit.cli.train_data import check_data
from faceedit.limits import BATCH, COUNT, SEED, WORKERS
from faceedit.methods.catalogue import METHODS, find_training
from faceedit.training.recognisers import RECOGNISERS


class Profile(StrEnum):
    """Which of a method's networks."""

    FAST = "fast"
    PAPER = "paper"


class Precision(StrEnum):
    """Of the forward passes."""

    FP32 = "fp32"
    BF16 = "bf16"
    FP16 = "fp16"


def train(
    method: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help=", ".join([*METHODS, *RECOGNISERS]),
            autocompletion=complete.trained,
        ),
    ],
    data: Annotated[
        list[Path],
        typer.Option(
            metavar="PATH",
            callback=can_exist,
            help="What to learn from; may be repeated.",
            rich_help_panel=MOST_USED,
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            metavar="FOLDER",
            callback=can_exist,
            help="Where everything is written. Default: runs/METHOD-PROFILE.",
            rich_help_panel=MOST_USED,
        ),
    ] = None,
    profile: Annotated[
        Profile | None,
        typer.Option(
            help="Our small network, or the paper's own. Default: the first that there is.",
            rich_help_panel=MOST_USED,
            show_default=False,
        ),
    ] = None,
    recipe: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            callback=can_exist,
            help="A TOML file of values that differ from the profile's recipe.",
            rich_help_panel=WHAT,
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="One value of the recipe; wins over --recipe.",
            rich_help_panel=WHAT,
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="MODEL|FILE",
            callback=can_exist,
            help="Begin with the weights of this checkpoint.",
            rich_help_panel=MOST_USED,
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Go on from the state in the output folder.", rich_help_panel=MOST_USED
        ),
    ] = False,
    max_minutes: Annotated[
        float,
        typer.Option(
            min=0.01, help="Stop cleanly within this many minutes.", rich_help_panel=MOST_USED
        ),
    ] = float("inf"),
    max_steps: Annotated[
        int | None,
        typer.Option(
            min=1, max=COUNT, help="Stop after this many steps of this run.", rich_help_panel=WHAT
        ),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=BATCH,
            help="Of all processes together. Default: the recipe's.",
            rich_help_panel=WHAT,
        ),
    ] = None,
    device: Device = "auto",
    precision: Annotated[
        Precision, typer.Option(help="Of the forward passes.", rich_help_panel=SPEED)
    ] = Precision.FP32,
    processes: Annotated[
        int,
        typer.Option(
            min=1,
            max=WORKERS,
            help="Processes on this machine, one GPU each; torchrun sets its own.",
            rich_help_panel=SPEED,
        ),
    ] = 1,
    workers: Annotated[
        int,
        typer.Option(
            min=0,
            max=WORKERS,
            help="Processes that draw samples, per training process.",
            rich_help_panel=SPEED,
        ),
    ] = 1,
    threads: Threads = None,
    seed: Annotated[
        int, typer.Option(min=0, max=SEED, help="Of everything random.", rich_help_panel=WHAT)
    ] = 0,
) -> None:
    """Train a method or a recogniser; write state, checkpoint, log and sheets to a folder."""
    started = time.perf_counter()
    from faceedit.device import pick_device
    from faceedit.evaluation.training_scores import judge_edits
    from faceedit.training.engine import EngineOptions
    from faceedit.training.engine import train as run
    from faceedit.training.recipe_file import merge, parse_settings, read_recipe
    from faceedit.training.task import TrainingRequest

    build = find_training(method, RECOGNISERS)
    check_data(method, data)
    line = METHODS.get(method)
    first = Profile.FAST.value if line is None else line.trained or line.profile
    which = profile.value if profile else first
    written = read_recipe(recipe) if recipe else {}
    request = TrainingRequest(
        data=tuple(data),
        profile=which,
        folder=out or Path("runs") / f"{method}-{which}",
        device=pick_device(device),
        overrides=merge(written, parse_settings(settings or ())),
        start=start,
        batch_size=batch_size,
        seed=seed,
        workers=workers,
        tell=tell,
        judge=judge_edits,
    )
    options = EngineOptions(
        resume=resume,
        precision=precision.value,
        processes=processes,
        max_seconds=max_minutes * 60,
        max_steps=max_steps,
        threads=threads,
        started=started,
    )
    outcome = run(build, request, options)
    if outcome.signal:
        raise typer.Exit(128 + outcome.signal)
    if outcome.checkpoint:
        use = f"; use: faceedit apply --weights {outcome.checkpoint}" if method in METHODS else ""
        tell(f"wrote {outcome.checkpoint}{use}")
