"""Training of LEGAN's Q: from people's ratings, or from graded corruptions that stand in for them.

Sections 3 and 9 of the paper.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faceedit.errors import UsageError
from faceedit.faces.find.build import build_finder
from faceedit.ranges import ranged
from faceedit.recognisers.naturalness import SLOPE, NaturalnessRecogniser
from faceedit.registry import open_registry
from faceedit.training.recognisers.corruption_parts import (
    PlainFace,
    as_jpeg,
    colourless,
    plain_face,
)
from faceedit.training.recognisers.corruptions import (
    CORRUPTIONS,
    UNTOUCHED,
    combined,
    deviation_of,
)
from faceedit.training.recognisers.examine_naturalness import (
    examine_order,
    examine_ratings,
    one_each,
    score_series,
)
from faceedit.training.recognisers.faces import FaceTable, to_tensor
from faceedit.training.recognisers.rating_losses import hinge_loss, margin_loss
from faceedit.training.recognisers.ratings import (
    RatedFaces,
    crop_rated,
    read_ratings,
    split_rated,
)
from faceedit.training.recognisers.task import (
    RecogniserRecipe,
    RecogniserTask,
    read_tables,
    settings,
)
from faceedit.training.task import TrainingRequest

WATCHED = 24
"""Validation faces of each table that are looked at while training."""


@dataclass(frozen=True)
class NaturalnessRecipe(RecogniserRecipe):
    """How Q is trained; ratings of people are only mirrored, as in the paper."""

    steps: int = ranged(1, 10_000_000, default=1500)  # updates in all
    width: int = ranged(1, 1024, default=16)  # channels of the first layer
    widest: int = ranged(1, 8192, default=160)  # channels of the last one at most
    features: int = ranged(1, 8192, default=64)  # of the layer before the score
    masked: bool = True  # False shows the window around the face
    hinge: bool = False  # the hinge of section 9 instead of the margin loss of Eq. 1
    weight: float = ranged(0.0, 1e3, default=0.05)  # of the loss, a fourth power of the error
    untouched: float = ranged(0.0, 1.0, default=0.25)  # share of pictures as they are
    twofold: float = ranged(0.0, 1.0, default=0.15)  # share of damaged pictures with two faults
    faintest: float = ranged(0.0, 1.0, default=0.05)  # least severity of a fault
    web: float = ranged(0.0, 1.0, default=0.4)  # share of web photos; the others are portraits
    gamma: float = ranged(0.0, 3.0, default=0.3)  # largest log of a photo's exponent
    gain: float = ranged(0.0, 3.0, default=0.15)  # largest log of the exposure
    tint: float = ranged(0.0, 3.0, default=0.06)  # largest log of each channel's gain
    grey: float = ranged(0.0, 1.0, default=0.2)  # share of photos without colour
    coarse: tuple[float, float] = ranged(0.0, 1.0, default=(0.35, 0.6))  # share, least size
    grain: tuple[float, float] = ranged(0.0, 1.0, default=(0.3, 0.02))  # share, largest deviation
    saved: tuple[float, int] = ranged(0.0, 100.0, default=(0.4, 60))  # share, least JPEG quality
    shift: int = ranged(0, 64, default=3)  # largest, in pixels
    calibration: int = ranged(0, 10_000, default=16)  # batches that fit the scale; 0 leaves it
    examined: int = ranged(1, 100_000, default=100)  # people of each table in the report

    @classmethod
    def paper(cls) -> "NaturalnessRecipe":
        """Return the sizes of Table 6."""
        return cls(width=64, widest=2048, features=256)


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


class RatedDrawer:
    """Draws pictures that people rated.

    Args:
        faces: to learn from.
        recipe: how.
    """

    def __init__(self, faces: RatedFaces, recipe: NaturalnessRecipe):
        self.faces, self.recipe = faces, recipe
        self.means = torch.from_numpy(faces.means)
        self.deviations = torch.from_numpy(faces.deviations)

    def draw(self, step: int = 0) -> dict[str, Tensor]:
        """Return a batch: pictures (N, 3, S, S) in [-1, 1], mean and deviation (N,)."""
        index = torch.randint(len(self.faces), (self.recipe.batch_size,))
        pictures = to_tensor(self.faces.pictures[index.numpy()])
        return {
            "pictures": mirror(pictures),
            "mean": self.means[index],
            "deviation": self.deviations[index],
        }


class ProxyDrawer:
    """Draws photos as they are and photos with faults whose severity stands for a rating.

    Photos vary in light, colour, size and grain beforehand, damaged or not, so that none of this
    tells faults.

    Args:
        web: web photos of people to learn from.
        portraits: portraits to learn from.
        recipe: how.
    """

    def __init__(self, web: FaceTable, portraits: FaceTable, recipe: NaturalnessRecipe):
        self.tables, self.recipe = (web, portraits), recipe
        self.kinds = [kind for kind in CORRUPTIONS if not kind.held_out]

    def draw(self, step: int = 0) -> dict[str, Tensor]:
        """Return a batch: pictures (N, 3, S, S) in [-1, 1], mean and deviation (N,)."""
        # What is random comes from torch alone, so that a training can be taken up again.
        rng = np.random.default_rng(int(torch.randint(2**62, ())))
        drawn = [self._one(rng) for _ in range(self.recipe.batch_size)]
        means = np.array([mean for _, mean in drawn], np.float32)
        pictures = torch.from_numpy(np.stack([picture for picture, _ in drawn]))
        return {
            "pictures": mirror(pictures.permute(0, 3, 1, 2) * 2 - 1),
            "mean": torch.from_numpy(means),
            "deviation": torch.from_numpy(deviation_of(means)),
        }

    def _one(self, rng: np.random.Generator) -> tuple[np.ndarray, float]:
        """Return a picture (SIZE, SIZE, 3) float32 in [0, 1] and its rating."""
        recipe = self.recipe
        table = self.tables[0 if rng.random() < recipe.web else 1]
        own, other = rng.integers(len(table), size=2).tolist()
        face = PlainFace(vary(table.pictures[own], recipe, rng), table.landmarks[own])
        donor = plain_face(table, other)
        if colourless(face.picture):
            donor = PlainFace(without_colour(donor.picture), donor.landmarks)
        picture, mean = face.picture, UNTOUCHED
        if rng.random() >= recipe.untouched:
            faults = 2 if rng.random() < recipe.twofold else 1
            for kind in rng.choice(len(self.kinds), faults, replace=False):
                severity = rng.uniform(recipe.faintest, 1)
                seed = int(rng.integers(2**62))
                picture = self.kinds[kind](
                    PlainFace(picture, face.landmarks), donor, severity, seed
                )
                mean = combined(mean, self.kinds[kind].rating(severity))
        return finish(picture, recipe, rng), mean


def vary(picture: np.ndarray, recipe: NaturalnessRecipe, rng: np.random.Generator) -> np.ndarray:
    """Change a photo as another camera, light or size would; it stays natural.

    Args:
        picture: (S, S, 3) uint8.
        recipe: how far.
        rng: what is random.

    Returns:
        (S, S, 3) float32 in [0, 1].
    """
    gains = rng.uniform(-recipe.gain, recipe.gain) + rng.uniform(-recipe.tint, recipe.tint, 3)
    exponent = np.exp(rng.uniform(-recipe.gamma, recipe.gamma))
    levels = np.linspace(0, 1, 256)[:, None] ** exponent * np.exp(gains)
    x = cv2.LUT(picture, np.clip(levels, 0, 1).astype(np.float32)[None])
    if rng.random() < recipe.grey:
        x = without_colour(x)
    share, least = recipe.coarse
    if rng.random() < share:
        side = round(len(x) * rng.uniform(least, 1))
        small = cv2.resize(x, (side, side), interpolation=cv2.INTER_AREA)
        x = cv2.resize(small, x.shape[:2], interpolation=cv2.INTER_CUBIC)
    share, most = recipe.grain
    if rng.random() < share:
        x = x + np.float32(rng.uniform(0, most)) * rng.standard_normal(x.shape, np.float32)
    return np.clip(x, 0, 1)


def finish(picture: np.ndarray, recipe: NaturalnessRecipe, rng: np.random.Generator) -> np.ndarray:
    """Save and frame a picture (S, S, 3) float32 in [0, 1], damaged or not, as photos are."""
    share, least = recipe.saved
    if rng.random() < share:
        picture = as_jpeg(picture, int(rng.integers(least, 96)))
    across, down = rng.integers(-recipe.shift, recipe.shift + 1, 2).tolist()
    border = recipe.shift
    wide = np.pad(picture, ((border, border), (border, border), (0, 0)), "reflect")
    top, left = border + down, border + across
    return wide[top : top + len(picture), left : left + len(picture)]


def mirror(pictures: Tensor) -> Tensor:
    """Mirror about half of (N, C, S, S) pictures, in place."""
    flipped = torch.rand(len(pictures)) < 0.5
    pictures[flipped] = pictures[flipped].flip(-1)
    return pictures


def without_colour(picture: np.ndarray) -> np.ndarray:
    """Return (S, S, 3) float32 in grey."""
    return cv2.merge([cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)] * 3)


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
