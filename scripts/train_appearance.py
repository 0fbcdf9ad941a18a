"""Train the appearance recogniser on tables of faces, and say how well it does on other people.

    python scripts/train_appearance.py parser --faces runs/faces --out runs/appearance
    python scripts/train_appearance.py looks --faces runs/faces --out runs/appearance
    python scripts/train_appearance.py join --faces runs/faces --out runs/appearance
    python scripts/train_appearance.py measure --faces runs/faces --out runs/appearance

Its two halves are trained apart, side by side where there are processors for both: OUT/parser and
OUT/looks hold their states. `join` puts them together as they are then, sets the
thresholds on training people whose attributes were not learned, and writes
OUT/appearance.safetensors and OUT/report.json; `measure` writes the latter alone.
"""

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from faceedit.errors import UsageError
from faceedit.nn.parsing import Parser
from faceedit.recognisers.appearance import AppearanceRecogniser
from faceedit.recognisers.looks import Looks
from faceedit.registry import load_checkpoint
from faceedit.training.recognisers.examine_appearance import (
    attributes_report,
    lights_report,
    look,
    regions_report,
    summary,
    thresholds,
)
from faceedit.training.recognisers.faces import FaceTable
from faceedit.training.recognisers.fit import STATE, Plan, fit
from faceedit.training.recognisers.looks import Drawer, LooksRecipe, looks_losses, people_kept
from faceedit.training.recognisers.parsing import ParsingRecipe, draw_parsed, parsing_losses
from faceedit.training.state import load_average

Losses = Callable[[Any, int], dict[str, torch.Tensor]]
QUICK = 300
"""So many pictures of each kind are looked at while training."""


def main() -> None:
    """Train one half, or put both together, write and report."""
    parser = argparse.ArgumentParser(description="Train the appearance recogniser.")
    parser.add_argument("part", choices=("parser", "looks", "join", "measure"))
    parser.add_argument("--faces", type=Path, default=Path("runs/faces"))
    parser.add_argument("--out", type=Path, default=Path("runs/appearance"))
    parser.add_argument("--steps", type=int)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--max-minutes", type=float, default=float("inf"))
    arguments = parser.parse_args()
    tables = [FaceTable.load(arguments.faces / n) for n in ("portraits", "studio")]
    if arguments.part in ("parser", "looks"):
        train(arguments, *tables)
        return
    file = arguments.out / "appearance.safetensors"
    if arguments.part == "join":
        join(arguments.out, tables[0]).save(file)
    network = AppearanceRecogniser.load(load_checkpoint(file))
    report = measure(network, *(table.take(table.validation) for table in tables))
    (arguments.out / "report.json").write_text(json.dumps(report, indent=1))
    print(json.dumps(report, indent=1))


def train(arguments: argparse.Namespace, portraits: FaceTable, studio: FaceTable) -> None:
    """Train one half, examined with what there is of the other."""
    learned = portraits.take(~portraits.validation), studio.take(~studio.validation)
    quick = [thinned(table.take(table.validation)) for table in (portraits, studio)]
    losses, plan = (plan_parser if arguments.part == "parser" else plan_looks)(*learned)
    plan = replace(plan, steps=arguments.steps or plan.steps)
    torch.manual_seed(plan.seed)
    whole, copy = AppearanceRecogniser(), AppearanceRecogniser()
    other = arguments.out / ("looks" if arguments.part == "parser" else "parser") / STATE
    if other.exists():
        load_average(other, getattr(copy, other.parent.name))

    def examine(_: torch.nn.Module) -> dict[str, float]:
        """Measure; nothing is chosen by it."""
        copy.eval()
        kinds = zip(("photo", "studio"), quick, strict=True)
        return {f"{k} {n}": v for k, t in kinds for n, v in summary(look(copy, t), t).items()}

    fit(
        getattr(whole, arguments.part),
        getattr(copy, arguments.part),
        lambda network, step: losses(network, plan.size_at(step)),
        plan,
        arguments.out / arguments.part,
        examine=examine,
        tell=lambda line: print(line, flush=True),
        resume=arguments.resume,
        max_seconds=arguments.max_minutes * 60,
    )


def plan_parser(portraits: FaceTable, studio: FaceTable) -> tuple[Losses, Plan]:
    """Return what the parser learns from training faces, by network and size, and how long."""
    recipe = ParsingRecipe()

    def losses(network: Parser, size: int) -> dict[str, torch.Tensor]:
        pictures, regions = draw_parsed(portraits, studio, recipe, size)
        return parsing_losses(network, pictures, regions, recipe)

    return losses, recipe.plan


def plan_looks(portraits: FaceTable, studio: FaceTable) -> tuple[Losses, Plan]:
    """Return the same of light and attributes."""
    recipe = LooksRecipe()
    drawer = Drawer(portraits, studio, kept_back(portraits), recipe)

    def losses(network: Looks, size: int) -> dict[str, torch.Tensor]:
        return looks_losses(network, drawer.draw(), recipe, size)

    return losses, recipe.plan


def join(folder: Path, portraits: FaceTable) -> AppearanceRecogniser:
    """Put the halves together, their thresholds set on people kept for that.

    Raises:
        UsageError: one was not trained.
    """
    network = AppearanceRecogniser()
    for name in ("parser", "looks"):
        state = folder / name / STATE
        if not state.exists():
            raise UsageError(f"{state} is missing; train the {name} first")
        load_average(state, getattr(network, name))
    network.eval()
    learned = portraits.take(~portraits.validation)
    held = learned.take(np.isin(learned.people, sorted(kept_back(learned))))
    found = thresholds(look(network, held).attributes, held.attributes)
    network.threshold += torch.from_numpy(found)
    return network


def kept_back(learned: FaceTable) -> set[str]:
    """Return the training people whose attributes are not learned from."""
    recipe = LooksRecipe()
    return people_kept(learned, recipe.kept, recipe.plan.seed)


def thinned(table: FaceTable) -> FaceTable:
    """Return about `QUICK` faces of a table."""
    return table.take(np.arange(len(table))[:: max(1, len(table) // QUICK)])


def measure(network: AppearanceRecogniser, photos: FaceTable, made: FaceTable) -> dict:
    """Return all figures on validation people."""
    by_photo, by_made = look(network, photos), look(network, made)
    return {
        "attributes": attributes_report(by_photo, photos),
        "attributes_of_studio_pictures": attributes_report(by_made, made),
        "lights": lights_report(by_made, made),
        "regions": regions_report(by_made, made),
        "regions_of_photos": regions_report(by_photo, photos),
    }


if __name__ == "__main__":
    main()
