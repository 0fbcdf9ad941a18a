"""What a metric is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from faceedit.evaluation.evidence import Evidence
from faceedit.stats import Whole

Better = Literal["higher", "lower", "one"]
"""Which values are good; ``one``: the nearer to 1 the better."""


@dataclass(frozen=True)
class Metric:
    """A measure of edits.

    Exactly one of `each` and `whole` is given.

    Attributes:
        name: as its paper writes it; our own statistics have names of their own.
        better: which values are good.
        lowest: of its range.
        highest: of its range; None for no bound.
        source: where it is defined.
        needs: networks by name, and `evidence` constants. Without one of them it is missing.
        each: its value for every edit, (N,), NaN where it has none; the metric is their mean.
        whole: takes the edits of one target and returns a statistic of them all.
        pooled: a `whole` that takes the edits of all targets together; otherwise the value over
            several targets is the mean of theirs.
    """

    name: str
    better: Better
    lowest: float
    highest: float | None
    source: str
    needs: tuple[str, ...]
    each: Callable[[Evidence], np.ndarray] | None = None
    whole: Callable[[Evidence], Whole] | None = None
    pooled: bool = False

    @property
    def about(self) -> str:
        """What it measures, in a sentence."""
        document = (self.each or self.whole).__doc__ or ""
        return document.partition("\n")[0]


def merit(metric: Metric, values: np.ndarray) -> np.ndarray:
    """Return values turned so that more is always better."""
    if metric.better == "one":
        return -np.abs(np.log(np.maximum(values, 1e-6)))
    return values if metric.better == "higher" else -values
