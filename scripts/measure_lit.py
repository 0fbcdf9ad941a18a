"""How near the command comes to true pictures of people in another light and expression.

    python scripts/measure_lit.py make DATA TRUE.npz
    python scripts/measure_lit.py score DATA TRUE.npz [--weights FILE] [--model legan]

`make`: the studio puts portraits of the validation split, which no training saw, into named lights,
and into others with one of six expressions at the amplitude of strength 1, folds and teeth plain.

`score`: the same is asked of the command's own path (``-t happy --light left``), on whole photos.
Inside the person, where light does not fade towards the crop's edges: structural similarity to the
true picture, and the error of the log ratio over that of a copy. Of the face: LEGAN's match score
(the correlation of the identity network's features) with the true picture; how often the expression
is named that was asked for, or else the photo's own; Q's rating; and how far the features of all
made pictures lie from those of all true ones (the statistic of FID), for the expression network and
for the identity network. Copying stands beside it. Intervals are of 95%, over people.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from measure_light import scores

from faceedit.editing.build import EditNetworks, EditSettings
from faceedit.evaluation.edits import Pictures
from faceedit.evaluation.gallery import Gallery
from faceedit.evaluation.metrics.frechet import frechet_distance
from faceedit.evaluation.metrics.identity import correlations
from faceedit.evaluation.own_networks import open_recognisers
from faceedit.faces.align import extract_crop
from faceedit.faces.find.options import FindOptions
from faceedit.lights import LIGHT_ORDER, LIGHTS
from faceedit.methods.fields.recipe import Amplitudes
from faceedit.methods.legan.relight import reach
from faceedit.photos import read_photo
from faceedit.registry import open_registry
from faceedit.studio.expressions import Ask
from faceedit.studio.fold_atlas import FoldChoice
from faceedit.studio.lit import PhotoLight, expressive_look, own_look
from faceedit.studio.mouth import MouthChoice
from faceedit.studio.reliefs import SIZE, WALLS, sit_wide, wide_matte
from faceedit.studio.rig import Rig, load_rig
from faceedit.studio.sources import SourcePhoto, find_sources, list_photos
from faceedit.targets import EXPRESSIONS, parse_target
from faceedit.tones import to_bytes
from faceedit.training.recognisers.scores import over_people

SIX = ("happy", "sad", "angry", "surprised", "disgusted", "afraid")
SEED, ROUNDS = 18, 2
"""Of what is drawn, and how often each person is led to light, and to an expression and light."""


@dataclass(frozen=True)
class Truth:
    """N true pictures.

    Attributes:
        files: (N,) names of the photos.
        asked: (N,) targets.
        wanted: (N, 256, 256, 3) uint8 RGB, wide crops.
        inside: (N, 256, 256) bool, the person.
    """

    files: np.ndarray
    asked: np.ndarray
    wanted: np.ndarray
    inside: np.ndarray


def main() -> None:
    """Do one of both."""
    parser = argparse.ArgumentParser(description="Measure expression and light together.")
    parser.add_argument("what", choices=("make", "score"))
    parser.add_argument("data", type=Path)
    parser.add_argument("truth", type=Path)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--model", default="auto")
    parser.add_argument("--people", type=int, default=1000)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    photos = [photo for photo in list_photos(asked.data / "portraits") if photo.split == "val"]
    cache = asked.truth.with_name("landmarks.npz")
    sources, _ = find_sources(photos, asked.data / "portraits", cache, lambda line: None)
    if asked.what == "make":
        rig, rows = load_rig(asked.data / "rig"), []
        for number, source in enumerate(sources[: asked.people]):
            rows += true_pictures(rig, source, np.random.default_rng([SEED, number]))
        files, texts, wanted, inside = (np.array(column) for column in zip(*rows, strict=True))
        np.savez_compressed(asked.truth, files=files, asked=texts, wanted=wanted, inside=inside)
        return
    truth = Truth(**np.load(asked.truth))
    settings = EditSettings(
        parse_target("happy light=left"),
        asked.model,
        weights=asked.weights,
        find=FindOptions(faces="largest"),
        device="cpu",
        edit_shown=True,
    )
    before, made = edit_all(EditNetworks(settings), truth, {one.name: one for one in sources})
    for kind, with_both in (("light", False), ("expression and light", True)):
        rows = np.flatnonzero(np.char.count(truth.asked, " ") == with_both)
        print(f"{kind}, {len(rows)} edits of {len(set(truth.files[rows]))} photos")
        for line in lines(truth, before, made, rows):
            print(f"  {line}")


def true_pictures(rig: Rig, source: SourcePhoto, rng: np.random.Generator) -> Iterator[tuple]:
    """Yield rows of `Truth` of one photo."""
    sitter = sit_wide(rig, source)
    if sitter is None:
        return
    own = own_look(sitter, wide_matte(sitter, source.photo.source in WALLS))
    photo = PhotoLight.read(sitter, own, own.relief)
    for name in rng.permutation([one for one in SIX if one != source.photo.expression])[:ROUNDS]:
        ask = Ask(((str(name), getattr(Amplitudes(), name)),))
        moved = expressive_look(rig, sitter, own.matte, ask, (MouthChoice(0), FoldChoice()))
        for look, shown in ((own, ""), (moved, f"{name} ")):
            light = LIGHT_ORDER[rng.integers(len(LIGHT_ORDER))]
            ratio = photo.ratio(look, look.relief, LIGHTS[light])
            inside = (look.matte > 200 / 255) & sitter.valid & (reach(SIZE)[..., 0] > 0.99)
            wanted = to_bytes(np.clip(look.pixels * np.exp(ratio), 0, 1))
            yield source.name, f"{shown}light={light}", wanted, inside


def edit_all(
    networks: EditNetworks, truth: Truth, sources: dict[str, SourcePhoto]
) -> tuple[np.ndarray, np.ndarray]:
    """Return photos and what the command makes of them, (N, 256, 256, 3) uint8 wide crops."""
    before, made = [], []
    for file, text in zip(truth.files, truth.asked, strict=True):
        source, target = sources[str(file)], parse_target(str(text))
        pixels = read_photo(source.photo.path).pixels
        edited = networks.editor(target).edit_pixels(pixels, target).pixels
        for found, picture in ((before, pixels), (made, edited)):
            found.append(
                extract_crop(picture, source.landmarks, SIZE // 2, wide=True).wide.to_bytes()
            )
    return np.array(before), np.array(made)


def lines(truth: Truth, before: np.ndarray, made: np.ndarray, rows: np.ndarray) -> Iterator[str]:
    """Yield what there is to say of edits of one kind."""
    people, wanted = truth.files[rows], truth.wanted[rows]
    each = zip(before[rows], made[rows], wanted, truth.inside[rows], strict=True)
    near = np.array([scores(*one) for one in each])
    sides = (made[rows], before[rows], wanted)
    look = looked_at(np.concatenate(sides))
    who, feel, likely, rated = (
        np.split(look(network, column), 3)
        for network, column in (
            ("identity", "embedding"),
            ("expression", "features"),
            ("expression", "probabilities"),
            ("naturalness", "quality"),
        )
    )
    alike = [correlations(one, who[2]) for one in who[:2]]
    calm = likely[1].argmax(1)
    asked = [
        EXPRESSIONS.index(text.split()[0]) if " " in text else own
        for text, own in zip(truth.asked[rows], calm, strict=True)
    ]
    named = [one.argmax(1) == np.array(asked) for one in likely[:2]]
    columns = np.column_stack([near[:, :4], *alike, *named, *rated])

    def means(weights: np.ndarray) -> np.ndarray:
        mean = (weights[:, None] * columns).sum(0) / weights.sum()
        return np.array([*mean[:2], mean[2] / mean[3], *mean[4:]])

    names = (
        "SSIM", "SSIM of a copy", "error of the log ratio over a copy's", "match score",
        "match score of a copy", "expression named", "expression named in copies",
        "quality", "quality of photos", "quality of true pictures",
    )  # fmt: skip
    for name, (value, low, high) in zip(names, over_people(people, means), strict=True):
        yield f"{name}: {value:.3f} ({low:.3f} to {high:.3f})"
    for name, features in (("expression", feel), ("identity", who)):
        near, far = (frechet_distance(one, features[2]) for one in features[:2])
        yield f"distance of features of {name}: {near:.3f}, of copies {far:.3f}"


def looked_at(wide: np.ndarray) -> Callable[[str, str], np.ndarray]:
    """Return `Gallery.look` of the faces of (M, 256, 256, 3) wide crops."""
    quarter = SIZE // 4
    faces = [cv2.resize(one[quarter:-quarter, quarter:-quarter], (SIZE, SIZE)) for one in wide]
    nobody = np.full(len(faces), "")
    nowhere = np.full((len(faces), 478, 3), np.nan, np.float32)
    pictures = Pictures(np.array(faces), nowhere, nobody, nobody)
    return Gallery(pictures, open_recognisers(open_registry(), "cpu")).look


if __name__ == "__main__":
    main()
