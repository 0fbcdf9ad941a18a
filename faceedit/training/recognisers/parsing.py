"""Training of the parser: portraits beside studio pictures of the same people."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from faceedit.nn.parsing import Parser
from faceedit.ranges import Ranged, ranged
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
from faceedit.training.recognisers.fit import Plan

CHANGE = Augmentation(
    turn=0.2, scale=0.14, shift=0.05, gamma=0.35, gain=0.3, ramp=0.3, colour=0.08, grey=0.06,
    blur=0.2, noise=0.04, cover=0.15,
)  # fmt: skip


@dataclass(frozen=True)
class ParsingRecipe(Ranged):
    """How the parser is trained.

    Attributes:
        plan: steps and rates.
        portraits: share of each batch.
        overlap_weight: of one minus the soft intersection over union, beside 1 for the
            cross-entropy.
        change: of the pictures.
    """

    plan: Plan = field(
        default_factory=lambda: Plan(
            steps=6000, batch=32, rate=3e-3, average=0.995, examine_every=1000,
            sizes=((0.0, 64), (0.2, 96), (0.4, 128)),
        )
    )  # fmt: skip
    portraits: float = ranged(0.0, 1.0, default=0.4)
    overlap_weight: float = ranged(0.0, 1e3, default=1.0)
    change: Augmentation = field(default_factory=lambda: CHANGE)


def draw_parsed(
    portraits: FaceTable, studio: FaceTable, recipe: ParsingRecipe, size: int
) -> tuple[Tensor, Tensor]:
    """Draw a batch of pictures and their segments.

    Args:
        portraits: photos of people that may be learned from, with regions.
        studio: pictures of the same people.
        recipe: how.
        size: side of the pictures.

    Returns:
        (N, 3, size, size) float32 in [0, 1], and (N, size, size) int64, `NO_REGION` where unknown.
    """
    first = round(recipe.plan.batch * recipe.portraits)
    pictures, regions = [], []
    for table, count in ((portraits, first), (studio, recipe.plan.batch - first)):
        at = torch.randint(len(table), (count,)).numpy()
        pictures.append(torch.from_numpy(table.pictures[at]).permute(0, 3, 1, 2))
        regions.append(torch.from_numpy(table.regions[at]))
    mirrored = torch.rand(recipe.plan.batch) < 0.5
    transforms = place(recipe.plan.batch, recipe.change, CROP, mirrored)
    framed = frame_finely(torch.cat(pictures).float() / 255, transforms, size)
    return recolour(framed, recipe.change), frame_labels(torch.cat(regions), transforms, size)


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
