"""Measure the naturalness recogniser on people it never saw, and draw what it looked at.

    python scripts/measure_naturalness.py DATA --weights runs/naturalness/naturalness.safetensors \
        --faces runs/faces --out runs/naturalness --sheets runs/naturalness/sheets

Adds to OUT/report.json: what Q says of photos as they are, by who is on them and how large they
are; of studio pictures; of edits; and where Eq. 1 leaves the predictions. DATA holds portraits.csv
with its folder and landmarks.npz. With --sheets, faults by severity with Q below, the photos that
score lowest, and edits are drawn; they show people's faces and belong to nobody else.
"""

import argparse
import csv
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from naturalness_sheets import captioned, draw_faults, draw_lowest, to_bytes

from faceedit.compose.compose import compose
from faceedit.compose.mask import face_mask
from faceedit.faces.align import Crop, extract_crop
from faceedit.methods.base import load_method
from faceedit.methods.catalogue import plan_steps
from faceedit.methods.reggan.generator import RegGANGenerator
from faceedit.methods.reggan.method import RegGAN
from faceedit.methods.reggan.rgb_generator import express
from faceedit.photos.read import read_photo
from faceedit.recognisers.naturalness import NaturalnessRecogniser
from faceedit.registry import load_checkpoint, open_registry
from faceedit.targets import ATTRIBUTES, parse_target
from faceedit.training.recognisers.corruptions import deviation_of
from faceedit.training.recognisers.examine_naturalness import (
    SEVERITIES,
    Series,
    examine_order,
    mean_of,
    one_each,
    score,
    score_series,
)
from faceedit.training.recognisers.faces import SIZE, FaceTable

CHEEKS = (50, 280)
DARK, LIGHT = 10, 41
"""Individual typology angle in degrees: brown and dark skin below the first, light above the
second (Del Bino and Bernerd 2013)."""
SIDES = (128, 96, 64, 48, 32)


def main() -> None:
    """Measure and draw."""
    parser = argparse.ArgumentParser(description="Measure the naturalness recogniser.")
    parser.add_argument("data", type=Path)
    parser.add_argument(
        "--weights", type=Path, default=Path("runs/naturalness/naturalness.safetensors")
    )
    parser.add_argument("--faces", type=Path, default=Path("runs/faces"))
    parser.add_argument("--out", type=Path, default=Path("runs/naturalness"))
    parser.add_argument("--people", type=int, default=100, help="of each table, for the faults")
    parser.add_argument("--edits", type=int, default=40, help="portraits to be edited")
    parser.add_argument("--sheets", type=Path)
    arguments = parser.parse_args()
    network = NaturalnessRecogniser.load(load_checkpoint(arguments.weights))
    tables = {name: FaceTable.load(arguments.faces / name) for name in ("portraits", "web")}
    kept = {name: table.take(table.validation) for name, table in tables.items()}
    path = arguments.out / "report.json"
    report: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    series = {}
    for name, table in tables.items():
        part = one_each(table, arguments.people)
        series[name] = score_series(network, part)
        report[name] = examine_order(series[name])
    report["untouched"] = {
        "portraits": groups(network, kept["portraits"]),
        "web": {"all": _scores_of(score(network, kept["web"].pictures), kept["web"].people)},
    }
    report["where the loss leaves predictions"] = {
        name: edge(found, *report.get("calibration", (1.0, 0.0))) for name, found in series.items()
    }
    if (arguments.faces / "studio").exists():
        report["studio"] = studio(network, FaceTable.load(arguments.faces / "studio"), kept)
    report["edits"], pictures = edits(network, arguments.data, arguments.edits)
    path.write_text(json.dumps(report, indent=1))
    if arguments.sheets:
        arguments.sheets.mkdir(parents=True, exist_ok=True)
        draw_faults(network, kept["portraits"], arguments.sheets / "faults-portraits.png")
        draw_faults(network, kept["web"], arguments.sheets / "faults-web.png")
        for name, table in kept.items():
            draw_lowest(network, table, arguments.sheets / f"lowest-{name}.png")
        cv2.imwrite(str(arguments.sheets / "edits.png"), pictures[..., ::-1])


def groups(network: NaturalnessRecogniser, table: FaceTable) -> dict[str, Any]:
    """Return the scores of photos as they are, by group: mean, 5th percentile, share below 6."""
    found = score(network, table.pictures)
    angle = skin_angles(table)
    of = {name: table.attributes[:, i] for i, name in enumerate(ATTRIBUTES)}
    made = np.char.startswith(table.files, "synthetic")
    masks = {
        "all": np.full(len(table), True),
        "generated people": made,
        "photographed people": ~made,
        "skin dark": angle < DARK,
        "skin between": (angle >= DARK) & (angle <= LIGHT),
        "skin light": angle > LIGHT,
        "old": of["young"] == 0,
        "young": of["young"] == 1,
        "eyeglasses": of["eyeglasses"] == 1,
        "no eyeglasses": of["eyeglasses"] == 0,
        "men": of["male"] == 1,
        "women": of["male"] == 0,
        "beard": of["beard"] == 1,
    }
    report: dict[str, Any] = {
        name: _scores_of(found[mask], table.people[mask]) for name, mask in masks.items()
    }
    for side in SIDES:
        small = np.stack([_coarser(picture, side) for picture in table.pictures])
        report[f"crop of {side} px"] = _scores_of(score(network, small), table.people)
    grey = np.repeat(
        np.stack([cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) for p in table.pictures])[..., None], 3, 3
    )
    report["in grey"] = _scores_of(score(network, grey), table.people)
    return report


def skin_angles(table: FaceTable) -> np.ndarray:
    """Return the individual typology angle of the cheeks, (N,) degrees; light matters to it too."""
    found = []
    for picture, landmarks in zip(table.pictures, table.landmarks, strict=True):
        lab = cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
        patches = []
        for x, y in np.rint(landmarks[list(CHEEKS)]).astype(int).clip(4, SIZE - 5):
            patches.append(lab[y - 4 : y + 5, x - 4 : x + 5].reshape(-1, 3))
        lightness, _, yellow = np.median(np.concatenate(patches), 0)
        found.append(np.degrees(np.arctan2(lightness - 50, max(yellow, 1e-3))))
    return np.array(found)


def edge(series: list[Series], slope: float, offset: float) -> dict[str, Any]:
    """Say where predictions lay against the proxies' μ and σ before they were calibrated.

    Distance 1 is the circle's edge, |μ - Q| = √σ, where Eq. 1 is least; 0 is its centre.

    Args:
        series: of faults; those held out are passed over.
        slope: of the calibration.
        offset: of the calibration.
    """
    scores = np.stack([one.scores for one in series if not one.kind.held_out])
    means = np.array(
        [[one.kind.rating(s) for s in SEVERITIES] for one in series if not one.kind.held_out]
    )
    off = (scores - offset) / slope - means[:, None]
    distance = np.abs(off) / np.sqrt(deviation_of(means))[:, None]
    untouched, share = distance[0, :, 0], off[0, :, 0]

    def spread(values: np.ndarray) -> dict[str, float]:
        bounds = {
            "below 0.5": values < 0.5,
            "0.5 to 1.5": abs(values - 1) <= 0.5,
            "above 1.5": values > 1.5,
        }
        return {k: round(float(v.mean()), 3) for k, v in bounds.items()}

    return {
        "untouched": spread(untouched),
        "untouched above their mean": round(float((share > 0).mean()), 3),
        "damaged": spread(distance[:, :, 1:]),
        "mean of untouched": round(float(off[0, :, 0].mean() + means[0, 0]), 3),
        "error of damaged": round(float(np.abs(off[:, :, 1:]).mean()), 3),
    }


def studio(
    network: NaturalnessRecogniser, table: FaceTable, kept: dict[str, FaceTable]
) -> dict[str, Any]:
    """Compare studio pictures of validation people with the photos that they were made of."""
    made = table.take(table.validation)
    found = score(network, made.pictures)
    photos = kept["portraits"]
    own = dict(zip(photos.files.tolist(), score(network, photos.pictures).tolist(), strict=True))
    before = np.array([own.get(Path(name).name, np.nan) for name in made.files.tolist()])
    known = ~np.isnan(before)
    masks = {
        "all": known,
        "expression of amplitude up to 0.5": known & (made.strength > 0) & (made.strength <= 1),
        "expression of amplitude 0.5 to 0.9": known & (made.strength > 1) & (made.strength < 1.8),
        "expression of amplitude 0.9 and more": known & (made.strength >= 1.8),
        "relit": known & (made.light >= 0),
        "not relit": known & (made.light < 0),
    }
    report = {}
    for name, mask in masks.items():
        people = made.people[mask]
        report[name] = {
            **_scores_of(found[mask], people),
            "less than the photo by": mean_of(before[mask] - found[mask], people),
        }
    return report


def edits(
    network: NaturalnessRecogniser, data: Path, count: int
) -> tuple[dict[str, Any], np.ndarray]:
    """Compare photos, smiles of `reggan-fast`, and the expression layer's blurred ones.

    Returns:
        Scores, and a sheet of some (H, W, 3) uint8.
    """
    (step,) = plan_steps("reggan", parse_target(["happy"]))
    method = load_method(open_registry(), step, None, torch.device("cpu"))
    if not isinstance(method, RegGAN) or not isinstance(method.generator, RegGANGenerator):
        raise TypeError("the expression layers of the fast profile are wanted")
    generator = method.generator
    crops, people = validation_crops(data, count, method.crop_size)
    ways: dict[str, list[np.ndarray]] = {"photo": [to_bytes(c.pixels) for c in crops]}
    for strength in (1.0, 1.5):
        target = parse_target([f"happy:{strength}"])
        ways[f"reggan-fast happy {strength:g}"] = [
            compose(to_bytes(c.pixels), edit, np.eye(2, 3), face_mask(c.landmarks, c.size))
            for c, edit in zip(crops, method.edit(crops, target), strict=True)
        ]
    x = torch.from_numpy(np.stack([c.pixels for c in crops])).permute(0, 3, 1, 2)
    small = torch.nn.functional.interpolate(x, (128, 128), mode="area")
    happy = torch.tensor([[float(name == "happy") for name in method.targets]])
    with torch.inference_mode():
        layers = generator.expression_layers
        layer = express(layers, small * 2 - 1, happy.expand(len(crops), -1))
    ways["photo at 128 px"] = _from_tensor(small)
    ways["expression layer happy 1, at 128 px"] = _from_tensor(layer / 2 + 0.5)
    scores = {name: score(network, np.stack(pictures)) for name, pictures in ways.items()}
    report: dict[str, Any] = {name: _scores_of(found, people) for name, found in scores.items()}
    sharp, soft = scores["reggan-fast happy 1"], scores["expression layer happy 1, at 128 px"]
    report["reggan-fast scores higher than the expression layer"] = mean_of(sharp > soft, people)
    rows = [
        np.concatenate(
            [captioned(_resized(p), f"{s:.1f}") for p, s in zip(v[:12], scores[k], strict=False)],
            1,
        )
        for k, v in ways.items()
    ]
    return report, np.concatenate(rows)


def validation_crops(data: Path, count: int, size: int) -> tuple[list[Crop], np.ndarray]:
    """Return crops of one validation portrait each of so many people, and the people."""
    with (data / "portraits.csv").open(newline="") as file:
        rows = {r["person"]: r for r in csv.DictReader(file) if r["split"] == "val"}
    with np.load(data / "landmarks.npz") as stored:
        places = {name: i for i, name in enumerate(stored["files"].tolist())}
        points = stored["points"]
    chosen = [rows[p] for p in np.random.default_rng(0).permutation(sorted(rows))[:count]]
    crops = [
        extract_crop(
            read_photo(data / "portraits" / r["file"]).pixels, points[places[r["file"]]], size
        )
        for r in chosen
    ]
    return crops, np.array([r["person"] for r in chosen])


def _scores_of(found: np.ndarray, people: np.ndarray) -> dict[str, Any]:
    return {
        "pictures": len(found),
        "mean": mean_of(found, people),
        "5th percentile": round(float(np.percentile(found, 5)), 3) if len(found) else None,
        "below 6": mean_of((found < 6).astype(float), people),
    }


def _coarser(picture: np.ndarray, side: int) -> np.ndarray:
    small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    return cv2.resize(small, picture.shape[:2], interpolation=cv2.INTER_LINEAR)


def _from_tensor(pictures: torch.Tensor) -> list[np.ndarray]:
    return [to_bytes(p) for p in pictures.permute(0, 2, 3, 1).numpy()]


def _resized(picture: np.ndarray) -> np.ndarray:
    return cv2.resize(picture, (SIZE, SIZE), interpolation=cv2.INTER_AREA)


if __name__ == "__main__":
    main()
