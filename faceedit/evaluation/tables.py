"""A report as rich tables, for a terminal."""

from rich.box import SIMPLE_HEAD
from rich.table import Table

from faceedit.evaluation.report import ARROWS, Report, shown, shown_interval, shown_theirs

TITLE = {"title_justify": "left", "title_style": "bold", "box": SIMPLE_HEAD, "pad_edge": False}


def headline_table(report: Report) -> Table:
    """Return a row per metric: value, interval, copying the input, and what a paper reports."""
    measured = report.measurement
    table = Table(title=f"{report.subject} on {report.on}, {measured.headline}", **TITLE)
    table.add_column("METRIC")
    for name in ("HERE", "95%", "N", "COPYING"):
        table.add_column(name, justify="right")
    table.add_column("THEIRS, NOT OURS")
    for result in measured.results:
        interval = result.groups[measured.headline]
        table.add_row(
            f"{result.metric.name} {ARROWS[result.metric.better]}",
            shown(interval.value),
            shown_interval(interval),
            str(interval.n),
            shown(result.copying.value),
            shown_theirs(result.metric.name),
        )
    return table


def target_table(report: Report) -> Table | None:
    """Return a row per metric and a column per target; None where there is only one."""
    measured = report.measurement
    targets = list(measured.groups)[1:]
    if not targets:
        return None
    table = Table(title="By target", **TITLE)
    table.add_column("METRIC")
    for name in targets:
        table.add_column(f"{name} ({measured.groups[name]})", justify="right")
    for result in measured.results:
        values = (shown(result.groups[name].value) for name in targets)
        table.add_row(f"{result.metric.name} {ARROWS[result.metric.better]}", *values)
    return table


def contest_table(report: Report) -> Table | None:
    """Return a row per metric of a comparison; None where nothing was compared."""
    if not report.contests:
        return None
    table = Table(title=f"Against {report.against}, pair by pair", **TITLE)
    table.add_column("METRIC")
    for name in ("HERE", "OTHER", "DIFFERENCE", "95%", "HERE BETTER", "SAME"):
        table.add_column(name, justify="right")
    for one in report.contests:
        table.add_row(
            f"{one.metric.name} {ARROWS[one.metric.better]}",
            shown(one.ours.value),
            shown(one.theirs.value),
            shown(one.difference.value),
            shown_interval(one.difference),
            "" if one.wins is None else f"{one.wins:.0%}",
            "" if one.ties is None else f"{one.ties:.0%}",
        )
    return table
