"""Training of the last layers of attributes, on what a finished network sees in photos.

The rest of the network stays as it is, so segments and lights stay bit for bit what they were.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from faceedit.ranges import Ranged, ranged
from faceedit.recognisers.appearance import AppearanceRecogniser
from faceedit.recognisers.looks import HIDDEN, head
from faceedit.targets import ATTRIBUTES
from faceedit.training.recognisers.augment import (
    CROP,
    NOTHING,
    Augmentation,
    frame_finely,
    place,
    recolour,
)
from faceedit.training.recognisers.examine_appearance import scales, thresholds
from faceedit.training.recognisers.faces import SIZE, FaceTable
from faceedit.training.recognisers.fit import Plan, fit
from faceedit.training.recognisers.looks import attributes_loss, prior_of
from faceedit.training.recognisers.looks_people import People, groups_of, of_split

RAREST = 0.2
"""Nothing counts as rarer than this, or as more common than the rest, in `rarity`."""
DEVIATION = 1e-3
"""Added to the spread of a trait."""
CHANGE = Augmentation(
    turn=0.15, scale=0.12, shift=0.04, gamma=0.3, gain=0.25, ramp=0.25, colour=0.06, grey=0.03,
    blur=0.2, noise=0.03, cover=0.1,
)  # fmt: skip


@dataclass(frozen=True)
class AttributesRecipe(Ranged):
    """How the last layers are trained.

    Attributes:
        plan: steps and rates.
        views: changed copies of each photo that are seen beside the photo as it is.
        change: of those copies.
        photographed: times that photos of photographed people are drawn more often: there are few.
        dark: the same of people with dark skin, of whom women and men are drawn alike.
        dropout: of the traits and of the hidden layer.
        smoothing: of labels, see `attributes_loss`.
        folds: the photographed train people are parted into so many; each part is read by layers
            that were trained on the others, to set thresholds.
    """

    plan: Plan = field(
        default_factory=lambda: Plan(
            steps=1000, batch=128, rate=2e-3, weight_decay=0.01, average=0.99, keep_every=500
        )
    )
    views: int = ranged(0, 1000, default=10)
    change: Augmentation = field(default_factory=lambda: CHANGE)
    photographed: float = ranged(1.0, 1e3, default=2.0)
    dark: float = ranged(1.0, 1e3, default=2.0)
    dropout: float = ranged(0.0, 0.9, default=0.35)
    smoothing: float = ranged(0.0, 0.9, default=0.1)
    folds: int = ranged(2, 100, default=3)


def teach_attributes(
    network: AppearanceRecogniser,
    photos: FaceTable,
    people: People,
    recipe: AttributesRecipe,
    folder: Path,
    tell: Callable[[str], None] = lambda _: None,
) -> None:
    """Train the last layers of attributes, and set their thresholds, scales and rarity.

    Args:
        network: whose layers are replaced; in evaluation mode.
        photos: labelled, of `looks_people.with_looks`.
        people: who is learned from, and who thresholds are set on.
        recipe: how.
        folder: for states and logs.
        tell: is told of progress.
    """
    learned = photos.take(of_split(photos, people, "train"))
    learned = learned.take(np.flatnonzero((~np.isnan(learned.attributes)).any(1)))
    held = photos.take(of_split(photos, people, "calibration"))
    views = see(network, learned, recipe.views, recipe)
    weights = drawing_weights(learned, people, recipe)
    layers = fit_layers(views, learned.attributes, weights, recipe, folder / "whole", tell)

    parts = folds_of(learned, recipe.folds)
    crossed = np.full_like(learned.attributes, np.nan)
    for part in range(recipe.folds):
        others = np.where(parts == part, 0.0, weights)
        found = fit_layers(views, learned.attributes, others, recipe, folder / f"fold{part}", tell)
        crossed[parts == part] = say(found, views[0, parts == part])
    chosen = parts >= 0
    logits = np.concatenate([say(layers, see(network, held, 0, recipe)[0]), crossed[chosen]])
    wanted = np.concatenate([held.attributes, learned.attributes[chosen]])
    groups = [groups_of(table, people) for table in (held, learned.take(chosen))]
    names = ("skin", "sex")
    joined = {name: np.concatenate([group[name] for group in groups]) for name in names}
    joined["photographed"] = np.repeat(["no", "yes"], [len(held), int(chosen.sum())])
    threshold = thresholds(logits, wanted, joined)
    network.looks.attributes.load_state_dict(layers.state_dict())
    network.threshold.copy_(torch.from_numpy(threshold))
    network.scale.copy_(torch.from_numpy(scales(logits - threshold, wanted)))
    network.rarity.copy_(torch.from_numpy(rarity_of(learned)))


@torch.inference_mode()
def see(
    network: AppearanceRecogniser, faces: FaceTable, views: int, recipe: AttributesRecipe
) -> Tensor:
    """Return (views + 1, N, T) float16 traits of photos: as they are, then changed at random."""
    found = []
    for view in range(views + 1):
        torch.manual_seed(recipe.plan.seed + view)
        change = recipe.change if view else NOTHING
        parts = []
        for start in range(0, len(faces), 64):
            rows = np.array(faces.pictures[start : start + 64])
            pictures = torch.from_numpy(rows).permute(0, 3, 1, 2).float() / 255
            if view:
                transforms = place(len(rows), change, CROP, torch.rand(len(rows)) < 0.5)
                pictures = recolour(frame_finely(pictures, transforms, SIZE), change)
            crops = (pictures * 2 - 1).contiguous(memory_format=torch.channels_last)
            parts.append(network.traits(crops).half())
        found.append(torch.cat(parts))
    return torch.stack(found)


def drawing_weights(faces: FaceTable, people: People, recipe: AttributesRecipe) -> np.ndarray:
    """Return the (N,) float64 weights that faces are drawn with."""
    groups = groups_of(faces, people)
    weights = np.where(is_photographed(faces), recipe.photographed, 1.0)
    dark = groups["skin"] == "dark"
    for sex in ("female", "male"):
        here = dark & (groups["sex"] == sex)
        weights[here] *= recipe.dark * dark.sum() / 2 / max(here.sum(), 1)
    return weights


def is_photographed(faces: FaceTable) -> np.ndarray:
    """Say which faces are of photographed people: (N,) bool; all others are synthetic."""
    return ~np.char.startswith(faces.files.astype(str), "synthetic-")


def folds_of(faces: FaceTable, folds: int) -> np.ndarray:
    """Return the (N,) fold of each photographed person's faces, -1 for all others."""
    photographed = is_photographed(faces)
    names = np.unique(faces.people[photographed])
    fold = {name: at % folds for at, name in enumerate(names.tolist())}
    pairs = zip(faces.people.tolist(), photographed, strict=True)
    return np.array([fold[person] if photo else -1 for person, photo in pairs], int)


def fit_layers(
    views: Tensor,
    attributes: np.ndarray,
    weights: np.ndarray,
    recipe: AttributesRecipe,
    folder: Path,
    tell: Callable[[str], None] = lambda _: None,
) -> nn.Sequential:
    """Train the last layers.

    Args:
        views: (V, N, T) traits.
        attributes: (N, 13) 0, 1 or NaN.
        weights: (N,) that faces are drawn with; 0 for never.
        recipe: how.
        folder: for state and log.
        tell: is told of progress.

    Returns:
        Layers for traits as they leave the network, in evaluation mode.
    """
    mean = views[0].float().mean(0)
    deviation = views[0].float().std(0) + DEVIATION
    wanted, chances = torch.from_numpy(attributes), torch.from_numpy(weights)
    prior = torch.from_numpy(prior_of(attributes, weights))
    torch.manual_seed(recipe.plan.seed)
    network, copy = (
        head(views.shape[2], HIDDEN, len(ATTRIBUTES), recipe.dropout) for _ in range(2)
    )

    def losses(layers: nn.Sequential, _: int) -> dict[str, Tensor]:
        at = torch.multinomial(chances, recipe.plan.batch, replacement=True)
        traits = views[torch.randint(len(views), at.shape), at].float()
        logits = layers((traits - mean) / deviation)
        return {"attributes": attributes_loss(logits, wanted[at], prior, recipe.smoothing)}

    layers = fit(network, copy, losses, recipe.plan, folder, tell=tell)
    first = next(layer for layer in layers if isinstance(layer, nn.Linear))
    with torch.no_grad():
        first.weight.div_(deviation)
        first.bias.sub_(first.weight @ mean)
    return layers.eval()


@torch.inference_mode()
def say(layers: nn.Sequential, traits: Tensor) -> np.ndarray:
    """(N, T) traits to (N, 13) float32 logits."""
    return layers(traits.float()).numpy()


def rarity_of(faces: FaceTable) -> np.ndarray:
    """Return the (13,) float32 logits of the shares of faces that have each attribute.

    No share counts as less than `RAREST` or more than the rest.
    """
    bound = np.log(RAREST / (1 - RAREST))
    return prior_of(faces.attributes, np.ones(len(faces))).clip(bound, -bound)
