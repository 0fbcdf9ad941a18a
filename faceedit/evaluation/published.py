"""What the five papers report, copied from their tables, to stand beside what is measured here."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class PublishedTable:
    """A table of a paper.

    Attributes:
        paper: its method's name.
        table: its number and, where it has several, the part.
        on: what it was measured on.
        own: the row of the paper's own method.
        columns: headings as printed.
        metrics: for each column the name of the metric here that has the same definition, or "".
        rows: name and printed numbers; NaN where the table has none.
        scales: what the numbers of each column are multiplied by to become the metric's.
        left_out: columns of the table that nothing here compares with, and why.
        note: what to know before comparing.
    """

    paper: str
    table: str
    on: str
    own: str
    columns: tuple[str, ...]
    metrics: tuple[str, ...]
    rows: tuple[tuple[str, tuple[float, ...]], ...]
    scales: tuple[float, ...]
    left_out: str = ""
    note: str = ""

    def own_value(self, metric: str) -> float | None:
        """Return what the paper's method has in the column of a metric, in the metric's units."""
        if metric not in self.metrics:
            return None
        column = self.metrics.index(metric)
        return dict(self.rows)[self.own][column] * self.scales[column]


@cache
def read_published() -> tuple[PublishedTable, ...]:
    """Read the tables that ship with the program."""
    text = (files("faceedit.evaluation") / "published.toml").read_text(encoding="utf-8")
    return tuple(_table(entry) for entry in tomllib.loads(text)["tables"])


def _table(entry: dict) -> PublishedTable:
    rows = tuple((name, tuple(float(v) for v in values)) for name, *values in entry.pop("rows"))
    columns, metrics = tuple(entry.pop("columns")), tuple(entry.pop("metrics"))
    scales = tuple(float(v) for v in entry.pop("scales", [1] * len(columns)))
    return PublishedTable(columns=columns, metrics=metrics, rows=rows, scales=scales, **entry)


def theirs(metric: str) -> tuple[float, str] | None:
    """Return the first paper's own result in a metric, and where it stands; None where none is."""
    for table in read_published():
        value = table.own_value(metric)
        if value is not None:
            return value, f"{table.paper} {table.table}"
    return None
