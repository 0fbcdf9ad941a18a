"""How well the appearance recogniser does on people that it never saw."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from faceedit.lights import LIGHT_ORDER
from faceedit.recognisers.appearance import AppearanceRecogniser
from faceedit.regions import Region
from faceedit.targets import ATTRIBUTES
from faceedit.training.recognisers.augment import CROP, NOTHING, frame_labels, place
from faceedit.training.recognisers.faces import NO_REGION, UNKNOWN, FaceTable
from faceedit.training.recognisers.scores import over_people, recalls

SHRINK = 8.0
"""So many faces of the rarer kind move a threshold half as far as it should go."""
SOFT = 0.4
"""Width in logits over which a face near a threshold counts on both sides."""
CONFUSED = 0.03
"""Share of a light's pictures from which being taken for another is reported."""


@dataclass(frozen=True)
class Seen:
    """What the network says of the faces of a table.

    Attributes:
        attributes: (N, 13) logits, as they leave the network.
        lights: (N, 20) logits.
        light_vector: (N, 3).
        both: (N, 12) pixels that are of a segment by the network and by the mask.
        either: (N, 12) pixels that are of it by one of the two.
    """

    attributes: np.ndarray
    lights: np.ndarray
    light_vector: np.ndarray
    both: np.ndarray
    either: np.ndarray


@torch.inference_mode()
def look(network: AppearanceRecogniser, faces: FaceTable, batch: int = 64) -> Seen:
    """Show a table's faces to the network as they are.

    Args:
        network: in evaluation mode.
        faces: to look at; without regions `both` and `either` are 0.
        batch: so many at a time.
    """
    parts: list[tuple[np.ndarray, ...]] = []
    for start in range(0, len(faces), batch):
        rows = slice(start, start + batch)
        pictures = torch.from_numpy(faces.pictures[rows]).permute(0, 3, 1, 2).float()
        n = len(pictures)
        crops = (pictures / 127.5 - 1).contiguous(memory_format=torch.channels_last)
        output = network(crops)
        counts = np.zeros((2, n, len(Region)))
        if len(faces.regions):
            still = place(n, NOTHING, CROP, torch.zeros(n, dtype=torch.bool))
            regions = torch.from_numpy(faces.regions[rows])
            wanted = frame_labels(regions, still, network.size).numpy()
            counts = np.array(overlaps(output.regions.argmax(1).numpy(), wanted))
        columns = (output.attributes, output.lights, output.light_vector)
        parts.append((*(c.float().numpy() for c in columns), *counts))
    return Seen(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def overlaps(found: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Count pixels of every segment.

    Args:
        found: (N, S, S) segments.
        wanted: (N, S, S) segments, `NO_REGION` where nothing is counted.

    Returns:
        Those that are in both and those that are in either, each (N, 12).
    """
    known = wanted != NO_REGION
    both, either = [], []
    for region in Region:
        a, b = (found == region) & known, wanted == region
        both.append((a & b).sum((1, 2)))
        either.append((a | b).sum((1, 2)))
    return np.stack(both, 1), np.stack(either, 1)


def intersection_over_union(seen: Seen, weights: np.ndarray) -> np.ndarray:
    """Return the (12,) share of every segment of all pictures' pixels; NaN for none."""
    both, either = weights @ seen.both, weights @ seen.either
    return np.divide(both, either, out=np.full(either.shape, np.nan), where=either > 0)


def balanced_accuracies(logits: np.ndarray, wanted: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the mean of the shares of right answers among those who have it and who have not.

    Args:
        logits: (N, K), yes above 0.
        wanted: (N, K) 0, 1 or NaN for not known.
        weights: (N,) of the faces.

    Returns:
        (K,), NaN where one of the two kinds is missing.
    """
    shares = []
    for value in (1.0, 0.0):
        have = wanted == value
        right, counts = weights @ (have & ((logits > 0) == value)), weights @ have
        nothing = np.full(counts.shape, np.nan)
        shares.append(np.divide(right, counts, out=nothing, where=counts > 0))
    return np.mean(shares, 0)


def thresholds(
    logits: np.ndarray, wanted: np.ndarray, groups: Mapping[str, np.ndarray] | None = None
) -> np.ndarray:
    """Find where each attribute's logit parts yes from no best, for all and for the worst group.

    What is maximised is the balanced accuracy plus that of the group where it is least, both
    softened. Few faces say little: their threshold is drawn back towards 0.

    Args:
        logits: (N, K) of people whose attributes were not learned from.
        wanted: (N, K) 0, 1 or NaN.
        groups: of `looks_people.groups_of`; those with fewer than `SHRINK` faces of a kind are left
            out.

    Returns:
        (K,) float32.
    """
    grid = np.linspace(-3, 3, 121)
    rows = [names == name for names in (groups or {}).values() for name in np.unique(names) if name]
    found = np.zeros(logits.shape[1], np.float32)
    for k, column in enumerate(wanted.T):
        have, lack = column == 1, column == 0
        rarer = min(have.sum(), lack.sum())
        if rarer:
            parted = _parted(logits[:, k], have, lack, grid)
            large = [r for r in rows if min((have & r).sum(), (lack & r).sum()) >= SHRINK]
            if large:
                each = [_parted(logits[:, k], have & r, lack & r, grid) for r in large]
                parted = parted + np.min(each, 0)
            found[k] = grid[np.argmax(parted)] * rarer / (rarer + SHRINK)
    return found


def scales(logits: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Find what logits are to be multiplied with so that their sigmoids are probabilities.

    Those who have an attribute count as much as those who have not. Few faces say little: with
    them goes what is best for all attributes alike.

    Args:
        logits: (N, K), 0 parts yes from no.
        wanted: (N, K) 0, 1 or NaN.

    Returns:
        (K,) float32.
    """
    grid = np.geomspace(0.3, 4, 60)
    costs, rarer = np.zeros((logits.shape[1], len(grid))), np.zeros(logits.shape[1])
    for k, column in enumerate(wanted.T):
        have, lack = (logits[column == v, k] for v in (1.0, 0.0))
        rarer[k] = min(len(have), len(lack))
        if rarer[k]:
            signed = (-have, lack)
            costs[k] = np.mean([np.logaddexp(0, x[:, None] * grid).mean(0) for x in signed], 0)
    joint = rarer[:, None] * costs + SHRINK * costs[rarer > 0].mean(0)
    return grid[joint.argmin(1)].astype(np.float32)


def summary(seen: Seen, faces: FaceTable) -> dict[str, float]:
    """Return the figures that matter, those that there are faces for, without intervals."""
    ones = np.ones(len(faces))
    found: dict[str, float] = {}
    accuracies = balanced_accuracies(seen.attributes, faces.attributes, ones)
    if not np.isnan(accuracies).all():
        found["attributes"] = float(np.nanmean(accuracies))
    lit = faces.light != UNKNOWN
    if lit.any():
        called = seen.lights[lit].argmax(1)
        each = recalls(faces.light[lit], called, len(LIGHT_ORDER), ones[lit])
        found["lights"] = float(np.nanmean(each))
    if seen.either.any():
        found["regions"] = float(np.nanmean(intersection_over_union(seen, ones)))
    return found


def attributes_report(seen: Seen, faces: FaceTable, draws: int = 1000) -> dict[str, Any]:
    """Return balanced accuracies, each as value and ends of its interval over people."""

    def measure(weights: np.ndarray) -> np.ndarray:
        return _with_mean(balanced_accuracies(seen.attributes, faces.attributes, weights))

    found = _rounded((*ATTRIBUTES, "mean"), over_people(faces.people, measure, draws))
    there, absent = ((faces.attributes == value).sum(0).tolist() for value in (1, 0))
    return {
        "balanced accuracy": found,
        "have and have not": dict(zip(ATTRIBUTES, zip(there, absent, strict=True), strict=True)),
    }


def lights_report(seen: Seen, faces: FaceTable, draws: int = 1000) -> dict[str, Any]:
    """Return recalls, confusions, and errors of direction and strength, of pictures in a light."""
    rows = np.flatnonzero(faces.light != UNKNOWN)
    wanted, called = faces.light[rows], seen.lights[rows].argmax(1)

    def measure(weights: np.ndarray) -> np.ndarray:
        return _with_mean(recalls(wanted, called, len(LIGHT_ORDER), weights))

    vector, goal = seen.light_vector[rows], faces.light_vector[rows]
    length, strength = (np.linalg.norm(v, axis=1) for v in (vector, goal))
    cosine = (vector * goal).sum(1) / np.maximum(length * strength, 1e-6)
    angles = np.degrees(np.arccos(cosine.clip(-1, 1)))
    off = np.abs(length - strength)
    return {
        "pictures": len(rows),
        "recall": _rounded((*LIGHT_ORDER, "mean"), over_people(faces.people[rows], measure, draws)),
        "taken for": _confusions(wanted, called),
        "direction and strength": _rounded(
            ("median degrees", "mean error of strength"),
            over_people(
                faces.people[rows],
                lambda w: np.array([_median(angles, w), np.average(off, weights=w)]),
                draws,
            ),
        ),
    }


def regions_report(seen: Seen, faces: FaceTable, draws: int = 300) -> dict[str, Any]:
    """Return intersections over unions against the studio's masks."""
    found = over_people(
        faces.people, lambda weights: _with_mean(intersection_over_union(seen, weights)), draws
    )
    names = (*(region.name.lower() for region in Region), "mean")
    return {"pictures": len(faces), "intersection over union": _rounded(names, found)}


def _confusions(wanted: np.ndarray, called: np.ndarray) -> dict[str, float]:
    """Return which light is taken for which other, and the share of its pictures, largest first."""
    n = len(LIGHT_ORDER)
    counts = np.bincount(wanted * n + called, minlength=n * n).reshape(n, n)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    np.fill_diagonal(shares, 0)
    order = np.dstack(np.unravel_index(np.argsort(-shares, axis=None), (n, n)))[0]
    return {
        f"{LIGHT_ORDER[a]} for {LIGHT_ORDER[b]}": round(float(shares[a, b]), 3)
        for a, b in order
        if shares[a, b] >= CONFUSED
    }


def _parted(logits: np.ndarray, have: np.ndarray, lack: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Return by how much more of those who have it than of those who lack it are above each."""
    return _soft_share(logits[have], grid) - _soft_share(logits[lack], grid)


def _soft_share(logits: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Return the share of logits above each of the thresholds of a grid, softly."""
    return (1 / (1 + np.exp((grid[:, None] - logits) / SOFT))).mean(1)


def _median(values: np.ndarray, weights: np.ndarray) -> float:
    return float(np.median(np.repeat(values, weights.astype(int))))


def _with_mean(values: np.ndarray) -> np.ndarray:
    """Append the mean of the values that are there."""
    mean = np.nanmean(values) if np.isfinite(values).any() else np.nan
    return np.append(values, mean)


def _rounded(names: tuple[str, ...], values: np.ndarray) -> dict[str, list[float]]:
    return {k: np.round(v, 4).tolist() for k, v in zip(names, values, strict=True)}
