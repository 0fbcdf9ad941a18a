"""Random training samples for the correction of turned heads: recoloured, mirrored and spoiled."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import torch
from torch import Tensor

from faceedit.faces.landmark_maps import CHANNELS
from faceedit.methods.lssl.turned_pairs import TurnedTable
from faceedit.methods.lssl.window import window_maps

GREY = 0.1
"""Share of samples without colour."""
SPOILED, BLUR, NOISE = 0.5, (0.3, 1.2), 0.04
"""Share of those that are blurred, and of noisy ones; pixels, and most noise: sharpness must not
tell what was turned twice from what was turned once."""


@dataclass(frozen=True)
class TurnSamples:
    """Endlessly many samples by number, float32 tensors; a `training.task.Samples`.

    ``turned`` (3, 160, 160) in [0, 1] was turned there and back, ``seen`` is it as the network sees
    it, ``photo`` what it was; ``maps`` (12, 40, 40) and ``turn`` (2,) degrees belong to it.

    Attributes:
        table: what is drawn from.
        seed: of all samples.
        validation: draw people that no training sees.
    """

    table: TurnedTable
    seed: int
    validation: bool = False

    @cached_property
    def rows(self) -> np.ndarray:
        """Rows of the table that are drawn."""
        return np.flatnonzero(self.table.validation == self.validation)

    def __getitem__(self, number: int) -> dict[str, Tensor]:
        """Draw one sample, the `number`-th."""
        rng = np.random.default_rng([self.seed, number])
        return self.draw(int(self.rows[rng.integers(len(self.rows))]), rng)

    def draw(self, row: int, rng: np.random.Generator | None = None) -> dict[str, Tensor]:
        """Return a row of the table as a sample; without `rng` as it is."""
        table = self.table
        turned = table.picture(table.photos + row).astype(np.float32) / 255
        photo = table.picture(int(table.photo[row])).astype(np.float32) / 255
        maps = window_maps(table.landmarks[row].astype(np.float32))
        turn = table.turn[row].astype(np.float32).copy()
        seen = turned
        if rng is not None:
            if rng.random() < 0.5:
                turned, photo, maps = (one[:, ::-1].copy() for one in (turned, photo, maps))
                maps[..., CHANNELS.index("u")] = 1 - maps[..., CHANNELS.index("u")]
                turn[0] *= -1
            turned, photo = _recoloured((turned, photo), rng)
            seen = _spoiled(turned, rng)
        planes = {"turned": turned, "seen": seen, "photo": photo, "maps": maps}
        drawn = {name: _tensor(plane) for name, plane in planes.items()}
        return {**drawn, "turn": torch.from_numpy(turn)}


def _recoloured(
    pictures: tuple[np.ndarray, np.ndarray], rng: np.random.Generator
) -> list[np.ndarray]:
    """Change exposure, contrast and tint of pictures alike."""
    gamma = np.float32(np.exp(rng.normal(0, 0.15)))
    gain = np.exp(rng.normal(0, 0.1) + rng.normal(0, 0.05, 3)).astype(np.float32)
    grey = rng.random() < GREY
    made = [np.clip(np.maximum(one, 1e-4) ** gamma * gain, 0, 1) for one in pictures]
    return [np.repeat(one.mean(2, keepdims=True), 3, 2) for one in made] if grey else made


def _spoiled(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Blur a picture or add noise, now and then."""
    if rng.random() < SPOILED:
        picture = cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(*BLUR)))
    if rng.random() < SPOILED:
        noise = rng.normal(0, rng.uniform(0, NOISE), picture.shape).astype(np.float32)
        picture = np.clip(picture + noise, 0, 1)
    return picture


def _tensor(plane: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(plane, -1, 0), np.float32))
