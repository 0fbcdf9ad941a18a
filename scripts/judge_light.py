"""How often a network that was made for judging alone names the light that was asked for.

    python scripts/judge_light.py make DATA FACES.npz      # web photos in the studio's lights
    python scripts/judge_light.py train FACES.npz JUDGE.pt
    python scripts/judge_light.py judge DATA JUDGE.pt [--weights FILE]

The judge has seen the people of ``expressions.zip`` and no other, in grey, lit by the studio,
whose surfaces come from a fitted head; `legan` has seen the portraits. All faces are shown at one
exposure: otherwise dark skin is taken for light from behind. `judge` puts the portraits of the
validation split into each of the twenty lights, at their own resolution, first by `legan` and
then by the studio, which is the ceiling. A light counts as a neighbour of another at most 30
degrees away. Intervals are of 95%, over people; skin is dark, medium or light by thirds.
"""

import argparse
import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faceedit.faces.align import Crop, extract_crop
from faceedit.lights import LIGHT_ORDER, LIGHTS
from faceedit.methods.legan.method import LEGAN
from faceedit.methods.legan.relight import as_light, relight
from faceedit.nn.residual import ResidualEncoder
from faceedit.photos import read_photo
from faceedit.recognisers.expression import ExpressionRecogniser
from faceedit.registry import load_checkpoint, open_registry
from faceedit.studio import light as studio_light
from faceedit.studio.photo import sit
from faceedit.studio.rig import load_rig
from faceedit.studio.sources import find_sources, list_photos
from faceedit.targets import EXPRESSIONS, LightChange
from faceedit.tones import LUMA, to_bytes
from faceedit.training.recognisers.augment import (
    CROP,
    NOTHING,
    Augmentation,
    frame,
    place,
    recolour,
)
from faceedit.training.recognisers.faces import SIZE
from faceedit.training.recognisers.scores import over_people
from faceedit.training.recognisers.sources import crop_web

MIDDLE, EXPOSED = slice(40, 120), 0.4
"""Part of a crop that is skin for the most part, and the mean luma that it is given."""
PEOPLE, LIGHTS_EACH = 4500, 6
SIDE, BATCH, STEPS, SEED = 80, 32, 2400, 7
NEAR = 30.0
"""Degrees between neighbours."""
CHANGE = Augmentation(
    turn=0.1, scale=0.08, shift=0.04, gamma=0.3, gain=0.3, ramp=0.0, colour=0.0, grey=0.0, blur=0.4,
    noise=0.04, cover=0.2,
)  # fmt: skip
DIRECTIONS = np.array([LIGHTS[name].direction for name in LIGHT_ORDER], np.float32)
DIRECTED = np.array([name not in ("ambient", "dim") for name in LIGHT_ORDER])
"""Which lights are more than a little brighter from one side."""


class Judge(nn.Module):
    """Reads the light off 5 by 5 cells of a grey face."""

    def __init__(self, widths: tuple[int, ...] = (16, 32, 64, 96)):
        super().__init__()
        self.encoder = ResidualEncoder(1, widths)
        self.layout = nn.Conv2d(widths[-1], 32, 1)
        self.head = nn.Sequential(
            nn.Dropout(0.2), nn.Linear(32 * 25, 128), nn.ReLU(), nn.Linear(128, len(LIGHTS) + 3)
        )

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """(N, 1, SIDE, SIDE) in [-1, 1] to (N, 20) logits and (N, 3) unit directions."""
        cells = torch.relu(self.layout(self.encoder(pictures)[-1]))
        found = self.head(F.adaptive_avg_pool2d(cells, 5).flatten(1)).float()
        return found[:, :-3], F.normalize(found[:, -3:], dim=1)


def main() -> None:
    """Do one of the three."""
    parser = argparse.ArgumentParser(description="Judge edits of light.")
    tasks = parser.add_subparsers(dest="task", required=True)
    for name, first, second in (
        ("make", "data", "faces"), ("train", "faces", "judge"), ("judge", "data", "judge")
    ):  # fmt: skip
        one = tasks.add_parser(name)
        one.add_argument(first, type=Path)
        one.add_argument(second, type=Path)
    one.add_argument("--weights", type=Path)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if asked.task == "make":
        make(asked.data, asked.faces)
    elif asked.task == "train":
        train(asked.faces, asked.judge)
    else:
        judge(asked.data, asked.judge, asked.weights)


def make(data: Path, out: Path) -> None:
    """Put web photos into lights."""
    rig = load_rig(data / "rig")
    with (data / "expressions.csv").open(encoding="utf-8") as file:
        rows = {row["identity"]: row for row in csv.DictReader(file) if row["identity"]}
    chosen = list(rows.values())[:PEOPLE]
    rng = np.random.default_rng(SEED)
    pictures, labels = [], []
    for crop in crop_web(data / "expressions.zip", [row["file"] for row in chosen]):
        names = rng.permutation(len(LIGHTS))[:LIGHTS_EACH]
        pictures += list(studio_lit(rig, crop, [LIGHT_ORDER[i] for i in names]))
        labels += names.tolist()
    grey = np.array([np.rint(one @ LUMA).astype(np.uint8) for one in pictures])
    people = np.repeat(np.arange(len(chosen)), LIGHTS_EACH)
    np.savez_compressed(out, pictures=grey, label=np.array(labels), person=people)


def studio_lit(rig, crop: Crop, names: list[str]) -> Iterator[np.ndarray]:
    """Put a crop into lights by the studio, (SIZE, SIZE, 3) uint8 each."""
    sitter = sit(rig.model, rig.seal, crop.pixels, crop.landmarks, SIZE)
    subject, matte, pixels = sitter.subject, sitter.matte, sitter.subject.crop.pixels
    estimate = studio_light.estimate_light(subject, matte)
    for name in names:
        ratio = studio_light.relight(subject, subject.pose, pixels, matte, estimate, LIGHTS[name])
        yield to_bytes(np.clip(pixels * np.exp(ratio), 0, 1))


def train(faces: Path, out: Path) -> None:
    """Train the judge; a tenth of the people checks it."""
    torch.manual_seed(SEED)
    table = np.load(faces)
    pictures, label = torch.from_numpy(table["pictures"]), torch.from_numpy(table["label"])
    kept = torch.from_numpy(table["person"] % 10 == 0)
    learned = torch.nonzero(~kept)[:, 0]
    mirror = torch.tensor([mirrored(name) for name in LIGHT_ORDER])
    towards, directed = torch.from_numpy(DIRECTIONS), torch.from_numpy(DIRECTED)
    network = Judge()
    optimiser = torch.optim.AdamW(network.parameters(), 2e-3, weight_decay=0.02)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=STEPS)
    for step in range(STEPS):
        index = learned[torch.randint(len(learned), (BATCH,))]
        flipped = torch.rand(BATCH) < 0.5
        wanted = torch.where(flipped, mirror[label[index]], label[index])
        transforms = place(BATCH, CHANGE, CROP, flipped)
        shown = recolour(frame(expose(pictures[index]), transforms, SIDE), CHANGE)
        logits, direction = network(shown * 2 - 1)
        off = 1 - (direction * towards[wanted]).sum(1)
        loss = F.cross_entropy(logits, wanted, label_smoothing=0.05)
        loss = loss + 2 * (off * directed[wanted]).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        rate.step()
        if step % 200 == 199:
            print(f"step {step + 1}: loss {loss.item():.3f}", flush=True)
    torch.save(network.eval().state_dict(), out)
    said = look(network, table["pictures"][kept.numpy()])
    print(report("web people kept back", table["label"][kept.numpy()], said, table["person"][kept]))


def mirrored(name: str) -> int:
    """Return the number of the light from the other side."""
    other = {"left": "right", "right": "left"}
    return LIGHT_ORDER.index("_".join(other.get(word, word) for word in name.split("_")))


def expose(pictures: Tensor) -> Tensor:
    """Bring (N, SIZE, SIZE) uint8 to one exposure, (N, 1, SIZE, SIZE) in [0, 1]."""
    values = pictures[:, None].float() / 255
    middle = values[..., MIDDLE, MIDDLE].mean((2, 3), keepdim=True).clamp(min=0.01)
    return (values * (EXPOSED / middle)).clamp(max=1)


@torch.inference_mode()
def look(network: Judge, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the (N,) lights that the judge names and the (N, 3) directions."""
    logits, directions = [], []
    for start in range(0, len(pictures), 256):
        shown = expose(torch.from_numpy(pictures[start : start + 256]))
        still = place(len(shown), NOTHING, CROP, torch.zeros(len(shown), dtype=torch.bool))
        found = network(frame(shown, still, SIDE) * 2 - 1)
        logits.append(found[0].argmax(1).numpy())
        directions.append(found[1].numpy())
    return np.concatenate(logits), np.concatenate(directions)


def judge(data: Path, weights: Path, legan: Path | None) -> None:
    """Light portraits and judge them."""
    network = Judge()
    network.load_state_dict(torch.load(weights, weights_only=True))
    network.eval()
    registry = open_registry(None)
    checkpoint = registry.open_method("legan") if legan is None else load_checkpoint(legan)
    method = LEGAN.load(checkpoint, torch.device("cpu"))
    namer = ExpressionRecogniser.load(registry.checkpoint("expression"))
    rig = load_rig(data / "rig")
    photos = [p for p in list_photos(data / "portraits") if p.split == "val"]
    sources, _ = find_sources(photos, data / "portraits", None, lambda line: None)
    made: dict[str, list[np.ndarray]] = {"legan": [], "the studio": []}
    tones, kept_name = [], []
    for source in sources:
        pixels = read_photo(source.photo.path).pixels
        crop = extract_crop(pixels, source.landmarks, SIZE)
        lit = list(legan_lit(method, pixels, source.landmarks))
        made["legan"] += [to_bytes(one.pixels) for one in lit]
        made["the studio"] += list(studio_lit(rig, crop, list(LIGHT_ORDER)))
        tones.append(float(np.median(crop.pixels[69:94, 56:104].mean(2))))
        read = [one.name for one in namer.read([crop, *lit])]
        kept_name.append(np.mean([name == read[0] for name in read[1:]]))
    labels = np.tile(np.arange(len(LIGHTS)), len(tones))
    people = np.repeat([source.photo.person for source in sources], len(LIGHTS))
    edges = np.quantile(tones, [1 / 3, 2 / 3])
    skin = np.repeat(np.searchsorted(edges, tones), len(LIGHTS))
    for name, pictures in made.items():
        grey = np.array([np.rint(one @ LUMA).astype(np.uint8) for one in pictures])
        said = look(network, grey)
        print(report(name, labels, said, people))
        for number, group in enumerate(("dark", "medium", "light")):
            own = skin == number
            few = (said[0][own], said[1][own])
            print(report(f"{name}, {group} skin", labels[own], few, people[own]))
        if name == "legan":
            for number, light in enumerate(LIGHT_ORDER):
                own = labels == number
                close = near()[number][said[0][own]].mean()
                print(f"  {light}: {(said[0][own] == number).mean():.2f}, neighbour {close:.2f}")
    print(f"expression named as before: {np.mean(kept_name):.3f} of {len(EXPRESSIONS)} kinds")


def legan_lit(method: LEGAN, pixels: np.ndarray, landmarks: np.ndarray) -> Iterator[Crop]:
    """Light a photo from everywhere, as crops of `SIZE`."""
    from faceedit.compose.compose import compose_steps
    from faceedit.compose.mask import region_mask
    from faceedit.methods.legan.light_network import Surface

    crop = extract_crop(pixels, landmarks, 128, wide=True)
    view = crop.wide
    surface = Surface(*(part[0] for part in method.look([view])))
    for name in LIGHT_ORDER:
        edit = relight(view, surface, as_light(LightChange(name)), 1.0)
        mask = region_mask(edit.region, view.landmarks, view.size)
        lit = compose_steps(pixels, [(edit, mask)], crop.affine)
        yield extract_crop(lit, landmarks, SIZE)


def near() -> np.ndarray:
    """Return (20, 20) bool, which lights are the same or neighbours."""
    unit = DIRECTIONS / np.linalg.norm(DIRECTIONS, axis=1, keepdims=True)
    return np.degrees(np.arccos(np.clip(unit @ unit.T, -1, 1))) <= NEAR


def report(
    what: str, labels: np.ndarray, said: tuple[np.ndarray, np.ndarray], people: np.ndarray
) -> str:
    """Say how often the light was named, and how far the direction is off."""
    named, directions = said
    close = near()[labels, named]
    wanted = DIRECTIONS[labels] / np.linalg.norm(DIRECTIONS[labels], axis=1, keepdims=True)
    off = np.degrees(np.arccos(np.clip((directions * wanted).sum(1), -1, 1)))
    directed = DIRECTED[labels]

    def means(weights: np.ndarray) -> np.ndarray:
        own = np.repeat(off[directed], weights[directed].astype(int))
        return np.array(
            [
                np.average(named == labels, weights=weights),
                np.average(close, weights=weights),
                np.median(own),
                own.mean(),
            ]
        )

    columns = ("named", "or a neighbour", "degrees off, median", "mean")
    rows = zip(columns, over_people(people, means), strict=True)
    return f"{what}: " + ", ".join(f"{n} {v[0]:.3g} ({v[1]:.3g} to {v[2]:.3g})" for n, v in rows)


if __name__ == "__main__":
    main()
