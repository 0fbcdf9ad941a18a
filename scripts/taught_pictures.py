"""Pictures that `teach.py` learns from: a few real photos, and what ``faceedit augment`` makes."""

import csv
import hashlib
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from measure_turn import Turner

from faceedit.faces.align import extract_crop, invert, transform_landmarks
from faceedit.lights import LIGHTS
from faceedit.photos import read_photo
from faceedit.studio.light import estimate_light, relight
from faceedit.studio.photo import sit
from faceedit.studio.rig import load_rig
from faceedit.tones import LUMA, to_bytes
from faceedit.training.recognisers.faces import SIZE
from faceedit.training.recognisers.sources import crop_web, find_again, read_zip

CLASSES = ("neutral", "happy", "sad", "surprised", "disgusted", "angry")
"""Of which there are photos of enough people."""
LEARN, JUDGE = 100, 300
"""Photos of a class at most."""
HARD = ("left_shadow", "right_shadow")
BALANCE = ("--balance", "expression", "--classes", ",".join(CLASSES), "--strength", "0.7:1.2")
SMALL = 56.0
"""Pixels between the eyes of portraits of which many pictures are made."""
FARTHEST, TURNS = 15.0, 3
"""Degrees, and turned heads of a photo."""


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
