"""Train LEGAN's Q, from what people said of pictures or from corruptions that stand in for it.

    python scripts/train_naturalness.py --ratings ratings.csv --pictures FOLDER --out runs/q
    python scripts/train_naturalness.py --faces runs/faces --out runs/naturalness

The first reads a CSV with the columns file, mean and std; a fifth of the pictures are kept for
measuring. The second needs the tables `web` and `portraits` of face_tables.py and no ratings.
OUT/naturalness.safetensors and OUT/report.json are written at the end; --width 64 --widest 2048
--features 256 is the network of the paper. measure_naturalness.py says more of a trained one.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from faceedit.errors import UsageError
from faceedit.faces.find.build import build_finder
from faceedit.recognisers.naturalness import NaturalnessRecogniser
from faceedit.registry import open_registry
from faceedit.training.recognisers.examine_naturalness import (
    examine_order,
    examine_ratings,
    one_each,
    score_series,
)
from faceedit.training.recognisers.faces import FaceTable
from faceedit.training.recognisers.fit import fit
from faceedit.training.recognisers.naturalness import (
    NaturalnessRecipe,
    NaturalnessTrainer,
    ProxyDrawer,
    RatedDrawer,
    calibrate,
)
from faceedit.training.recognisers.ratings import (
    crop_rated,
    read_ratings,
    split_rated,
)

WATCHED = 24
"""Validation faces looked at during training."""

Draw = Callable[[], dict[str, Tensor]]
Examine = Callable[[NaturalnessRecogniser], dict[str, Any]]


def main() -> None:
    """Train, write and report."""
    parser = argparse.ArgumentParser(description="Train the naturalness recogniser.")
    parser.add_argument("--ratings", type=Path, help="CSV of people's ratings")
    parser.add_argument("--pictures", type=Path, help="folder of the rated pictures")
    parser.add_argument("--faces", type=Path, default=Path("runs/faces"))
    parser.add_argument("--out", type=Path, default=Path("runs/naturalness"))
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--widest", type=int, default=160)
    parser.add_argument("--features", type=int, default=64)
    parser.add_argument("--no-mask", action="store_true", help="show the window around the face")
    parser.add_argument("--hinge", action="store_true", help="the hinge instead of Eq. 1")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--max-minutes", type=float, default=float("inf"))
    parser.add_argument("--examined", type=int, default=100, help="people of each table")
    parser.add_argument("--resume", action="store_true")
    arguments = parser.parse_args()
    if (arguments.ratings is None) != (arguments.pictures is None):
        parser.error("--ratings and --pictures go together")
    recipe = NaturalnessRecipe(hinge=arguments.hinge)
    plan = replace(recipe.plan, steps=arguments.steps, batch=arguments.batch, rate=arguments.rate)
    recipe = replace(recipe, plan=plan)
    try:
        if arguments.ratings is not None:
            draw, examine, watch = from_ratings(arguments.ratings, arguments.pictures, recipe)
        else:
            draw, examine, watch = from_proxies(arguments.faces, arguments.examined, recipe)
    except UsageError as error:
        parser.error(str(error))
    torch.manual_seed(plan.seed)
    sizes = arguments.width, arguments.widest, arguments.features
    trainer, copy = (
        NaturalnessTrainer(NaturalnessRecogniser(*sizes, not arguments.no_mask), recipe)
        for _ in range(2)
    )
    trained = fit(
        trainer,
        copy,
        lambda trainer, _: trainer.losses(draw()),
        plan,
        arguments.out,
        examine=lambda trainer: watch(trainer.folded()),
        tell=lambda line: print(line, flush=True),
        resume=arguments.resume,
        max_seconds=arguments.max_minutes * 60,
    )
    network = trained.folded()
    line = (1.0, 0.0)
    if recipe.calibration:
        line = calibrate(network, draw, recipe.calibration)
    network.save(arguments.out / "naturalness.safetensors")
    report = {"recipe": asdict(recipe), "calibration": line, **examine(network)}
    (arguments.out / "report.json").write_text(json.dumps(report, indent=1))


def from_ratings(table: Path, pictures: Path, recipe: NaturalnessRecipe) -> tuple:
    """Return what draws rated pictures, and what examines the network on a fifth of them."""
    finder = build_finder(open_registry())
    faces = crop_rated(
        read_ratings(table, pictures),
        finder.find,
        lambda path, reason: print(f"left out: {path}: {reason}", flush=True),
    )
    learned, kept = split_rated(faces)
    print(f"{len(learned)} rated faces to learn from, {len(kept)} to measure on", flush=True)

    def examine(network: NaturalnessRecogniser) -> dict[str, Any]:
        return {"ratings": examine_ratings(network, kept)}

    def watch(network: NaturalnessRecogniser) -> dict[str, float]:
        return _values(examine_ratings(network, kept, draws=1))

    return RatedDrawer(learned, recipe).draw, examine, watch


def from_proxies(folder: Path, people: int, recipe: NaturalnessRecipe) -> tuple:
    """Return what draws photos with faults, and what examines on validation people."""
    web, portraits = (FaceTable.load(folder / name) for name in ("web", "portraits"))
    learned = [table.take(~table.validation) for table in (web, portraits)]
    drawer = ProxyDrawer(learned[0], learned[1], recipe)
    kept = {"portraits": one_each(portraits, people), "web": one_each(web, people)}
    watched = {
        name: table.take(np.arange(min(WATCHED, len(table)))) for name, table in kept.items()
    }

    def examine(network: NaturalnessRecogniser) -> dict[str, Any]:
        return {name: examine_order(score_series(network, t)) for name, t in kept.items()}

    def watch(network: NaturalnessRecogniser) -> dict[str, float]:
        found = {}
        for name, table in watched.items():
            report = examine_order(score_series(network, table), draws=1)
            for kinds, values in report.items():
                found |= {f"{name} {kinds} {k}": v for k, v in _values(values["all"]).items()}
        return found

    return drawer.draw, examine, watch


def _values(report: dict[str, Any]) -> dict[str, float]:
    return {k: v[0] if isinstance(v, list) else v for k, v in report.items()}


if __name__ == "__main__":
    main()
