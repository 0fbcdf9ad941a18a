"""Measure what secgan's fast profile knows of people on labelled portraits, written as weights.

    python scripts/fit_attributes.py DATA weights/secgan-fast.safetensors

DATA holds ``portraits`` and ``portraits.csv``. For each colour of hair: the lightness that it has
beside skin of some lightness (least squares over people), the spread of lightness in it, and its
chroma by lightness. For pale skin and other: its lightness beside that of the whites of eyes, and
its chroma. For age and sex: how the faces of old and young people, and of men and women, differ in
shade on the atlas of the mean face and in shape, beside what expression, beards and pose change
there. Only people whose split is ``train`` count. The networks that lie in the
file, see ``teach_uncover.py`` and ``teach_hair.py``, stay there.
"""

import argparse
import csv
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch

from faceedit.compose.hair.colour import DARK, EVEN_SKIN, KNOTS, QUANTILES, Tones
from faceedit.compose.light.skin import bare_skin
from faceedit.faces.align import extract_crop
from faceedit.faces.pose import to_mean_face
from faceedit.faces.topology import N_SURFACE, mirror
from faceedit.methods.fields.method import to_tensor
from faceedit.methods.fields.shade_layer import atlas_raster
from faceedit.methods.secgan import HAIR_COLOURS
from faceedit.methods.secgan.face import Difference
from faceedit.methods.secgan.look import eyes_light
from faceedit.methods.secgan.measured import HAIR, UNCOVER, Measured, pack
from faceedit.methods.secgan.skin import EYES_LIGHT, Complexion
from faceedit.photos import read_photo
from faceedit.recognisers.appearance import AppearanceRecogniser
from faceedit.regions import Region
from faceedit.registry import load_checkpoint, open_registry, write_checkpoint
from faceedit.studio.sources import SourcePhoto, find_sources, list_photos

NETWORKS = (f"{UNCOVER}.", f"{HAIR}.")
"""Beginnings of the names of their tensors."""
LABELS = {"grey_hair": "gray"}
"""What the table calls a colour, where that is not the attribute's word."""
ATLAS_CROP, EVEN = 192, 12
"""Side of the crops that the atlas is drawn from, and blur in its pixels of what is the light's."""
DARKEST = 0.03
"""Added to display values before the logarithm."""
FEWEST, SAMPLES = 150, 300
"""Pixels of hair and skin below which a person does not count, and how many of hair are kept."""
CLEARER = {
    "black_hair": -0.1, "blond_hair": 0.3, "brown_hair": 0.35, "red_hair": 0.3, "grey_hair": 0.05,
}  # fmt: skip
"""Log lightness beyond the mean of those labelled so: many a label is of a dark blond."""
RICHER = {"blond_hair": 1.05, "brown_hair": 1.1, "red_hair": 0.82, "grey_hair": 0.6}
"""Chroma over the mean of those labelled so: many a label is of a dark blond, or of dyed red, or of
grey in coloured light."""
HUES = {
    "blond_hair": (58.0, 80.0), "brown_hair": (40.0, 72.0), "red_hair": (42.0, 66.0),
    "grey_hair": (30.0, 110.0),
}  # fmt: skip
"""Degrees in the plane of a* and b* of hair whose chroma counts; beyond, light or dye gave it."""
OF_SKIN = 0.5
"""Of the slope on skin's lightness: half of it tells of dim light, half of who has which hair."""
SKIN_GAINS = {True: (0.2, 0.65), False: (-0.45, -0.25)}
"""Bounds of the change of log L* of skin that becomes pale, and that becomes darker."""
GAINS = {"black_hair": (-9.0, 0.0), "grey_hair": (0.0, 9.0), "blond_hair": (-0.15, 9.0)}
"""Bounds of the change: hair that is darker than black hair is not made lighter to be black."""


@dataclass(frozen=True)
class Person:
    """What is measured of one portrait.

    Attributes:
        label: its row of the table.
        hair: (`SAMPLES`, 3) CIE Lab of hair; None where there is too little of it.
        skin: (3,) median CIE Lab of the skin.
        eyes: L* of the whites of the eyes.
        atlas: (A, A, 3) float16 log of the face's colours on the atlas of the mean face.
        shape: (478, 3) mesh points on the mean face.
    """

    label: dict[str, str]
    hair: np.ndarray | None
    skin: np.ndarray
    eyes: float
    atlas: np.ndarray
    shape: np.ndarray


def main() -> None:
    """Measure, write and print."""
    parser = argparse.ArgumentParser(description="Measure what attributes look like.")
    parser.add_argument("data", type=Path)
    parser.add_argument("output", type=Path)
    asked = parser.parse_args()
    people = _look(asked.data)
    measured = Measured(
        {name: _fit_hair(people, name) for name in HAIR_COLOURS},
        {on: _fit_skin(people, on) for on in (True, False)},
        _fit_faces(people),
    )
    for name, tones in measured.hair.items():
        light = np.exp(tones.level) - DARK
        print(f"{name}: L* {light.round(1)}, {tones.per_skin:.3f} per L* of skin")
    for on, one in measured.skin.items():
        print(f"pale_skin={on}: L* {np.exp(one.level):.1f}, {one.per_light:.4f}, {one.chroma}")
    notes = {"source": f"{len(people)} labelled training portraits"}
    held = load_checkpoint(asked.output)
    networks = {name: one for name, one in held.tensors.items() if name.startswith(NETWORKS)}
    sha256 = write_checkpoint(
        asked.output,
        {**pack(measured), **networks},
        method="secgan",
        profile="fast",
        architecture=held.architecture,
        metadata=notes,
    )
    print(f"{asked.output}: {asked.output.stat().st_size} bytes, {sha256}")


def _look(data: Path) -> list[Person]:
    """Return what is measured of each labelled training portrait."""
    with (data / "portraits.csv").open() as file:
        rows = {row["file"]: row for row in csv.DictReader(file)}
    network = AppearanceRecogniser.load(open_registry().checkpoint("appearance"))
    photos = [one for one in list_photos(data / "portraits") if one.split == "train"]
    sources, _ = find_sources(photos, data / "portraits", None, print)
    draw = np.random.default_rng(0)
    people = []
    for source in sources:
        row = rows[source.photo.path.name]
        if not row["age"]:
            continue
        crop = extract_crop(read_photo(source.photo.path).pixels, source.landmarks, 128)
        with torch.inference_mode():
            picture = to_tensor(crop.pixels[None], torch.device("cpu")) * 2 - 1
            chances = network.parse(picture)[0].numpy()
        lab = cv2.cvtColor(crop.pixels, cv2.COLOR_RGB2LAB)
        sure = cv2.erode((chances[Region.HAIR] > 0.9).astype(np.uint8), np.ones((3, 3), np.uint8))
        skin = bare_skin(crop.landmarks, 128) & (chances[Region.SKIN] > 0.9)
        if skin.sum() < FEWEST:
            continue
        hair = None
        if row["hat"] == row["bald"] == "0" and sure.sum() >= FEWEST:
            own = lab[sure > 0]
            hair = own[draw.integers(0, len(own), SAMPLES)]
        eyes = eyes_light(lab, crop.landmarks)
        points = source.landmarks.astype(np.float64)
        shape = to_mean_face(points).points(points)
        looks = (np.median(lab[skin], axis=0), eyes, _on_atlas(source), shape)
        people.append(Person(row, hair, *looks))
    return people


def _fit_hair(people: list[Person], name: str) -> Tones:
    label = LABELS.get(name, name.removesuffix("_hair"))
    own = [one for one in people if one.label["hair"] == label and one.hair is not None]
    hair = [one.hair for one in own if one.hair is not None]
    skin = np.array([one.skin[0] for one in own])
    levels = np.array([np.percentile(np.log(one[:, 0] + DARK), QUANTILES) for one in hair])
    basis = np.column_stack([np.ones(len(skin)), skin - EVEN_SKIN])
    middle, slope = np.linalg.lstsq(basis, levels[:, 1], rcond=None)[0]
    spread = np.median(levels - levels[:, 1:2], axis=0)
    level = (middle + spread + CLEARER.get(name, 0.0)).astype(np.float32)
    first, last = HUES.get(name, (-180.0, 180.0))
    hues = [np.degrees(np.arctan2(*np.median(one, axis=0)[:0:-1])) for one in hair]
    pixels = np.vstack([one for one, hue in zip(hair, hues, strict=True) if first <= hue <= last])
    chroma = []
    for knot in KNOTS:
        near = np.exp(-0.5 * np.square((pixels[:, 0] - knot) / (3 + 0.12 * knot)))
        chroma.append((near[:, None] * pixels[:, 1:]).sum(0) / near.sum())
    richer = RICHER.get(name, 1.0) * np.array(chroma, np.float32)
    return Tones(level, OF_SKIN * float(slope), richer, GAINS.get(name, (-9.0, 9.0)))


def _fit_skin(people: list[Person], on: bool) -> Complexion:
    """Fit the lightness of skin by that of the whites of eyes, which tell of the photo's light."""
    own = [
        one
        for one in people
        if one.label["pale_skin"] == str(int(on)) and one.label["eyeglasses"] == "0"
    ]
    light = np.array([one.eyes for one in own]) - EYES_LIGHT
    levels = np.log(np.array([one.skin[0] for one in own]))
    basis = np.column_stack([np.ones(len(own)), light])
    middle, slope = np.linalg.lstsq(basis, levels, rcond=None)[0]
    chroma = np.median([one.skin[1:] for one in own], axis=0).astype(np.float32)
    return Complexion(float(middle), float(slope), chroma, SKIN_GAINS[on])


def _on_atlas(source: SourcePhoto) -> np.ndarray:
    """Return the log of a face's colours on the atlas, finer shades without the light's."""
    crop = extract_crop(read_photo(source.photo.path).pixels, source.landmarks, ATLAS_CROP)
    places = atlas_raster().interpolate(crop.landmarks[:N_SURFACE, :2]).astype(np.float32)
    face = cv2.remap(crop.pixels, places[..., 0], places[..., 1], cv2.INTER_LINEAR)
    log, inside = np.log(face + DARKEST), atlas_raster().inside[..., None].astype(np.float32)
    share = cv2.GaussianBlur(inside, (0, 0), EVEN) + 1e-3
    even = cv2.GaussianBlur(log * inside, (0, 0), EVEN) / share[..., None]
    return ((log - even) * inside).astype(np.float16)


def _fit_faces(people: list[Person]) -> dict[str, Difference]:
    """Fit what age and sex change, beside what else people differ in (Eq. 4 of RegGAN)."""
    own = [one for one in people if abs(float(one.label["yaw"])) < 18]
    own = [one for one in own if one.label["eyeglasses"] == one.label["occluded"] == "0"]
    shades = np.array([one.atlas for one in own], np.float32)
    rows = [
        [
            1.0,
            one.label["age"] == "old",
            one.label["sex"] == "m",
            one.label["expression"] == "happy",
            one.label["expression"] in ("sad", "angry", "disgusted"),
            float(one.label["mouth"]),
            *(one.label[name] == "1" for name in ("beard", "moustache", "bangs", "pale_skin")),
            float(one.label["yaw"]) / 10,
            float(one.label["pitch"]) / 10,
        ]
        for one in own
    ]
    basis = np.column_stack([np.array(rows, np.float64), shades.std((1, 2, 3))])
    shapes = np.array([one.shape.ravel() for one in own])
    shade = np.linalg.lstsq(basis, shades.reshape(len(own), -1), rcond=None)[0]
    shape = np.linalg.lstsq(basis, shapes, rcond=None)[0]
    return {
        name: Difference(
            _even(shade[at].reshape(shades.shape[1:])), _both(shape[at].reshape(-1, 3))
        )
        for at, name in ((1, "young"), (2, "male"))
    }


def _even(shade: np.ndarray) -> np.ndarray:
    """Return an (A, A, 3) difference that is the same on both sides, and 0 at the mesh's edge."""
    # At the edge there is hair and wall.
    inner = cv2.erode(np.pad(atlas_raster().inside.astype(np.uint8), 1), np.ones((9, 9), np.uint8))[
        1:-1, 1:-1
    ]
    soft = cv2.GaussianBlur(inner.astype(np.float32), (0, 0), 2)
    return ((shade + shade[:, ::-1]) / 2 * soft[..., None]).astype(np.float32)


def _both(shape: np.ndarray) -> np.ndarray:
    """Return a (478, 3) difference of mesh points that is the same on both sides."""
    return ((shape + shape[mirror()] * [-1, 1, 1]) / 2).astype(np.float32)


if __name__ == "__main__":
    main()
