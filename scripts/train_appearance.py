"""Train the appearance recogniser on tables of faces, and say how well it does on other people.

    python scripts/train_appearance.py parser --faces runs/faces --out runs/appearance
    python scripts/train_appearance.py looks --faces runs/faces --out runs/appearance
    python scripts/train_appearance.py join --faces runs/faces --out runs/appearance
    python scripts/train_appearance.py attributes --faces runs/faces --out runs/appearance
    python scripts/train_appearance.py measure --faces runs/faces --out runs/appearance

Its two halves are trained apart, side by side where there are processors for both: OUT/parser and
OUT/looks hold their states. `join` puts them together as they are then in
OUT/appearance.safetensors. `attributes` trains that file's last layers of attributes anew on what
both halves see, sets thresholds and scales, and writes OUT/report.json; `measure` writes the report
alone. Both do without FACES/studio, and then the report is of photos only.
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
from faceedit.training.recognisers.attributes import (
    AttributesRecipe,
    is_photographed,
    teach_attributes,
)
from faceedit.training.recognisers.examine_appearance import (
    attributes_report,
    lights_report,
    look,
    regions_report,
    summary,
)
from faceedit.training.recognisers.examine_groups import (
    groups_report,
    lowest,
    only_said,
    sureness_report,
)
from faceedit.training.recognisers.faces import FaceTable
from faceedit.training.recognisers.fit import STATE, Plan, fit
from faceedit.training.recognisers.looks import Drawer, LooksRecipe, looks_losses
from faceedit.training.recognisers.looks_people import (
    People,
    groups_of,
    of_split,
    read_people,
    with_looks,
)
from faceedit.training.recognisers.parsing import ParsingRecipe, draw_parsed, parsing_losses
from faceedit.training.state import load_average

Losses = Callable[[Any, int], dict[str, torch.Tensor]]
QUICK = 300
"""So many pictures of each kind are looked at while training."""


def main() -> None:
    """Train one half, or put both together, write and report."""
    parser = argparse.ArgumentParser(description="Train the appearance recogniser.")
    parser.add_argument("part", choices=("parser", "looks", "join", "attributes", "measure"))
    parser.add_argument("--faces", type=Path, default=Path("runs/faces"))
    parser.add_argument("--out", type=Path, default=Path("runs/appearance"))
    parser.add_argument("--steps", type=int)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--max-minutes", type=float, default=float("inf"))
    arguments = parser.parse_args()
    people = read_people()
    portraits = with_looks(FaceTable.load(arguments.faces / "portraits"), people)
    made = arguments.faces / "studio"
    halves = arguments.part in ("parser", "looks")
    studio = FaceTable.load(made) if halves or made.exists() else None
    if halves and studio is not None:
        train(arguments, portraits, studio, people)
        return
    file = arguments.out / "appearance.safetensors"
    if arguments.part == "join":
        join(arguments.out).save(file)
        return
    network = AppearanceRecogniser.load(load_checkpoint(file))
    if arguments.part == "attributes":
        recipe = AttributesRecipe()
        folder = arguments.out / "attributes"
        teach_attributes(network, portraits, people, recipe, folder, tell=say)
        network.save(file)
        network = AppearanceRecogniser.load(load_checkpoint(file))
    report = measure(network, portraits, studio, people)
    (arguments.out / "report.json").write_text(json.dumps(report, indent=1))
    print(json.dumps(report, indent=1))


def say(line: str) -> None:
    """Tell of progress."""
    print(line, flush=True)


def train(
    arguments: argparse.Namespace, portraits: FaceTable, studio: FaceTable, people: People
) -> None:
    """Train one half, examined with what there is of the other."""
    learned = portraits.take(~portraits.validation), studio.take(~studio.validation)
    quick = [thinned(table.take(table.validation)) for table in (portraits, studio)]
    if arguments.part == "parser":
        losses, plan = plan_parser(*learned)
    else:
        losses, plan = plan_looks(*learned, people)
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
        tell=say,
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


def plan_looks(portraits: FaceTable, studio: FaceTable, people: People) -> tuple[Losses, Plan]:
    """Return the same of light and attributes."""
    recipe = LooksRecipe()
    learned = portraits.people[of_split(portraits, people, "train")]
    kept = set(portraits.people.tolist()) - set(learned.tolist())
    drawer = Drawer(portraits, studio, kept, recipe)

    def losses(network: Looks, size: int) -> dict[str, torch.Tensor]:
        return looks_losses(network, drawer.draw(), recipe, size)

    return losses, recipe.plan


def join(folder: Path) -> AppearanceRecogniser:
    """Put the halves together.

    Raises:
        UsageError: one was not trained.
    """
    network = AppearanceRecogniser()
    for name in ("parser", "looks"):
        state = folder / name / STATE
        if not state.exists():
            raise UsageError(f"{state} is missing; train the {name} first")
        load_average(state, getattr(network, name))
    return network.eval()


def thinned(table: FaceTable) -> FaceTable:
    """Return about `QUICK` faces of a table."""
    return table.take(np.arange(len(table))[:: max(1, len(table) // QUICK)])


def measure(
    network: AppearanceRecogniser, portraits: FaceTable, studio: FaceTable | None, people: People
) -> dict:
    """Return all figures on validation people."""
    photos = portraits.take(portraits.validation)
    judged = portraits.take(of_split(portraits, people, "val"))
    synthetic = judged.take(~is_photographed(judged))
    seen = look(network, judged)
    names = groups_of(judged, people)
    groups = groups_report(seen, judged, names)
    report = {
        "attributes": attributes_report(seen, judged),
        "attributes_of_synthetic_portraits": attributes_report(look(network, synthetic), synthetic),
        "attributes_by_group": groups,
        "attributes_below_all": lowest(groups),
        "attributes_said_by_group": groups_report(seen, only_said(network, seen, judged), names),
        "attributes_said": sureness_report(network, seen, judged),
        "regions_of_photos": regions_report(look(network, photos), photos),
    }
    if studio is not None:
        made = studio.take(studio.validation)
        seen = look(network, made)
        report |= {
            "attributes_of_studio_pictures": attributes_report(seen, made),
            "lights": lights_report(seen, made),
            "regions": regions_report(seen, made),
        }
    return report


if __name__ == "__main__":
    main()
