"""The composed edit on tensors, for losses; `compose.compose` is its twin on photos."""

import torch
from torch import Tensor
from torch.nn import functional as F


def warp(image: Tensor, flow: Tensor) -> Tensor:
    """Resample an image at its own pixels plus flow, bilinear.

    Args:
        image: (N, C, S, S).
        flow: (N, 2, h, w), x and y in pixels of `image`; upsampled to S.
    """
    size = image.shape[-1]
    if flow.shape[-1] != size:
        flow = F.interpolate(flow, size=(size, size), mode="bilinear", align_corners=False)
    ticks = torch.linspace(-1 + 1 / size, 1 - 1 / size, size, device=image.device)
    y, x = torch.meshgrid(ticks, ticks, indexing="ij")
    grid = torch.stack([x, y], -1) + flow.permute(0, 2, 3, 1) * (2 / size)
    return F.grid_sample(image, grid, padding_mode="border", align_corners=False)


def compose_fields(image: Tensor, flow: Tensor, log_ratio: Tensor) -> Tensor:
    """Return warp(I, F) · exp(R), (N, 3, S, S), without paint.

    Args:
        image: (N, 3, S, S) in [0, 1].
        flow: (N, 2, h, w) in pixels of `image`.
        log_ratio: (N, 3, h, w).
    """
    size = image.shape[-2:]
    ratio = F.interpolate(log_ratio, size=size, mode="bilinear", align_corners=False)
    return warp(image, flow) * torch.exp(ratio)
