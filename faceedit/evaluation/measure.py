"""Every metric on every group of edits, with intervals."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from faceedit.evaluation.evidence import Evidence
from faceedit.evaluation.metrics import METRICS, Metric
from faceedit.stats import (
    DRAWS,
    Interval,
    bootstrap_mean,
    draw_people,
    draw_values,
    interval_of,
)

ALL, FULL = "all", "full strength"
WHOLE_DRAWS = 300
"""Of the bootstrap of distances between sets, which are slow."""


@dataclass(frozen=True)
class Result:
    """What one metric says.

    Attributes:
        metric: which.
        groups: its value for each group of `Measurement.groups`.
        copying: what edits that change nothing would get in the first group.
    """

    metric: Metric
    groups: dict[str, Interval]
    copying: Interval


@dataclass(frozen=True)
class Measurement:
    """What all metrics say of a set of edits.

    Attributes:
        groups: number of edits by name: first all edits together, or those at the plain strength
            where others are among them; then each target.
        people: how many there are.
        photos: how many were edited.
        results: of the metrics that could be measured.
        missing: why the others could not, by name.
    """

    groups: dict[str, int]
    people: int
    photos: int
    results: tuple[Result, ...]
    missing: dict[str, str] = field(default_factory=dict)

    @property
    def headline(self) -> str:
        """The name of the first group."""
        return next(iter(self.groups))

    def missing_by_reason(self) -> list[tuple[list[str], str]]:
        """Return the missing metrics of each reason."""
        names: dict[str, list[str]] = {}
        for name, reason in self.missing.items():
            names.setdefault(reason, []).append(name)
        return [(together, reason) for reason, together in names.items()]


def measure(evidence: Evidence, draws: int = DRAWS) -> Measurement:
    """Measure edits by every metric whose needs are there.

    Args:
        evidence: what to measure from.
        draws: of the bootstrap over people.
    """
    groups = _groups(evidence)
    drawn = draw_people(int(evidence.person_numbers.max()) + 1, draws)
    results, missing = [], {}
    for metric in METRICS:
        reason = next(filter(None, map(evidence.lacks, metric.needs)), "")
        if not reason:
            found = _measure(metric, evidence, groups, drawn)
            headline = next(iter(groups))
            part = {headline: groups[headline]}
            copying = _measure(metric, evidence.copied(), part, drawn)[headline]
            if np.isfinite([one.value for one in found.values()]).any():
                results.append(Result(metric, found, copying))
                continue
            reason = "there are too few pictures for it"
        missing[metric.name] = reason
    names = {name.partition("#")[0] for name in evidence.edits.names.tolist()}
    return Measurement(
        groups={name: len(index) for name, index in groups.items()},
        people=len(set(evidence.person.tolist())),
        photos=len(names),
        results=tuple(results),
        missing=missing,
    )


def _groups(evidence: Evidence) -> dict[str, np.ndarray]:
    """Return numbers of edits by group."""
    edits = evidence.edits
    full = np.array([one.full for one in edits.asked])[edits.which]
    targets = {
        one.text: np.flatnonzero(edits.which == i)
        for i, one in enumerate(edits.asked)
        if (edits.which == i).any()
    }
    if full.all() or not full.any():
        groups = {ALL: np.arange(len(edits))}
    else:
        groups = {FULL: np.flatnonzero(full)}
    return {**groups, **targets} if len(targets) > 1 else groups


def _measure(
    metric: Metric, evidence: Evidence, groups: dict[str, np.ndarray], drawn: np.ndarray
) -> dict[str, Interval]:
    if metric.each is not None:
        values, person = np.asarray(metric.each(evidence), np.float64), evidence.person
        return {
            name: bootstrap_mean(values[index], person[index], drawn)
            for name, index in groups.items()
        }
    parts: dict[int, Drawn] = {}
    drawn_groups = {
        name: draw_whole(metric, evidence.take(index), drawn, parts)
        for name, index in groups.items()
    }
    return {name: interval_of(*one) for name, one in drawn_groups.items()}


class Drawn(NamedTuple):
    """What `interval_of` takes."""

    values: np.ndarray
    n: int
    people: int


def draw_whole(
    metric: Metric, evidence: Evidence, drawn: np.ndarray, parts: dict[int, Drawn]
) -> Drawn:
    """Draw the values of a metric of whole sets.

    Args:
        metric: pooled over targets, or the mean of theirs.
        evidence: edits of one or several targets, all of each target that there are.
        drawn: of `draw_people`.
        parts: those of each target, by its number, to be used again.
    """
    if metric.pooled:
        return _draw(metric, evidence, drawn)
    which = evidence.edits.which
    targets = np.unique(which).tolist()
    for one in targets:
        if one not in parts:
            parts[one] = _draw(metric, evidence.take(which == one), drawn)
    known = [parts[one] for one in targets if np.isfinite(parts[one].values[0])]
    if not known:
        return parts[targets[0]]
    # A draw that leaves one target without pictures says nothing of the mean over targets.
    values = np.mean([one.values for one in known], 0)
    return Drawn(values, sum(one.n for one in known), min(one.people for one in known))


def _draw(metric: Metric, evidence: Evidence, drawn: np.ndarray) -> Drawn:
    assert metric.whole is not None
    whole = metric.whole(evidence)
    return Drawn(draw_values(whole, drawn[:WHOLE_DRAWS]), whole.n, whole.people)
