"""Training of the last layers of attributes, on what a finished network sees in photos.

The rest of the network stays as it is, so segments and lights stay bit for bit what they were.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from torch import Tensor, nn

from faceedit.ranges import ranged
from faceedit.recognisers.appearance import AppearanceRecogniser
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
from faceedit.training.recognisers.looks import prior_of
from faceedit.training.recognisers.looks_people import People, groups_of
from faceedit.training.recognisers.task import RecogniserRecipe

RAREST = 0.2
"""Nothing counts as rarer than this, or as more common than the rest, in `rarity`."""
DEVIATION = 1e-3
"""Added to the spread of a trait."""
CHANGE = Augmentation(
    turn=0.15, scale=0.12, shift=0.04, gamma=0.3, gain=0.25, ramp=0.25, colour=0.06, grey=0.03,
    blur=0.2, noise=0.03, cover=0.1,
)  # fmt: skip


@dataclass(frozen=True)
class AttributesRecipe(RecogniserRecipe):
    """How the last layers are trained.

    The photographed train people are parted into folds; each is read by layers that were trained
    on the others, to set thresholds.
    """

    batch_size: int = ranged(1, 65_536, default=128)  # faces in each update
    weight_decay: float = ranged(0.0, 10.0, default=0.01)  # of weights, not of biases and norms
    average_decay: float = ranged(0.0, 0.999999, default=0.99)  # of the averaged weights, a step
    validate_every: int = ranged(0, 10_000_000, default=0)  # steps
    views: int = ranged(0, 1000, default=10)  # changed copies of each photo beside itself
    change: Augmentation = field(default_factory=lambda: CHANGE)  # of those copies
    photographed: float = ranged(1.0, 1e3, default=2.0)  # times photographed people count: few
    dark: float = ranged(1.0, 1e3, default=2.0)  # times dark skin counts, women and men alike
    dropout: float = ranged(0.0, 0.9, default=0.35)  # of the traits and of the hidden layer
    smoothing: float = ranged(0.0, 0.9, default=0.1)  # of labels, see `attributes_loss`
    folds: int = ranged(2, 100, default=3)  # of the photographed train people


@dataclass(frozen=True)
class Lesson:
    """What the last layers learn from.

    Attributes:
        views: (V, N, T) float16 traits of faces: as they are, then changed.
        learned: N faces.
        people: whose they are.
        parts: (N,) fold of each face, -1 for none.
        held: traits (M, T) of the faces that set thresholds.
        judged: these M faces.
    """

    views: Tensor
    learned: FaceTable
    people: People
    parts: np.ndarray
    held: Tensor
    judged: FaceTable

    @cached_property
    def spread(self) -> tuple[Tensor, Tensor]:
        """Return mean and deviation of the traits, each (T,)."""
        whole = self.views[0].float()
        return whole.mean(0), whole.std(0) + DEVIATION


def prepare(
    network: AppearanceRecogniser,
    learned: FaceTable,
    judged: FaceTable,
    people: People,
    recipe: AttributesRecipe,
    seed: int,
) -> Lesson:
    """Look at all faces that the last layers learn from.

    Args:
        network: in evaluation mode.
        learned: labelled faces of train people.
        judged: faces of people who set thresholds.
        people: who is who.
        recipe: how.
        seed: of the changes.
    """
    views = see(network, learned, recipe.views, recipe, seed)
    held = see(network, judged, 0, recipe, seed)[0]
    return Lesson(views, learned, people, folds_of(learned, recipe.folds), held, judged)


def fold_weights(weights: np.ndarray, parts: np.ndarray, folds: int) -> dict[str, np.ndarray]:
    """Return by the names of layers the weights that faces are drawn with: of all, and by fold."""
    without = {f"fold{part}": np.where(parts == part, 0.0, weights) for part in range(folds)}
    return {"whole": weights, **without}


class AttributesDrawer:
    """Draws faces for the last layers of each fold.

    Args:
        weights: (N,) by the names of layers.
        recipe: how.
    """

    def __init__(self, weights: Mapping[str, np.ndarray], recipe: AttributesRecipe):
        self.chances = {name: torch.from_numpy(own) for name, own in weights.items()}
        self.recipe = recipe

    def draw(self, step: int) -> dict[str, Tensor]:
        """Return numbers of faces by the names of layers, and ``view``: (N,) int64 each."""
        n = self.recipe.batch_size
        drawn = {k: torch.multinomial(c, n, replacement=True) for k, c in self.chances.items()}
        return drawn | {"view": torch.randint(self.recipe.views + 1, (n,))}


def put_in(
    network: AppearanceRecogniser, layers: Mapping[str, nn.Sequential], lesson: Lesson
) -> None:
    """Give a network its last layers of attributes, with thresholds, scales and rarity.

    Args:
        network: is changed.
        layers: trained on whitened traits, by name: whole and folds; they are changed.
        lesson: that they had.
    """
    for own in layers.values():
        colour(own, *lesson.spread)
    learned, judged, parts = lesson.learned, lesson.judged, lesson.parts
    crossed = np.full_like(learned.attributes, np.nan)
    for part in range(len(layers) - 1):
        crossed[parts == part] = say(layers[f"fold{part}"], lesson.views[0, parts == part])
    chosen = parts >= 0
    logits = np.concatenate([say(layers["whole"], lesson.held), crossed[chosen]])
    wanted = np.concatenate([judged.attributes, learned.attributes[chosen]])
    groups = [groups_of(table, lesson.people) for table in (judged, learned.take(chosen))]
    joined = {k: np.concatenate([group[k] for group in groups]) for k in ("skin", "sex")}
    joined["photographed"] = np.repeat(["no", "yes"], [len(judged), int(chosen.sum())])
    threshold = thresholds(logits, wanted, joined)
    network.looks.attributes.load_state_dict(layers["whole"].state_dict())
    network.threshold.copy_(torch.from_numpy(threshold))
    network.scale.copy_(torch.from_numpy(scales(logits - threshold, wanted)))
    network.rarity.copy_(torch.from_numpy(rarity_of(learned)))


@torch.no_grad()
def colour(layers: nn.Sequential, mean: Tensor, deviation: Tensor) -> None:
    """Let layers that were trained on whitened traits take traits as they leave the network."""
    first = next(layer for layer in layers if isinstance(layer, nn.Linear))
    first.weight.div_(deviation)
    first.bias.sub_(first.weight @ mean)


@torch.inference_mode()
def see(
    network: AppearanceRecogniser, faces: FaceTable, views: int, recipe: AttributesRecipe, seed: int
) -> Tensor:
    """Return (views + 1, N, T) float16 traits of photos: as they are, then changed at random."""
    found = []
    for view in range(views + 1):
        torch.manual_seed(seed + view)
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
