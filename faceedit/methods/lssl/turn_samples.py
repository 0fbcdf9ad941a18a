"""Random training samples for the correction of turned heads: recoloured and mirrored."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import torch

from faceedit.faces.landmark_maps import CHANNELS
from faceedit.methods.lssl.turned_pairs import TurnedTable
from faceedit.methods.lssl.window import window_maps
from faceedit.training.task import Batch

GREY = 0.1
"""Share of samples without colour."""


@dataclass(frozen=True)
class TurnSamples:
    """Endlessly many samples by number; a `training.task.Samples`.

    ``back`` (3, 320, 320) uint8 is a head turned there and back, ``photo`` what it was, ``once``
    another that was turned once; ``back_maps``, ``once_maps`` (12, 80, 80) uint8 and
    ``back_turn``, ``once_turn`` (2,) degrees belong to them.

    Attributes:
        table: what is drawn from.
        seed: of all samples.
        validation: draw people that no training sees.
    """

    table: TurnedTable
    seed: int
    validation: bool = False

    @cached_property
    def rows(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows of the table: turned back, and turned once."""
        own = self.table.validation == self.validation
        return np.flatnonzero(own & self.table.back), np.flatnonzero(own & ~self.table.back)

    def __getitem__(self, number: int) -> Batch:
        """Draw one sample, the `number`-th."""
        rng = np.random.default_rng([self.seed, number])
        back, once = (int(rows[rng.integers(len(rows))]) for rows in self.rows)
        return self.draw(back, once, rng)

    def draw(self, back: int, once: int, rng: np.random.Generator | None) -> Batch:
        """Return two rows of the table as a sample; without `rng` as they are."""
        sample: Batch = {}
        mirrored = rng is not None and rng.random() < 0.5
        colours = _colours(rng) if rng is not None else None
        photo = int(self.table.photo[back])
        numbers = {"back": self.table.photos + back, "photo": photo}
        for name, number in {**numbers, "once": self.table.photos + once}.items():
            picture = self.table.picture(number)
            if colours is not None:
                picture = _recoloured(picture, colours)
            sample[name] = _tensor(picture[:, ::-1] if mirrored else picture)
        for name, row in (("back", back), ("once", once)):
            maps = window_maps(self.table.landmarks[row].astype(np.float32))
            turn = self.table.turn[row].copy()
            if mirrored:
                maps = maps[:, ::-1].copy()
                maps[..., CHANNELS.index("u")] = 1 - maps[..., CHANNELS.index("u")]
                turn[0] *= -1
            sample[f"{name}_maps"] = _tensor(np.rint(255 * maps.clip(0, 1)).astype(np.uint8))
            sample[f"{name}_turn"] = torch.from_numpy(turn.astype(np.float32))
        return sample


def _colours(rng: np.random.Generator) -> np.ndarray:
    """Return what becomes of 256 levels in three channels, (256, 1, 3) uint8, or (256, 1, 1)."""
    gamma, gain = np.exp(rng.normal(0, 0.15)), np.exp(rng.normal(0, 0.1))
    tint = np.exp(rng.normal(0, 0.05, 3)) if rng.random() > GREY else np.ones(1)
    levels = (np.arange(256) / 255.0)[:, None, None] ** gamma * gain * tint
    return np.rint(255 * levels.clip(0, 1)).astype(np.uint8)


def _recoloured(picture: np.ndarray, colours: np.ndarray) -> np.ndarray:
    if colours.shape[2] == 1:
        picture = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None].repeat(3, 2)
        colours = colours.repeat(3, 2)
    return cv2.LUT(picture, colours)


def _tensor(picture: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(picture, -1, 0)))
