"""A report as a picture: a panel per metric, a point and its interval per target."""

import io
import math
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from faceedit.errors import MissingError
from faceedit.evaluation.measure import Result
from faceedit.evaluation.report import ARROWS, Report
from faceedit.stats import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = 4
PANEL, ROW, GAP, HEADING, CHARACTER = 3.1, 0.3, (0.25, 0.7), 0.85, 0.075
"""Inches: width of a panel, height of a row in it, gaps across and down, heading, a letter."""
DOTS = 120
LEGEND = "point and line: value and its 95% interval; grey: copying the input"
LEAST_SPAN = 0.02
"""Of an axis, where all values are the same."""
OTHER_NAME = "other"
INK, HERE, OTHER, QUIET = "#222222", "#0b6e99", "#c2571a", "#9a9a9a"


def need_matplotlib() -> None:
    """Raise MissingError where matplotlib is not installed."""
    if find_spec("matplotlib") is None:
        raise MissingError(
            "a plot needs matplotlib, which is not installed (pip install faceedit[eval])"
        )


def draw_plot(report: Report) -> bytes:
    """Draw a report; returns a PNG.

    Blue: what was measured, with its 95% interval; a grey bar: copying the input; orange: the other
    set of pictures, in a comparison.

    Raises:
        MissingError: matplotlib is not installed.
    """
    need_matplotlib()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    results, groups = report.measurement.results, list(report.measurement.groups)
    rows, columns = math.ceil(len(results) / COLUMNS), min(COLUMNS, len(results))
    labels = CHARACTER * max(len(name) for name in [*groups, OTHER_NAME])
    panel = ROW * (len(groups) + bool(report.contests))
    size = labels + (PANEL + GAP[0]) * columns, HEADING + (panel + GAP[1]) * rows
    figure = Figure(size)
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, squeeze=False)
    figure.subplots_adjust(
        left=labels / size[0],
        right=1 - GAP[0] / size[0],
        top=1 - HEADING / size[1],
        bottom=0.6 * GAP[1] / size[1],
        wspace=GAP[0] / PANEL,
        hspace=GAP[1] / panel,
    )
    for at, place in enumerate(axes.flat):
        if at < len(results):
            _draw(place, results[at], report, labelled=at % columns == 0)
        else:
            place.set_axis_off()
    title = f"{report.subject} on {report.on}: {report.scope}\n{LEGEND}"
    figure.suptitle(title, fontsize=9, color=INK, y=1 - 0.1 / size[1], va="top")
    file = io.BytesIO()
    figure.savefig(file, dpi=DOTS, format="png", metadata={"Software": None})
    return file.getvalue()


def _draw(panel: "Axes", result: Result, report: Report, labelled: bool) -> None:
    names = list(report.measurement.groups)
    for row, name in enumerate(names):
        _point(panel, row, result.groups[name], HERE)
    contest = next((one for one in report.contests if one.metric == result.metric), None)
    if report.contests:
        names = [*names, OTHER_NAME]
        if contest is not None:
            _point(panel, len(names) - 1, contest.theirs, OTHER)
    if math.isfinite(result.copying.value):
        panel.axvline(result.copying.value, color=QUIET, linewidth=3, alpha=0.5, zorder=0)
    panel.set_yticks(range(len(names)), names if labelled else [""] * len(names), fontsize=7)
    panel.set_ylim(len(names) - 0.5, -0.5)
    title = f"{result.metric.name} {ARROWS[result.metric.better]}"
    panel.set_title(title, fontsize=9, loc="left", color=INK)
    panel.tick_params(axis="x", labelsize=7)
    panel.tick_params(axis="y", length=0)
    panel.margins(x=0.12)
    _keep_within(panel, result.metric.lowest, result.metric.highest)
    panel.locator_params(axis="x", nbins=5)
    panel.grid(axis="x", color="#e6e6e6", linewidth=0.6)
    for side in ("top", "right", "left"):
        panel.spines[side].set_visible(False)


def _keep_within(panel: Any, lowest: float, highest: float | None) -> None:
    """Let the axis reach no further beyond a metric's range than a point, nor look at nothing."""
    left, right = panel.get_xlim()
    lack = max(0.0, LEAST_SPAN - (right - left)) / 2
    left, right = left - lack, right + lack
    room = 0.03 * (right - left)
    left = max(left, lowest - room)
    panel.set_xlim(left, right if highest is None else min(right, highest + room))


def _point(panel: Any, row: int, interval: Interval, colour: str) -> None:
    if not math.isfinite(interval.value):
        return
    if math.isfinite(interval.low):
        panel.plot([interval.low, interval.high], [row, row], color=colour, linewidth=1.6)
    panel.plot([interval.value], [row], "o", color=colour, markersize=4.5)
