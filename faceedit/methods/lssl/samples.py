"""What LSSL's ``paper`` profile learns from: pairs of a picture and its side image, with labels.

Expressions are those of a table, angles come from the landmarks. Weak and dark light is made: the
photo's own is taken for normal, and the others are as much darker as `lights.LEVELS` says.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch

from faceedit.datasets.labelled import LabelledPhoto
from faceedit.faces.align import Crop
from faceedit.faces.pose import head_pose
from faceedit.lights import GAMMA, level_gain
from faceedit.methods.lssl.pairs import make_pair, signed
from faceedit.methods.lssl.recipe import LSSLRecipe
from faceedit.methods.lssl.vector import GROUPS, LIGHTS, WIDTH, vector_of, with_group
from faceedit.targets import EXPRESSIONS
from faceedit.training.portraits import Portraits
from faceedit.training.task import Batch


class ShownLabels:
    """See `training.portraits.Labels`: y' of what each photo shows, in normal light."""

    width = WIDTH

    def knows(self, photo: LabelledPhoto) -> bool:
        """Say whether the expression has a name."""
        return photo.expression in EXPRESSIONS

    def read(self, photos: Sequence[LabelledPhoto], crops: Sequence[Crop]) -> np.ndarray:
        """Return (n, 15) of what tables and landmarks say."""
        return np.stack([
            vector_of(EXPRESSIONS.index(photo.expression), 0, head_pose(crop.landmarks).yaw)
            for photo, crop in zip(photos, crops, strict=True)
        ])  # fmt: skip


@dataclass(frozen=True)
class PairSamples:
    """Training pairs by number.

    A sample has ``pair`` (3 + side, S, S) in [-1, 1], x and s; its ``labels`` (15,) y'; ``target``
    (15,) y, one value of each group that training people show; ``real``, what D takes for real, and
    what that shows, ``shown`` (15,). Half of the time all is mirrored.

    Attributes:
        portraits: with landmarks.
        rows: those of training people.
        recipe: goal and side image.
        seed: of all samples.
    """

    portraits: Portraits
    rows: np.ndarray
    recipe: LSSLRecipe
    seed: int

    def __getitem__(self, number: int) -> Batch:
        """Draw the `number`-th sample."""
        rng = np.random.default_rng([self.seed, number])
        row, light = int(rng.choice(self.rows)), int(rng.integers(len(LIGHTS)))
        sample = self.open(row, light)
        if rng.random() < 0.5:
            sample |= {name: sample[name].flip(2) for name in ("pair", "real")}
        values = [rng.choice(np.flatnonzero(seen)) for seen in self._seen()]
        target = np.zeros(WIDTH, np.float32)
        for group, value in enumerate(values):
            target = with_group(target, group, value)
        if self.recipe.goal == "frontal":
            target = with_group(target, 2, 0)
        return {**sample, "target": torch.from_numpy(target)}

    def open(self, row: int, light: int = 0) -> Batch:
        """Return a portrait in a light of `LIGHTS`: ``pair``, ``labels``, ``real``, ``shown``."""
        assert self.portraits.landmarks is not None
        photo = dimmed(np.array(self.portraits.pictures[row]), LIGHTS[light])
        landmarks = np.array(self.portraits.landmarks[row])
        shown = with_group(np.array(self.portraits.labels[row]), 1, light)
        pair = make_pair(photo, landmarks, self.recipe.goal, self.recipe.side)
        frontal = self.recipe.goal == "frontal"
        return {
            "pair": pair,
            "labels": torch.from_numpy(with_group(shown, 2, 0) if frontal else shown),
            "real": signed(photo) if frontal else pair,
            "shown": torch.from_numpy(shown),
        }

    def _seen(self) -> list[np.ndarray]:
        """Say which values of each group there are in training people's photos; all lights are."""
        labels = np.asarray(self.portraits.labels)[self.rows].any(0)
        seen = np.split(labels, np.cumsum(GROUPS)[:-1])
        return [seen[0], np.ones(len(LIGHTS), bool), seen[2]]


def dimmed(picture: np.ndarray, light: str) -> np.ndarray:
    """Return an (S, S, 3) uint8 picture as a camera of the same exposure sees it in a light."""
    ramp = np.arange(256) / 255 * level_gain(light) ** (1 / GAMMA)
    return cv2.LUT(picture, np.rint(255 * ramp).astype(np.uint8))
