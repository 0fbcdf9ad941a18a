"""Teach secgan's fast profile to find hair, from outlines that were looked at.

    python scripts/teach_hair.py DATA scripts/hair_outlines.json weights/secgan-fast.safetensors

The outlines are polygons in the wide crops of training portraits: most were found by rules on
colours and strands and kept where eyes saw no fault, the hardest were drawn by hand. Pictures are
turned, moved, mirrored, in other light, blurred and noisy, and hair is given other colours: its
look is learned, not its colour. The network starts as legan's hourglass, whose matte lies near.
"""

import argparse
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faceedit.compose.hair.segment import mirrored
from faceedit.faces.align import BLANK, Crop, extract_crop
from faceedit.faces.landmark_maps import CHANNELS, draw_landmark_maps
from faceedit.methods.secgan.hair_network import MAPS_SIZE, SIZE, HairNetwork
from faceedit.methods.secgan.measured import HAIR, pack_network
from faceedit.photos import read_photo
from faceedit.registry import load_checkpoint, open_registry, write_checkpoint
from faceedit.studio.sources import find_sources, list_photos

BATCH, RATE, WARM, SEED = 8, 1e-3, 100, 3
DECAY = 0.995
"""Of the averaged weights."""
DYED, GREY, BLURRED, NOISY = 0.4, 0.1, 0.3, 0.4
"""Shares of pictures whose hair is given another colour, in grey, blurred and noisy."""
EDGE = 2.0
"""Weight of pixels at an outline, beyond that of others."""
MATTE = slice(12, 16)
"""Rows of legan's last layer that say the matte."""


@dataclass(frozen=True)
class Taught:
    """A crop and its hair.

    Attributes:
        pixels: (256, 256, 3) float32 RGB in [0, 1], filled beyond the photo.
        photo: (256, 256) float32, 1 on the photo.
        hair: (256, 256) float32 in [0, 1].
        maps: (128, 128, 12) float32 in [0, 1].
    """

    pixels: np.ndarray
    photo: np.ndarray
    hair: np.ndarray
    maps: np.ndarray


def main() -> None:
    """Train, and put the network into the file."""
    parser = argparse.ArgumentParser(description="Teach finding hair.")
    parser.add_argument("data", type=Path)
    parser.add_argument("outlines", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--steps", type=int, default=3000)
    asked = parser.parse_args()
    torch.set_num_threads(2)
    outlines = json.loads(asked.outlines.read_text(encoding="utf-8"))
    taught = read(asked.data, outlines)
    network = from_legan()
    average = {name: one.clone() for name, one in network.state_dict().items()}
    for step, loss in enumerate(train(network, taught, asked.steps), 1):
        decay = min(DECAY, step / (step + 20))
        for name, one in network.state_dict().items():
            if one.is_floating_point():
                average[name].lerp_(one, 1 - decay)
            else:
                average[name] = one.clone()
        if step % 50 == 0:
            print(f"step {step}: {loss:.4f}", flush=True)
    network.load_state_dict(average)
    held = load_checkpoint(asked.weights)
    sha256 = write_checkpoint(
        asked.weights,
        {**held.tensors, **pack_network(network, HAIR)},
        method="secgan",
        profile="fast",
        architecture=dict(held.architecture) | {HAIR: network.architecture()},
        metadata={"source": held.metadata["source"]},
    )
    print(f"{asked.weights}: {asked.weights.stat().st_size} bytes, {sha256}")


def read(data: Path, outlines: Mapping[str, Sequence[Sequence[float]]]) -> list[Taught]:
    """Cut the crops of portraits that have outlines."""
    photos = [one for one in list_photos(data / "portraits") if one.path.name in outlines]
    sources, _ = find_sources(photos, data / "portraits", None, print)
    return [
        _taught(
            extract_crop(
                read_photo(source.photo.path).pixels, source.landmarks, SIZE // 2, wide=True
            ).wide,
            outlines[source.photo.path.name],
        )
        for source in sources
    ]


def _taught(crop: Crop, rings: Sequence[Sequence[float]]) -> Taught:
    """Return a crop with its hair, in whose outlines holes are rings within rings."""
    photo = (~(crop.pixels == np.float32(BLANK)).all(-1)).astype(np.float32)
    maps = draw_landmark_maps(crop.landmarks, SIZE, MAPS_SIZE)
    return Taught(mirrored(crop.pixels), photo, outlined(rings) * photo, maps)


def outlined(rings: Sequence[Sequence[float]]) -> np.ndarray:
    """Draw outlines, x and y in turn in pixels of a wide crop: (256, 256) float32 in [0, 1]."""
    drawn = np.zeros((4 * SIZE, 4 * SIZE), np.uint8)
    lines = [np.round(4 * np.reshape(ring, (-1, 2)) + 1.5).astype(np.int32) for ring in rings]
    cv2.fillPoly(drawn, lines, 255)
    return cv2.resize(drawn, (SIZE, SIZE), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def from_legan() -> HairNetwork:
    """Return a network that begins as legan's, and takes people for hair."""
    network = HairNetwork()
    own, theirs = network.state_dict(), open_registry().checkpoint("legan-fast").tensors
    for name, one in own.items():
        value = theirs[name].to(one.dtype)
        own[name] = value[MATTE] if name.startswith("decoder.last") else value
    network.load_state_dict(own)
    return network


def train(network: HairNetwork, taught: Sequence[Taught], steps: int) -> Iterator[float]:
    """Train; yield the losses."""
    torch.manual_seed(SEED)
    rng = np.random.default_rng(SEED)
    network.train().to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=0.01)
    for step in range(steps):
        rise, fall = min(1.0, (step + 1) / WARM), 0.5 + 0.5 * math.cos(math.pi * step / steps)
        optimiser.param_groups[0]["lr"] = RATE * rise * fall
        chosen = rng.integers(0, len(taught), BATCH)
        pictures, maps, hair, photo = draw([taught[i] for i in chosen], rng)
        with torch.autocast("cpu", torch.bfloat16):
            logits = network(pictures.contiguous(memory_format=torch.channels_last), maps)
        loss = loss_of(logits.float(), hair, photo)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        yield loss.item()
    network.eval()


def loss_of(logits: Tensor, hair: Tensor, photo: Tensor) -> Tensor:
    """Return the loss of logits, beside (N, 1, 256, 256) opacities where there is a photo."""
    edge = F.max_pool2d(hair, 5, 1, 2) + F.max_pool2d(1 - hair, 5, 1, 2) - 1
    each = F.binary_cross_entropy_with_logits(logits, hair, reduction="none")
    found, there = torch.sigmoid(logits) * photo, hair * photo
    both = (found * there).sum((1, 2, 3))
    either = (found + there - found * there).sum((1, 2, 3))
    overlap = (both + 50) / (either + 50)
    return 5 * (each * photo * (1 + EDGE * edge.clamp(0, 1))).mean() + 0.3 * (1 - overlap).mean()


def draw(
    chosen: Sequence[Taught], rng: np.random.Generator
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Vary crops: pictures in [-1, 1], landmark maps, hair and where the photo is."""
    varied = [_vary(one, rng) for one in chosen]
    columns = (np.stack([getattr(one, name) for one in varied]) for name in ("pixels", "maps"))
    planes = (np.stack([getattr(one, name) for one in varied]) for name in ("hair", "photo"))
    pictures, maps = (torch.from_numpy(one).permute(0, 3, 1, 2) for one in columns)
    hair, photo = (torch.from_numpy(one)[:, None] for one in planes)
    return pictures * 2 - 1, maps, hair, photo


def _vary(one: Taught, rng: np.random.Generator) -> Taught:
    """Turn, move, mirror, colour, light, blur and grain a crop."""
    pixels = _dyed(one.pixels, one.hair, rng) if rng.random() < DYED else one.pixels
    scale, turn = np.exp(rng.normal(0, 0.1)), rng.normal(0, 0.08)
    linear = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    shift = rng.normal(0, 6, 2)

    def placed(plane: np.ndarray, border: int = cv2.BORDER_REFLECT_101) -> np.ndarray:
        middle = np.full(2, (len(plane) - 1) / 2)
        affine = np.column_stack([linear, middle - linear @ middle + shift * len(plane) / SIZE])
        return cv2.warpAffine(plane, affine, plane.shape[1::-1], borderMode=border)

    maps = np.dstack(
        [
            placed(np.ascontiguousarray(one.maps[..., k : k + 4]), cv2.BORDER_REPLICATE)
            for k in range(0, one.maps.shape[2], 4)
        ]
    )
    planes = [placed(pixels), placed(one.hair), placed(one.photo, cv2.BORDER_CONSTANT), maps]
    if rng.random() < 0.5:
        planes = [plane[:, ::-1].copy() for plane in planes]
        planes[3][..., CHANNELS.index("u")] = 1 - planes[3][..., CHANNELS.index("u")]
    pixels = np.clip(planes[0], 1e-3, 1) ** np.exp(rng.normal(0, 0.25))
    pixels = pixels * np.exp(rng.normal(0, 0.15) + rng.normal(0, 0.06, 3))
    if rng.random() < GREY:
        pixels = np.repeat(pixels.mean(2, keepdims=True), 3, 2)
    if rng.random() < BLURRED:
        pixels = cv2.GaussianBlur(pixels, (0, 0), rng.uniform(0.4, 1.5))
    if rng.random() < NOISY:
        pixels = pixels + rng.normal(0, rng.uniform(0, 0.04), pixels.shape)
    pixels = np.clip(pixels, 0, 1).astype(np.float32)
    return Taught(pixels, planes[2], planes[1], planes[3])


def _dyed(pixels: np.ndarray, hair: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Give hair another colour."""
    lab = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB)
    other = lab.copy()
    middle = float((lab[..., 0] * hair).sum() / (hair.sum() + 1))
    contrast = np.exp(rng.normal(0, 0.25))
    other[..., 0] = np.clip(middle + rng.normal(0, 14) + contrast * (lab[..., 0] - middle), 0, 100)
    other[..., 1:] = rng.uniform(0.2, 1.3) * lab[..., 1:]
    if rng.random() < 0.6:
        other[..., 1:] += rng.normal(0, 10, 2)
    dyed = np.clip(cv2.cvtColor(other, cv2.COLOR_LAB2RGB), 0, 1)
    return pixels + hair[..., None] * (dyed - pixels)


if __name__ == "__main__":
    main()
