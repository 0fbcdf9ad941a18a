"""Multi-scale structural similarity (Wang et al. 2003), differentiable."""

import torch
from torch import Tensor
from torch.nn import functional as F

EXPONENTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Of the scales, finest first."""
WINDOW = 11
SIGMA = 1.5
STABLE = (0.01, 0.03)
"""K1 and K2."""
RANGE = 2.0
"""Of the values."""
LEAST = 1e-4
"""Of a scale's similarity: the slope of its power is infinite at 0."""


def ms_ssim(first: Tensor, second: Tensor) -> Tensor:
    """Return how alike images are in structure.

    All five scales need a side of 176 pixels. Smaller images are compared at as many as hold the
    window, with their exponents scaled to a sum of 1: at 128 pixels four.

    Args:
        first: (N, C, H, W) in [-1, 1], sides at least 11.
        second: of the same shape.

    Returns:
        (N,) in (0, 1], 1 for equal images.
    """
    # Variances are differences of almost equal numbers: 16 bits do not hold them.
    with torch.autocast(first.device.type, enabled=False):
        first, second = first.float(), second.float()
        side = min(first.shape[-2:])
        scales = [i for i in range(len(EXPONENTS)) if side >> i >= WINDOW]
        exponents = torch.tensor(EXPONENTS[: len(scales)], device=first.device)
        exponents = exponents / exponents.sum() if len(scales) < len(EXPONENTS) else exponents
        found = []
        for scale in scales:
            whole, structure = _compare(first, second)
            found.append(whole if scale == scales[-1] else structure)
            first, second = F.avg_pool2d(first, 2), F.avg_pool2d(second, 2)
        return torch.stack(found, 1).clamp(min=LEAST).pow(exponents).prod(1)


def _compare(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Return SSIM and its part without brightness, (N,) each."""
    channels = first.shape[1]
    places = torch.arange(WINDOW, device=first.device) - WINDOW // 2
    bell = torch.exp(-(places.float() ** 2) / (2 * SIGMA**2))
    bell = (bell / bell.sum()).view(1, 1, -1, 1).expand(5 * channels, 1, -1, 1)
    maps = torch.cat([first, second, first * first, second * second, first * second], 1)
    maps = F.conv2d(F.conv2d(maps, bell, groups=5 * channels), bell.mT, groups=5 * channels)
    mean1, mean2, square1, square2, product = maps.chunk(5, 1)
    small1, small2 = ((k * RANGE) ** 2 for k in STABLE)
    variances = square1 - mean1**2 + square2 - mean2**2
    structure = (2 * (product - mean1 * mean2) + small2) / (variances + small2)
    bright = (2 * mean1 * mean2 + small1) / (mean1**2 + mean2**2 + small1)
    return (bright * structure).mean((1, 2, 3)), structure.mean((1, 2, 3))
