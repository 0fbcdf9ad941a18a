"""Oriented gradients: what edges a picture has where, whatever its exposure."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

FLAT = 2e-5
"""Added to the energy of a neighbourhood, so that noise in flat skin is not blown up."""
STEEP = 1e-4
"""Added before the square root, whose slope at 0 is infinite."""


class OrientedGradients(nn.Module):
    """Histograms of oriented gradients (Dalal and Triggs 2005), differentiable, on one grid.

    At each level of a pyramid the gradient is taken apart into directions, averaged over
    overlapping cells and divided by the energy of the 3x3 cells around. There is nothing to learn
    in it: what a few thousand people cannot teach, how to see edges, is known beforehand.

    Args:
        directions: of the gradient, evenly around the circle: dark to light is not light to dark.
        levels: of the pyramid, each half the size of the one before.
        grid: cells along a side, the same at every level.
    """

    def __init__(self, directions: int = 8, levels: int = 4, grid: int = 14):
        super().__init__()
        self.levels, self.grid = levels, grid
        self.channels = directions * levels
        # Where a network is built without memory these have some all the same: no file keeps them.
        angles = torch.arange(directions, device="cpu") * (2 * math.pi / directions)
        sobel = [[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]
        across = torch.tensor(sobel, device="cpu") / 4
        kernels = torch.cos(angles).view(-1, 1, 1) * across
        kernels = kernels + torch.sin(angles).view(-1, 1, 1) * across.T
        self.kernels: Tensor
        self.register_buffer("kernels", kernels[:, None].contiguous(), persistent=False)

    @property
    def size(self) -> int:
        """Side of the pictures in pixels: the coarsest level has one pixel per cell."""
        return self.grid * 2 ** (self.levels - 1)

    def forward(self, pictures: Tensor) -> Tensor:
        """(N, 1, size, size) pictures of contrast 1 to (N, channels, grid, grid) in (0, 1]."""
        maps = []
        for level in range(self.levels):
            if level:
                pictures = F.avg_pool2d(pictures, 2)
            padded = F.pad(pictures, (1, 1, 1, 1), mode="replicate")
            edges = torch.relu(F.conv2d(padded, self.kernels))
            cell = pictures.shape[-1] // self.grid
            if cell > 1:
                edges = F.avg_pool2d(edges, 2 * cell, cell, cell // 2, count_include_pad=False)
            energy = edges.square().sum(1, keepdim=True)
            energy = F.avg_pool2d(energy, 3, 1, 1, count_include_pad=False)
            maps.append((edges / (energy + FLAT).sqrt()).clamp(max=1))
        return (torch.cat(maps, 1) + STEEP).sqrt()
