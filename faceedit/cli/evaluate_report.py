"""Where ``faceedit evaluate`` writes its report, and how it shows it."""

from pathlib import Path
from typing import TYPE_CHECKING

from faceedit.cli.output import print_json, tell

if TYPE_CHECKING:
    from faceedit.evaluation.report import Report
    from faceedit.outputs import Permit

REPORT = "report"
"""Name of the three files in the folder of ``-o``."""
WIDE = 200
"""Columns of tables where stdout is no terminal: nothing is cut."""


def report_files(output: Path | None, markdown: Path | None, plot: Path | None) -> list[Path]:
    """Return all files that are to be written."""
    files = [output / f"{REPORT}{kind}" for kind in (".json", ".png", ".md")] if output else []
    return [*files, *(path for path in (markdown, plot) if path)]


def write_report(
    report: "Report",
    output: Path | None,
    markdown: Path | None,
    plot: Path | None,
    permit: "Permit",
) -> None:
    """Write the files that were asked for; the plot first, for the Markdown shows it."""
    import json

    from faceedit.evaluation.markdown import as_markdown
    from faceedit.evaluation.plot import draw_plot
    from faceedit.evaluation.report import as_data
    from faceedit.outputs import write_atomic

    drawings = [plot] if plot else []
    documents = [(markdown, "")] if markdown else []
    if output:
        drawings.append(output / f"{REPORT}.png")
        documents.append((output / f"{REPORT}.md", f"{REPORT}.png"))
        data = json.dumps(as_data(report), indent=1).encode()
        write_atomic(output / f"{REPORT}.json", data, permit)
    for path in drawings:
        write_atomic(path, draw_plot(report), permit)
    for path, picture in documents:
        write_atomic(path, as_markdown(report, picture).encode(), permit)


def show_report(report: "Report", as_json: bool, quiet: bool) -> None:
    """Print the report: to stdout what was asked for as data, or else the tables."""
    if as_json:
        from faceedit.evaluation.report import as_data

        print_json(as_data(report))
        return
    import sys

    from rich.console import Console

    from faceedit.evaluation.tables import contest_table, headline_table, target_table

    console = Console(width=None if sys.stdout.isatty() else WIDE, highlight=False)
    for table in (headline_table(report), target_table(report), contest_table(report)):
        if table is not None:
            console.print(table)
    if quiet:
        return
    tell(f"{report.scope}")
    for note in report.notes:
        tell(f"note: {note}")
    for names, reason in report.measurement.missing_by_reason():
        tell(f"missing {', '.join(names)}: {reason}")
