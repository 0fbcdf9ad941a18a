"""Train the appearance recogniser and measure it on people it has not seen.

    python scripts/train_appearance.py --faces runs/faces --out runs/appearance
    python scripts/train_appearance.py --faces runs/faces --out runs/appearance --measure

--faces holds the tables portraits (with regions) and studio that face_tables.py wrote. OUT gets the
state of the training, log.jsonl, appearance.safetensors and report.json. --measure only looks at
the checkpoint that is there. A training that was stopped before it came to the largest pictures is
written with --resume --max-minutes 0 --size SIDE, the side that it last learned from.
"""

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from faceedit.recognisers.appearance import AppearanceRecogniser
from faceedit.registry import load_checkpoint
from faceedit.training.recognisers.appearance import (
    AppearanceRecipe,
    Drawer,
    appearance_losses,
    people_kept,
)
from faceedit.training.recognisers.examine_appearance import (
    attributes_report,
    lights_report,
    look,
    regions_report,
    summary,
    thresholds,
)
from faceedit.training.recognisers.faces import FaceTable
from faceedit.training.recognisers.fit import fit

QUICK = 500
"""So many studio pictures are looked at while training."""


def main() -> None:
    """Train, set the thresholds, write the checkpoint and the report."""
    parser = argparse.ArgumentParser(description="Train the appearance recogniser.")
    parser.add_argument("--faces", type=Path, default=Path("runs/faces"))
    parser.add_argument("--out", type=Path, default=Path("runs/appearance"))
    parser.add_argument("--steps", type=int)
    parser.add_argument("--size", type=int, default=128, help="side of what the network sees")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--max-minutes", type=float, default=float("inf"))
    parser.add_argument("--measure", action="store_true", help="only measure the checkpoint")
    arguments = parser.parse_args()
    recipe, out = AppearanceRecipe(), arguments.out
    if arguments.steps:
        recipe = replace(recipe, plan=replace(recipe.plan, steps=arguments.steps))
    portraits, studio = (FaceTable.load(arguments.faces / n) for n in ("portraits", "studio"))
    if not arguments.measure:
        train(portraits, studio, recipe, arguments)
    network = AppearanceRecogniser.load(load_checkpoint(out / "appearance.safetensors"))
    report = measure(network, portraits.take(portraits.validation), studio.take(studio.validation))
    (out / "report.json").write_text(json.dumps(report, indent=1))
    print(json.dumps(report, indent=1))


def train(
    portraits: FaceTable, studio: FaceTable, recipe: AppearanceRecipe, arguments: argparse.Namespace
) -> None:
    """Train and write the checkpoint, thresholds set on people kept for that."""
    seen_portraits = portraits.take(portraits.validation)
    places = np.flatnonzero(studio.validation)
    quick = studio.take(places[:: max(1, len(places) // QUICK)])
    learned = portraits.take(~portraits.validation)
    kept = people_kept(learned, recipe.kept, recipe.plan.seed)
    drawer = Drawer(learned, studio.take(~studio.validation), kept, recipe)

    def losses(network: AppearanceRecogniser, step: int) -> dict[str, torch.Tensor]:
        return appearance_losses(network, drawer.draw(), recipe, recipe.size_at(step))

    held = learned.take(np.isin(learned.people, sorted(kept)))

    def examine(network: AppearanceRecogniser) -> dict[str, float]:
        """Measure; choices are made by the people kept, never by those for validation."""
        photos = summary(look(network, seen_portraits), seen_portraits)
        made = summary(look(network, quick), quick)
        own = summary(look(network, held), held)
        return (
            {f"val_photo_{k}": v for k, v in photos.items()}
            | {f"val_studio_{k}": v for k, v in made.items() if k != "attributes"}
            | {"held_attributes": own["attributes"]}
        )

    torch.manual_seed(recipe.plan.seed)
    network = fit(
        AppearanceRecogniser(size=arguments.size),
        AppearanceRecogniser(size=arguments.size),
        losses,
        recipe.plan,
        arguments.out,
        examine=examine,
        tell=lambda line: print(line, flush=True),
        resume=arguments.resume,
        max_seconds=arguments.max_minutes * 60,
    )
    network.threshold += torch.from_numpy(
        thresholds(look(network, held).attributes, held.attributes)
    )
    network.save(arguments.out / "appearance.safetensors")


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
