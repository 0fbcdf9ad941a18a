"""How an expression shades skin: the expression layer's ridge regression of log ratios.

Eq. 4 to 6 of the paper for every texel of the mean face instead of every pixel of a crop, where
folds of all people lie in one place, and with what is asked for in place of the pixels around.
"""

from collections.abc import Iterable
from functools import cache

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from faceedit.faces.raster import MeshRaster, rasterize_mesh
from faceedit.faces.topology import N_SURFACE, mean_shape
from faceedit.methods.reggan.shape_layer import BLOCKS, ONE_SIDED

ATLAS_SIZE = 128
ATLAS_SPAN = 2.0
"""Side of the atlas in eye distances."""
ATLAS_TOP = -0.65
_CHUNK = 64
RIDGE = 3.0
"""Of Eq. 6, against the sum over pairs."""


class ShadeLayer(nn.Module):
    """Log ratios on the atlas of the mean face, linear in what is asked for.

    Attributes:
        maps: (9, 3, A, A) log ratio RGB of each of `shape_layer.BLOCKS` in full.
    """

    maps: Tensor

    def __init__(self):
        super().__init__()
        self.register_buffer("maps", torch.zeros(len(BLOCKS), 3, ATLAS_SIZE, ATLAS_SIZE))

    def forward(self, shares: Tensor) -> Tensor:
        """Return (N, 3, A, A) log ratios for (N, 9) shares of the blocks."""
        return torch.einsum("nb,bcyx->ncyx", shares, self.maps.float())


def fit_shade_layer(
    samples: Iterable[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]], crop_size: int
) -> ShadeLayer:
    """Solve the layer.

    Args:
        samples: for each pair (9,) shares of the blocks, (h, h, 3) log ratio and (h, h) trust in
            [0, 1] on the target's pixels, and the target's landmarks (478, >= 2) in crop pixels.
        crop_size: side of the crops.
    """
    sums = _Sums()
    chunk: list[tuple[np.ndarray, np.ndarray]] = []
    raster = _atlas_raster()
    for shares, ratio, trust, landmarks in samples:
        scale = ratio.shape[0] / crop_size
        at = (raster.interpolate(landmarks[:N_SURFACE, :2]) + 0.5) * scale - 0.5
        at = at.astype(np.float32)
        values = np.dstack([ratio, trust * 1.0]).astype(np.float32)
        found = cv2.remap(values, at[..., 0], at[..., 1], cv2.INTER_LINEAR)
        found[..., 3] *= raster.inside
        chunk.append((shares, found.reshape(-1, 4)))
        if len(chunk) == _CHUNK:
            sums.add(chunk)
            chunk = []
    if chunk:
        sums.add(chunk)
    maps = np.linalg.solve(sums.products + RIDGE * np.eye(len(BLOCKS)), sums.cross)
    maps = maps.reshape(ATLAS_SIZE, ATLAS_SIZE, len(BLOCKS), 3)
    layer = ShadeLayer()
    solved = torch.from_numpy(maps).permute(2, 3, 0, 1).float()
    even = torch.tensor([name not in ONE_SIDED for name in BLOCKS])[:, None, None, None]
    layer.maps.copy_(torch.where(even, (solved + solved.flip(3)) / 2, solved))
    return layer


class _Sums:
    """X^T X (T, 9, 9) and X^T T (T, 9, 3) of Eq. 6 for every texel."""

    def __init__(self):
        texels, count = ATLAS_SIZE**2, len(BLOCKS)
        self.products = np.zeros((texels, count, count))
        self.cross = np.zeros((texels, count, 3))

    def add(self, chunk: list[tuple[np.ndarray, np.ndarray]]) -> None:
        shares = np.stack([s for s, _ in chunk])
        found = np.stack([f for _, f in chunk])
        weight = found[..., 3]
        pairs = (shares[:, :, None] * shares[:, None]).reshape(len(chunk), -1)
        self.products += (weight.T @ pairs).reshape(self.products.shape)
        for channel in range(3):
            self.cross[..., channel] += (weight * found[..., channel]).T @ shares


def draw_shade(shade: np.ndarray, raster: MeshRaster) -> np.ndarray:
    """Draw (A, A, 3) log ratios of the atlas where a raster of a face's mesh has them."""
    places = raster.interpolate(atlas_places()).astype(np.float32)
    drawn = cv2.remap(shade, places[..., 0], places[..., 1], cv2.INTER_LINEAR)
    return drawn * raster.inside[..., None].astype(np.float32)


@cache
def atlas_places() -> np.ndarray:
    """Return where the mesh points lie on the atlas, (468, 2) of its pixels."""
    corner = np.array([-ATLAS_SPAN / 2, ATLAS_TOP])
    return (mean_shape()[:N_SURFACE, :2] - corner) * (ATLAS_SIZE / ATLAS_SPAN) - 0.5


@cache
def _atlas_raster() -> MeshRaster:
    return rasterize_mesh(atlas_places(), (ATLAS_SIZE, ATLAS_SIZE))
