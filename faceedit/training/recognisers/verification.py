"""Is it the same person: pairs of pictures, and how well similarities tell them apart."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import torch
from torch.nn import functional as F

TINY = 24
"""Side of the pictures by which copies of one photo are found."""
COPY = 0.97
"""Correlation of two tiny pictures from which they count as copies of one photo."""


@dataclass(frozen=True)
class Pairs:
    """Pairs of pictures of a table.

    Attributes:
        first: (P,) int64 numbers of pictures.
        second: (P,) int64.
        same: (P,) bool, whether both show one person.
    """

    first: np.ndarray
    second: np.ndarray
    same: np.ndarray

    def __len__(self) -> int:
        """How many pairs."""
        return len(self.first)

    def pictures(self) -> np.ndarray:
        """Return the numbers of all pictures in pairs, each once."""
        return np.unique(np.concatenate([self.first, self.second]))

    def cosines(self, vectors: np.ndarray) -> np.ndarray:
        """(N, D) unit vectors of the table's pictures to (P,) cosines."""
        return np.einsum("pd,pd->p", vectors[self.first], vectors[self.second])


def tiny_pictures(pictures: np.ndarray, batch: int = 256) -> np.ndarray:
    """Return pictures small, grey, without mean and of length 1.

    Args:
        pictures: (N, S, S, 3) uint8.
        batch: so many at a time.

    Returns:
        (N, TINY * TINY) float32; the product of two rows is the correlation of the pictures.
    """
    rows = [torch.zeros(0, TINY * TINY)]
    for start in range(0, len(pictures), batch):
        part = torch.from_numpy(np.array(pictures[start : start + batch]))
        small = F.interpolate(
            part.float().mean(3)[:, None], (TINY, TINY), mode="bilinear", antialias=True
        ).flatten(1)
        rows.append(F.normalize(small - small.mean(1, keepdim=True), dim=1))
    return torch.cat(rows).numpy()


def merge_people(people: np.ndarray, tiny: np.ndarray, batch: int = 1024) -> np.ndarray:
    """Give people who share a copy of a photo one name.

    Web photos often carry the name of somebody else in the picture, so one face can go by two.

    Args:
        people: (N,) names.
        tiny: (N, D) of `tiny_pictures`.
        batch: rows compared with all others at a time.

    Returns:
        (N,) names: of every group of people the first one in alphabetical order.
    """
    first = {name: name for name in sorted(set(people.tolist()))}

    def root(name: str) -> str:
        while first[name] != name:
            name = first[name]
        return name

    for start in range(0, len(tiny), batch):
        rows, others = np.nonzero(tiny[start : start + batch] @ tiny.T > COPY)
        for i, j in zip((rows + start).tolist(), others.tolist(), strict=True):
            a, b = sorted((root(str(people[i])), root(str(people[j]))))
            first[b] = a
    return np.array([root(str(name)) for name in people.tolist()])


def choose_pairs(
    people: np.ndarray,
    among: np.ndarray,
    *,
    tiny: np.ndarray | None = None,
    most: int = 10,
    others: int = 20000,
    seed: int = 0,
) -> Pairs:
    """Draw pairs of one person and pairs of two.

    Args:
        people: (N,) names.
        among: (N,) bool, the pictures to draw from.
        tiny: (N, D) of `tiny_pictures`; with it, pairs of copies of one photo are left out.
        most: largest number of pairs of one person.
        others: number of pairs of two people; both are drawn evenly, then a picture of each.
        seed: of the draw.
    """
    rng = np.random.default_rng(seed)
    pictures: dict[str, list[int]] = {}
    for i in np.flatnonzero(among).tolist():
        pictures.setdefault(str(people[i]), []).append(i)
    chosen: list[tuple[int, int]] = []
    for numbers in pictures.values():
        pairs = [
            (a, b)
            for a, b in combinations(numbers, 2)
            if tiny is None or float(tiny[a] @ tiny[b]) < COPY
        ]
        kept = rng.permutation(len(pairs))[:most]
        chosen += [pairs[k] for k in kept]
    genuine = len(chosen)
    everybody = list(pictures.values())
    for _ in range(others):
        a, b = rng.choice(len(everybody), 2, replace=False)
        chosen.append((int(rng.choice(everybody[a])), int(rng.choice(everybody[b]))))
    table = np.array(chosen, np.int64).reshape(-1, 2)
    return Pairs(table[:, 0], table[:, 1], np.arange(len(table)) < genuine)


def roc_area(scores: np.ndarray, same: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Return the chance that a pair of one person scores higher than a pair of two.

    Args:
        scores: (P,) similarities.
        same: (P,) bool.
        weights: (P,) how often each pair counts; once when not given.

    Returns:
        0 to 1; NaN without pairs of both kinds.
    """
    weights = np.ones(len(scores)) if weights is None else weights
    if not weights[same].any() or not weights[~same].any():
        return float("nan")
    order = np.argsort(scores[~same])
    ladder = scores[~same][order]
    below = np.concatenate([[0.0], np.cumsum(weights[~same][order])])
    left = below[np.searchsorted(ladder, scores[same], "left")]
    right = below[np.searchsorted(ladder, scores[same], "right")]
    share = (left + right) / (2 * below[-1])
    return float(np.average(share, weights=weights[same]))


def accuracy(
    scores: np.ndarray, same: np.ndarray, threshold: float, weights: np.ndarray | None = None
) -> float:
    """Return the mean of the shares of both kinds of pairs that a threshold names rightly."""
    weights = np.ones(len(scores)) if weights is None else weights
    right = (scores >= threshold) == same
    return (
        weighted_mean(right[same], weights[same]) + weighted_mean(right[~same], weights[~same])
    ) / 2


def weighted_mean(values: np.ndarray, weights: np.ndarray) -> float:
    """Return the mean of (P,) values, NaN where nothing counts."""
    return float(np.average(values, weights=weights)) if weights.any() else float("nan")


def best_threshold(scores: np.ndarray, same: np.ndarray) -> float:
    """Return the similarity at which `accuracy` is largest."""
    order = np.argsort(scores)
    genuine = same[order]
    missed = np.concatenate([[0], np.cumsum(genuine)]) / max(1, same.sum())
    refused = np.concatenate([[0], np.cumsum(~genuine)]) / max(1, (~same).sum())
    best = int(np.argmax(refused - missed))
    ends = np.concatenate([[-1.0], scores[order], [1.0]])
    return float((ends[best] + ends[best + 1]) / 2)


def count_pairs(pairs: Pairs, numbers: np.ndarray, people: np.ndarray) -> np.ndarray:
    """Say how often pairs count when people do so many times, as in `stats`.

    Args:
        pairs: of pictures.
        numbers: (N,) number of the person in each picture.
        people: (M,) how often each person counts.

    Returns:
        (P,): the count of the one person, or the product of both.
    """
    first, second = people[numbers[pairs.first]], people[numbers[pairs.second]]
    return np.where(pairs.same, first, first * second)
