"""What expressions do to skin, learned and made up, laid out on the atlas of the skin."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np

from faceedit.studio.made_up_folds import Folds, draw_folds
from faceedit.studio.model import load_arrays, load_landmarks

ASSETS_FILE = "assets.npz"
N_MADE_UP = 6
"""How many sets of made-up folds there are to choose from."""


@dataclass(frozen=True)
class FoldAtlas:
    """What expressions do to skin, on the atlas of `skin.atlas_coordinates`.

    Attributes:
        places: (n_skin, 2) float32 atlas coordinates of the skin's vertices.
        smile_median: (A, A, 3) float32 log ratio RGB of a smile to a neutral face.
        smile_people: (N, A, A, 3) the same of single people.
        face: (A, A) float32 in [0, 1], 0 on lips and eyes and beyond the face.
        folds: (A, A) float32 in [0, 1], where smiles fold the skin.
        neutral_expression: (E,) mean fitted weights of real neutral faces.
        made_up: folds and lines to choose from.
    """

    places: np.ndarray
    smile_median: np.ndarray
    smile_people: np.ndarray
    face: np.ndarray
    folds: np.ndarray
    neutral_expression: np.ndarray
    made_up: tuple[Folds, ...]

    @cached_property
    def masks(self) -> np.ndarray:
        """The face without and with lips and lids, (A, A, 2) float32 in [0, 1]."""
        width = round(0.16 * len(self.face)) | 1
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
        return np.dstack([self.face, cv2.morphologyEx(self.face, cv2.MORPH_CLOSE, kernel)])

    @cached_property
    def trusted(self) -> np.ndarray:
        """Where single people's smile maps are free of hair, brows and glare, (A, A, 1)."""
        side = len(self.face)
        at = np.linspace(0, 1, side, dtype=np.float32)
        lower = np.clip((at[:, None] - 0.43) / 0.05, 0, 1)
        middle = np.clip((0.27 - np.abs(at - 0.5)) / 0.06, 0, 1)
        return (lower * middle * self.face)[..., None]

    def smile(self, choice: "FoldChoice") -> np.ndarray:
        """Return the log ratio of a smile, (A, A, 3)."""
        if not len(self.smile_people) or choice.share == 0:
            return self.smile_median
        own = self.smile_people[choice.person % len(self.smile_people)]
        return self.smile_median + choice.share * self.trusted * (own - self.smile_median)


@dataclass(frozen=True)
class FoldChoice:
    """What is left to chance.

    Attributes:
        person: whose smile the folds are taken from.
        share: in [0, 1], of that person against the median.
        made_up: which set of made-up folds.
        gain: factor on everything.
    """

    person: int = 0
    share: float = 0.0
    made_up: int = 0
    gain: float = 1.0


def draw_fold_choice(rng: np.random.Generator, atlas: FoldAtlas) -> FoldChoice:
    """Draw folds of some person's kind."""
    return FoldChoice(
        person=int(rng.integers(max(1, len(atlas.smile_people)))),
        share=float(rng.uniform(0.0, 0.7)),
        made_up=int(rng.integers(len(atlas.made_up))),
        gain=float(rng.uniform(0.85, 1.35)),
    )


def load_folds(folder: Path) -> FoldAtlas:
    """Read the fold atlas of a rig.

    Raises:
        MissingError: a file is not there.
    """
    arrays = load_arrays(folder / ASSETS_FILE)
    places = arrays["atlas_xy"].astype(np.float32)
    points = places[load_landmarks(folder)["mp_to_ict_vertex"]]
    return FoldAtlas(
        places=places,
        smile_median=_to_rgb(arrays["eri_median"]),
        smile_people=_to_rgb(arrays["eri_people"]),
        face=arrays["eri_mask"].astype(np.float32),
        folds=arrays["fold_mask"].astype(np.float32),
        neutral_expression=arrays["neutral_cex"].astype(np.float64),
        made_up=make_up_folds(points),
    )


def make_up_folds(points: np.ndarray) -> tuple[Folds, ...]:
    """Return the folds and lines to choose from, for (468, 2) mesh points on the atlas."""
    return tuple(draw_folds(points, seed) for seed in range(N_MADE_UP))


def _to_rgb(maps: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(maps[..., ::-1], np.float32)
