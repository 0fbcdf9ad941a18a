"""What made pictures teach: recognition of expressions from a few photos, with and without them.

    python scripts/teach.py prepare DATA RUN [--rig RIG]
    python scripts/teach.py turn DATA RUN
    python scripts/teach.py many DATA RUN [--per-class 5000]
    python scripts/teach.py learn RUN [--steps 700] [--runs 3] [--amounts 5 20 100]
    python scripts/teach.py light RUN [--steps 700] [--runs 3]
    python scripts/teach.py count RUN [--steps 700] [--runs 3]
    python scripts/teach.py table RUN

`prepare`: half of the people of ``expressions.csv`` learn, the other half judge. Of those who
learn, at most 100 photos of each of six expressions are taken. ``faceedit augment`` gives each
photo the other expressions (copies), puts it into random lights (lit), and gives the portraits of
the training split expressions (portraits). The judges' photos are lit hard from one side by the
studio, whose surfaces come from a fitted head and no network.

`turn`: the heads of those who learn are turned by random angles, too (turned). `many`: portraits,
made small first, get expressions until each is shown so often (many).

`learn`: the project's expression network, from scratch, from 5, 20 and 100 photos a class, alone
and beside copies of these photos, portraits, both, or turned heads. `light`: from 100 a class, with
and without lit copies, judged by the photos as they are and under hard side light. `count`: from 20
a class, alone and beside ever more of the many. What is done is kept in RUN and not done again.
`table` prints what there is: accuracies are means of the six classes, in intervals of 95% over the
people who judge and over the runs.
"""

import argparse
import csv
import hashlib
import json
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from measure_turn import Turner
from torch import Tensor
from torch.nn import functional as F

from faceedit.faces.align import extract_crop, invert, transform_landmarks
from faceedit.lights import LIGHTS
from faceedit.numerics import pick_numerics
from faceedit.photos import read_photo
from faceedit.recognisers.base import FACE_WINDOW
from faceedit.recognisers.expression import ExpressionRecogniser
from faceedit.studio.light import estimate_light, relight
from faceedit.studio.photo import sit
from faceedit.studio.rig import load_rig
from faceedit.targets import EXPRESSIONS
from faceedit.tones import LUMA, to_bytes
from faceedit.training.recognisers.augment import NOTHING, frame, place, recolour
from faceedit.training.recognisers.expression import CHANGE
from faceedit.training.recognisers.faces import SIZE
from faceedit.training.recognisers.scores import over_people, recalls
from faceedit.training.recognisers.sources import crop_web, find_again, read_zip

CLASSES = ("neutral", "happy", "sad", "surprised", "disgusted", "angry")
"""Of which there are photos of enough people."""
LEARN, JUDGE = 100, 300
"""Photos of a class at most."""
AMOUNTS = (5, 20, 100)
HARD = ("left_shadow", "right_shadow")
BALANCE = ("--balance", "expression", "--classes", ",".join(CLASSES), "--strength", "0.7:1.2")
ALONE = "photos alone"
KINDS = {
    ALONE: (),
    "and copies": ("copies",),
    "and portraits": ("portraits",),
    "and both": ("copies", "portraits"),
    "and turns": ("turned",),
}
COUNTED, COUNTS = 20, (500, 1000, 2000, 5000)
"""Photos of a class, beside which so many made pictures of a class are laid."""
SMALL = 56.0
"""Pixels between the eyes of portraits of which many pictures are made."""
FARTHEST, TURNS = 15.0, 3
"""Degrees, and turned heads of a photo."""
SIDE, BATCH = 64, 64


def main() -> None:
    """Prepare, train or print."""
    parser = argparse.ArgumentParser(description="Measure what made pictures teach.")
    tasks = parser.add_subparsers(dest="task", required=True)
    one = tasks.add_parser("prepare")
    one.add_argument("data", type=Path)
    one.add_argument("run", type=Path)
    one.add_argument("--rig", type=Path)
    one = tasks.add_parser("turn")
    one.add_argument("data", type=Path)
    one.add_argument("run", type=Path)
    one = tasks.add_parser("many")
    one.add_argument("data", type=Path)
    one.add_argument("run", type=Path)
    one.add_argument("--per-class", type=int, default=COUNTS[-1])
    for name in ("learn", "light", "count", "table"):
        one = tasks.add_parser(name)
        one.add_argument("run", type=Path)
        one.add_argument("--steps", type=int, default=700)
        one.add_argument("--runs", type=int, default=3)
        one.add_argument("--amounts", type=int, nargs="+", default=AMOUNTS)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if asked.task == "prepare":
        prepare(asked.data, asked.run, asked.rig or asked.data / "rig")
    elif asked.task == "table":
        print_table(asked.run)
    elif asked.task == "turn":
        turn(asked.data, asked.run)
    elif asked.task == "many":
        make_many(asked.data, asked.run, asked.per_class)
    elif asked.task == "count":
        count(asked.run, asked.steps, asked.runs)
    else:
        teach(asked.run, asked.task, asked.steps, asked.runs, asked.amounts)


def prepare(data: Path, run: Path, rig: Path) -> None:
    """Choose photos, make pictures of them, and cut all faces out."""
    run.mkdir(parents=True, exist_ok=True)
    learn, judge = choose(data / "expressions.csv")
    archive = data / "expressions.zip"
    write_photos(archive, learn, run / "learn.csv")
    faces = {row["file"]: crop for row, crop in _crops(archive, learn)}
    save(run / "learn.npz", learn, [faces[row["file"]].to_bytes() for row in learn])
    judged = [crop for _, crop in _crops(archive, judge)]
    save(run / "judge.npz", judge, [crop.to_bytes() for crop in judged])
    hard = [light_hard(crop, HARD[i % 2], *rig_of(rig)) for i, crop in enumerate(judged)]
    save(run / "hard.npz", judge, hard)

    _augment(run / "learn.csv", run / "copies", *BALANCE, "--per-class", "1000", "--per-photo", "6")
    _augment(run / "learn.csv", run / "lit", "--light", "random", "--per-photo", "5")
    portraits = (*BALANCE, "--splits", "train", "--per-class", "600")
    _augment(data / "portraits.csv", run / "portraits", *portraits)
    for name in ("copies", "lit"):
        affines = {row["file"]: faces[row["file"]].affine for row in learn}
        gather(run / name, affines, "learn")
    stored = np.load(data / "landmarks.npz")
    points = dict(zip(stored["files"].tolist(), stored["points"], strict=True))
    blank = np.zeros((8, 8, 3), np.uint8)
    affines = {name: extract_crop(blank, p, SIZE).affine for name, p in points.items()}
    gather(run / "portraits", affines, "portraits")


def turn(data: Path, run: Path) -> None:
    """Turn the heads of those who learn, and cut their faces out."""
    turner, rng = Turner(), np.random.default_rng(0)
    archive, (learn, _) = data / "expressions.zip", choose(data / "expressions.csv")
    photos = read_zip(archive, [row["file"] for row in learn])
    rows, pictures, moved = [], [], []
    for (row, crop), pixels in zip(_crops(archive, learn), photos, strict=True):
        landmarks = transform_landmarks(crop.landmarks, invert(crop.affine))
        for degrees in rng.uniform(-FARTHEST, FARTHEST, TURNS):
            (_, made), after = turner.turn_known(pixels, landmarks, f"yaw={degrees:.4f}")
            rows.append(row)
            pictures.append(made)
            moved.append(after)
    found = zip(pictures, find_again(pictures, moved), strict=True)
    faces = [extract_crop(made, points, SIZE).to_bytes() for made, points in found]
    save(run / "turned.npz", rows, faces)


def make_many(data: Path, run: Path, per_class: int) -> None:
    """Give small copies of portraits expressions, and cut the faces out."""
    stored = np.load(data / "landmarks.npz")
    points = dict(zip(stored["files"].tolist(), stored["points"], strict=True))
    small, affines = run / "small", {}
    small.mkdir(parents=True, exist_ok=True)
    with (data / "portraits.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "train"]
    for row in rows:
        pixels = read_photo(data / "portraits" / row["file"]).pixels
        scale = min(1.0, SMALL / float(row["eye_distance"]))
        size = [round(scale * side) for side in pixels.shape[1::-1]]
        name = Path(row["file"]).with_suffix(".png").name
        shrunk = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(small / name), cv2.cvtColor(shrunk, cv2.COLOR_RGB2BGR))
        affines[name] = extract_crop(shrunk, points[row["file"]] * scale, SIZE).affine
        row["file"], row["identity"] = name, row["person"]
    write_table(rows, small.with_suffix(".csv"))
    _augment(small.with_suffix(".csv"), run / "many", *BALANCE, "--per-class", str(per_class))
    gather(run / "many", affines, "portraits")


def choose(table: Path) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Return rows of photos to learn from and to judge by, of different people."""
    with table.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["identity"]]
    rows = [row for row in rows if row["expression"] in CLASSES]
    rows.sort(key=lambda row: _number(row["file"]))
    sides: tuple[list, list] = [], []
    for side, most in enumerate((LEARN, JUDGE)):
        own = [row for row in rows if _number(row["identity"]) % 2 == side]
        for name in CLASSES:
            sides[side].extend([row for row in own if row["expression"] == name][:most])
    return sides


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def _crops(archive: Path, rows: Sequence[dict[str, str]]):
    return zip(rows, crop_web(archive, [row["file"] for row in rows]), strict=True)


def write_photos(archive: Path, rows: Sequence[dict[str, str]], table: Path) -> None:
    """Unpack photos beside a table that ``faceedit augment`` reads."""
    table.with_suffix("").mkdir(exist_ok=True)
    with zipfile.ZipFile(archive) as files:
        inside = {Path(name).name: name for name in files.namelist()}
        for row in rows:
            (table.with_suffix("") / row["file"]).write_bytes(files.read(inside[row["file"]]))
    write_table(rows, table)


def write_table(rows: Sequence[dict[str, str]], table: Path) -> None:
    """Write a table that ``faceedit augment`` reads."""
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "label", "person"])
        writer.writerows([row["file"], row["expression"], row["identity"]] for row in rows)


def _augment(collection: Path, out: Path, *options: str) -> None:
    command = [sys.executable, "-m", "faceedit", "augment", collection, "-o", out, *options]
    command += ["--originals", "none", "--min-face", "16", "--workers", "1", "--quiet"]
    # Photos without a face are named, and no reason to stop.
    if subprocess.run(list(map(str, command)), check=False).returncode not in (0, 1):
        raise SystemExit("faceedit augment failed")


_RIG: dict[Path, tuple] = {}


def rig_of(folder: Path) -> tuple:
    """Return a rig's model and seal, loaded once."""
    if folder not in _RIG:
        rig = load_rig(folder)
        _RIG[folder] = rig.model, rig.seal
    return _RIG[folder]


def light_hard(crop, name: str, model, seal) -> np.ndarray:
    """Put a crop into a hard light, (SIZE, SIZE, 3) uint8."""
    sitter = sit(model, seal, crop.pixels, crop.landmarks, SIZE)
    subject, matte, pixels = sitter.subject, sitter.matte, sitter.subject.crop.pixels
    estimate = estimate_light(subject, matte)
    ratio = relight(subject, subject.pose, pixels, matte, estimate, LIGHTS[name])
    return to_bytes(np.clip(pixels * np.exp(ratio), 0, 1))


def gather(folder: Path, affines: dict[str, np.ndarray], source: str) -> None:
    """Cut out the faces of made pictures, where the photos that they were made of have them."""
    with (folder / "labels.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["outcome"] == "edited"]
    pictures = []
    for row in rows:
        image = read_photo(folder / row["file"]).pixels
        affine = affines[Path(row["made_from"]).name]
        pictures.append(
            cv2.warpAffine(image, affine, (SIZE, SIZE), borderMode=cv2.BORDER_REPLICATE)
        )
    for row in rows:
        row["identity"] = row["person"]
    save(folder.with_suffix(".npz"), rows, pictures)
    print(f"{len(rows)} pictures of {source}: {folder.name}")


def save(file: Path, rows: Sequence[dict[str, str]], pictures: Sequence[np.ndarray]) -> None:
    """Keep faces in grey with their labels."""
    np.savez_compressed(
        file,
        pictures=np.array([np.rint(one @ LUMA).astype(np.uint8) for one in pictures]),
        label=np.array([CLASSES.index(row["expression"]) for row in rows]),
        person=np.array([row["identity"] for row in rows]),
        photo=np.array([Path(row.get("made_from") or row["file"]).name for row in rows]),
    )


def teach(run: Path, what: str, steps: int, runs: int, amounts: Sequence[int]) -> None:
    """Train every network that is still missing and write down what it says of the judges."""
    tables = {file.stem: dict(np.load(file)) for file in run.glob("*.npz")}
    out = run / what
    out.mkdir(exist_ok=True)
    kinds = KINDS if what == "learn" else {ALONE: (), "and lit": ("lit",)}
    for seed in range(runs):
        for amount in amounts if what == "learn" else AMOUNTS[-1:]:
            chosen = few(tables["learn"], amount, seed)
            files = tables["learn"]["photo"][chosen]
            photos = _taken(tables["learn"], chosen)
            for kind, names in kinds.items():
                place_of = out / f"{amount}-{kind.replace(' ', '_')}-{seed}.json"
                if place_of.exists() or not tables.keys() >= set(names):
                    continue
                made = []
                for name in names:
                    table = tables[name]
                    own = np.isin(table["photo"], files) | (name == "portraits")
                    made.append(_taken(table, own))
                network = train([photos, *made], steps, seed)
                _write(network, {name: tables[name] for name in ("judge", "hard")}, place_of)


def count(run: Path, steps: int, runs: int) -> None:
    """Train beside ever more made pictures, and write down what the networks say of the judges."""
    tables = {name: dict(np.load(run / f"{name}.npz")) for name in ("learn", "many", "judge")}
    out = run / "count"
    out.mkdir(exist_ok=True)
    for seed in range(runs):
        photos = _taken(tables["learn"], few(tables["learn"], COUNTED, seed))
        for number in (0, *COUNTS):
            made = [_taken(tables["many"], few(tables["many"], number, seed))] if number else []
            kind = f"and {number} made" if number else ALONE
            place_of = out / f"{COUNTED}-{kind.replace(' ', '_')}-{seed}.json"
            if not place_of.exists():
                network = train([photos, *made], steps, seed)
                _write(network, {"judge": tables["judge"]}, place_of)


def _taken(table: dict[str, np.ndarray], index: np.ndarray) -> dict[str, np.ndarray]:
    return {name: column[index] for name, column in table.items()}


def _write(
    network: ExpressionRecogniser, tables: dict[str, dict[str, np.ndarray]], place_of: Path
) -> None:
    said = {name: look(network, table["pictures"]).tolist() for name, table in tables.items()}
    place_of.write_text(json.dumps(said))
    right = accuracy(tables["judge"]["label"], said["judge"])
    print(f"{place_of.stem}: {right:.3f}", flush=True)


def few(table: dict[str, np.ndarray], amount: int, seed: int) -> np.ndarray:
    """Return the places of so many photos of each class."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(table["label"]))
    return np.concatenate([order[table["label"][order] == c][:amount] for c in range(len(CLASSES))])


def train(tables: Sequence[dict[str, np.ndarray]], steps: int, seed: int) -> ExpressionRecogniser:
    """Train from scratch: half of each batch photos, half made pictures, classes equally often."""
    torch.manual_seed(seed)
    network = ExpressionRecogniser(size=SIDE).train()
    numerics = pick_numerics("auto", torch.device("cpu"))
    optimiser = torch.optim.AdamW(network.parameters(), 2e-3, weight_decay=0.05)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=steps)
    shares = [1.0] if len(tables) == 1 else [0.5, *[0.5 / (len(tables) - 1)] * (len(tables) - 1)]
    for _ in range(steps):
        pictures, labels = [], []
        for table, share in zip(tables, shares, strict=True):
            index = draw(table["label"], round(BATCH * share))
            pictures.append(torch.from_numpy(table["pictures"][index]))
            labels.append(torch.from_numpy(table["label"][index]))
        shown, wanted = torch.cat(pictures)[:, None].float() / 255, torch.cat(labels)
        transforms = place(len(shown), CHANGE, FACE_WINDOW, torch.rand(len(shown)) < 0.5)
        shown = recolour(frame(shown, transforms, SIDE), CHANGE) * 2 - 1
        with numerics.autocast(torch.device("cpu")):
            features = network.features(shown.contiguous(memory_format=torch.channels_last))
        logits = network.judge(features.float()).logits[:, columns()]
        loss = F.cross_entropy(logits, wanted, label_smoothing=0.1)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        rate.step()
    return network.eval()


def draw(labels: np.ndarray, count: int) -> np.ndarray:
    """Draw places, every class that is there equally often."""
    there = np.bincount(labels, minlength=len(CLASSES))
    chances = torch.from_numpy(1.0 / there[labels])
    return torch.multinomial(chances, count, replacement=True).numpy()


def columns() -> list[int]:
    """Where the six classes stand among the eight expressions."""
    return [EXPRESSIONS.index(name) for name in CLASSES]


@torch.inference_mode()
def look(network: ExpressionRecogniser, pictures: np.ndarray) -> np.ndarray:
    """Return the (N,) classes that a network names."""
    named = []
    for start in range(0, len(pictures), 256):
        shown: Tensor = torch.from_numpy(pictures[start : start + 256])[:, None].float() / 255
        still = place(len(shown), NOTHING, FACE_WINDOW, torch.zeros(len(shown), dtype=torch.bool))
        shown = frame(shown, still, SIDE) * 2 - 1
        named.append(network.judge(network.features(shown)).logits[:, columns()].argmax(1).numpy())
    return np.concatenate(named)


def accuracy(labels: np.ndarray, said: Sequence[int] | np.ndarray) -> float:
    """Return the mean of the classes' recalls."""
    return float(recalls(labels, np.array(said), len(CLASSES), np.ones(len(labels))).mean())


def print_table(run: Path) -> None:
    """Print accuracies, and gains over photos alone."""
    judges = dict(np.load(run / "judge.npz"))
    labels, people = judges["label"], judges["person"]
    told = {"learn": ("judge",), "light": ("judge", "hard"), "count": ("judge",)}
    for what, views in told.items():
        said: dict[tuple[int, str], list[dict]] = {}
        for file in sorted((run / what).glob("*.json")):
            amount, kind, _ = file.stem.split("-")
            key = int(amount), kind.replace("_", " ")
            said.setdefault(key, []).append(json.loads(file.read_text()))
        for view in views:
            print(f"\n{what}, {'hard side light' if view == 'hard' else 'photos as they are'}")
            for (amount, kind), runs in sorted(said.items()):
                base = said[amount, ALONE]
                columns = [[np.array(one[view]) for one in these] for these in (runs, base)]
                row = interval(labels, people, columns)
                each = [accuracy(labels, one[view]) for one in runs]
                print(
                    f"{amount} a class, {kind}: {row[0, 0]:.3f} ({row[0, 1]:.3f} to "
                    f"{row[0, 2]:.3f}; runs {', '.join(f'{x:.3f}' for x in each)}), gain "
                    f"{100 * row[1, 0]:+.1f} ({100 * row[1, 1]:+.1f} to {100 * row[1, 2]:+.1f})"
                )


def interval(
    labels: np.ndarray, people: np.ndarray, columns: Sequence[Sequence[np.ndarray]]
) -> np.ndarray:
    """Return accuracy and gain with intervals over people and, in each draw, over runs."""
    rng = np.random.default_rng(0)

    def means(weights: np.ndarray) -> np.ndarray:
        whole = (weights == 1).all()
        found = []
        for runs in columns:
            taken = range(len(runs)) if whole else rng.integers(len(runs), size=len(runs))
            each = [recalls(labels, runs[i], len(CLASSES), weights) for i in taken]
            found.append(float(np.nanmean(each)))
        return np.array([found[0], found[0] - found[1]])

    return over_people(people, means)


if __name__ == "__main__":
    main()
