"""Measure what secgan's fast profile knows of hair, on labelled portraits, and write it as weights.

    python scripts/fit_attributes.py DATA weights/secgan-fast.safetensors

DATA holds ``portraits`` and ``portraits.csv``. For each colour of hair: the lightness that it has
beside skin of some lightness (least squares over people), the spread of lightness in it, and its
chroma by lightness. Only people whose split is ``train`` count.
"""

import argparse
import csv
from pathlib import Path

import cv2
import numpy as np
import torch

from faceedit.compose.hair.colour import DARK, EVEN_SKIN, KNOTS, QUANTILES, Tones
from faceedit.compose.light.skin import bare_skin
from faceedit.faces.align import extract_crop
from faceedit.methods.fields.method import to_tensor
from faceedit.methods.secgan import HAIR_COLOURS
from faceedit.methods.secgan.method import pack
from faceedit.photos import read_photo
from faceedit.recognisers.appearance import AppearanceRecogniser
from faceedit.regions import Region
from faceedit.registry import open_registry, write_checkpoint
from faceedit.studio.sources import find_sources, list_photos

LABELS = {"grey_hair": "gray"}
"""What the table calls a colour, where that is not the attribute's word."""
FEWEST, SAMPLES = 150, 300
"""Pixels of hair and skin below which a person does not count, and how many of hair are kept."""
CLEARER = {
    "black_hair": -0.1, "blond_hair": 0.22, "brown_hair": 0.35, "red_hair": 0.15, "grey_hair": 0.05,
}  # fmt: skip
"""Log lightness beyond the mean of those labelled so: many a label is of a dark blond."""
RICHER = {"blond_hair": 1.15, "brown_hair": 1.25}
"""Chroma over the mean of those labelled so, for the same reason."""
OF_SKIN = 0.5
"""Of the slope on skin's lightness: half of it tells of dim light, half of who has which hair."""
GAINS = {"black_hair": (-9.0, 0.0), "grey_hair": (0.0, 9.0), "blond_hair": (-0.15, 9.0)}
"""Bounds of the change: hair that is darker than black hair is not made lighter to be black."""


def main() -> None:
    """Measure, write and print."""
    parser = argparse.ArgumentParser(description="Measure tones of hair.")
    parser.add_argument("data", type=Path)
    parser.add_argument("output", type=Path)
    asked = parser.parse_args()
    people = _look(asked.data)
    tensors = {}
    for name in HAIR_COLOURS:
        label = LABELS.get(name, name.removesuffix("_hair"))
        own = [one for one in people if one[0] == label]
        tones = _fit([hair for _, hair, _ in own], np.array([skin for *_, skin in own]), name)
        tensors[name] = pack(tones)
        light = np.exp(tones.level) - DARK
        print(
            f"{name}: {len(own)} people, L* {light.round(1)}, {tones.per_skin:.3f} per L* of skin"
        )
    notes = {"source": f"{len(people)} labelled training portraits"}
    sha256 = write_checkpoint(
        asked.output, tensors, method="secgan", profile="fast", architecture={}, metadata=notes
    )
    print(f"{asked.output}: {asked.output.stat().st_size} bytes, {sha256}")


def _look(data: Path) -> list[tuple[str, np.ndarray, float]]:
    """Return of each person the label, (`SAMPLES`, 3) Lab of hair, and L* of the skin."""
    with (data / "portraits.csv").open() as file:
        rows = {row["file"]: row for row in csv.DictReader(file)}
    network = AppearanceRecogniser.load(open_registry().checkpoint("appearance"))
    photos = [one for one in list_photos(data / "portraits") if one.split == "train"]
    sources, _ = find_sources(photos, data / "portraits", None, print)
    draw = np.random.default_rng(0)
    people = []
    for source in sources:
        row = rows[source.photo.path.name]
        if row["hat"] != "0" or row["bald"] != "0":
            continue
        crop = extract_crop(read_photo(source.photo.path).pixels, source.landmarks, 128)
        with torch.inference_mode():
            picture = to_tensor(crop.pixels[None], torch.device("cpu")) * 2 - 1
            chances = network.parse(picture)[0].numpy()
        lab = cv2.cvtColor(crop.pixels, cv2.COLOR_RGB2LAB)
        sure = cv2.erode((chances[Region.HAIR] > 0.9).astype(np.uint8), np.ones((3, 3), np.uint8))
        skin = bare_skin(crop.landmarks, 128) & (chances[Region.SKIN] > 0.9)
        if min(sure.sum(), skin.sum()) < FEWEST:
            continue
        hair = lab[sure > 0]
        some = hair[draw.integers(0, len(hair), SAMPLES)]
        people.append((row["hair"], some, float(np.median(lab[skin][:, 0]))))
    return people


def _fit(hair: list[np.ndarray], skin: np.ndarray, name: str) -> Tones:
    levels = np.array([np.percentile(np.log(one[:, 0] + DARK), QUANTILES) for one in hair])
    basis = np.column_stack([np.ones(len(skin)), skin - EVEN_SKIN])
    middle, slope = np.linalg.lstsq(basis, levels[:, 1], rcond=None)[0]
    spread = np.median(levels - levels[:, 1:2], axis=0)
    level = (middle + spread + CLEARER.get(name, 0.0)).astype(np.float32)
    pixels = np.vstack(hair)
    chroma = []
    for knot in KNOTS:
        near = np.exp(-0.5 * np.square((pixels[:, 0] - knot) / (3 + 0.12 * knot)))
        chroma.append((near[:, None] * pixels[:, 1:]).sum(0) / near.sum())
    richer = RICHER.get(name, 1.0) * np.array(chroma, np.float32)
    return Tones(level, OF_SKIN * float(slope), richer, GAINS.get(name, (-9.0, 9.0)))


if __name__ == "__main__":
    main()
