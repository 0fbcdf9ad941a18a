"""How well action units end where a target wants them, on people that no training saw.

    python scripts/measure_units.py transfer DATA [--weights FILE] [--judge FILE] [--reader FILE]
    python scripts/measure_units.py like DATA --people 20 --targets 60 [--faces FOLDER] [--sheet F]
    python scripts/measure_units.py mixes DATA [--people 40] [--targets 400]
    python scripts/measure_units.py monotone DATA [--weights FILE] [--people 40]

`transfer` puts the units of real faces on calm ones: asked for is what the judge reads of the one,
and the judge reads the other (EGGAN, section 4.2 and Table 1). `like` does so with web photos as
`--like` does, by the reader, and can draw references beside results. `mixes` asks for units drawn
as the studio draws them; what the judge can tell in the studio's own is its bound. `monotone` sets
units from 0 to 5 and measures landmarks as the network places them, and as the finder finds them
again in the picture. All say how well the person is kept. Intervals are of 95%.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from faceedit.editing.steps import Step, apply_edits, make_edits
from faceedit.faces.align import Crop
from faceedit.faces.batching import Batching
from faceedit.faces.unit_measures import unit_measures
from faceedit.methods.base import load_method
from faceedit.methods.catalogue import PlannedStep, find_method
from faceedit.recognisers.identity import IdentityRecogniser
from faceedit.recognisers.units import UnitJudge, UnitReader
from faceedit.registry import Checkpoint, Registry, load_checkpoint, open_registry
from faceedit.studio.sampling import draw_units
from faceedit.studio.sources import find_sources, list_photos
from faceedit.targets import ACTION_UNITS, Target, UnitChange, parse_target
from faceedit.training.recognisers.faces import FaceTable
from faceedit.training.recognisers.scores import over_people, pearson
from faceedit.training.recognisers.sources import find_again

SIZE = 256
LEVELS = (0, 1, 2, 3, 4, 5)
MONOTONE = (1, 2, 4, 5, 12, 15, 20, 25, 26, 45)
FRAMES = (0.92, 0.96, 1.0, 1.04, 1.08)
"""Sizes of the frame in which the finder looks at a face; a single look trembles."""
PAPER = {
    "mse": (.13, .13, .49, .35, .21, .49, .33, .14, .41, .16, .15, .18, .26, .01, .51, .14, .00),
    "pcc": (.92, .95, .69, .85, .75, .72, .73, .70, .78, .65, .64, .33, .50, .22, .67, .76, .34),
}  # fmt: skip
"""EGGAN's rows of its Table 1, by `ACTION_UNITS`."""


@dataclass(frozen=True)
class Tools:
    """Loaded networks."""

    step: Step
    reader: UnitReader
    judge: UnitJudge
    identity: IdentityRecogniser

    def edit(self, crops: Sequence[Crop], targets: Sequence[Target]) -> list[Crop]:
        """Return crops as they are after an edit, with landmarks where the edit put them."""
        made = make_edits([self.step], crops, targets, Batching(8))
        return [apply_edits(crop, edits) for crop, edits in zip(crops, made, strict=True)]

    def units(self, crops: Sequence[Crop]) -> np.ndarray:
        """Return what the judge reads, (N, 17)."""
        return np.stack(self.judge.read(crops))

    def likeness(self, before: Sequence[Crop], after: Sequence[Crop]) -> np.ndarray:
        """Return the cosine of the identity network of each pair, (N,)."""
        a, b = (np.stack([one.vector for one in self.identity.read(x)]) for x in (before, after))
        return (a * b).sum(1)

    def kept(self, before: Sequence[Crop], after: Sequence[Crop]) -> str:
        """Say how well the person is kept."""
        cosine = self.likeness(before, after)
        same = (cosine >= float(self.identity.threshold)).mean()
        return (
            f"the same person {same:.1%}, mean cosine {cosine.mean():.3f}, least {cosine.min():.3f}"
        )


def main() -> None:
    """Load, measure and print."""
    parser = argparse.ArgumentParser(description="Measure edits of action units.")
    parser.add_argument("what", choices=("transfer", "like", "mixes", "monotone"))
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--judge", type=Path)
    parser.add_argument("--reader", type=Path)
    parser.add_argument("--people", type=int, default=40)
    parser.add_argument("--targets", type=int, default=120)
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--faces", type=Path, default=Path("runs/faces"))
    asked = parser.parse_args()
    registry = open_registry(asked.weights)
    step = _step(registry, asked.reader)
    assert isinstance(step.reader, UnitReader)
    tools = Tools(
        step,
        step.reader,
        UnitJudge.load(_checkpoint(registry, UnitJudge.name, asked.judge)),
        IdentityRecogniser.load(registry.checkpoint("identity")),
    )
    calm, lively = read_people(asked.data)
    calm = calm[: asked.people]
    if asked.what == "transfer":
        lively = lively[: asked.targets]
        wanted = tools.units(lively)
        transfer(tools, [calm[i % len(calm)] for i in range(len(lively))], wanted, wanted)
    elif asked.what == "like":
        like(tools, calm, read_web(asked.faces, asked.targets), asked.sheet)
    elif asked.what == "mixes":
        rng = np.random.default_rng(0)
        mixes = np.array([draw_units(rng).action_units for _ in range(asked.targets)])
        transfer(tools, [calm[i % len(calm)] for i in range(len(mixes))], mixes, mixes)
    else:
        monotone(tools, calm)


def transfer(
    tools: Tools, sources: Sequence[Crop], asked: np.ndarray, wanted: np.ndarray
) -> list[Crop]:
    """Ask each source for units and compare what the judge reads of the result.

    Args:
        tools: loaded.
        sources: N calm faces.
        asked: (N, 17) intensities to set.
        wanted: (N, 17) that the judge is to read.

    Returns:
        The results.
    """
    after = tools.edit(sources, [units_target(row) for row in asked])
    found, before = tools.units(after), tools.units(sources)
    people = np.array([id(one) for one in sources])

    def measures(weights: np.ndarray) -> np.ndarray:
        w = weights[:, None] / weights.sum()
        mse, still = ((w * np.square(x - wanted)).sum(0) for x in (found, before))
        each = np.stack([mse, pearson(wanted, found, weights), still], 1)
        return np.concatenate([each, np.nanmean(each, 0, keepdims=True)]).ravel()

    rows = over_people(people, measures).reshape(-1, 3, 3)
    print("AU     MSE  paper   PCC  paper  untouched MSE")
    for at, unit in enumerate(ACTION_UNITS):
        (mse, pcc, still), paper = rows[at, :, 0], (PAPER["mse"][at], PAPER["pcc"][at])
        print(f"{unit:<4} {mse:6.2f} {paper[0]:6.2f} {pcc:5.2f} {paper[1]:6.2f} {still:10.2f}")
    for name, (value, low, high) in zip(("MSE", "PCC", "MSE untouched"), rows[-1], strict=True):
        print(f"mean {name} {value:.3f} ({low:.3f} to {high:.3f})")
    print(
        f"{len(sources)} edits of {len(set(people.tolist()))} people; {tools.kept(sources, after)}"
    )
    return after


def like(
    tools: Tools, calm: Sequence[Crop], references: Sequence[Crop], sheet: Path | None
) -> None:
    """Put each reference's units on every calm face, as ``--like`` does."""
    read, wanted = np.stack(tools.reader.read(references)), tools.units(references)
    pairs = [(face, at) for at in range(len(references)) for face in range(len(calm))]
    numbers = [at for _, at in pairs]
    after = transfer(tools, [calm[face] for face, _ in pairs], read[numbers], wanted[numbers])
    if sheet is None:
        return
    # One result beside each reference, each on another face.
    rows = []
    for at, reference in enumerate(references):
        made = after[at * len(calm) + at % len(calm)]
        seen = cv2.resize(reference.to_bytes(), (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)
        rows.append(np.hstack([seen, made.to_bytes()]))
    rows += [np.zeros_like(rows[0])] * (-len(rows) % 4)
    grid = [np.hstack(rows[i : i + 4]) for i in range(0, len(rows), 4)]
    Image.fromarray(np.vstack(grid)).save(sheet)


def monotone(tools: Tools, calm: Sequence[Crop]) -> None:
    """Set units from 0 to 5 and look whether landmarks rise, evenly, and others do not."""
    same: list[bool] = []
    print("      placed        found")
    print("AU    rising  even  rising  even  others move  cosine at 3   steps placed")
    for unit in MONOTONE:
        placed, found, read, kept = [], [], [], np.zeros(0)
        for level in LEVELS:
            after = tools.edit(calm, [Target((UnitChange(unit, float(level)),))] * len(calm))
            placed.append(unit_measures(np.stack([crop.landmarks for crop in after]))[unit])
            found.append(unit_measures(seen_again(after))[unit])
            read.append(tools.units(after))
            if level == 3:
                kept = tools.likeness(calm, after)
                same += (kept >= float(tools.identity.threshold)).tolist()
        change = np.abs(np.array(read[-1]) - read[0]).mean(0)
        at = ACTION_UNITS.index(unit)
        others = np.delete(change, at).mean() / change[at]
        columns = [f"{rising:7.2f} {even:6.2f}" for rising, even in map(rises, (placed, found))]
        steps = np.diff(np.mean(placed, 1)).round(3)
        print(f"{unit:<4}", *columns, f"{others:9.2f} {kept.mean():12.3f}  ", steps, flush=True)
    print(f"the same person at 3: {np.mean(same):.1%} of {len(same)}")


def rises(values: Sequence[np.ndarray]) -> tuple[float, float]:
    """Return the share of faces whose measure rises at each level, and largest over smallest step.

    Args:
        values: (N,) of each level.
    """
    steps = np.diff(np.stack(values).astype(np.float64), axis=0)
    mean = np.maximum(steps.mean(1), 1e-6)
    return float((steps > 0).all(0).mean()), float(mean.max() / mean.min())


def seen_again(crops: Sequence[Crop]) -> np.ndarray:
    """Return (N, 478, 3) landmarks found in pictures: means over several frames of each face."""
    pictures, looks = [one.to_bytes() for one in crops], []
    for scale in FRAMES:
        framed = [c.landmarks.mean(0) * (1 - scale) + c.landmarks * scale for c in crops]
        looks.append(np.stack(find_again(pictures, framed)))
    return np.mean(looks, 0)


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


def read_web(faces: Path, count: int) -> list[Crop]:
    """Return crops of web photos of validation people, as many of each expression as there are."""
    table = FaceTable.load(faces / "web")
    table = table.take(table.validation)
    order = np.random.default_rng(0).permutation(len(table))
    turns = np.zeros(len(table))
    for number in set(table.expression.tolist()):
        own = order[table.expression[order] == number]
        turns[own] = np.arange(len(own))
    rows = order[np.argsort(turns[order], kind="stable")][:count]
    still = np.eye(2, 3)
    return [
        Crop(
            table.pictures[i].astype(np.float32) / 255,
            np.pad(table.landmarks[i], ((0, 0), (0, 1))),
            still,
        )
        for i in rows
    ]


def _step(registry: Registry, reader: Path | None) -> Step:
    descriptor = find_method("eggan")
    import torch

    target = parse_target("au=12=3")
    method = load_method(registry, PlannedStep(descriptor, target), "fast", torch.device("cpu"))
    return Step(method, reader=UnitReader.load(_checkpoint(registry, UnitReader.name, reader)))


def _checkpoint(registry: Registry, name: str, file: Path | None) -> Checkpoint:
    return load_checkpoint(file) if file else registry.checkpoint(name)


if __name__ == "__main__":
    main()
