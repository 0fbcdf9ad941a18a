"""Measure the pair studio: landmarks against real smiles, what expressions are named, what moves.

    python scripts/measure_studio.py DATA [--weights FILE] [--sheets FOLDER] [--only NAMES]

DATA holds portraits.csv, portraits/ and rig/. Everything is measured on the validation split. The
shipped expression recogniser has learned from studio pictures of other people; weights of
``faceedit train expression --set studio_names=false`` have not.
"""

import argparse
import json
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from faceedit.evaluation.pairs import aligned_error, landmark_error
from faceedit.faces.align import Crop
from faceedit.faces.find.build import build_finder
from faceedit.faces.find.finder import FaceFinder, FindOptions
from faceedit.faces.topology import LIPS, N_SURFACE
from faceedit.lights import LIGHTS
from faceedit.recognisers.expression import ExpressionRecogniser
from faceedit.registry import load_checkpoint, open_registry
from faceedit.studio.expressions import Ask
from faceedit.studio.pairs import make_pair
from faceedit.studio.produce import Commission, pairs_of
from faceedit.studio.quality import refuse
from faceedit.studio.rig import Rig, load_rig
from faceedit.studio.sampling import Menu, Order
from faceedit.studio.sitting import Sitting, take_sitting
from faceedit.studio.sources import SourcePhoto, find_sources, list_photos
from faceedit.targets import ACTION_UNITS
from faceedit.tones import to_bytes
from faceedit.training.sheets import write_sheet

SIZE = 256
NAMED = ("happy", "surprised", "sad", "angry", "disgusted", "afraid")
STRONG = 1.3
PEOPLE = 24
SHEET_LIGHTS = ("bright", "left", "right_shadow", "top", "rim_left", "dim")


def main() -> None:
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(description="Measure the pair studio.")
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path, help="of an expression recogniser")
    parser.add_argument("--sheets", type=Path)
    parser.add_argument("--photos", type=int, default=60, help="that are named")
    parser.add_argument("--only", default="landmarks,names,units,outside,compose,speed")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    rig = load_rig(arguments.data / "rig")
    photos = [p for p in list_photos(arguments.data / "portraits") if p.split == "val"]
    folder = arguments.data / "portraits"
    sources, _ = find_sources(photos, folder, Path("runs/studio-faces.npz"), print)
    only = set(arguments.only.split(","))
    if "landmarks" in only:
        measure_landmarks(rig, sources)
    if "names" in only:
        if arguments.weights:
            checkpoint = load_checkpoint(arguments.weights)
        else:
            checkpoint = open_registry().checkpoint("expression")
        measure_names(rig, sources, ExpressionRecogniser.load(checkpoint), arguments.photos)
    if "units" in only:
        measure_units(rig, sources)
    if "outside" in only:
        measure_outside(rig, sources)
    if "compose" in only:
        measure_compose(rig, sources, arguments.data / "rig")
    if "speed" in only:
        measure_speed(rig, sources, arguments.data / "rig")
    if arguments.sheets:
        draw_sheets(rig, sources, arguments.sheets)


def usable(rig: Rig, sources: list[SourcePhoto], size: int = SIZE) -> list[Sitting]:
    """Return the sittings that the studio does not refuse."""
    kept = []
    for source in sources:
        sitting = take_sitting(rig, source, size)
        if not refuse(sitting.sitter.subject, sitting.sitter.valid, occluded=source.photo.occluded):
            kept.append(sitting)
    return kept


def measure_landmarks(rig: Rig, sources: list[SourcePhoto]) -> None:
    """Print errors against the same people's real photos, both ways."""
    people: dict[str, dict[str, SourcePhoto]] = {}
    for source in sources:
        people.setdefault(source.photo.person, {})[source.photo.expression] = source
    both = [p for p in people.values() if {"neutral", "happy"} <= set(p)]
    finder = build_finder(open_registry(), options=FindOptions(faces="largest"))
    for start, goal, ask in (
        ("neutral", "happy", Ask((("happy", 1.0),))),
        ("happy", "neutral", Ask()),
    ):
        rows = []
        for person in both:
            first = take_sitting(rig, person[start], 512)
            want = take_sitting(rig, person[goal], 512).sitter.subject.crop.landmarks
            pair = make_pair(rig, first, Order(ask), seed=0)
            seen = _detect(finder, pair.target)
            copied = pair.landmarks_input
            if seen is None:
                print("no face in the picture of", person[start].photo.path.name)
                continue
            rows.append(
                [
                    f(points, want)
                    for points in (copied, pair.landmarks_target, seen)
                    for f in (_mean_error, landmark_error, _all_error, _all_lip_error)
                ]
            )
        names = ("copying", "recorded", "detected on the picture")
        for name, values in zip(names, np.mean(rows, 0).reshape(3, 4), strict=True):
            print(
                f"{start} to {goal}, {len(rows)} people, {name}: pose by still points: mean "
                f"{values[0]:.4f} lips {values[1]:.4f}; pose by all points: mean {values[2]:.4f} "
                f"lips {values[3]:.4f}"
            )


def _detect(finder: FaceFinder, picture: np.ndarray) -> np.ndarray | None:
    faces = finder.find(picture)
    return faces[0].landmarks if faces else None


def _mean_error(points: np.ndarray, real: np.ndarray) -> float:
    return landmark_error(points, real, tuple(range(N_SURFACE)))


def _all_error(points: np.ndarray, real: np.ndarray) -> float:
    return aligned_error(points, real, tuple(range(N_SURFACE)))


def _all_lip_error(points: np.ndarray, real: np.ndarray) -> float:
    return aligned_error(points, real, LIPS)


def measure_names(
    rig: Rig, sources: list[SourcePhoto], recogniser: ExpressionRecogniser, photos: int
) -> None:
    """Print what each expression is named, on photos that show none, and on real ones."""
    every = usable(rig, sources)
    calm = [s for s in every if s.shows is None]
    chosen = np.unique(np.linspace(0, len(calm) - 1, photos).astype(int))
    sittings = [calm[i] for i in chosen]
    print(f"named on {len(sittings)} photos of no marked expression")
    real: dict[str, list[Crop]] = {}
    for sitting in every:
        if sitting.shows is not None and sitting.shows.blend[0][1] >= 1.0:
            name = sitting.shows.blend[0][0]
            real.setdefault(name, []).append(sitting.sitter.subject.crop)
    for name, crops in real.items():
        _print_names(recogniser, f"real {name} (clear)", crops)
    _print_names(recogniser, "untouched", [s.sitter.subject.crop for s in sittings])
    for name in ("neutral", *NAMED):
        ask = Ask() if name == "neutral" else Ask(((name, STRONG),))
        crops = []
        for number, sitting in enumerate(sittings):
            pair = make_pair(rig, sitting, Order(ask), seed=number)
            own = sitting.sitter.subject.crop
            crops.append(replace(own, pixels=pair.target.astype(np.float32) / 255))
        _print_names(recogniser, str(ask), crops)


def _print_names(recogniser: ExpressionRecogniser, title: str, crops: list[Crop]) -> None:
    counts = Counter(reading.name for reading in recogniser.read(crops))
    shares = "  ".join(f"{n} {c / len(crops):.2f}" for n, c in counts.most_common(5))
    print(f"{title:24s} {len(crops):4d}: {shares}")


def measure_units(rig: Rig, sources: list[SourcePhoto]) -> None:
    """Print how evenly the intensities 1 to 5 of each action unit are spaced in the picture."""
    sittings = [s for s in usable(rig, sources) if s.shows is None][::12]
    for number, unit in enumerate(ACTION_UNITS):
        steps = []
        for sitting in sittings:
            before = sitting.sitter.subject.crop.pixels * 255
            row = []
            for level in range(1, 6):
                levels = tuple(float(level * (i == number)) for i in range(len(ACTION_UNITS)))
                pair = make_pair(rig, sitting, Order(Ask((), levels)), seed=1)
                after = cv2.GaussianBlur(pair.target.astype(np.float32), (0, 0), 2)
                blurred = cv2.GaussianBlur(before.astype(np.float32), (0, 0), 2)
                row.append(np.abs(after - blurred).mean())
                before = pair.target
            steps.append(row)
        mean = np.mean(steps, axis=0)
        shares = " ".join(f"{v:.2f}" for v in mean / mean.mean())
        print(f"AU{unit}: steps over their mean {shares}")


def measure_outside(rig: Rig, sources: list[SourcePhoto]) -> None:
    """Print how much changes outside the head where the light stays."""
    worst: dict[str, list[float]] = {}
    for sitting in usable(rig, sources)[::3]:
        sitter = sitting.sitter
        outside = cv2.erode((sitter.matte < 0.02).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        if outside.sum() < 200:
            continue
        for name in rig.tables.names:
            ask = Ask() if name == "neutral" else Ask(((name, STRONG),))
            pair = make_pair(rig, sitting, Order(ask), seed=1)
            change = np.abs(pair.target.astype(float) - pair.input)[outside].mean()
            worst.setdefault(name, []).append(change)
    for name, values in worst.items():
        print(
            f"outside the head, {name}: mean {np.mean(values):.3f} of 255, worst photo "
            f"{np.max(values):.3f}, {len(values)} photos"
        )


def measure_compose(rig: Rig, sources: list[SourcePhoto], folder: Path) -> None:
    """Print how well recorded fields give the target back, from both directions."""
    from faceedit.studio.shards import decode_pair, encode_pair

    commission = Commission(folder, Menu(rig.tables.names, turns=True), per_photo=8, seed=3)
    errors: dict[str, list[float]] = {}
    for source in sources[::6]:
        for pair in pairs_of(rig, source, commission):
            stored = decode_pair(encode_pair(pair))
            composed = stored.fields.compose(stored.input.astype(np.float32) / 255) * 255
            difference = np.abs(composed - stored.target)[stored.fields.opacity < 0.5].mean()
            kind = "turn" if pair.labels.turn else f"real {pair.labels.real}"
            errors.setdefault(kind, []).append(float(difference))
    for kind, values in errors.items():
        print(
            f"composed fields, {kind}: mean {np.mean(values):.3f} of 255, worst "
            f"{np.max(values):.3f}, {len(values)} pairs"
        )


def measure_speed(rig: Rig, sources: list[SourcePhoto], folder: Path) -> None:
    """Print seconds for a pair with everything, reading and encoding too, on one thread."""
    from faceedit.studio.shards import encode_pair

    commission = Commission(folder, Menu(rig.tables.names), per_photo=12, seed=5)
    for source in sources[:2]:
        list(pairs_of(rig, source, commission))
    start, pairs = time.perf_counter(), 0
    encoding, size = 0.0, 0
    for source in sources[2:10]:
        for pair in pairs_of(rig, source, commission):
            before = time.perf_counter()
            size += sum(len(d) for d in encode_pair(pair).values())
            encoding += time.perf_counter() - before
            pairs += 1
    whole = time.perf_counter() - start
    print(
        f"{whole / pairs:.3f} s a pair, of it {encoding / pairs:.3f} s encoding; "
        f"{size / pairs / 1e3:.0f} kB a pair"
    )


def draw_sheets(rig: Rig, sources: list[SourcePhoto], folder: Path) -> None:
    """Draw people by expressions, one sheet for four people and a light."""
    folder.mkdir(parents=True, exist_ok=True)
    sittings = usable(rig, sources)
    chosen = [sittings[i] for i in np.linspace(0, len(sittings) - 1, PEOPLE).astype(int)]
    names = rig.tables.names
    for light in (None, *SHEET_LIGHTS[1:]):
        for part in range(0, PEOPLE, 4):
            rows = []
            for number, sitting in enumerate(chosen[part : part + 4]):
                row = [to_bytes(sitting.sitter.subject.crop.pixels)]
                for name in names:
                    ask = Ask() if name == "neutral" else Ask(((name, 1.0),))
                    pair = make_pair(rig, sitting, Order(ask, light), seed=part + number)
                    row.append(pair.target)
                rows.append(row)
            target = folder / f"{light or 'own'}-{part // 4}.png"
            write_sheet(target, rows, ["photo", *names])
    report = {"lights": list(LIGHTS), "people": [s.labels.file for s in chosen]}
    (folder / "people.json").write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
