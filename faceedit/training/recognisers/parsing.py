"""Training of the parser: portraits beside studio pictures of the same people."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from faceedit.nn.parsing import Parser
from faceedit.ranges import ranged
from faceedit.regions import Region
from faceedit.training.recognisers.augment import (
    CROP,
    Augmentation,
    frame_finely,
    frame_labels,
    place,
    recolour,
)
from faceedit.training.recognisers.faces import NO_REGION, FaceTable
from faceedit.training.recognisers.task import RecogniserRecipe

CHANGE = Augmentation(
    turn=0.2, scale=0.14, shift=0.05, gamma=0.35, gain=0.3, ramp=0.3, colour=0.08, grey=0.06,
    blur=0.2, noise=0.04, cover=0.15,
)  # fmt: skip


@dataclass(frozen=True)
class ParsingRecipe(RecogniserRecipe):
    """How the parser is trained."""

    steps: int = ranged(1, 10_000_000, default=6000)  # updates in all
    batch_size: int = ranged(1, 65_536, default=32)  # pictures in each
    learning_rate: float = ranged(1e-9, 1.0, default=3e-3)  # at its highest; falls by a cosine
    average_decay: float = ranged(0.0, 0.999999, default=0.995)  # of the averaged weights, a step
    sizes: tuple[tuple[float, int], ...] = ((0.0, 64), (0.2, 96), (0.4, 128))  # side from a share
    portraits: float = ranged(0.0, 1.0, default=0.4)  # share of each batch
    overlap_weight: float = ranged(0.0, 1e3, default=1.0)  # of 1 − soft IoU, beside cross-entropy
    change: Augmentation = field(default_factory=lambda: CHANGE)  # of the pictures


class ParsingDrawer:
    """Draws batches of pictures and their segments.

    Args:
        portraits: photos of people that may be learned from, with regions.
        studio: pictures of the same people.
        recipe: how.
    """

    def __init__(self, portraits: FaceTable, studio: FaceTable, recipe: ParsingRecipe):
        self.tables, self.recipe = (portraits, studio), recipe

    def draw(self, step: int) -> dict[str, Tensor]:
        """Return a batch; the step, counted from 0, decides the size.

        - pictures: (N, 3, size, size) float32 in [0, 1].
        - regions: (N, size, size) int64, `NO_REGION` where unknown.
        """
        recipe, size = self.recipe, self.recipe.size_at(step)
        first = round(recipe.batch_size * recipe.portraits)
        pictures, regions = [], []
        for table, count in zip(self.tables, (first, recipe.batch_size - first), strict=True):
            at = torch.randint(len(table), (count,)).numpy()
            pictures.append(torch.from_numpy(table.pictures[at]).permute(0, 3, 1, 2))
            regions.append(torch.from_numpy(table.regions[at]))
        mirrored = torch.rand(recipe.batch_size) < 0.5
        transforms = place(recipe.batch_size, recipe.change, CROP, mirrored)
        framed = frame_finely(torch.cat(pictures).float() / 255, transforms, size)
        return {
            "pictures": recolour(framed, recipe.change),
            "regions": frame_labels(torch.cat(regions), transforms, size),
        }


def parsing_losses(
    network: Parser, pictures: Tensor, regions: Tensor, recipe: ParsingRecipe
) -> dict[str, Tensor]:
    """Return the weighted losses of a batch of `draw_parsed`, by name."""
    x = (pictures * 2 - 1).contiguous(memory_format=torch.channels_last)
    segments, overlap = region_losses(network(x), regions)
    return {"regions": segments, "overlap": recipe.overlap_weight * overlap}


def region_losses(logits: Tensor, regions: Tensor) -> tuple[Tensor, Tensor]:
    """Return the cross-entropy of segments, and how little they overlap.

    The second is one minus the mean soft intersection over union (Rahman and Wang 2016, Eq. 3) of
    the segments that are there, over the whole batch and not each picture, as it is measured.

    Args:
        logits: (N, 12, S, S).
        regions: (N, S, S) int64, `NO_REGION` where not known.
    """
    known = regions != NO_REGION
    if not known.any():
        return logits.sum() * 0.0, logits.sum() * 0.0
    # Planes lie apart in memory: a softmax over 12 neighbours is slow.
    logs = logits.contiguous().log_softmax(1)
    wanted = regions.where(known, 0)
    own = logs.gather(1, wanted[:, None])[:, 0]
    both = own.new_zeros(len(Region)).index_add(0, wanted.flatten(), (own.exp() * known).flatten())
    counts = torch.bincount(wanted[known], minlength=len(Region))
    either = (logs.exp() * known[:, None]).sum((0, 2, 3)) + counts - both
    there = counts > 0
    return -(own * known).sum() / known.sum(), 1 - (both[there] / either[there]).mean()
