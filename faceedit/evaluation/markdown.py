"""A report as Markdown."""

import math
from collections.abc import Iterable, Sequence

from faceedit.evaluation.measure import Measurement
from faceedit.evaluation.published import PublishedTable, read_published
from faceedit.evaluation.report import (
    Report,
    contest_cells,
    formatted,
    formatted_interval,
    formatted_name,
    headline_cells,
)
from faceedit.visible import visible


def as_markdown(report: Report, plot: str = "") -> str:
    """Return a report as a Markdown document.

    Args:
        report: what to write.
        plot: path of its plot from where the document will lie; "" for none.
    """
    measured = report.measurement
    parts = [f"# {visible(f'{report.subject} on {report.on}')}", _opening(report)]
    if plot:
        parts.append(f"![Every metric with its interval]({plot})")
    parts += [f"## Measured, {measured.headline}", _headline(report)]
    if len(measured.groups) > 1:
        parts += ["## By target", _by_target(measured)]
    if report.contests:
        parts += [f"## Against {report.against}", _contests(report)]
    if measured.missing:
        parts += ["## Missing", _missing(measured)]
    if report.failures:
        parts += [
            "## Not measured",
            "\n".join(f"- {_code(one.name)}: {visible(one.reason)}" for one in report.failures),
        ]
    parts += ["## What the papers report", _papers(measured)]
    return "\n\n".join(parts) + "\n"


def _opening(report: Report) -> str:
    lines = [
        f"{report.scope}. Intervals: 95%, by drawing people anew; where nobody or "
        "everybody passes they have no width, and the truth may be about 3/n away."
    ]
    lines += [f"{note[:1].upper()}{note[1:]}." for note in report.notes]
    lines += ["", *(f"- {name}: {value}" for name, value in report.conditions.items())]
    return "\n".join(lines).rstrip()


def _headline(report: Report) -> str:
    results = report.measurement.results
    rows = [
        (*cells, result.metric.source)
        for cells, result in zip(headline_cells(report), results, strict=True)
    ]
    header = ("metric", "here", "95%", "n", "copying the input", "theirs", "defined in")
    lines = [f"- {one.metric.name}: {one.metric.about}" for one in results]
    return f"{_table(header, rows)}\n\n" + "\n".join(lines)


def _by_target(measured: Measurement) -> str:
    targets = list(measured.groups)[1:]
    header = ("metric", *(f"{name} ({measured.groups[name]})" for name in targets))
    rows = [
        (
            formatted_name(result.metric),
            *(
                f"{formatted(one.value)}<br>{formatted_interval(one)}"
                for one in (result.groups[name] for name in targets)
            ),
        )
        for result in measured.results
    ]
    return _table(header, rows)


def _contests(report: Report) -> str:
    header = ("metric", "here", "other", "difference", "95%", "here better", "same")
    return _table(header, contest_cells(report))


def _missing(measured: Measurement) -> str:
    return "\n".join(
        f"- {', '.join(names)}: {reason}" for names, reason in measured.missing_by_reason()
    )


def _papers(measured: Measurement) -> str:
    parts = [
        "Theirs, as printed: the same definitions on other pictures and by other networks. What "
        "was measured here stands in the last row of each, for orientation."
    ]
    for table in read_published():
        about = f"**{table.paper}, {table.table}** ({table.on})"
        parts += [about, _paper(table, measured)]
        remarks = [f"Left out: {table.left_out}."] if table.left_out else []
        remarks += [f"Note: {table.note}."] if table.note else []
        if remarks:
            parts.append(" ".join(remarks))
    return "\n\n".join(parts)


def _paper(table: PublishedTable, measured: Measurement) -> str:
    here = {one.metric.name: one.groups[measured.headline].value for one in measured.results}
    rows = [
        (name, *("-" if math.isnan(v) else f"{v:g}" for v in values)) for name, values in table.rows
    ]
    own = (
        here.get(name, math.nan) / scale
        for name, scale in zip(table.metrics, table.scales, strict=True)
    )
    rows.append(("*measured here*", *map(formatted, own)))
    return _table(("theirs", *table.columns), rows)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    return visible(text).replace("|", "\\|")


def _code(name: str) -> str:
    # A backtick would end what is shown as it stands.
    return f"`{visible(name).replace('`', chr(0x2B9))}`"
