"""Training of LEGAN's Q: from people's ratings, or from graded corruptions that stand in for them.

Sections 3 and 9 of the paper.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faceedit.ranges import Ranged, ranged
from faceedit.recognisers.naturalness import SLOPE, NaturalnessRecogniser
from faceedit.training.recognisers.corruption_parts import PlainFace, as_jpeg, colourless
from faceedit.training.recognisers.corruptions import (
    CORRUPTIONS,
    UNTOUCHED,
    combined,
    deviation_of,
)
from faceedit.training.recognisers.faces import FaceTable
from faceedit.training.recognisers.fit import Plan
from faceedit.training.recognisers.rating_losses import hinge_loss, margin_loss
from faceedit.training.recognisers.ratings import RatedFaces


@dataclass(frozen=True)
class NaturalnessRecipe(Ranged):
    """How Q is trained.

    Attributes:
        plan: steps and rates.
        hinge: take the hinge of section 9 instead of the margin loss of Eq. 1.
        weight: of the loss, which grows with the fourth power of an error.
        untouched: share of pictures as they are, among those that stand for ratings.
        twofold: share of damaged pictures with a second fault.
        faintest: least severity of a fault.
        web: share of faces from web photos; the others are portraits.
        gamma: largest change of the logarithm of the exponent of display values of a photo.
        gain: largest change of the logarithm of the exposure.
        tint: largest change of the logarithm of each channel's gain.
        grey: share of photos without colour.
        coarse: share of photos that are made coarser, and the least size that is left of them.
        grain: share of photos with more noise, and its largest standard deviation.
        saved: share of pictures saved as JPEG of a usual quality, and the least quality.
        calibration: batches that the scale of the scores is fitted to afterwards; 0 leaves it.
        shift: largest shift in pixels; ratings of people are only mirrored, as in the paper.
    """

    plan: Plan = field(default_factory=lambda: Plan(steps=1500, rate=2e-3))
    hinge: bool = False
    weight: float = ranged(0.0, 1e3, default=0.05)
    untouched: float = ranged(0.0, 1.0, default=0.25)
    twofold: float = ranged(0.0, 1.0, default=0.15)
    faintest: float = ranged(0.0, 1.0, default=0.05)
    web: float = ranged(0.0, 1.0, default=0.4)
    gamma: float = ranged(0.0, 3.0, default=0.3)
    gain: float = ranged(0.0, 3.0, default=0.15)
    tint: float = ranged(0.0, 3.0, default=0.06)
    grey: float = ranged(0.0, 1.0, default=0.2)
    coarse: tuple[float, float] = ranged(0.0, 1.0, default=(0.35, 0.6))
    grain: tuple[float, float] = ranged(0.0, 1.0, default=(0.3, 0.02))
    saved: tuple[float, int] = ranged(0.0, 100.0, default=(0.4, 60))
    shift: int = ranged(0, 64, default=3)
    calibration: int = ranged(0, 10_000, default=16)


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

    def losses(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the weighted loss of a batch of `draw`."""
        pictures = batch["pictures"].contiguous(memory_format=torch.channels_last)
        loss = hinge_loss if self.recipe.hinge else margin_loss
        error = loss(self(pictures), batch["mean"], batch["deviation"])
        return {"rating": self.recipe.weight * error}

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

    def draw(self) -> dict[str, Tensor]:
        """Return a batch: pictures (N, 3, SIZE, SIZE) in [-1, 1], mean (N,), deviation (N,)."""
        index = torch.randint(len(self.faces), (self.recipe.plan.batch,))
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

    def draw(self) -> dict[str, Tensor]:
        """Return a batch: pictures (N, 3, SIZE, SIZE) in [-1, 1], mean (N,), deviation (N,)."""
        # What is random comes from torch alone, so that a training can be taken up again.
        rng = np.random.default_rng(int(torch.randint(2**62, ())))
        drawn = [self._one(rng) for _ in range(self.recipe.plan.batch)]
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


def plain_face(table: FaceTable, index: int) -> PlainFace:
    """Return a face of a table, to be damaged."""
    return PlainFace(table.pictures[index].astype(np.float32) / 255, table.landmarks[index])


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


def to_tensor(pictures: np.ndarray | Sequence[np.ndarray]) -> Tensor:
    """(N, S, S, 3) uint8 RGB to (N, 3, S, S) float32 in [-1, 1]."""
    return torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2) / 127.5 - 1


def mirror(pictures: Tensor) -> Tensor:
    """Mirror about half of (N, C, S, S) pictures, in place."""
    flipped = torch.rand(len(pictures)) < 0.5
    pictures[flipped] = pictures[flipped].flip(-1)
    return pictures


def without_colour(picture: np.ndarray) -> np.ndarray:
    """Return (S, S, 3) float32 in grey."""
    return cv2.merge([cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)] * 3)
