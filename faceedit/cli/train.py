"""``faceedit train``: train a method on one's own photos."""

from pathlib import Path
from typing import Annotated

import typer

from faceedit.cli.output import tell


def train(
    method: Annotated[str, typer.Argument(metavar="METHOD", help="reggan")],
    data: Annotated[
        Path,
        typer.Option(
            metavar="PATH",
            help="A CSV with file, person, expression; a folder that holds one; or a folder of "
            "person/expression folders.",
        ),
    ],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FOLDER", help="[runs/METHOD-PROFILE]")
    ] = None,
    expression: Annotated[
        str, typer.Option(metavar="NAME", help="The target to learn, beside neutral.")
    ] = "happy",
    profile: Annotated[str, typer.Option(metavar="fast|paper")] = "fast",
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the state in the folder.")
    ] = False,
    max_minutes: Annotated[
        float, typer.Option(min=0.01, help="Stop cleanly after so many minutes of descent.")
    ] = float("inf"),
    steps: Annotated[
        int | None, typer.Option(min=1, help="Updates in all (fast) or epochs (paper).")
    ] = None,
    batch_size: Annotated[int | None, typer.Option(min=1, help="[the recipe's]")] = None,
    vgg: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="VGG-19 weights for the perceptual loss (paper); without them features of the "
            "face mesh network are compared.",
        ),
    ] = None,
    device: Annotated[str, typer.Option(metavar="auto|cpu|cuda[:N]|mps")] = "auto",
    threads: Annotated[int | None, typer.Option(min=1, help="CPU threads. [all]")] = None,
    workers: Annotated[int, typer.Option(min=0, help="Processes that draw samples.")] = 1,
    seed: Annotated[int, typer.Option(min=0)] = 0,
) -> None:
    """Train a method; leaves checkpoint, log and a sheet of samples per epoch in a folder."""
    from faceedit.errors import UsageError
    from faceedit.targets import EXPRESSIONS

    if method != "reggan":
        raise UsageError(f"unknown method {method!r}; known: reggan")
    if profile not in ("fast", "paper"):
        raise UsageError(f"unknown profile {profile!r}; known: fast, paper")
    if expression not in EXPRESSIONS[1:]:
        raise UsageError(f"unknown target {expression!r}; known: {', '.join(EXPRESSIONS[1:])}")

    import torch

    from faceedit.device import pick_device
    from faceedit.methods.reggan.run import Run
    from faceedit.methods.reggan.train import train_reggan

    if threads:
        torch.set_num_threads(threads)
    run = Run(
        folder=out or Path("runs") / f"{method}-{profile}",
        device=pick_device(device),
        resume=resume,
        max_seconds=max_minutes * 60,
        workers=workers,
        seed=seed,
        tell=tell,
    )
    checkpoint = train_reggan(data, expression, profile, run, steps, batch_size, vgg)
    tell(f"wrote {checkpoint}; use it with: faceedit apply --weights {checkpoint}")
