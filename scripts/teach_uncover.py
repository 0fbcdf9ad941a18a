"""Teach secgan's fast profile to take spectacles and beards off, from faces that it has covered.

    python scripts/teach_uncover.py make DATA BANDS.npz
    python scripts/teach_uncover.py train BANDS.npz weights/secgan-fast.safetensors [--steps 2900]

`make` covers training portraits that are bare three times each, see `covered_pairs`. `train` shows
them to the network that the file holds, two of chins for one of eyes, one in eight uncovered,
turned, mirrored, in other light, blurred and noisy, and compares what it makes of them with the
portrait: colours and their gradients, those under what covers most, and where that is.
"""

import argparse
import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from covered_pairs import beards, lend, spectacles
from torch import Tensor
from torch.nn import functional as F

from faceedit.faces.align import extract_crop
from faceedit.methods.secgan.eyewear import WORN
from faceedit.methods.secgan.look import SIZE, Scene
from faceedit.methods.secgan.measured import UNCOVER, own_tensors, pack_network
from faceedit.methods.secgan.method import SeCGAN
from faceedit.methods.secgan.teaching import learn
from faceedit.methods.secgan.uncover import CHIN_ROWS, EYE_ROWS, WIDTH, UncoverNetwork
from faceedit.photos import read_photo
from faceedit.registry import load_checkpoint, open_registry, write_checkpoint
from faceedit.studio.sources import SourcePhoto, find_sources, list_photos

BANDS, TURNS = {"eyes": EYE_ROWS, "chin": CHIN_ROWS}, ("eyes", "chin", "chin")
"""Rows of the bands, and their turns in training."""
HAIRY = ("beard", "moustache")
"""Attributes of who lends a beard."""
EACH, MARGIN, SEED = 3, 4, 3
BATCH, RATE = 16, 1.5e-3
NONE, GREY, BLURRED = 0.12, 0.1, 0.2
"""Shares of pictures without spectacles, in grey and blurred."""


def main() -> None:
    """Make or train."""
    parser = argparse.ArgumentParser(description="Teach taking spectacles and beards off.")
    tasks = parser.add_subparsers(dest="task", required=True)
    for name, first, second in (("make", "data", "bands"), ("train", "bands", "weights")):
        one = tasks.add_parser(name)
        one.add_argument(first, type=Path)
        one.add_argument(second, type=Path)
    one.add_argument("--steps", type=int, default=2900)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if asked.task == "make":
        make(asked.data, asked.bands)
    else:
        held, network = load_checkpoint(asked.weights), UncoverNetwork()
        network.load_state_dict(own_tensors(held.tensors, UNCOVER))
        losses = train(network, np.load(asked.bands), asked.steps)
        for step, (name, loss) in enumerate(losses, 1):
            if step % 100 < len(TURNS):
                print(f"step {step}: {name} {loss:.4f}", flush=True)
        sha256 = write_checkpoint(
            asked.weights,
            {**held.tensors, **pack_network(network, UNCOVER)},
            method="secgan",
            profile="fast",
            architecture=dict(held.architecture) | {UNCOVER: network.architecture()},
            metadata={"source": held.metadata["source"]},
        )
        print(f"{asked.weights}: {asked.weights.stat().st_size} bytes, {sha256}")


def make(data: Path, out: Path) -> None:
    """Cover portraits, and keep the bands about their eyes and their chins."""
    with (data / "portraits.csv").open(encoding="utf-8") as file:
        labels = {row["file"]: row for row in csv.DictReader(file)}
    photos = [one for one in list_photos(data / "portraits") if one.split == "train"]
    sources, _ = find_sources(photos, data / "portraits", None, print)
    method = SeCGAN.load(open_registry().open_method("secgan"), torch.device("cpu"))
    draw = np.random.default_rng(SEED)

    def scene_of(source: SourcePhoto) -> Scene:
        photo = read_photo(source.photo.path).pixels
        crop = extract_crop(photo, source.landmarks, SIZE // 2, wide=True).wide
        return method.look([crop])[0]

    def bare(source: SourcePhoto, scene: Scene, names: Sequence[str]) -> bool:
        row = labels[source.photo.path.name]
        told = all(row[name] in ("", "0") for name in names)
        return told and all(scene.logit(name) <= WORN for name in names)

    hairy = [one for one in sources if "1" in [labels[one.photo.path.name][k] for k in HAIRY]]
    lent = [one for one in (lend(scene_of(source)) for source in hairy) if one is not None]
    bands: dict[str, list[np.ndarray]] = {name: [] for name in BANDS}
    for source in sources:
        scene = scene_of(source)
        covered: dict[str, Iterator[np.ndarray]] = {}
        if bare(source, scene, ("eyeglasses",)):
            covered["eyes"] = spectacles(scene, EACH, draw)
        if bare(source, scene, HAIRY):
            covered["chin"] = beards(scene, EACH, lent, method.measured, draw)
        for name, pictures in covered.items():
            own = _band(scene.crop.to_bytes(), BANDS[name])
            bands[name] += [np.stack([own, _band(one, BANDS[name])]) for one in pictures]
    np.savez_compressed(out, eyes=np.array(bands["eyes"]), chin=np.array(bands["chin"]))


def _band(pixels: np.ndarray, rows: slice) -> np.ndarray:
    side = (SIZE - WIDTH) // 2
    return pixels[rows.start - MARGIN : rows.stop + MARGIN, side : side + WIDTH]


def train(
    network: UncoverNetwork, bands: Mapping[str, np.ndarray], steps: int
) -> Iterator[tuple[str, float]]:
    """Train on pairs of bands, (N, 2, H, 128, 3) uint8 each, in turn; yield names and losses."""
    torch.manual_seed(SEED)
    pairs = {name: torch.from_numpy(bands[name]).permute(0, 1, 4, 2, 3) for name in BANDS}
    network.train().to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=0.01)
    for step in range(steps):
        rise, fall = min(1.0, (step + 2) / 100), 0.5 + 0.5 * math.cos(math.pi * step / steps)
        optimiser.param_groups[0]["lr"] = RATE * rise * fall
        name = TURNS[step % len(TURNS)]
        shown, wanted = draw_pairs(pairs[name])
        yield name, learn(network, optimiser, shown, wanted)
    network.eval()


def draw_pairs(pairs: Tensor) -> tuple[Tensor, Tensor]:
    """Return covered bands and what they are to become, of (N, 2, 3, H, 128) uint8, varied."""
    wanted, shown = (pairs[torch.randint(len(pairs), (BATCH,))].float() / 255).unbind(1)
    shown = torch.where(torch.rand(BATCH, 1, 1, 1) < NONE, wanted, shown)
    return _changed(shown, wanted)


def _changed(shown: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    """Turn, mirror, light, blur and grain pairs of bands alike."""
    count, _, height, width = shown.shape
    scale, turn = 1 + 0.12 * (torch.rand(count) * 2 - 1), 0.1 * torch.randn(count)
    cos, sin, flip = torch.cos(turn) / scale, torch.sin(turn) / scale, torch.rand(count) < 0.5
    across = torch.where(flip, -1.0, 1.0)
    first = torch.stack([cos * across, sin * height / width, 0.06 * torch.randn(count)], 1)
    second = torch.stack([-sin * width / height * across, cos, 0.06 * torch.randn(count)], 1)
    grid = F.affine_grid(
        torch.stack([first, second], 1), [count, 3, height, width], align_corners=False
    )
    both = F.grid_sample(
        torch.cat([shown, wanted], 1), grid, align_corners=False, padding_mode="reflection"
    )[:, :, MARGIN : height - MARGIN]
    light = torch.exp(0.25 * torch.randn(count, 1, 1, 1) + 0.06 * torch.randn(count, 3, 1, 1))
    gamma = torch.exp(0.2 * torch.randn(count, 1, 1, 1))
    both = (both.clamp(1e-3, 1) ** gamma * light.repeat(1, 2, 1, 1)).clamp(0, 1)
    parts = both.unflatten(1, (2, 3))
    if torch.rand(()) < GREY:
        parts = parts.mean(2, keepdim=True).expand(parts.shape)
    both = parts.flatten(1, 2)
    if torch.rand(()) < BLURRED:
        both = F.interpolate(F.avg_pool2d(both, 2), scale_factor=2.0, mode="bilinear")
    noise = 0.03 * torch.rand(count, 1, 1, 1) * torch.randn(both[:, :3].shape)
    first, second = (both + noise.repeat(1, 2, 1, 1)).clamp(0, 1).chunk(2, 1)
    return first, second


if __name__ == "__main__":
    main()
