"""What Q learns from: pictures that people rated, or faults whose severity stands for a rating.

Sections 3 and 9 of LEGAN.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from faceedit.ranges import ranged
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
from faceedit.training.recognisers.faces import FaceTable, to_tensor
from faceedit.training.recognisers.ratings import RatedFaces
from faceedit.training.recognisers.task import RecogniserRecipe


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
