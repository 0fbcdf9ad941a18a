"""Teach secgan's fast profile to take spectacles off, from faces that it has put some on.

    python scripts/teach_uncover.py make DATA BANDS.npz
    python scripts/teach_uncover.py train BANDS.npz weights/secgan-fast.safetensors [--steps 4500]

`make` puts three pairs of spectacles, of kinds, sizes and colours drawn at random, on every
training portrait that has none. `train` shows them to the network, one in eight without spectacles,
turned, mirrored, in other light, blurred and noisy, and compares what it makes of them with the
portrait: colours and their gradients, those under frames most, and where frames are. The network is
written beside what the file holds.
"""

import argparse
import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faceedit.compose.compose import compose
from faceedit.compose.edit import Edit, RasterPaint
from faceedit.compose.eyewear.styles import STYLES, Style
from faceedit.faces.align import Crop, extract_crop
from faceedit.methods.secgan.eyewear import WORN, wear
from faceedit.methods.secgan.look import SIZE, look
from faceedit.methods.secgan.measured import UNCOVER
from faceedit.methods.secgan.method import SeCGAN
from faceedit.methods.secgan.uncover import HEIGHT, TOP, WIDTH, UncoverNetwork
from faceedit.photos import read_photo
from faceedit.registry import load_checkpoint, open_registry, write_checkpoint
from faceedit.studio.sources import find_sources, list_photos

EACH, MARGIN, SEED = 3, 4, 3
BATCH, RATE = 16, 1.5e-3
NONE, GREY, BLURRED = 0.12, 0.1, 0.2
"""Shares of pictures without spectacles, in grey and blurred."""
SEEN = 0.06
"""Difference of display values from which a pixel is a frame's."""


def main() -> None:
    """Make or train."""
    parser = argparse.ArgumentParser(description="Teach taking spectacles off.")
    tasks = parser.add_subparsers(dest="task", required=True)
    for name, first, second in (("make", "data", "bands"), ("train", "bands", "weights")):
        one = tasks.add_parser(name)
        one.add_argument(first, type=Path)
        one.add_argument(second, type=Path)
    one.add_argument("--steps", type=int, default=4500)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    if asked.task == "make":
        make(asked.data, asked.bands)
    else:
        network = train(np.load(asked.bands), asked.steps)
        held = load_checkpoint(asked.weights)
        own = {f"{UNCOVER}{name}": _half(value) for name, value in network.state_dict().items()}
        sha256 = write_checkpoint(
            asked.weights,
            {**held.tensors, **own},
            method="secgan",
            profile="fast",
            architecture=network.architecture(),
            metadata={"source": held.metadata["source"]},
        )
        print(f"{asked.weights}: {asked.weights.stat().st_size} bytes, {sha256}")


def _half(value: Tensor) -> Tensor:
    return value.half() if value.is_floating_point() else value


def make(data: Path, out: Path) -> None:
    """Put spectacles on portraits and keep the bands about their eyes."""
    with (data / "portraits.csv").open(encoding="utf-8") as file:
        bare = {row["file"] for row in csv.DictReader(file) if row["eyeglasses"] in ("", "0")}
    photos = [one for one in list_photos(data / "portraits") if one.split == "train"]
    sources, _ = find_sources(
        [one for one in photos if one.path.name in bare], data / "portraits", None, print
    )
    method = SeCGAN.load(open_registry().open_method("secgan"), torch.device("cpu"))
    draw = np.random.default_rng(SEED)
    kinds = [name for name in STYLES if name != "sunglasses"]
    photo, worn = [], []
    for source in sources:
        crop = extract_crop(
            read_photo(source.photo.path).pixels, source.landmarks, SIZE // 2, wide=True
        ).wide
        (scene,) = look([crop], method.parser, method.surfaces)
        if scene.logit("eyeglasses") > WORN:
            continue
        for kind in draw.permutation(kinds)[:EACH]:
            style = _varied(STYLES[kind][draw.integers(len(STYLES[kind]))], draw)
            detail = wear(scene, style, int(draw.integers(1_000_000)), 1.0)
            nothing = np.zeros((2, 2, 3), np.float32)
            edit = Edit(
                nothing[..., :2],
                nothing,
                nothing[..., 0],
                RasterPaint(nothing, SIZE),
                SIZE,
                details=(detail,),
                on_top=True,
            )
            mask = np.pad(np.ones((SIZE - 2, SIZE - 2), np.float32), 1)
            photo.append(_band(crop, crop.to_bytes()))
            worn.append(_band(crop, compose(crop.to_bytes(), edit, np.eye(2, 3), mask)))
    np.savez_compressed(out, photo=np.array(photo), worn=np.array(worn))


def _varied(style: Style, draw: np.random.Generator) -> Style:
    """Return spectacles of another size and colour."""
    half = np.array(style.half) * [min(draw.uniform(0.88, 1.12), 1.08), draw.uniform(0.78, 1.22)]
    colour = np.clip(np.array(style.colour) * draw.uniform(0.6, 1.6) + draw.uniform(0, 0.06), 0, 1)
    tint = np.clip(np.array(style.opacity) * draw.uniform(0.5, 3), 0, 0.3)
    return replace(
        style,
        half=tuple(half.tolist()),
        colour=tuple(colour.tolist()),
        opacity=tuple(tint.tolist()),
        rim=style.rim * draw.uniform(0.7, 1.5),
        side=style.side * draw.uniform(0.7, 1.3),
    )


def _band(crop: Crop, pixels: np.ndarray) -> np.ndarray:
    side = (crop.size - WIDTH) // 2
    return pixels[TOP - MARGIN : TOP + HEIGHT + MARGIN, side : side + WIDTH]


def train(bands: dict[str, np.ndarray], steps: int) -> UncoverNetwork:
    """Train on pairs of (H, W, 3) uint8 bands."""
    torch.manual_seed(SEED)
    photo, worn = (torch.from_numpy(bands[name]).permute(0, 3, 1, 2) for name in ("photo", "worn"))
    network = UncoverNetwork()
    network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=0.01)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps, pct_start=0.1)
    for step in range(steps):
        index = torch.randint(len(photo), (BATCH,))
        wanted, shown = photo[index].float() / 255, worn[index].float() / 255
        shown = torch.where(torch.rand(BATCH, 1, 1, 1) < NONE, wanted, shown)
        shown, wanted = _changed(shown, wanted)
        frame = ((shown - wanted).abs().amax(1, keepdim=True) > SEEN).float()
        loss = _loss(network, shown, wanted, F.max_pool2d(frame, 3, 1, 1))
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        rate.step()
        if step % 100 == 99:
            print(f"step {step + 1}: loss {loss.item():.4f}", flush=True)
    return network.eval()


def _loss(network: UncoverNetwork, shown: Tensor, wanted: Tensor, frame: Tensor) -> Tensor:
    with torch.autocast("cpu", torch.bfloat16):
        found = network((shown * 2 - 1).contiguous(memory_format=torch.channels_last))
    opacity, paint, ratio = found
    share = torch.sigmoid(opacity)
    made = share * paint + (1 - share) * (shown * ratio.exp()).clamp(0, 1)
    weight = 1 + 6 * frame
    loss = 4 * ((made - wanted).abs() * weight).mean()
    for axis in (2, 3):
        edges = (made.diff(dim=axis) - wanted.diff(dim=axis)).abs()
        loss = loss + 2 * (edges * weight.narrow(axis, 1, weight.shape[axis] - 1)).mean()
    hidden = F.binary_cross_entropy_with_logits(opacity, frame)
    return loss + 0.3 * hidden + 0.05 * ratio.abs().mean()


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
