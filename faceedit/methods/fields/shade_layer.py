"""How a condition shades skin: ridge regression of log ratios, solved in `shade_fit`.

Eq. 4 to 6 of RegGAN for every texel of the mean face instead of every pixel of a crop, where folds
of all people lie in one place, and with the condition in place of the pixels around.
"""

from functools import cache

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from faceedit.faces.raster import MeshRaster, rasterize_mesh
from faceedit.faces.topology import N_SURFACE, mean_shape
from faceedit.methods.fields.condition import ConditionSpec, one_of_each

ATLAS_SIZE = 128
ATLAS_SPAN = 2.0
"""Side of the atlas in eye distances."""
ATLAS_TOP = -0.65


class ShadeLayer(nn.Module):
    """Log ratios on the atlas of the mean face, linear in the parts of a condition.

    Of two numbers that are each other's mirror image one has a map, which serves both.

    Args:
        spec: of the condition.

    Attributes:
        maps: (M, 3, A, A) log ratio RGB of each number in full.
    """

    maps: Tensor

    def __init__(self, spec: ConditionSpec):
        super().__init__()
        self.spec = spec
        self.kept = one_of_each(spec.part_partners)
        partners = [spec.part_partners[n] for n in self.kept]
        pairs = zip(self.kept, partners, strict=True)
        self._swapped = [(at, p) for at, (n, p) in enumerate(pairs) if p not in (None, n)]
        self.register_buffer("maps", torch.zeros(len(self.kept), 3, ATLAS_SIZE, ATLAS_SIZE))

    def forward(self, condition: Tensor) -> Tensor:
        """Return (N, 3, A, A) log ratios for an (N, C) condition."""
        parts, maps = self.spec.parts(condition), self.maps.float()
        shade = torch.einsum("nb,bcyx->ncyx", parts[:, self.kept], maps)
        if self._swapped:
            at, partners = (list(column) for column in zip(*self._swapped, strict=True))
            seen = torch.einsum("nb,bcyx->ncyx", parts[:, partners], maps[at])
            shade = shade + seen.flip(3)
        return shade


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
def atlas_raster() -> MeshRaster:
    """Return the mean face's mesh on the atlas."""
    return rasterize_mesh(atlas_places(), (ATLAS_SIZE, ATLAS_SIZE))
