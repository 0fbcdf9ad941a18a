"""How well action units end where a target wants them, on people that no training saw.

    python scripts/measure_units.py transfer DATA --judge runs/judge/unit-judge-fast.safetensors
    python scripts/measure_units.py monotone DATA --judge FILE [--weights FILE] [--people 40]

`transfer` puts the units of real faces on calm ones and lets the judge read them (EGGAN, section
4.2 and Table 1). `monotone` raises units from 0 to 5 and finds the landmarks anew. Both say how
well the person is kept.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from faceedit.editing.steps import Step, apply_edits, make_edits
from faceedit.faces.align import Crop
from faceedit.faces.batching import Batching
from faceedit.faces.unit_measures import unit_measures
from faceedit.methods.base import load_method
from faceedit.methods.catalogue import PlannedStep, find_method
from faceedit.recognisers.expression import ExpressionRecogniser
from faceedit.recognisers.identity import IdentityRecogniser
from faceedit.recognisers.unit_judge import UnitJudge
from faceedit.registry import Registry, load_checkpoint, open_registry
from faceedit.studio.sources import find_sources, list_photos
from faceedit.targets import ACTION_UNITS, Target, UnitChange, parse_target
from faceedit.training.recognisers.sources import find_again

SIZE = 256
LEVELS = (0, 1, 2, 3, 4, 5)
MONOTONE = (1, 2, 4, 5, 12, 15, 20, 25, 26, 45)
UNEVEN = 2.0
"""Largest over smallest step that counts as even."""
PAPER = {
    "mse": (.13, .13, .49, .35, .21, .49, .33, .14, .41, .16, .15, .18, .26, .01, .51, .14, .00),
    "pcc": (.92, .95, .69, .85, .75, .72, .73, .70, .78, .65, .64, .33, .50, .22, .67, .76, .34),
}  # fmt: skip
"""EGGAN's rows of its Table 1, by `ACTION_UNITS`."""


@dataclass(frozen=True)
class Tools:
    """Loaded networks."""

    step: Step
    judge: UnitJudge
    identity: IdentityRecogniser

    def edit(self, crops: Sequence[Crop], targets: Sequence[Target]) -> list[Crop]:
        """Return crops as they are after an edit, with landmarks found anew."""
        made = make_edits([self.step], crops, targets, Batching(8))
        after = [apply_edits(crop, edits) for crop, edits in zip(crops, made, strict=True)]
        found = find_again([one.to_bytes() for one in after], [one.landmarks for one in after])
        return [Crop(a.pixels, f, a.affine) for a, f in zip(after, found, strict=True)]

    def units(self, crops: Sequence[Crop]) -> np.ndarray:
        """Return what the judge reads, (N, 17)."""
        return np.stack(self.judge.read(crops))

    def likeness(self, before: Sequence[Crop], after: Sequence[Crop]) -> np.ndarray:
        """Return the cosine of the identity network of each pair, (N,)."""
        a, b = (np.stack([one.vector for one in self.identity.read(x)]) for x in (before, after))
        return (a * b).sum(1)


def main() -> None:
    """Load, measure and print."""
    parser = argparse.ArgumentParser(description="Measure edits of action units.")
    parser.add_argument("what", choices=("transfer", "monotone"))
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--judge", type=Path, required=True)
    parser.add_argument("--reader", type=Path)
    parser.add_argument("--people", type=int, default=40)
    parser.add_argument("--targets", type=int, default=120)
    asked = parser.parse_args()
    registry = open_registry(asked.weights)
    tools = Tools(
        _step(registry, asked.reader),
        UnitJudge.load(load_checkpoint(asked.judge)),
        IdentityRecogniser.load(registry.checkpoint("identity")),
    )
    calm, lively = read_people(asked.data)
    if asked.what == "transfer":
        transfer(tools, calm[: asked.people], lively[: asked.targets])
    else:
        monotone(tools, calm[: asked.people])


def transfer(tools: Tools, calm: Sequence[Crop], lively: Sequence[Crop]) -> None:
    """Put the units of lively faces on calm ones and compare what the judge reads of both."""
    wanted = tools.units(lively)
    sources = [calm[i % len(calm)] for i in range(len(lively))]
    after = tools.edit(sources, [units_target(row) for row in wanted])
    found, before = tools.units(after), tools.units(sources)
    likeness = tools.likeness(sources, after)
    print("AU     MSE  paper   PCC  paper  untouched MSE")
    rows = []
    for at, unit in enumerate(ACTION_UNITS):
        mse = np.square(found[:, at] - wanted[:, at]).mean()
        still = np.square(before[:, at] - wanted[:, at]).mean()
        pcc = np.corrcoef(found[:, at], wanted[:, at])[0, 1]
        rows.append((mse, pcc, still))
        paper = PAPER["mse"][at], PAPER["pcc"][at]
        print(f"{unit:<4} {mse:6.2f} {paper[0]:6.2f} {pcc:5.2f} {paper[1]:6.2f} {still:10.2f}")
    mse, pcc, still = np.mean(rows, 0)
    print(f"mean {mse:6.3f}   0.24 {pcc:5.3f}   0.66 {still:10.3f}")
    rng = np.random.default_rng(0)
    drawn = [rng.integers(len(wanted), size=len(wanted)) for _ in range(300)]
    errors = [np.square(found[d] - wanted[d]).mean() for d in drawn]
    bounds = np.percentile(errors, [2.5, 97.5])
    print(f"MSE 95% interval {bounds[0]:.3f} to {bounds[1]:.3f}; {len(wanted)} edits")
    print(f"identity: mean cosine {likeness.mean():.3f}, least {likeness.min():.3f}")


def monotone(tools: Tools, calm: Sequence[Crop]) -> None:
    """Raise units and look whether landmarks rise, evenly, and others do not."""
    print("AU    rising  even  others move  cosine at 3")
    for unit in MONOTONE:
        values, read, kept = [], [], np.zeros(0)
        for level in LEVELS:
            target = Target((UnitChange(unit, float(level), relative=True),))
            after = tools.edit(calm, [target] * len(calm)) if level else list(calm)
            if not level:
                found = find_again([c.to_bytes() for c in after], [c.landmarks for c in after])
                after = [Crop(c.pixels, f, c.affine) for c, f in zip(after, found, strict=True)]
            values.append(unit_measures(np.stack([crop.landmarks for crop in after]))[unit])
            read.append(tools.units(after))
            if level == 3:
                kept = tools.likeness(calm, after)
        steps = np.asarray(np.diff(np.stack(values), axis=0), np.float64)
        rising = (steps > 0).all(0).mean()
        mean = np.maximum(steps.mean(1), 1e-6)
        change = np.abs(np.array(read[-1]) - read[0]).mean(0)
        at = ACTION_UNITS.index(unit)
        others = np.delete(change, at).mean() / change[at]
        print(
            f"{unit:<4} {rising:7.2f} {mean.max() / mean.min():6.2f} {others:9.2f} "
            f"{kept.mean():12.3f}   steps {np.round(mean, 3)}"
        )


def units_target(intensities: np.ndarray) -> Target:
    """Return the target that sets all units."""
    values = np.clip(np.round(intensities, 1), 0, 5)
    pairs = zip(ACTION_UNITS, values, strict=True)
    return Target(tuple(UnitChange(unit, float(value)) for unit, value in pairs))


def read_people(data: Path) -> tuple[list[Crop], list[Crop]]:
    """Return crops of calm and of lively validation people, without spectacles."""
    from faceedit.faces.align import extract_crop
    from faceedit.photos import read_photo

    photos = [p for p in list_photos(data / "portraits") if p.split == "val"]
    sources, _ = find_sources(photos, data / "portraits", None, lambda line: None)
    calm, lively = [], []
    for source in sources:
        if source.photo.eyeglasses or source.photo.occluded:
            continue
        crop = extract_crop(read_photo(source.photo.path).pixels, source.landmarks, SIZE)
        (calm if source.photo.expression == "neutral" else lively).append(crop)
    return calm, lively


def _step(registry: Registry, reader: Path | None) -> Step:
    descriptor = find_method("eggan")
    import torch

    target = parse_target("au=12=3")
    method = load_method(registry, PlannedStep(descriptor, target), "fast", torch.device("cpu"))
    checkpoint = load_checkpoint(reader) if reader else registry.checkpoint("expression")
    return Step(method, reader=ExpressionRecogniser.load(checkpoint))


if __name__ == "__main__":
    main()
