"""Train the expression recogniser on tables of faces, and say how well it does on others.

    python scripts/train_expression.py --faces runs/faces --out runs/expression

A tenth of the training people are kept back: on them the bias of each expression is chosen.
OUT/expression.safetensors and OUT/report.json are written at the end.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from faceedit.recognisers.expression import ExpressionRecogniser
from faceedit.registry import load_checkpoint
from faceedit.training.recognisers.examine_expression import (
    calibrate,
    examine,
    kept_back,
    look,
)
from faceedit.training.recognisers.expression import (
    Drawer,
    ExpressionRecipe,
    ExpressionTrainer,
)
from faceedit.training.recognisers.faces import UNKNOWN, FaceTable
from faceedit.training.recognisers.fit import fit


def main() -> None:
    """Train, calibrate, write and report."""
    parser = argparse.ArgumentParser(description="Train the expression recogniser.")
    parser.add_argument("--faces", type=Path, default=Path("runs/faces"))
    parser.add_argument("--out", type=Path, default=Path("runs/expression"))
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--start", type=Path, help="weights to begin with")
    parser.add_argument(
        "--shares", type=float, nargs=3, default=ExpressionRecipe.shares,
        metavar=("WEB", "PORTRAITS", "STUDIO"), help="of each batch",
    )  # fmt: skip
    parser.add_argument("--max-minutes", type=float, default=float("inf"))
    parser.add_argument("--resume", action="store_true")
    parser.add_argument(
        "--photos-only", action="store_true", help="names of expressions from photos alone"
    )
    parser.add_argument("--only-report", action="store_true", help="of the weights in the folder")
    arguments = parser.parse_args()
    recipe = ExpressionRecipe()
    plan = replace(recipe.plan, steps=arguments.steps, batch=arguments.batch, rate=arguments.rate)
    recipe = replace(recipe, plan=plan, shares=tuple(arguments.shares))
    web, portraits, studio = (
        FaceTable.load(arguments.faces / name) for name in ("web", "portraits", "studio")
    )
    tables = web, portraits, studio
    for table in tables:
        print(len(table), "faces,", int(table.validation.sum()), "for validation", flush=True)
    if not arguments.only_report:
        if arguments.photos_only:
            studio.expression[:] = UNKNOWN
        learned = [t.take(~t.validation & ~kept_back(t.people)) for t in tables]
        drawer = Drawer((learned[0], learned[1], learned[2]), recipe)
        quick = [t.take(np.nonzero(t.validation)[0][::3]) for t in (web, studio)]

        def watch(trainer: ExpressionTrainer) -> dict[str, float]:
            return examine(trainer.network, quick[0], portraits, quick[1], draws=1)["summary"]

        torch.manual_seed(plan.seed)
        begun = ExpressionTrainer(ExpressionRecogniser(), recipe)
        if arguments.start:
            begun.network.load_state_dict(load_checkpoint(arguments.start).tensors)
        trainer = fit(
            begun,
            ExpressionTrainer(ExpressionRecogniser(), recipe),
            lambda trainer, _: trainer.losses(drawer.draw()),
            plan,
            arguments.out,
            examine=watch,
            tell=lambda line: print(line, flush=True),
            resume=arguments.resume,
            max_seconds=arguments.max_minutes * 60,
        )
        network = trainer.network
        kept = [t.take(~t.validation & kept_back(t.people)) for t in (web, studio)]
        photos, made = ((look(network, t)[0], t) for t in kept)
        network.bias.copy_(torch.from_numpy(calibrate(photos, made)))
        network.save(arguments.out / "expression.safetensors")
    network = ExpressionRecogniser.load(load_checkpoint(arguments.out / "expression.safetensors"))
    report = examine(network, web, portraits, studio)
    (arguments.out / "report.json").write_text(json.dumps(report, indent=1))
    print(json.dumps(report["summary"], indent=1))


if __name__ == "__main__":
    main()
