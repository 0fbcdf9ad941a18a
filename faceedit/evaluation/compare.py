"""Two sets of edits of the same inputs, pair by pair."""

from dataclasses import dataclass

import numpy as np

from faceedit.errors import UsageError
from faceedit.evaluation.evidence import Evidence
from faceedit.evaluation.measure import Drawn, draw_whole
from faceedit.evaluation.metrics import METRICS, Metric, merit
from faceedit.stats import (
    DRAWS,
    Interval,
    bootstrap_mean,
    draw_people,
    interval_of,
)

SAME = 1e-9
"""Two values nearer than this are one."""


@dataclass(frozen=True)
class Contest:
    """What one metric says of two sets of edits of the same faces.

    Attributes:
        metric: which.
        ours: of the first set.
        theirs: of the second.
        difference: first less second, over the faces for which both are known.
        wins: share of faces in which the first is better; None for metrics of whole sets.
        ties: share in which both are the same.
    """

    metric: Metric
    ours: Interval
    theirs: Interval
    difference: Interval
    wins: float | None
    ties: float | None

    @property
    def decided(self) -> bool:
        """Whether the interval of the difference leaves 0 out."""
        return self.difference.low > 0 or self.difference.high < 0


def compare(evidence: Evidence, draws: int = DRAWS) -> tuple[Contest, ...]:
    """Compare the edits of an evidence with its rivals, face by face.

    Raises:
        UsageError: no face has both.
    """
    ours, theirs = _matched(evidence)
    drawn = draw_people(int(evidence.person_numbers.max()) + 1, draws)
    contests = []
    for metric in METRICS:
        if any(one.lacks(need) for one in (ours, theirs) for need in metric.needs):
            continue
        contest = _compare(metric, ours, theirs, drawn)
        if np.isfinite(contest.difference.value):
            contests.append(contest)
    return tuple(contests)


def _matched(evidence: Evidence) -> tuple[Evidence, Evidence]:
    """Return the edits and their rivals, of the same faces in the same order."""
    edits = evidence.edits
    keys = list(zip(edits.names.tolist(), edits.which.tolist(), strict=True))
    rivals = {key: i for i, key in enumerate(keys) if edits.rival[i]}
    pairs = [(i, rivals[key]) for i, key in enumerate(keys) if not edits.rival[i] and key in rivals]
    if not pairs:
        raise UsageError("no face was edited in both sets of pictures")
    first, second = np.array(pairs).T
    return evidence.take(first), evidence.take(second)


def _compare(metric: Metric, ours: Evidence, theirs: Evidence, drawn: np.ndarray) -> Contest:
    person = ours.person
    if metric.each is not None:
        a, b = (np.asarray(metric.each(one), np.float64) for one in (ours, theirs))
        a, b = np.where(np.isnan(b), np.nan, a), np.where(np.isnan(a), np.nan, b)
        better = (merit(metric, a) - merit(metric, b))[~np.isnan(a)]
        return Contest(
            metric,
            *(bootstrap_mean(values, person, drawn) for values in (a, b, a - b)),
            wins=float((better > SAME).mean()) if len(better) else None,
            ties=float((np.abs(better) <= SAME).mean()) if len(better) else None,
        )
    first, second = (draw_whole(metric, one, drawn, {}) for one in (ours, theirs))
    difference = Drawn(
        first.values - second.values, min(first.n, second.n), min(first.people, second.people)
    )
    intervals = (interval_of(*one) for one in (first, second, difference))
    return Contest(metric, *intervals, wins=None, ties=None)
