"""Random changes to crops that leave what they show: place, light, sharpness, noise, covers."""

import math
from dataclasses import dataclass, fields

import torch
from torch import Tensor
from torch.nn import functional as F

from faceedit.ranges import Ranged, ranged
from faceedit.recognisers.base import grey as in_grey

CROP = (0.0, 0.0, 1.0, 1.0)
"""The whole crop as a box: left, top, right, bottom."""


@dataclass(frozen=True)
class Augmentation(Ranged):
    """How far crops are changed; 0 everywhere changes nothing but the framing.

    Attributes:
        turn: largest turn in radians.
        scale: largest change of the logarithm of the size.
        shift: largest shift in shares of the framed side.
        gamma: largest change of the logarithm of the exponent of display values.
        gain: largest change of the logarithm of the exposure.
        ramp: largest logarithm of a change of exposure from the middle to an edge.
        colour: largest change of the logarithm of each channel's gain.
        grey: share of pictures without colour.
        blur: share of pictures that are made coarser.
        noise: largest standard deviation of noise, for display values in [0, 1].
        cover: share of pictures with a patch of one colour.
    """

    turn: float = ranged(0.0, 3.2, default=0.12)
    scale: float = ranged(0.0, 3.2, default=0.08)
    shift: float = ranged(0.0, 3.2, default=0.05)
    gamma: float = ranged(0.0, 3.2, default=0.35)
    gain: float = ranged(0.0, 3.2, default=0.25)
    ramp: float = ranged(0.0, 3.2, default=0.35)
    colour: float = ranged(0.0, 3.2, default=0.12)
    grey: float = ranged(0.0, 1.0, default=0.2)
    blur: float = ranged(0.0, 1.0, default=0.4)
    noise: float = ranged(0.0, 3.2, default=0.05)
    cover: float = ranged(0.0, 1.0, default=0.25)


def place(
    n: int, change: Augmentation, box: tuple[float, float, float, float], mirrored: Tensor
) -> Tensor:
    """Draw transforms from a framed square to crops, for `frame`.

    Args:
        n: how many.
        change: how far.
        box: the framed part of the crop: left, top, right, bottom as shares of its side.
        mirrored: (n,) bool, which to mirror; the mirror is the middle of the crop.

    Returns:
        (n, 2, 3) float32 as `torch.nn.functional.affine_grid` takes it.
    """
    left, top, right, bottom = box
    half_x, half_y = right - left, bottom - top
    centre_x, centre_y = left + right - 1, top + bottom - 1
    angle = _spread(n, change.turn)
    size = torch.exp(_spread(n, change.scale))
    cos, sin = torch.cos(angle) * size, torch.sin(angle) * size
    flip = 1 - 2 * mirrored.float()
    x = centre_x + _spread(n, change.shift) * 2 * half_x
    y = centre_y + _spread(n, change.shift) * 2 * half_y
    rows = [flip * cos * half_x, -flip * sin * half_y, flip * x, sin * half_x, cos * half_y, y]
    return torch.stack(rows, 1).view(n, 2, 3)


def frame(pictures: Tensor, transforms: Tensor, size: int) -> Tensor:
    """Cut squares out of crops.

    Args:
        pictures: (N, C, S, S) float.
        transforms: (N, 2, 3) of `place`.
        size: side of the result in pixels; not much less than what it shows has.

    Returns:
        (N, C, size, size), beyond the crop its edge reflected.
    """
    grid = F.affine_grid(transforms, [len(pictures), 1, size, size], False)
    return F.grid_sample(pictures, grid, padding_mode="reflection", align_corners=False)


def frame_finely(pictures: Tensor, transforms: Tensor, size: int) -> Tensor:
    """Like `frame` for a size below that of what it shows: averaged, as `base.resample` does.

    Args:
        pictures: (N, C, S, S) float.
        transforms: (N, 2, 3) of `place`.
        size: side of the result in pixels.
    """
    finer = max(1, math.ceil(pictures.shape[-1] / size))
    return F.avg_pool2d(frame(pictures, transforms, size * finer), finer)


def frame_labels(regions: Tensor, transforms: Tensor, size: int) -> Tensor:
    """Cut the same squares out of (N, S, S) uint8 labels: (N, size, size) int64, nearest."""
    grid = F.affine_grid(transforms, [len(regions), 1, size, size], False)
    planes = regions[:, None].float()
    found = F.grid_sample(
        planes, grid, mode="nearest", padding_mode="reflection", align_corners=False
    )
    return found[:, 0].long()


def recolour(x: Tensor, change: Augmentation) -> Tensor:
    """Light, colour, blur, stain and cover pictures at random.

    Args:
        x: (N, C, S, S) in [0, 1], colour or grey.
        change: how far.

    Returns:
        (N, C, S, S) in [0, 1].
    """
    n, channels, size, _ = x.shape
    if change.blur:
        for i in torch.nonzero(torch.rand(n) < change.blur).flatten().tolist():
            side = int(torch.randint(size // 3, size, ()))
            small = F.interpolate(x[i : i + 1], (side, side), mode="bilinear", antialias=True)
            x[i] = F.interpolate(small, (size, size), mode="bilinear", align_corners=False)[0]
    along = torch.linspace(-1, 1, size)
    across, down = _spread(n, change.ramp).view(n, 1, 1, 1), _spread(n, change.ramp)
    ramp = across * along + down.view(n, 1, 1, 1) * along[:, None]
    gains = _spread(n * channels, change.colour).view(n, channels, 1, 1)
    gains += _spread(n, change.gain).view(n, 1, 1, 1)
    gamma = torch.exp(_spread(n, change.gamma)).view(n, 1, 1, 1)
    x = x.clamp(1e-3, 1).log_().mul_(gamma).add_(gains).add_(ramp).exp_()
    grey = torch.rand(n) < change.grey
    if channels == 3 and grey.any():
        x[grey] = in_grey(x[grey]).expand(-1, 3, -1, -1)
    if change.noise:
        deviation = torch.rand(n, 1, 1, 1).square_() * change.noise
        x += torch.randn_like(x) * deviation
    x = x.clamp_(0, 1)
    for i in torch.nonzero(torch.rand(n) < change.cover).flatten().tolist():
        high, wide = torch.randint(size // 8, size // 3, (2,)).tolist()
        top, left = (int(torch.randint(0, size - side, ())) for side in (high, wide))
        x[i, :, top : top + high, left : left + wide] = torch.rand(channels, 1, 1)
    return x


def _spread(n: int, most: float) -> Tensor:
    """Return (n,) numbers between minus and plus `most`."""
    return (torch.rand(n) * 2 - 1) * most


NOTHING = Augmentation(**dict.fromkeys((f.name for f in fields(Augmentation)), 0.0))
"""No change; with it, `place` and `frame` only cut the box out."""
