"""Training of the expression recogniser: photos with a label beside studio pictures with units."""

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faceedit.faces.topology import BROWS, EYES, LOWER_INNER_LIP, OUTER_LIPS, UPPER_INNER_LIP
from faceedit.ranges import Ranged, ranged
from faceedit.recognisers.base import FACE_WINDOW
from faceedit.recognisers.expression import ExpressionRecogniser
from faceedit.targets import EXPRESSIONS
from faceedit.tones import LUMA
from faceedit.training.recognisers.augment import Augmentation, frame, place, recolour
from faceedit.training.recognisers.faces import SIZE, UNKNOWN, FaceTable
from faceedit.training.recognisers.fit import Plan

SLIGHT = 1
"""Strength up to which people hardly agree on an expression."""
LEAST_SPREAD = 0.1
"""Of action units, in intensities."""
CHANGE = Augmentation(
    turn=0.15, scale=0.1, shift=0.05, gamma=0.4, gain=0.3, ramp=0.5, colour=0.0, grey=0.0, blur=0.4,
    noise=0.06, cover=0.3,
)  # fmt: skip


@dataclass(frozen=True)
class ExpressionRecipe(Ranged):
    """How the expression recogniser is trained.

    Attributes:
        plan: steps and rates.
        shares: of each batch from web photos, portraits and studio pictures.
        balance: within each of the three, an expression is drawn as often as its weight to this
            power; what is left of the imbalance is taken off the logits (Menon et al. 2021,
            "Long-tail learning via logit adjustment", Eq. 10), apart for each of the three, so
            that where a picture comes from tells nothing.
        slight: weight of faces of strength 1 or less, beside 1 for the others.
        smoothing: of labels.
        strength_weight: of the loss on strengths.
        units_weight: of the loss on action units: squares of errors over each unit's variance,
            so that a rare unit counts as much as a common one, and is not taken for never there.
        unnamed: how often pictures without an expression are drawn, beside 1 for the average of
            those with one. Most show mixed action units, which are harder.
        shape_weight: of the loss on the principal components of brows, lids and lips.
        shape_parts: how many of these.
        change: of the pictures.
    """

    plan: Plan = field(default_factory=lambda: Plan(steps=4000))
    shares: tuple[float, float, float] = ranged(0.0, 1.0, default=(0.42, 0.13, 0.45))
    balance: float = ranged(0.0, 1.0, default=0.4)
    slight: float = ranged(0.0, 1.0, default=0.4)
    smoothing: float = ranged(0.0, 1.0, default=0.1)
    strength_weight: float = ranged(0.0, 1e3, default=0.3)
    units_weight: float = ranged(0.0, 1e3, default=1.0)
    unnamed: float = ranged(0.0, 1e3, default=2.0)
    shape_weight: float = ranged(0.0, 1e3, default=0.5)
    shape_parts: int = ranged(1, 1434, default=24)
    change: Augmentation = field(default_factory=lambda: CHANGE)


class Drawer:
    """Draws batches of training faces.

    Args:
        tables: web photos, portraits and studio pictures of people that may be learned from.
        recipe: how.
    """

    def __init__(self, tables: tuple[FaceTable, FaceTable, FaceTable], recipe: ExpressionRecipe):
        self.recipe, self.tables = recipe, tables
        self.pictures = [grey_pictures(table) for table in tables]
        drawn = [drawing_chances(table, recipe) for table in tables]
        self.chances = [torch.from_numpy(chances) for chances, _ in drawn]
        self.log_priors = torch.from_numpy(np.stack([priors for _, priors in drawn]))
        shapes = np.concatenate([face_shapes(table.landmarks) for table in tables])
        goals = torch.from_numpy(shape_goals(shapes, recipe.shape_parts))
        self.shapes = goals.split([len(table) for table in tables])
        units = np.concatenate([table.action_units for table in tables])
        self.units_spread = torch.from_numpy(np.nanstd(units, axis=0)).float() + LEAST_SPREAD

    def draw(self) -> dict[str, Tensor]:
        """Return a batch.

        - pictures: (N, 1, SIZE, SIZE) float32 in [0, 1], not framed yet; mirrored: (N,) bool.
        - expression: (N,) int64, `UNKNOWN` for none; log_prior: (N, 8) of its source.
        - strength: (N,); action_units: (N, 17); NaN where not known.
        - shape: (N, shape_parts) of the picture as it is or mirrored.
        - units_spread: (17,) standard deviation of each action unit over all faces.
        """
        batch, parts = self.recipe.plan.batch, []
        counts = [round(batch * share) for share in self.recipe.shares]
        counts[0] += batch - sum(counts)
        for source, (table, count) in enumerate(zip(self.tables, counts, strict=True)):
            index = torch.multinomial(self.chances[source], count, replacement=True)
            mirrored = torch.rand(count) < 0.5
            at = index.numpy()
            parts.append(
                {
                    "pictures": self.pictures[source][index],
                    "mirrored": mirrored,
                    "expression": torch.from_numpy(table.expression[at]),
                    "log_prior": self.log_priors[source].expand(count, -1),
                    "strength": torch.from_numpy(table.strength[at]),
                    "action_units": torch.from_numpy(table.action_units[at]),
                    "shape": self.shapes[source][index, mirrored.long()],
                }
            )
        joined = {k: torch.cat([part[k] for part in parts]) for k in parts[0]}
        joined["pictures"] = joined["pictures"].float() / 255
        joined["units_spread"] = self.units_spread
        return joined


class ExpressionTrainer(nn.Module):
    """The recogniser with the head that only training needs.

    Beside the expression it learns to say where brows, lids and lips are, which every photo
    teaches, however rare its expression.

    Args:
        network: to train.
        recipe: how.
    """

    def __init__(self, network: ExpressionRecogniser, recipe: ExpressionRecipe):
        super().__init__()
        self.network, self.recipe = network, recipe
        self.shape = nn.Linear(network.widths[-1], recipe.shape_parts)

    def losses(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the weighted losses of a batch of `Drawer.draw`, by name."""
        recipe, size = self.recipe, self.network.size
        n = len(batch["pictures"])
        transforms = place(n, recipe.change, FACE_WINDOW, batch["mirrored"])
        pictures = recolour(frame(batch["pictures"], transforms, size), recipe.change)
        pictures = pictures.contiguous(memory_format=torch.channels_last)
        features = self.network.features(pictures * 2 - 1)
        output = self.network.judge(features)
        named = batch["expression"] != UNKNOWN
        expression = F.cross_entropy(
            (output.logits + batch["log_prior"])[named],
            batch["expression"][named],
            label_smoothing=recipe.smoothing,
        )
        strength = _known_error(output.strength, batch["strength"])
        units = _known_squares(output.action_units, batch["action_units"], batch["units_spread"])
        shape = F.smooth_l1_loss(self.shape(features), batch["shape"])
        return {
            "expression": expression,
            "strength": recipe.strength_weight * strength,
            "units": recipe.units_weight * units,
            "shape": recipe.shape_weight * shape,
        }


def drawing_chances(table: FaceTable, recipe: ExpressionRecipe) -> tuple[np.ndarray, np.ndarray]:
    """Say how often each face is drawn.

    One person's hundred pictures of an expression must not be what it looks like: they weigh as
    ten. Pictures without an expression are drawn `recipe.unnamed` times as often as the average
    named one.

    Returns:
        (N,) float64 chances, and (8,) float32 logarithms of the share of each expression among the
        named pictures drawn.
    """
    with np.errstate(invalid="ignore"):
        slight = (table.strength > 0) & (table.strength <= SLIGHT)
    weights = np.where(slight, recipe.slight, 1.0)
    if not table.studio.any():
        pairs = [f"{e} {p}" for e, p in zip(table.expression, table.people, strict=True)]
        _, kind, counts = np.unique(pairs, return_inverse=True, return_counts=True)
        weights = weights * counts[kind] ** -0.5
    named = table.expression != UNKNOWN
    totals = np.zeros(len(EXPRESSIONS))
    np.add.at(totals, table.expression[named], weights[named])
    wanted = np.where(totals > 0, totals, np.nan) ** recipe.balance
    prior = np.nan_to_num(wanted / np.nansum(wanted))
    factors = np.divide(prior * totals.sum(), totals, out=np.ones_like(totals), where=totals > 0)
    chances = np.where(
        named, weights * factors[np.maximum(table.expression, 0)], recipe.unnamed * weights
    )
    return chances / chances.sum(), np.log(prior + 1e-4).astype(np.float32)


def grey_pictures(table: FaceTable) -> Tensor:
    """Return all pictures as (N, 1, SIZE, SIZE) uint8, with the weights of `base.grey`."""
    found = torch.empty((len(table), 1, SIZE, SIZE), dtype=torch.uint8)
    for start in range(0, len(table), 512):
        part = np.rint(table.pictures[start : start + 512] @ LUMA).astype(np.uint8)
        found[start : start + 512, 0] = torch.from_numpy(part)
    return found


def face_shapes(landmarks: np.ndarray) -> np.ndarray:
    """Return brows, lids and lips of crops and of their mirror images.

    Args:
        landmarks: (N, 478, 2) pixels of crops of `SIZE`.

    Returns:
        (N, 2, P, 2) float32 in shares of the side.
    """
    outer = [OUTER_LIPS[(len(OUTER_LIPS) // 2 - i) % len(OUTER_LIPS)] for i in range(20)]
    own = [*EYES[0], *EYES[1], *BROWS[0], *BROWS[1], *OUTER_LIPS]
    swapped = [*EYES[1], *EYES[0], *BROWS[1], *BROWS[0], *outer]
    for lip in (UPPER_INNER_LIP, LOWER_INNER_LIP):
        own += lip
        swapped += lip[::-1]
    shares = (landmarks + 0.5) / SIZE
    mirrored = shares[:, swapped] * [-1, 1] + [1, 0]
    return np.stack([shares[:, own], mirrored], 1).astype(np.float32)


def shape_goals(shapes: np.ndarray, parts: int) -> np.ndarray:
    """Return the (N, 2, parts) principal components of (N, 2, P, 2) points, each of spread 1."""
    flat = shapes.reshape(len(shapes) * 2, -1)
    centred = flat - flat.mean(0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    scores = centred @ axes[:, : -parts - 1 : -1]
    scores /= scores.std(0) + 1e-6
    return scores.reshape(len(shapes), 2, parts).clip(-4, 4)


def _known_error(found: Tensor, wanted: Tensor) -> Tensor:
    """Return the mean smooth L1 error where `wanted` is a number; 0 where nothing is."""
    known = ~wanted.isnan()
    if not known.any():
        return found.sum() * 0.0
    return F.smooth_l1_loss(found[known], wanted[known], beta=0.5)


def _known_squares(found: Tensor, wanted: Tensor, spread: Tensor) -> Tensor:
    """Return the mean of squared errors over squared spreads, where `wanted` is known."""
    known = ~wanted.isnan()
    if not known.any():
        return found.sum() * 0.0
    # What is not known must not be reached: its gradient would not be a number.
    errors = (found[known] - wanted[known]) / spread.expand_as(found)[known]
    return errors.square().mean()
