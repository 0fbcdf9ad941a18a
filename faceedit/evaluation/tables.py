"""A report as rich tables, for a terminal."""

from rich.box import SIMPLE_HEAD
from rich.table import Table

from faceedit.evaluation.report import (
    Report,
    contest_cells,
    formatted,
    formatted_name,
    headline_cells,
)

TITLE = {"title_justify": "left", "title_style": "bold", "box": SIMPLE_HEAD, "pad_edge": False}


def headline_table(report: Report) -> Table:
    """Return a row per metric: value, interval, copying the input, and what a paper reports."""
    measured = report.measurement
    table = Table(title=f"{report.subject} on {report.on}, {measured.headline}", **TITLE)
    table.add_column("METRIC")
    for name in ("HERE", "95%", "N", "COPYING"):
        table.add_column(name, justify="right")
    table.add_column("THEIRS, NOT OURS")
    for cells in headline_cells(report):
        table.add_row(*cells)
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
        values = (formatted(result.groups[name].value) for name in targets)
        table.add_row(formatted_name(result.metric), *values)
    return table


def contest_table(report: Report) -> Table | None:
    """Return a row per metric of a comparison; None where nothing was compared."""
    if not report.contests:
        return None
    table = Table(title=f"Against {report.against}, pair by pair", **TITLE)
    table.add_column("METRIC")
    for name in ("HERE", "OTHER", "DIFFERENCE", "95%", "HERE BETTER", "SAME"):
        table.add_column(name, justify="right")
    for cells in contest_cells(report):
        table.add_row(*cells)
    return table
