"""Confidence intervals by drawing people anew: pictures of one person are no independent news."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

DRAWS = 1000
PERCENTILES = (2.5, 97.5)

Statistic = Callable[[np.ndarray], float]
"""Takes (P,) weights of people, 1 for each on the sample itself, and returns a value, NaN where
nothing is left to measure."""


@dataclass(frozen=True)
class Whole:
    """A statistic of a whole set of observations.

    Attributes:
        statistic: of weighted people.
        n: observations that go into it.
        people: whose they are, at least; of one person alone there is no interval.
    """

    statistic: Statistic
    n: int
    people: int

    def __call__(self, people: np.ndarray) -> float:
        """Return the statistic under (P,) weights of people."""
        return self.statistic(people)


@dataclass(frozen=True)
class Interval:
    """A value and where it would lie in 95% of other samples of people.

    A share that is 0 or 1 gets no width: no draw can show what nobody does. Of n people the true
    share may then be about 3/n away.

    Attributes:
        value: on the sample itself; NaN where there is nothing to measure.
        low: 2.5th percentile over the draws; NaN where all observations are of one person.
        high: 97.5th percentile.
        n: how many observations went into it.
    """

    value: float
    low: float
    high: float
    n: int


def draw_people(people: int, draws: int = DRAWS, seed: int = 0) -> np.ndarray:
    """Draw as many people as there are, with replacement, many times.

    Returns:
        (draws, people) float64: how often each was drawn.

    >>> drawn = draw_people(4, draws=100)
    >>> drawn.shape, set(drawn.sum(1).tolist())
    ((100, 4), {4.0})
    """
    generator = np.random.default_rng(seed)
    drawn = generator.integers(0, max(people, 1), (draws, people))
    counts = np.zeros((draws, people))
    np.add.at(counts, (np.arange(draws)[:, None], drawn), 1.0)
    return counts


def draw_values(statistic: Statistic, drawn: np.ndarray) -> np.ndarray:
    """Return a statistic on the sample itself and on every draw: (1 + draws,)."""
    own = np.ones((1, drawn.shape[1]))
    return np.array([statistic(weights) for weights in np.concatenate([own, drawn])])


def bootstrap_mean(values: np.ndarray, person: np.ndarray, drawn: np.ndarray) -> Interval:
    """Measure a mean over observations and its interval, all draws at once.

    Args:
        values: (N,) observations; those that are NaN count for nothing.
        person: (N,) number of the person whose each is.
        drawn: of `draw_people`.

    >>> mean = bootstrap_mean(np.array([1.0, 2.0, 3.0]), np.array([0, 1, 2]), draw_people(3))
    >>> mean.value, 1.0 <= mean.low < mean.value < mean.high <= 3.0, mean.n
    (2.0, True, 3)
    """
    known = ~np.isnan(values)
    values, weights = values[known], drawn[:, person[known]]
    if not len(values):
        return Interval(np.nan, np.nan, np.nan, 0)
    totals = weights.sum(1)
    means = np.divide(weights @ values, totals, out=np.full(len(totals), np.nan), where=totals > 0)
    people = len(set(person[known].tolist()))
    return interval_of(np.append(values.mean(), means), len(values), people)


def interval_of(values: np.ndarray, n: int, people: int) -> Interval:
    """Return the percentile interval (Efron and Tibshirani 1993, chapter 13).

    Args:
        values: of `draw_values`; draws that are NaN are left out.
        n: observations, for the record.
        people: whose they are.
    """
    value, draws = float(values[0]), values[1:][np.isfinite(values[1:])]
    if not np.isfinite(value) or not len(draws) or people < 2:
        return Interval(value, np.nan, np.nan, n)
    low, high = np.percentile(draws, PERCENTILES)
    return Interval(value, float(low), float(high), n)
