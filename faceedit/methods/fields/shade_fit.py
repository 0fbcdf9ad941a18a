"""Solving the shade layer: Eq. 4 to 6 of RegGAN on log ratios of the studio's pairs."""

from collections.abc import Iterable, Iterator

import cv2
import numpy as np
import torch

from faceedit.faces.topology import N_SURFACE
from faceedit.methods.fields.condition import ConditionSpec
from faceedit.methods.fields.generator import CROP_SIZE
from faceedit.methods.fields.shade_layer import ATLAS_SIZE, ShadeLayer, atlas_raster
from faceedit.training.pair_table import PairTable

RIDGE = 3.0
"""Of Eq. 6, against the sum over pairs."""
_CHUNK = 64
"""Pairs that are added to the sums at once."""


ShadeSample = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def shade_samples(
    table: PairTable, rows: Iterable[int], conditions: np.ndarray
) -> Iterator[ShadeSample]:
    """Yield what `fit_shade_layer` takes of pairs.

    Args:
        table: of pairs.
        rows: numbers of the pairs.
        conditions: (N, C) of every pair of the table.
    """
    for row in rows:
        ratio = np.asarray(table.log_ratio[row], np.float32)
        trust = np.asarray(table.trusted[row], np.float32) / 255
        yield conditions[row], ratio, trust, np.asarray(table.landmarks[row, 1])


def fit_shade_layer(samples: Iterable[ShadeSample], spec: ConditionSpec) -> ShadeLayer:
    """Solve the layer.

    Args:
        samples: for each pair the (C,) condition, (h, h, 3) log ratio and (h, h) trust in [0, 1] on
            the target's pixels, and the target's landmarks (478, >= 2) in crop pixels.
        spec: of the condition.
    """
    width = len(spec.part_partners)
    sums = _Sums(width)
    chunk: list[tuple[np.ndarray, np.ndarray]] = []
    raster = atlas_raster()
    for condition, ratio, trust, landmarks in samples:
        scale = ratio.shape[0] / CROP_SIZE
        at = (raster.interpolate(landmarks[:N_SURFACE, :2]) + 0.5) * scale - 0.5
        at = at.astype(np.float32)
        values = np.dstack([ratio, trust * 1.0]).astype(np.float32)
        found = cv2.remap(values, at[..., 0], at[..., 1], cv2.INTER_LINEAR)
        found[..., 3] *= raster.inside
        parts = spec.parts(torch.from_numpy(condition)[None])[0].numpy()
        chunk.append((parts, found.reshape(-1, 4)))
        if len(chunk) == _CHUNK:
            sums.add(chunk)
            chunk = []
    if chunk:
        sums.add(chunk)
    maps = np.linalg.solve(sums.products + RIDGE * np.eye(width), sums.cross)
    maps = maps.reshape(ATLAS_SIZE, ATLAS_SIZE, width, 3)
    solved = torch.from_numpy(maps).permute(2, 3, 0, 1).float()
    layer = ShadeLayer(spec)
    for at, number in enumerate(layer.kept):
        partner = spec.part_partners[number]
        layer.maps[at] = solved[number]
        if partner is not None:
            layer.maps[at] = (solved[number] + solved[partner].flip(2)) / 2
    return layer


class _Sums:
    """X^T X (T, C, C) and X^T T (T, C, 3) of Eq. 6 for every texel."""

    def __init__(self, width: int):
        texels = ATLAS_SIZE**2
        self.products = np.zeros((texels, width, width))
        self.cross = np.zeros((texels, width, 3))

    def add(self, chunk: list[tuple[np.ndarray, np.ndarray]]) -> None:
        conditions = np.stack([condition for condition, _ in chunk])
        found = np.stack([values for _, values in chunk])
        weight = found[..., 3]
        pairs = (conditions[:, :, None] * conditions[:, None]).reshape(len(chunk), -1)
        self.products += (weight.T @ pairs).reshape(self.products.shape)
        for channel in range(3):
            self.cross[..., channel] += (weight * found[..., channel]).T @ conditions
