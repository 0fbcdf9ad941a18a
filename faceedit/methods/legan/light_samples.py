"""Random training samples for the hourglass of light: recoloured, spoiled, mirrored, moved."""

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from faceedit.faces.align import BLANK
from faceedit.faces.landmark_maps import CHANNELS, draw_landmark_maps
from faceedit.methods.legan.light_network import HEIGHT_UNIT, MAPS_SIZE, SIZE
from faceedit.studio.reliefs import CM, SHADING_STEP, ReliefTable

EXACT = 0.3
"""Share of samples that are people before an even wall, whose mattes are exact."""
GUESSED = 0.7
"""How far the other mattes, which are guessed, are believed."""
ELSEWHERE = 0.6
"""Share of people before an even wall that are set before another photo."""
WHOLE = 0.5
"""Share of those whose picture then fills the crop; others keep the edge of their photo."""
BLURRED = (0.5, 12.0)
"""Deviations in pixels between which that photo is blurred, half of the time."""


@dataclass(frozen=True)
class LightSamples:
    """Endlessly many samples by number, each a dict of float32 tensors; a `training.task.Samples`.

    ``picture`` (3, 256, 256) in [-1, 1], ``maps`` (12, 128, 128), ``matte`` (1, 256, 256); and at
    128: ``normals`` (3), ``height`` (1) in `HEIGHT_UNIT`, ``skin`` (1), ``shading`` (3), ``valid``
    (1), which is 1 on the photo. ``trust`` (1, 256, 256) says how far the matte is to be believed.

    Attributes:
        table: what is drawn from.
        rows: numbers of the pictures that are.
        seed: of all samples.
        augment: change them.
        trust: (N, 256, 256) uint8, how far guessed mattes are; None for all alike.
    """

    table: ReliefTable
    rows: np.ndarray
    seed: int
    augment: bool = True
    trust: np.ndarray | None = None

    def __getitem__(self, number: int) -> dict[str, Tensor]:
        """Draw one sample, the `number`-th."""
        rng = np.random.default_rng([self.seed, number])
        exact = self.rows[self.table.plain[self.rows]]
        rows = exact if len(exact) and rng.random() < EXACT else self.rows
        return self.draw(int(rows[rng.integers(len(rows))]), rng)

    def draw(
        self, row: int, rng: np.random.Generator, elsewhere: bool = False
    ) -> dict[str, Tensor]:
        """Return one picture as a sample.

        Args:
            row: of the table.
            rng: of what is random.
            elsewhere: without `augment`, still put a person before another photo where the matte
                is exact.
        """
        t = self.table
        planes = {
            "picture": t.pictures[row].astype(np.float32) / 255,
            "matte": t.matte[row].astype(np.float32) / 255,
            "normals": t.normals[row].astype(np.float32) / 127,
            "height": t.height[row].astype(np.float32) * np.float32(CM / HEIGHT_UNIT),
            "skin": t.skin[row].astype(np.float32) / 255,
            "shading": t.shading[row].astype(np.float32) * np.float32(SHADING_STEP),
            "valid": t.valid[row].astype(np.float32),
            "trust": self._trust(row),
        }
        planes["maps"] = draw_landmark_maps(t.landmarks[row], SIZE, MAPS_SIZE)
        if t.plain[row] and rng.random() < (ELSEWHERE if self.augment else elsewhere):
            self._set_elsewhere(planes, rng)
        if self.augment:
            _recolour(planes, rng)
            _spoil(planes, rng)
            if rng.random() < 0.5:
                _mirror(planes)
        beyond = cv2.resize(planes["valid"], (SIZE, SIZE), interpolation=cv2.INTER_NEAREST) == 0
        planes["picture"][beyond] = BLANK
        planes["picture"] = planes["picture"] * 2 - 1
        return {name: torch.from_numpy(_first(plane)) for name, plane in planes.items()}

    def _trust(self, row: int) -> np.ndarray:
        if self.table.plain[row]:
            return np.ones((SIZE, SIZE), np.float32)
        if self.trust is None:
            return np.full((SIZE, SIZE), GUESSED, np.float32)
        return self.trust[row].astype(np.float32) * np.float32(GUESSED / 255)

    def _set_elsewhere(self, planes: dict[str, np.ndarray], rng: np.random.Generator) -> None:
        """Put the person before another photo, in place."""
        other = self.table.pictures[self.rows[rng.integers(len(self.rows))]]
        behind = other[:, ::-1] if rng.random() < 0.5 else other
        behind = np.roll(behind, int(rng.integers(SIZE)), axis=1).astype(np.float32) / 255
        if rng.random() < 0.5:
            behind = cv2.GaussianBlur(behind, (0, 0), float(rng.uniform(*BLURRED)))
        opacity = planes["matte"][..., None]
        planes["picture"] = opacity * planes["picture"] + (1 - opacity) * behind
        if rng.random() < WHOLE:
            planes["valid"] = np.ones_like(planes["valid"])


def _first(plane: np.ndarray) -> np.ndarray:
    plane = np.moveaxis(plane, -1, 0) if plane.ndim == 3 else plane[None]
    return np.ascontiguousarray(plane, np.float32)


def _mirror(planes: dict[str, np.ndarray]) -> None:
    for name, value in planes.items():
        planes[name] = value[:, ::-1].copy()
    planes["maps"][..., CHANNELS.index("u")] = 1.0 - planes["maps"][..., CHANNELS.index("u")]
    planes["normals"][..., 0] *= -1.0


def _recolour(planes: dict[str, np.ndarray], rng: np.random.Generator) -> None:
    """Change exposure, contrast, tint and saturation in place; contrast is shading's, too."""
    gamma, gain = np.exp(rng.normal(0, 0.15)), np.exp(rng.normal(0, 0.15))
    tint = np.exp(rng.normal(0, 0.06, 3)).astype(np.float32)
    picture = np.clip(np.maximum(planes["picture"], 1e-4) ** np.float32(gamma) * gain * tint, 0, 1)
    if rng.random() < 0.1:
        picture = np.repeat(picture.mean(2, keepdims=True), 3, 2)
        planes["shading"] = np.repeat(planes["shading"].mean(2, keepdims=True), 3, 2)
    planes["picture"] = picture
    planes["shading"] = planes["shading"] * np.float32(gamma)


def _spoil(planes: dict[str, np.ndarray], rng: np.random.Generator) -> None:
    """Blur the picture or add noise, now and then, in place."""
    kind, picture = rng.random(), planes["picture"]
    if kind < 0.2:
        picture = cv2.GaussianBlur(picture, (0, 0), 0.5 + 10 * kind)
    elif kind < 0.4:
        noise = rng.normal(0, rng.uniform(0.005, 0.05), picture.shape).astype(np.float32)
        picture = np.clip(picture + noise, 0, 1)
    planes["picture"] = picture
