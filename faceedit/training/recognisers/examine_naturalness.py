"""What Q says of pictures of people it never saw, and of faults that it never saw."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.stats import rankdata

from faceedit.recognisers.naturalness import NaturalnessRecogniser
from faceedit.training.recognisers.corruption_parts import plain_face
from faceedit.training.recognisers.corruptions import CORRUPTIONS, Corruption
from faceedit.training.recognisers.faces import FaceTable, to_tensor
from faceedit.training.recognisers.rating_losses import hinge_loss, margin_loss
from faceedit.training.recognisers.ratings import RatedFaces
from faceedit.training.recognisers.scores import over_people, pearson

SEVERITIES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
CLEAR = 0.4
"""Severity from which the eye finds most faults at once."""


@dataclass(frozen=True)
class Series:
    """One fault at rising severities, on N faces.

    Attributes:
        kind: of the fault.
        scores: (N, len(SEVERITIES)) Q of each picture.
        people: (N,) whose they are.
    """

    kind: Corruption
    scores: np.ndarray
    people: np.ndarray


def one_each(table: FaceTable, most: int) -> FaceTable:
    """Return one validation photo of each of at most so many people, always the same."""
    order = np.random.default_rng(0).permutation(np.flatnonzero(table.validation))
    _, first = np.unique(table.people[order], return_index=True)
    chosen = np.random.default_rng(1).permutation(order[np.sort(first)])[:most]
    return table.take(np.sort(chosen))


@torch.inference_mode()
def score(network: NaturalnessRecogniser, pictures: np.ndarray, batch: int = 64) -> np.ndarray:
    """Return Q of (N, S, S, 3) uint8 crops: (N,), not clipped to the scale."""
    found = [
        network(
            to_tensor(pictures[i : i + batch]).contiguous(memory_format=torch.channels_last)
        ).numpy()
        for i in range(0, len(pictures), batch)
    ]
    return np.concatenate(found) if found else np.zeros(0, np.float32)


def score_series(
    network: NaturalnessRecogniser,
    table: FaceTable,
    kinds: Sequence[Corruption] = CORRUPTIONS,
    severities: Sequence[float] = SEVERITIES,
) -> list[Series]:
    """Damage every face of a table in every way and ask for Q.

    The donor of a face is the next one of the table; faults are the same at every call.
    """
    faces = [plain_face(table, i) for i in range(len(table))]
    found = []
    for number, kind in enumerate(kinds):
        rows = []
        for i, face in enumerate(faces):
            donor = faces[(i + 1) % len(faces)]
            seed = number * 100_003 + i
            rows.append([np.rint(kind(face, donor, s, seed) * 255) for s in severities])
        pictures = np.array(rows, np.uint8)
        scores = score(network, pictures.reshape(-1, *pictures.shape[2:]))
        found.append(Series(kind, scores.reshape(pictures.shape[:2]), table.people))
    return found


def order(series: Sequence[Series], draws: int = 300) -> dict[str, list[float]]:
    """Say how well Q's order agrees with severity, over one or several kinds on the same faces.

    Returns:
        Name to [value, low, high], 95% intervals over people:

        - spearman: mean over faces and kinds of the rank correlation of Q with falling severity;
        - in its own pair: share of damaged pictures, of severity `CLEAR` and up, that score less
          than the same photo untouched;
        - auc: probability that an untouched photo of anybody scores higher than a damaged one of
          anybody, severity `CLEAR` and up.
    """
    graded = np.array(SEVERITIES)
    clear = graded >= CLEAR
    scores = np.stack([one.scores for one in series])
    correlations = np.mean([_spearman(one.scores, graded) for one in series], 0)
    pairs = (scores[:, :, :1] > scores[:, :, clear]).mean((0, 2))
    untouched, damaged = scores[0, :, 0], scores[:, :, clear]

    def measure(weights: np.ndarray) -> np.ndarray:
        share = weights / weights.sum()
        auc = _auc(untouched, damaged, share)
        return np.array([(share * correlations).sum(), (share * pairs).sum(), auc])

    values = over_people(series[0].people, measure, draws)
    return _rounded(["spearman", "in its own pair", "auc"], values)


def examine_order(series: Sequence[Series], draws: int = 300) -> dict[str, Any]:
    """Return `order` and mean scores of every kind, and of those learned and held out together."""
    report: dict[str, Any] = {}
    for name, held_out in (("kinds learned", False), ("kinds held out", True)):
        part = [one for one in series if one.kind.held_out == held_out]
        if part:
            report[name] = {"all": order(part, draws)}
        for one in part:
            report[name][one.kind.name] = {
                **order([one], draws),
                "mean at severities": np.round(one.scores.mean(0), 2).tolist(),
                "rating at severities": [round(one.kind.rating(s), 2) for s in SEVERITIES],
            }
    return report


def examine_ratings(
    network: NaturalnessRecogniser, faces: RatedFaces, draws: int = 300
) -> dict[str, Any]:
    """Compare Q with the ratings of pictures, each of which counts as a person.

    Returns:
        Name to [value, low, high]: mean error, share within one deviation, correlation, rank
        correlation; and both losses of LEGAN.
    """
    found = score(network, faces.pictures)
    error = np.abs(found - faces.means)
    ranks = rankdata(found), rankdata(faces.means)

    def measure(weights: np.ndarray) -> np.ndarray:
        share = weights / weights.sum()
        return np.array(
            [
                (share * error).sum(),
                (share * (error <= faces.deviations)).sum(),
                pearson(found[:, None], faces.means[:, None], weights)[0],
                pearson(ranks[0][:, None], ranks[1][:, None], weights)[0],
            ]
        )

    values = over_people(np.arange(len(faces)), measure, draws)
    tensors = [torch.from_numpy(x) for x in (found, faces.means, faces.deviations)]
    return {
        "pictures": len(faces),
        **_rounded(["error", "within a deviation", "pearson", "spearman"], values),
        "margin loss": round(float(margin_loss(*tensors)), 4),
        "hinge loss": round(float(hinge_loss(*tensors)), 4),
    }


def mean_of(scores: np.ndarray, people: np.ndarray, draws: int = 300) -> list[float]:
    """Return the mean of some scores with its 95% interval over people; NaN for none."""
    if len(scores) == 0:
        return [float("nan")] * 3
    values = over_people(people, lambda w: np.array([(w * scores).sum() / w.sum()]), draws)
    return np.round(values[0], 3).tolist()


def _spearman(scores: np.ndarray, severities: np.ndarray) -> np.ndarray:
    """Return the rank correlation of each row of (N, S) scores with falling (S,) severities."""
    ranks = rankdata(scores, axis=1)
    goal = rankdata(-severities)
    ranks, goal = ranks - ranks.mean(1, keepdims=True), goal - goal.mean()
    spread = np.sqrt((ranks**2).sum(1) * (goal**2).sum())
    return (ranks @ goal) / np.maximum(spread, 1e-9)


def _auc(untouched: np.ndarray, damaged: np.ndarray, share: np.ndarray) -> float:
    """Return the weighted chance that one of (N,) is higher than one of (K, N, S)."""
    order = np.argsort(untouched)
    below = np.concatenate([[0], share[order].cumsum()])
    higher = (
        1
        - (
            below[np.searchsorted(untouched[order], damaged, "right")]
            + below[np.searchsorted(untouched[order], damaged, "left")]
        )
        / 2
    )
    return float((higher.mean((0, 2)) * share).sum())


def _rounded(names: list[str], values: np.ndarray) -> dict[str, list[float]]:
    return {k: np.round(v, 4).tolist() for k, v in zip(names, values, strict=True)}
