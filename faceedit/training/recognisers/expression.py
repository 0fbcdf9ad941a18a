"""Training of the expression recogniser: photos with a label beside studio pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faceedit.faces.topology import (
    BROWS,
    EYES,
    LOWER_INNER_LIP,
    OUTER_LIPS,
    UPPER_INNER_LIP,
)
from faceedit.ranges import ranged
from faceedit.recognisers.base import FACE_WINDOW
from faceedit.recognisers.expression import ExpressionRecogniser
from faceedit.targets import ACTION_UNITS, EXPRESSIONS, MAX_INTENSITY
from faceedit.training.recognisers.augment import Augmentation, frame, place, recolour
from faceedit.training.recognisers.examine_expression import (
    calibrate,
    examine,
    kept_back,
    look,
)
from faceedit.training.recognisers.faces import SIZE, UNKNOWN, FaceTable, grey_pictures
from faceedit.training.recognisers.task import (
    RecogniserRecipe,
    RecogniserTask,
    begin,
    read_tables,
    settings,
)
from faceedit.training.task import TrainingRequest

SLIGHT = 1
"""Strength up to which people hardly agree on an expression."""
LEAST_SPREAD = 0.1
"""Of action units, in intensities."""
CHANGE = Augmentation(
    turn=0.15, scale=0.1, shift=0.05, gamma=0.4, gain=0.3, ramp=0.5, colour=0.0, grey=0.0, blur=0.4,
    noise=0.06, cover=0.3,
)  # fmt: skip


@dataclass(frozen=True)
class ExpressionRecipe(RecogniserRecipe):
    """How the expression recogniser is trained.

    Within each source an expression is drawn as often as its weight to the power of `balance`.
    What is left of the imbalance is taken off the logits (Menon et al. 2021, "Long-tail learning
    via logit adjustment", Eq. 10), apart for each source, so that where a picture comes from tells
    nothing. Errors of action units count over each unit's variance: a rare unit counts as much as
    a common one, and is not taken for never there.
    """

    steps: int = ranged(1, 10_000_000, default=4000)  # updates in all
    shares: tuple[float, float, float] = ranged(0.0, 1.0, default=(0.42, 0.13, 0.45))  # of sources
    balance: float = ranged(0.0, 1.0, default=0.4)  # power of an expression's weight
    slight: float = ranged(0.0, 1.0, default=0.4)  # weight of strengths up to 1, beside 1
    smoothing: float = ranged(0.0, 1.0, default=0.1)  # of labels
    strength_weight: float = ranged(0.0, 1e3, default=0.3)  # of the loss on strengths
    units_weight: float = ranged(0.0, 1e3, default=1.0)  # of the loss on action units
    unnamed: float = ranged(0.0, 1e3, default=2.0)  # draws without an expression, beside 1 with
    shape_weight: float = ranged(0.0, 1e3, default=0.5)  # of the loss on brows, lids and lips
    shape_parts: int = ranged(1, 1434, default=24)  # principal components of these
    studio_names: bool = True  # False learns names of expressions from photos alone
    change: Augmentation = field(default_factory=lambda: CHANGE)  # of the pictures


class Drawer:
    """Draws batches of training faces.

    Args:
        tables: web photos, portraits and studio pictures of people that may be learned from.
        recipe: how.
        size: side of the pictures that the network takes.
    """

    def __init__(self, tables: Sequence[FaceTable], recipe: ExpressionRecipe, size: int):
        self.recipe, self.size = recipe, size
        self.labels = [(t.expression, t.strength, t.action_units) for t in tables]
        self.pictures = [grey_pictures(table) for table in tables]
        drawn = [drawing_chances(table, recipe) for table in tables]
        self.chances = [torch.from_numpy(chances) for chances, _ in drawn]
        self.log_priors = torch.from_numpy(np.stack([priors for _, priors in drawn]))
        shapes = np.concatenate([face_shapes(table.landmarks) for table in tables])
        goals = torch.from_numpy(shape_goals(shapes, recipe.shape_parts))
        self.shapes = goals.split([len(table) for table in tables])
        units = np.concatenate([table.action_units for table in tables])
        self.units_spread = torch.from_numpy(np.nanstd(units, axis=0)).float() + LEAST_SPREAD

    def draw(self, step: int) -> dict[str, Tensor]:
        """Return a batch, whatever the step.

        - pictures: (N, 1, size, size) float32 in [-1, 1], framed and changed.
        - expression: (N,) int64, `UNKNOWN` for none; log_prior: (N, 8) of its source.
        - strength: (N,); action_units: (N, 17); NaN where not known.
        - shape: (N, shape_parts) of the picture as it is or mirrored.
        """
        recipe, batch, parts = self.recipe, self.recipe.batch_size, []
        counts = [round(batch * share) for share in recipe.shares]
        counts[0] += batch - sum(counts)
        for source, (labels, count) in enumerate(zip(self.labels, counts, strict=True)):
            index = torch.multinomial(self.chances[source], count, replacement=True)
            mirrored = torch.rand(count) < 0.5
            expression, strength, units = (torch.from_numpy(x[index.numpy()]) for x in labels)
            parts.append(
                {
                    "pictures": self.pictures[source][index],
                    "mirrored": mirrored,
                    "expression": expression,
                    "log_prior": self.log_priors[source].expand(count, -1),
                    "strength": strength,
                    "action_units": units,
                    "shape": self.shapes[source][index, mirrored.long()],
                }
            )
        joined = {k: torch.cat([part[k] for part in parts]) for k in parts[0]}
        transforms = place(batch, recipe.change, FACE_WINDOW, joined.pop("mirrored"))
        framed = frame(joined["pictures"].float() / 255, transforms, self.size)
        return joined | {"pictures": recolour(framed, recipe.change) * 2 - 1}


class ExpressionTrainer(nn.Module):
    """The recogniser with the heads that only training needs.

    Beside the expression it learns to say where brows, lids and lips are, which every photo
    teaches, however rare its expression, and which action units studio pictures show.

    Args:
        network: to train.
        recipe: how.
        units_spread: (17,) standard deviation of each action unit over all faces.
    """

    spread: Tensor

    def __init__(
        self, network: ExpressionRecogniser, recipe: ExpressionRecipe, units_spread: Tensor
    ):
        super().__init__()
        self.network, self.recipe = network, recipe
        self.register_buffer("spread", units_spread, persistent=False)
        self.shape = nn.Linear(network.widths[-1], recipe.shape_parts)
        self.units = nn.Linear(network.widths[-1], len(ACTION_UNITS))

    def forward(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the weighted losses of a batch of `Drawer.draw`, by name."""
        recipe = self.recipe
        pictures = batch["pictures"].contiguous(memory_format=torch.channels_last)
        features = self.network.features(pictures)
        output = self.network.judge(features)
        named = batch["expression"] != UNKNOWN
        expression = F.cross_entropy(
            (output.logits + batch["log_prior"])[named],
            batch["expression"][named],
            label_smoothing=recipe.smoothing,
        )
        strength = _known_error(output.strength, batch["strength"])
        intensities = MAX_INTENSITY * self.units(features).sigmoid()
        units = _known_squares(intensities, batch["action_units"], self.spread)
        shape = F.smooth_l1_loss(self.shape(features), batch["shape"])
        return {
            "expression": expression,
            "strength": recipe.strength_weight * strength,
            "units": recipe.units_weight * units,
            "shape": recipe.shape_weight * shape,
        }


class ExpressionTask(RecogniserTask):
    """Photos and studio pictures of all people but those kept back.

    A tenth of the training people chooses the bias of each expression.
    """

    method = "expression"

    def __init__(self, request: TrainingRequest):
        recipe = settings(request, ExpressionRecipe())
        self.tables = read_tables(request, "web", "portraits", "studio")
        learned = [t.take(~t.validation & ~kept_back(t.people)) for t in self.tables]
        if not recipe.studio_names:
            learned[2].expression[:] = UNKNOWN
        network = begin(request, ExpressionRecogniser)
        drawer = Drawer(learned, recipe, network.size)
        trainer = ExpressionTrainer(network, recipe, drawer.units_spread)
        super().__init__(request, recipe, {self.method: trainer}, drawer.draw)
        self.kept = [t.take(~t.validation & kept_back(t.people)) for t in self.tables[::2]]
        self.quick = [t.take(np.flatnonzero(t.validation)[::3]) for t in self.tables[::2]]

    def losses(self, name: str, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """See `RecogniserTask`."""
        return self.networks[name](batch)

    def finish(self, networks: Mapping[str, Any]) -> ExpressionRecogniser:
        """Choose the bias."""
        network = networks[self.method].network
        photos, made = ((look(network, t)[0], t) for t in self.kept)
        network.bias.copy_(torch.from_numpy(calibrate(photos, made)))
        return network

    def watch(self, networks: Mapping[str, Any]) -> dict[str, float]:
        """Measure on a third of the validation pictures."""
        photos, made = self.quick
        network = networks[self.method].network
        return examine(network, photos, self.tables[1], made, draws=1)["summary"]

    def examine(self, recogniser: ExpressionRecogniser) -> dict[str, Any]:
        """See `examine_expression.examine`."""
        web, portraits, studio = self.tables
        return examine(recogniser, web, portraits, studio)


def build(request: TrainingRequest) -> ExpressionTask:
    """Make the task that ``faceedit train expression`` runs."""
    return ExpressionTask(request)


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
    errors = (found[known] - wanted[known]) / spread.to(found).expand_as(found)[known]
    return errors.square().mean()
