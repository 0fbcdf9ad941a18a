"""What was measured, of what and how, as an object and as data."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from faceedit.evaluation.compare import Contest
from faceedit.evaluation.match import Failure
from faceedit.evaluation.measure import Measurement
from faceedit.evaluation.metrics import Metric
from faceedit.evaluation.published import read_published, theirs
from faceedit.stats import Interval


@dataclass(frozen=True)
class Report:
    """One evaluation.

    Attributes:
        subject: what made the edited pictures.
        against: what else they are compared with; "" for nothing.
        on: the photos: the protocol with its version, or a folder.
        complete: whether a protocol was followed to the letter, so that the numbers stand for it.
        notes: what the reader must know beside, one sentence each.
        conditions: device, threads, hashes of weights, version.
        measurement: of the subject.
        contests: with what it is compared with.
        failures: photos that were not measured.
    """

    subject: str
    on: str
    complete: bool
    measurement: Measurement
    against: str = ""
    contests: tuple[Contest, ...] = ()
    notes: tuple[str, ...] = ()
    conditions: Mapping[str, Any] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()

    @property
    def scope(self) -> str:
        """How much was measured, in words."""
        measured = self.measurement
        edits = sum(measured.groups.values())
        if len(measured.groups) > 1:
            edits -= measured.groups[measured.headline]
        people = "person" if measured.people == 1 else "people"
        photos = "photo" if measured.photos == 1 else "photos"
        return f"{edits} edits of {measured.photos} {photos}, {measured.people} {people}"


def as_data(report: Report) -> dict[str, Any]:
    """Return a report as data that JSON can hold; values that are not numbers become null."""
    measured = report.measurement
    return {
        "subject": report.subject,
        "against": report.against,
        "on": report.on,
        "complete": report.complete,
        "people": measured.people,
        "photos": measured.photos,
        "groups": measured.groups,
        "metrics": {
            result.metric.name: {
                "about": result.metric.about,
                "source": result.metric.source,
                "better": result.metric.better,
                "range": [result.metric.lowest, result.metric.highest],
                "groups": {name: _interval(one) for name, one in result.groups.items()},
                "copying": _interval(result.copying),
                "theirs": theirs(result.metric.name),
            }
            for result in measured.results
        },
        "missing": measured.missing,
        "contests": {
            contest.metric.name: {
                "ours": _interval(contest.ours),
                "theirs": _interval(contest.theirs),
                "difference": _interval(contest.difference),
                "decided": contest.decided,
                "wins": contest.wins,
                "ties": contest.ties,
            }
            for contest in report.contests
        },
        "published": [_without_nan(asdict(table)) for table in read_published()],
        "notes": list(report.notes),
        "conditions": dict(report.conditions),
        "failures": [asdict(failure) for failure in report.failures],
    }


def _interval(interval: Interval) -> dict[str, Any]:
    return {name: _number(value) for name, value in asdict(interval).items()}


def _number(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    return value


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nan(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(inner) for inner in value]
    return _number(value)


ARROWS = {"higher": "↑", "lower": "↓", "one": "→1"}


def formatted(value: float) -> str:
    """Return a number as people read it: three significant digits or more."""
    if not math.isfinite(value):
        return "-"
    if value == 0:
        return "0"
    digits = 3 if abs(value) < 10 else 1 if abs(value) < 1000 else 0
    return f"{value:.{digits}f}"


def formatted_interval(interval: Interval) -> str:
    """Return ``low to high``."""
    if not math.isfinite(interval.low):
        return "-"
    return f"{formatted(interval.low)} to {formatted(interval.high)}"


def formatted_name(metric: Metric) -> str:
    """Return a metric's name with an arrow to where it is better."""
    return f"{metric.name} {ARROWS[metric.better]}"


def headline_cells(report: Report) -> list[tuple[str, ...]]:
    """Return a row per metric: name, value, interval, edits, copying the input, a paper's own."""
    rows = []
    for result in report.measurement.results:
        here = result.groups[report.measurement.headline]
        rows.append(
            (
                formatted_name(result.metric),
                formatted(here.value),
                formatted_interval(here),
                str(here.n),
                formatted(result.copying.value),
                formatted_theirs(result.metric.name),
            )
        )
    return rows


def contest_cells(report: Report) -> list[tuple[str, ...]]:
    """Return a row per comparison: name, here, other, difference, its interval, wins, ties."""
    return [
        (
            formatted_name(one.metric),
            formatted(one.ours.value),
            formatted(one.theirs.value),
            formatted(one.difference.value),
            formatted_interval(one.difference),
            "" if one.wins is None else f"{one.wins:.0%}",
            "" if one.ties is None else f"{one.ties:.0%}",
        )
        for one in report.contests
    ]


def formatted_theirs(metric: str) -> str:
    """Return the first paper's own result in a metric and where it stands, or ""."""
    found = theirs(metric)
    return "" if found is None else f"{found[0]:.4g} ({found[1]})"
