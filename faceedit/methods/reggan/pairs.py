"""What each of the studio's pairs asks of RegGAN, and which of them it learns from.

It learns nothing of light and pose: pairs that change these are left out.
"""

import numpy as np

from faceedit.methods.reggan.condition import BLOCKS
from faceedit.training.pair_table import PairTable

AT_STRENGTH = (0.75, 1.35)
"""Strengths that count as 1: the paper's layers know no other."""
ALONE = 0.05
"""Most that other expressions may add."""
LARGEST_SHARE = 1.75


def pair_shares(table: PairTable, amplitudes: dict[str, float]) -> np.ndarray:
    """Return how much of each of `BLOCKS` every pair's target shows, (N, 9) float32.

    Args:
        table: of pairs.
        amplitudes: the studio's amplitude that strength 1 of each expression stands for.
    """
    one = np.array([1.0, *(amplitudes[name] for name in BLOCKS[2:])], np.float32)
    share = np.asarray(table.share)[:, None]
    strengths = np.asarray(table.amplitudes) / one * share
    calm = np.where(table.amplitudes[:, :1] > 0, 0.0, share)
    return np.concatenate([calm, strengths], 1).astype(np.float32)


def usable(table: PairTable, shares: np.ndarray) -> np.ndarray:
    """Return the numbers of pairs whose targets follow from what was asked, (M,) int."""
    made = ~np.asarray(table.real_target)
    asked = (shares[:, 1:].sum(1) > 0) & (shares.max(1) <= LARGEST_SHARE)
    return np.flatnonzero(made & asked & table.as_photographed())


def single_strengths(table: PairTable) -> np.ndarray:
    """Return (N, 8) float32: 1 for the one target that a pair leads to in full, else all 0."""
    asked = np.asarray(table.amplitudes) * np.asarray(table.share)[:, None]
    single = (asked > ALONE).sum(1) == 1
    within = (asked.max(1) >= AT_STRENGTH[0]) & (asked.max(1) <= AT_STRENGTH[1])
    fits = single & within & ~np.asarray(table.real_target) & table.as_photographed()
    return ((asked > ALONE) & fits[:, None]).astype(np.float32)
