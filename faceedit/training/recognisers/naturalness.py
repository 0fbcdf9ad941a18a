"""Training of LEGAN's Q: from people's ratings, or from graded corruptions that stand in for them.

Sections 3 and 9 of the paper.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faceedit.errors import UsageError
from faceedit.faces.find.build import build_finder
from faceedit.recognisers.naturalness import SLOPE, NaturalnessRecogniser
from faceedit.registry import open_registry
from faceedit.training.recognisers.examine_naturalness import (
    examine_order,
    examine_ratings,
    one_each,
    score_series,
)
from faceedit.training.recognisers.naturalness_samples import (
    NaturalnessRecipe,
    ProxyDrawer,
    RatedDrawer,
)
from faceedit.training.recognisers.rating_losses import hinge_loss, margin_loss
from faceedit.training.recognisers.ratings import (
    crop_rated,
    read_ratings,
    split_rated,
)
from faceedit.training.recognisers.task import (
    RecogniserTask,
    read_tables,
    settings,
)
from faceedit.training.task import TrainingRequest

WATCHED = 24
"""Validation faces of each table that are looked at while training."""


class NaturalnessTrainer(nn.Module):
    """The network with batch normalisation behind each convolution, which only training needs.

    Table 6 has none. It learns several times faster with it, and afterwards it is part of the
    convolutions' weights, so that what is kept is the network of the table.

    Args:
        network: to train.
        recipe: how.
    """

    def __init__(self, network: NaturalnessRecogniser, recipe: NaturalnessRecipe):
        super().__init__()
        self.network, self.recipe = network, recipe
        self.norms = nn.ModuleList(nn.BatchNorm2d(c.out_channels) for c in convolutions(network))

    def forward(self, crops: Tensor) -> Tensor:
        """(N, 3, S, S) aligned crops, RGB in [-1, 1], to (N,) scores."""
        x = self.network.seen(crops)
        for convolution, norm in zip(convolutions(self.network), self.norms, strict=True):
            x = F.leaky_relu(norm(convolution(x)), SLOPE)
        return self.network.judge(x)

    @torch.no_grad()
    def folded(self) -> NaturalnessRecogniser:
        """Return the network alone, in evaluation mode; it says what this one says there."""
        network = NaturalnessRecogniser(**self.network.architecture)
        network.load_state_dict(self.network.state_dict())
        for layer, norm in zip(convolutions(network), self.norms, strict=True):
            if (
                not isinstance(norm, nn.BatchNorm2d)
                or norm.running_var is None
                or norm.running_mean is None
                or layer.bias is None
            ):
                raise TypeError("a batch normalisation with statistics follows each convolution")
            gain = norm.weight / (norm.running_var + norm.eps).sqrt()
            layer.weight.mul_(gain[:, None, None, None])
            layer.bias.sub_(norm.running_mean).mul_(gain).add_(norm.bias)
        return network.eval()


def rating_loss(found: Tensor, batch: Mapping[str, Tensor], recipe: NaturalnessRecipe) -> Tensor:
    """Return the weighted loss of scores (N,) against the ratings of a batch of `draw`."""
    loss = hinge_loss if recipe.hinge else margin_loss
    return recipe.weight * loss(found, batch["mean"], batch["deviation"])


@torch.no_grad()
def calibrate(
    network: NaturalnessRecogniser, draw: Callable[[], dict[str, Tensor]], batches: int
) -> tuple[float, float]:
    """Put a network's scores on the scale of the ratings, by a straight line.

    The fourth power in Eq. 1 fears few large errors more than many small ones, so that predictions
    crowd in the middle of the scale. The line of least squares from them to the mean ratings is
    put into the last layer; it changes no order.

    Args:
        network: in evaluation mode; its last layer is changed.
        draw: gives batches of training faces.
        batches: how many to fit the line to.

    Returns:
        Slope and offset of the line.
    """
    found, means = [], []
    for _ in range(batches):
        batch = draw()
        found.append(network(batch["pictures"].contiguous(memory_format=torch.channels_last)))
        means.append(batch["mean"])
    x, y = torch.cat(found).double(), torch.cat(means).double()
    slope = float(((x - x.mean()) * (y - y.mean())).sum() / (x - x.mean()).square().sum())
    offset = float(y.mean() - slope * x.mean())
    network.fc1.weight.mul_(slope)
    network.fc1.bias.mul_(slope).add_(offset)
    return slope, offset


def convolutions(network: NaturalnessRecogniser) -> list[nn.Conv2d]:
    """Return the convolutions in order."""
    return [layer for layer in network.convolutions if isinstance(layer, nn.Conv2d)]


class NaturalnessTask(RecogniserTask):
    """What ratings and faults share.

    Args:
        request: what was asked for.
        recipe: of `settings`.
        drawer: of batches.
    """

    method = "naturalness"

    def __init__(
        self,
        request: TrainingRequest,
        recipe: NaturalnessRecipe,
        drawer: "RatedDrawer | ProxyDrawer",
    ):
        self.profile = request.profile
        sizes = recipe.width, recipe.widest, recipe.features, recipe.masked
        trainer = NaturalnessTrainer(NaturalnessRecogniser(*sizes), recipe)
        super().__init__(request, recipe, {self.method: trainer}, drawer.draw)
        self.drawer, self.line = drawer, (1.0, 0.0)

    def losses(self, name: str, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """See `RecogniserTask`."""
        pictures = batch["pictures"].contiguous(memory_format=torch.channels_last)
        return {"rating": rating_loss(self.networks[name](pictures), batch, self.recipe)}

    def finish(self, networks: Mapping[str, Any]) -> NaturalnessRecogniser:
        """Fold the norms, and fit the scale of the scores."""
        network = networks[self.method].folded()
        if self.recipe.calibration:
            self.line = calibrate(network, self.drawer.draw, self.recipe.calibration)
        return network

    def watch(self, networks: Mapping[str, Any]) -> dict[str, float]:
        """Measure on a few faces."""
        return self._watch(networks[self.method].folded())

    def examine(self, recogniser: NaturalnessRecogniser) -> dict[str, Any]:
        """Return the line that the scores were put on, and how well they order pictures."""
        return {"calibration": self.line, **self._examine(recogniser)}

    @abstractmethod
    def _watch(self, network: NaturalnessRecogniser) -> dict[str, float]: ...

    @abstractmethod
    def _examine(self, network: NaturalnessRecogniser) -> dict[str, Any]: ...


class RatingsTask(NaturalnessTask):
    """Learns from people's ratings; a fifth of the pictures are kept for measuring."""

    def __init__(self, request: TrainingRequest, recipe: NaturalnessRecipe):
        table, pictures = sorted(request.data, key=Path.is_dir)
        faces = crop_rated(
            read_ratings(table, pictures),
            build_finder(open_registry()).find,
            lambda path, reason: request.tell(f"left out: {path}: {reason}"),
        )
        learned, self.kept = split_rated(faces)
        request.tell(f"{len(learned)} rated faces to learn from, {len(self.kept)} to measure on")
        super().__init__(request, recipe, RatedDrawer(learned, recipe))

    def _watch(self, network: NaturalnessRecogniser) -> dict[str, float]:
        return _values(examine_ratings(network, self.kept, draws=1))

    def _examine(self, network: NaturalnessRecogniser) -> dict[str, Any]:
        return {"ratings": examine_ratings(network, self.kept)}


class FaultsTask(NaturalnessTask):
    """Learns from photos with faults whose severity stands for a rating."""

    def __init__(self, request: TrainingRequest, recipe: NaturalnessRecipe):
        web, portraits = read_tables(request, "web", "portraits")
        learned = [table.take(~table.validation) for table in (web, portraits)]
        both = {"portraits": portraits, "web": web}
        self.kept = {name: one_each(table, recipe.examined) for name, table in both.items()}
        super().__init__(request, recipe, ProxyDrawer(learned[0], learned[1], recipe))

    def _watch(self, network: NaturalnessRecogniser) -> dict[str, float]:
        found = {}
        for name, table in self.kept.items():
            few = table.take(np.arange(min(WATCHED, len(table))))
            for kinds, values in examine_order(score_series(network, few), draws=1).items():
                found |= {f"{name} {kinds} {k}": v for k, v in _values(values["all"]).items()}
        return found

    def _examine(self, network: NaturalnessRecogniser) -> dict[str, Any]:
        return {name: examine_order(score_series(network, t)) for name, t in self.kept.items()}


def build(request: TrainingRequest) -> NaturalnessTask:
    """Make the task that ``faceedit train naturalness`` runs.

    Raises:
        UsageError: the data are neither tables of faces nor a CSV of ratings with its pictures.
    """
    recipe = settings(request, NaturalnessRecipe(), NaturalnessRecipe.paper())
    if any(path.suffix.lower() == ".csv" for path in request.data):
        if len(request.data) != 2 or sum(path.is_dir() for path in request.data) != 1:
            raise UsageError("--data: ratings are a CSV and the folder of its pictures, both named")
        return RatingsTask(request, recipe)
    return FaultsTask(request, recipe)


def _values(report: dict[str, Any]) -> dict[str, float]:
    return {k: v[0] if isinstance(v, list) else v for k, v in report.items()}
