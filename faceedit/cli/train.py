"""``faceedit train``: train a method on one's own photos."""

import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from faceedit.cli.options import Device, Threads, can_exist
from faceedit.cli.output import tell
from faceedit.limits import BATCH, COUNT, SEED, WORKERS
from faceedit.methods.catalogue import METHODS, find_training


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
    method: Annotated[str, typer.Argument(metavar="METHOD", help=", ".join(METHODS))],
    data: Annotated[
        list[Path],
        typer.Option(
            metavar="PATH", callback=can_exist, help="What to learn from; may be given again."
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "-o", "--out", metavar="FOLDER", callback=can_exist, help="[runs/METHOD-PROFILE]"
        ),
    ] = None,
    profile: Annotated[Profile, typer.Option()] = Profile.FAST,
    recipe: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            callback=can_exist,
            help="TOML: what is to differ from the profile's recipe.",
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="One value of the recipe; over --recipe."),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="MODEL|FILE",
            callback=can_exist,
            help="Begin with the weights of this one.",
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the state in the folder.")
    ] = False,
    max_minutes: Annotated[
        float, typer.Option(min=0.01, help="Stop cleanly within so many minutes.")
    ] = float("inf"),
    max_steps: Annotated[
        int | None, typer.Option(min=1, max=COUNT, help="Stop after so many steps of this run.")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(min=1, max=BATCH, help="Over all processes. [the recipe's]")
    ] = None,
    device: Device = "auto",
    precision: Annotated[Precision, typer.Option()] = Precision.FP32,
    processes: Annotated[
        int,
        typer.Option(
            min=1, max=WORKERS, help="On this machine, a GPU each; torchrun gives its own."
        ),
    ] = 1,
    workers: Annotated[
        int,
        typer.Option(min=0, max=WORKERS, help="Processes that draw samples, for each that trains."),
    ] = 1,
    threads: Threads = None,
    seed: Annotated[int, typer.Option(min=0, max=SEED)] = 0,
) -> None:
    """Train a method; leaves state, checkpoint, log and sheets of samples in a folder."""
    started = time.perf_counter()
    from faceedit.device import pick_device
    from faceedit.evaluation.training_scores import judge_edits
    from faceedit.training.engine import RunOptions
    from faceedit.training.engine import train as run
    from faceedit.training.recipe_file import merge, parse_settings, read_recipe
    from faceedit.training.task import Request

    build = find_training(method)
    written = read_recipe(recipe) if recipe else {}
    request = Request(
        data=tuple(data),
        profile=profile.value,
        folder=out or Path("runs") / f"{method}-{profile.value}",
        device=pick_device(device),
        overrides=merge(written, parse_settings(settings or ())),
        start=start,
        batch_size=batch_size,
        seed=seed,
        workers=workers,
        tell=tell,
        judge=judge_edits,
    )
    options = RunOptions(
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
        tell(f"wrote {outcome.checkpoint}; use it: faceedit apply --weights {outcome.checkpoint}")
