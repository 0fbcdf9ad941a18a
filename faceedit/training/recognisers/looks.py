"""Training of what tells light and attributes: portraits beside studio pictures."""

from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from faceedit.lights import LIGHT_ORDER
from faceedit.ranges import ranged
from faceedit.recognisers.looks import ZONES, Looks, zone_shares
from faceedit.regions import Region
from faceedit.training.recognisers.augment import (
    CROP,
    Augmentation,
    frame_finely,
    frame_labels,
    place,
    recolour,
)
from faceedit.training.recognisers.faces import UNKNOWN, FaceTable
from faceedit.training.recognisers.task import RecogniserRecipe

PLAIN_LIGHTS = ("ambient", "bright", "dim")
"""Lights that are told by exposure and contrast."""
LOGIT_OF_RAREST = 4.0
"""No prior counts for more, as a logit."""
CHANGE = Augmentation(
    turn=0.2, scale=0.14, shift=0.05, gamma=0.3, gain=0.2, ramp=0.25, colour=0.06, grey=0.04,
    blur=0.2, noise=0.04, cover=0.15,
)  # fmt: skip
LIT_CHANGE = replace(CHANGE, turn=0.15, gamma=0.06, gain=0.05, ramp=0.0, noise=0.03)
PLAIN_CHANGE = replace(LIT_CHANGE, gamma=0.0, gain=0.0, colour=0.03, noise=0.02)


@dataclass(frozen=True)
class LooksRecipe(RecogniserRecipe):
    """How light and attributes are learned.

    A face is drawn as often as its rarest attribute is rare to the power of `balance`; what is left
    of the imbalance is taken off the logits, see `attributes_loss`.
    """

    steps: int = ranged(1, 10_000_000, default=9000)  # updates in all
    batch_size: int = ranged(1, 65_536, default=48)  # pictures in each
    average_decay: float = ranged(0.0, 0.999999, default=0.995)  # of the averaged weights, a step
    sizes: tuple[tuple[float, int], ...] = ((0.0, 64), (0.5, 96))  # side from a share of the steps
    portraits: float = ranged(0.0, 1.0, default=0.4)  # share of each batch
    lit: float = ranged(0.0, 1.0, default=0.85)  # share of studio pictures in a named light
    balance: float = ranged(0.0, 1.0, default=0.5)  # power of rarity
    most: float = ranged(1.0, 1e3, default=4.0)  # times that rare faces are drawn more, at most
    smoothing: float = ranged(0.0, 1.0, default=0.08)  # of attributes and lights
    lights_weight: float = ranged(0.0, 1e3, default=0.6)  # of the cross-entropy of lights
    vector_weight: float = ranged(0.0, 1e3, default=2.0)  # of the error of direction and strength
    attributes_weight: float = ranged(0.0, 1e3, default=2.0)  # of the attributes' cross-entropy
    change: Augmentation = field(default_factory=lambda: CHANGE)  # where the light has no name
    lit_change: Augmentation = field(default_factory=lambda: LIT_CHANGE)  # keeps the light
    plain_change: Augmentation = field(default_factory=lambda: PLAIN_CHANGE)  # keeps exposure, too


class Drawer:
    """Draws batches of training faces.

    Args:
        portraits: photos of people that may be learned from, with regions.
        studio: pictures of the same people.
        kept: people whose attributes are not to be learned.
        recipe: how.
    """

    def __init__(
        self, portraits: FaceTable, studio: FaceTable, kept: set[str], recipe: LooksRecipe
    ):
        self.recipe, self.tables = recipe, (portraits, studio)
        self.attributes = [_without(table, kept) for table in self.tables]
        draws = [
            drawing_chances(table, attributes, recipe)
            for table, attributes in zip(self.tables, self.attributes, strict=True)
        ]
        self.chances = [torch.from_numpy(chances) for chances, _ in draws]
        self.priors = torch.from_numpy(np.stack([prior for _, prior in draws]))

    def draw(self, step: int) -> dict[str, Tensor]:
        """Return a batch of `pick`, framed and changed; the step, from 0, decides the size.

        Instead of pictures and regions as they are it has

        - pictures: (N, 3, size, size) float32 in [0, 1].
        - zones: (N, Z, size / 2, size / 2) float32 in [0, 1], see `changed`.
        """
        batch = self.pick()
        pictures, zones = changed(batch, self.recipe, self.recipe.size_at(step))
        del batch["regions"], batch["mirrored"]
        return batch | {"pictures": pictures, "zones": zones}

    def pick(self) -> dict[str, Tensor]:
        """Return a batch.

        - pictures: (N, 3, SIZE, SIZE) float32 in [0, 1], not framed yet; mirrored: (N,) bool.
        - regions: (N, SIZE, SIZE) uint8.
        - light: (N,) int64, `UNKNOWN` for none, and light_vector: (N, 3), NaN where not known; both
          of the picture as it is or mirrored.
        - attributes: (N, 13) 0, 1 or NaN; prior: (N, 13) logits of their shares in what is drawn.
        """
        batch, parts = self.recipe.batch_size, []
        first = round(batch * self.recipe.portraits)
        for source, count in enumerate((first, batch - first)):
            table = self.tables[source]
            at = torch.multinomial(self.chances[source], count, replacement=True).numpy()
            mirrored = torch.rand(count) < 0.5
            light = torch.from_numpy(table.light[at])
            vector = torch.from_numpy(table.light_vector[at])
            parts.append(
                {
                    "pictures": torch.from_numpy(table.pictures[at]).permute(0, 3, 1, 2),
                    "mirrored": mirrored,
                    "regions": torch.from_numpy(table.regions[at]),
                    "light": torch.where(mirrored, mirrored_lights(light), light),
                    "light_vector": torch.where(
                        mirrored[:, None], vector * torch.tensor([-1.0, 1.0, 1.0]), vector
                    ),
                    "attributes": torch.from_numpy(self.attributes[source][at]),
                    "prior": self.priors[source].expand(count, -1),
                }
            )
        joined = {k: torch.cat([part[k] for part in parts]) for k in parts[0]}
        joined["pictures"] = joined["pictures"].float() / 255
        return joined


def looks_losses(
    network: Looks, batch: dict[str, Tensor], recipe: LooksRecipe
) -> dict[str, Tensor]:
    """Return the weighted losses of a batch of `Drawer.draw`, by name.

    Args:
        network: in training mode.
        batch: framed.
        recipe: weights.
    """
    pictures = (batch["pictures"] * 2 - 1).contiguous(memory_format=torch.channels_last)
    output = network(pictures, batch["zones"])
    known = ~batch["attributes"].isnan()
    found = {}
    if known.any():
        found["attributes"] = recipe.attributes_weight * attributes_loss(
            output.attributes, batch["attributes"], batch["prior"], recipe.smoothing
        )
    lit = batch["light"] != UNKNOWN
    if lit.any():
        found["lights"] = recipe.lights_weight * F.cross_entropy(
            output.lights[lit], batch["light"][lit], label_smoothing=recipe.smoothing
        )
    aimed = ~batch["light_vector"].isnan().any(1)
    if aimed.any():
        found["vector"] = recipe.vector_weight * F.smooth_l1_loss(
            output.light_vector[aimed], batch["light_vector"][aimed], beta=0.2
        )
    return found


def attributes_loss(logits: Tensor, wanted: Tensor, prior: Tensor, smoothing: float) -> Tensor:
    """Return the cross-entropy of attributes, as if each were as often there as not.

    What is left of the imbalance is taken off the logits (Menon et al. 2021, "Long-tail learning
    via logit adjustment", Eq. 10), so that 0 is the threshold of the best balanced accuracy. Labels
    are smoothed towards the share in what is drawn: towards a half, a rare attribute would be more
    likely there than not on faces that surely lack it.

    Args:
        logits: (N, K), adjusted.
        wanted: (N, K) 0, 1 or NaN for not known; one at least is known.
        prior: (N, K) or (K,) logits of the shares in what is drawn.
        smoothing: share of each label that is the prior's.
    """
    prior, known = prior.expand_as(logits), ~wanted.isnan()
    goals = wanted * (1 - smoothing) + prior.sigmoid() * smoothing
    return F.binary_cross_entropy_with_logits((logits + prior)[known], goals[known])


def changed(batch: dict[str, Tensor], recipe: LooksRecipe, size: int) -> tuple[Tensor, Tensor]:
    """Frame and change pictures as far as their labels bear.

    Returns:
        (N, 3, size, size) float32 in [0, 1], and where their zones are, (N, Z, size / 2, size / 2)
        float32 in [0, 1]; none where nothing is known.
    """
    light = batch["light"]
    plain = torch.isin(light, torch.tensor([LIGHT_ORDER.index(name) for name in PLAIN_LIGHTS]))
    groups = (
        (recipe.change, light == UNKNOWN),
        (recipe.lit_change, (light != UNKNOWN) & ~plain),
        (recipe.plain_change, plain),
    )
    pictures = torch.empty(len(light), 3, size, size)
    zones = torch.empty(len(light), len(ZONES), size // 2, size // 2)
    for change, chosen in groups:
        if chosen.any():
            transforms = place(int(chosen.sum()), change, CROP, batch["mirrored"][chosen])
            framed = frame_finely(batch["pictures"][chosen], transforms, size)
            pictures[chosen] = recolour(framed, change)
            regions = frame_labels(batch["regions"][chosen], transforms, size)
            known = F.one_hot(regions.clamp(max=len(Region)), len(Region) + 1)[..., :-1]
            zones[chosen] = F.avg_pool2d(zone_shares(known.permute(0, 3, 1, 2).float()), 2)
    return pictures, zones


def mirrored_lights(light: Tensor) -> Tensor:
    """(N,) numbers of lights, or `UNKNOWN`, to those of the mirror images."""
    swapped = []
    for name in LIGHT_ORDER:
        sides = {"left": "right", "right": "left"}
        swapped.append("_".join(sides.get(word, word) for word in name.split("_")))
    places = torch.tensor([LIGHT_ORDER.index(name) for name in swapped])
    return torch.where(light == UNKNOWN, light, places[light.clamp(min=0)])


def drawing_chances(
    table: FaceTable, attributes: np.ndarray, recipe: LooksRecipe
) -> tuple[np.ndarray, np.ndarray]:
    """Say how often each face is drawn.

    Args:
        table: of one kind of picture.
        attributes: (N, 13) that may be learned.
        recipe: `balance`, `most` and `lit`.

    Returns:
        (N,) float64 chances, and (13,) float32 logits of the share of each attribute among the
        faces drawn.
    """
    weights = np.ones(len(table))
    for column in attributes.T:
        for value in (0.0, 1.0):
            have, known = column == value, ~np.isnan(column)
            rarity = (known.sum() / 2 / max(have.sum(), 1)) ** recipe.balance
            weights = np.where(have, np.maximum(weights, min(rarity, recipe.most)), weights)
    lit = table.light != UNKNOWN
    if lit.any():
        totals = np.bincount(table.light[lit], weights[lit], len(LIGHT_ORDER))
        weights[lit] *= recipe.lit / totals[table.light[lit]] / (totals > 0).sum()
    if lit.any() and not lit.all():
        weights[~lit] *= (1 - recipe.lit) / weights[~lit].sum()
    return weights / weights.sum(), prior_of(attributes, weights)


def prior_of(attributes: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the (K,) float32 logits of the weighted shares of faces that have each attribute.

    Args:
        attributes: (N, K) 0, 1 or NaN.
        weights: (N,).
    """
    there, absent = ((weights[:, None] * (attributes == v)).sum(0) for v in (1.0, 0.0))
    seldom = 1e-3 * weights.sum()
    prior = np.log(there + seldom) - np.log(absent + seldom)
    return prior.clip(-LOGIT_OF_RAREST, LOGIT_OF_RAREST).astype(np.float32)


def _without(table: FaceTable, kept: set[str]) -> np.ndarray:
    """Return the (N, 13) attributes of a table, NaN for the people kept."""
    attributes = table.attributes.copy()
    attributes[np.isin(table.people, sorted(kept))] = np.nan
    return attributes
