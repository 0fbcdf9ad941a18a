"""Measures of what recognisers say, with intervals from drawing people anew."""

from collections.abc import Callable

import numpy as np

from faceedit.stats import PERCENTILES, draw_people


def over_people(
    people: np.ndarray,
    statistic: Callable[[np.ndarray], np.ndarray],
    draws: int = 300,
    seed: int = 0,
) -> np.ndarray:
    """Measure something and its 95% interval.

    Args:
        people: (N,) whose picture each is; people, not pictures, are drawn with replacement.
        statistic: takes (N,) weights of the pictures and returns (M,) values, NaN where there is
            nothing to measure.
        draws: of the bootstrap.
        seed: of the draws.

    Returns:
        (M, 3): value, and the 2.5th and 97.5th percentile.
    """
    names, person = np.unique(people, return_inverse=True)
    drawn = np.array([statistic(times[person]) for times in draw_people(len(names), draws, seed)])
    value = np.asarray(statistic(np.ones(len(people))), np.float64)
    bounds = np.full((len(value), 2), np.nan)
    for i, column in enumerate(drawn.T):
        if (seen := column[~np.isnan(column)]).size:
            bounds[i] = np.percentile(seen, PERCENTILES)
    return np.column_stack([value, bounds])


def recalls(
    labels: np.ndarray, called: np.ndarray, classes: int, weights: np.ndarray
) -> np.ndarray:
    """Return the (classes,) weighted share of each label that is called so, NaN where none is."""
    of, right = np.zeros(classes), np.zeros(classes)
    np.add.at(of, labels, weights)
    np.add.at(right, labels, weights * (labels == called))
    return np.divide(right, of, out=np.full(classes, np.nan), where=of > 0)


def pearson(a: np.ndarray, b: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the weighted correlation of each column of two (N, M) arrays; NaN without variance."""
    w = weights[:, None] / max(weights.sum(), 1e-12)
    a, b = a - (w * a).sum(0), b - (w * b).sum(0)
    spread = np.sqrt((w * a * a).sum(0) * (w * b * b).sum(0))
    products = (w * a * b).sum(0)
    return np.divide(products, spread, out=np.full(a.shape[1], np.nan), where=spread > 1e-9)
