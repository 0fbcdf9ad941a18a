"""Pictures that the identity recogniser learns people from, as their oriented gradients."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from faceedit.recognisers.identity import IDENTITY_WINDOW, IdentityRecogniser
from faceedit.training.recognisers.augment import NOTHING, Augmentation, frame, place, recolour
from faceedit.training.recognisers.faces import FaceTable, grey_pictures
from faceedit.untrusted import map_array


@dataclass(frozen=True)
class Album:
    """Training pictures as their oriented gradients, which training does not change.

    Attributes:
        maps: for each table (V, N, C, g, g) uint8, in units of 1/255: variants of its pictures.
        table: (M,) int64, of which table each training picture is.
        row: (M,) int64, its row there.
        people: (M,) int64 numbers of people from 0.
        studio: (M,) bool, portraits and studio pictures.
    """

    maps: Sequence[np.ndarray]
    table: np.ndarray
    row: np.ndarray
    people: np.ndarray
    studio: np.ndarray

    def draw(self, index: np.ndarray, luck: np.ndarray) -> Tensor:
        """Return pictures in variants as (n, C, g, g) float32 maps.

        Args:
            index: (n,) numbers of pictures.
            luck: (n,) numbers from 0; the remainder by the number of variants decides.
        """
        found = [
            self.maps[t][k % len(self.maps[t]), r]
            for t, r, k in zip(self.table[index], self.row[index], luck, strict=True)
        ]
        return torch.from_numpy(np.stack(found)).float().div_(255)


def make_album(
    maps: Sequence[np.ndarray],
    people: Sequence[np.ndarray],
    learned: Sequence[np.ndarray],
    studio: Sequence[bool],
) -> Album:
    """Gather what may be learned from.

    Args:
        maps: of each table, as `make_maps` returns them.
        people: (N,) names for each table, where copies count as one person.
        learned: (N,) bool for each table, which faces to learn from.
        studio: for each table, whether it counts as the studio's.
    """
    rows = [np.flatnonzero(kept) for kept in learned]
    names = np.concatenate([own[r] for own, r in zip(people, rows, strict=True)])
    sizes = [len(r) for r in rows]
    return Album(
        maps=list(maps),
        table=np.repeat(np.arange(len(rows)), sizes),
        row=np.concatenate(rows),
        people=np.unique(names, return_inverse=True)[1].astype(np.int64),
        studio=np.repeat(np.array(studio, bool), sizes),
    )


@torch.inference_mode()
def make_maps(
    network: IdentityRecogniser,
    table: FaceTable,
    variants: int,
    change: Augmentation,
    path: Path,
    batch: int = 64,
) -> np.ndarray:
    """Look at all pictures of a table in several variants; the result stays on the disk.

    Args:
        network: only its gradients matter, which nothing changes.
        table: of N faces.
        variants: the first is the picture, the second its mirror image, all others are changed.
        change: how far.
        path: of the .npy file; one that is there already is taken as it is.
        batch: pictures at a time.

    Returns:
        (variants, N, C, g, g) uint8, mapped into memory.
    """
    shape = (variants, len(table), network.gradients.channels, network.grid, network.grid)
    if path.exists() and (kept := map_array(path)).shape == shape:
        return kept
    partial = path.with_suffix(".partial")
    maps = np.lib.format.open_memmap(partial, "w+", np.uint8, shape)
    pictures = grey_pictures(table)
    for start in range(0, len(table), batch):
        part = pictures[start : start + batch].float() / 255
        for variant in range(variants):
            framed = _vary(part, variant, network.gradients.size, change)
            found = network.maps(framed * 2 - 1)
            maps[variant, start : start + batch] = (found * 255).round().byte().numpy()
    maps.flush()
    partial.replace(path)
    return map_array(path)


def _vary(pictures: Tensor, variant: int, size: int, change: Augmentation) -> Tensor:
    n = len(pictures)
    if variant < 2:
        flat = torch.full((n,), variant == 1)
        return frame(pictures, place(n, NOTHING, IDENTITY_WINDOW, flat), size)
    framed = frame(pictures, place(n, change, IDENTITY_WINDOW, torch.rand(n) < 0.5), size)
    return recolour(framed.expand(-1, 3, -1, -1).clone(), change)[:, :1]
