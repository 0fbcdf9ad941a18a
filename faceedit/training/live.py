"""What a person sees of a training while it runs."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

LINE_SECONDS = 30.0
"""From one line to the next where stderr is no terminal."""


@dataclass(frozen=True)
class Progress:
    """How far a training is.

    Attributes:
        step: steps made.
        steps: in all.
        speed: images a second.
        seconds_left: until it ends, by its steps or by its time.
        rates: of learning, by optimiser.
        losses: by "update/term".
        metrics: of the last validation.
    """

    step: int
    steps: int
    speed: float
    seconds_left: float
    rates: dict[str, float]
    losses: dict[str, float]
    metrics: dict[str, float] = field(default_factory=dict)


class View(Protocol):
    """Shows progress as it comes."""

    def show(self, progress: Progress) -> None:
        """Show it, at once or when there was a pause."""
        ...

    def step(self, step: int) -> None:
        """Show that this many steps are made, of which nothing else is known."""
        ...

    def close(self) -> None:
        """Leave the last of it standing."""
        ...


def open_view(tell: Callable[[str], None], title: str) -> View:
    """Return a table that is drawn anew where stderr is a terminal, else lines through `tell`."""
    return Table(title) if sys.stderr.isatty() else Lines(tell)


class Lines:
    """A line now and then."""

    def __init__(self, tell: Callable[[str], None], seconds: float = LINE_SECONDS):
        self._tell, self._seconds = tell, seconds
        self._next, self._last = 0.0, None

    def show(self, progress: Progress) -> None:
        """Tell it if the last line was long ago, or if there are new metrics."""
        metrics = progress.metrics
        if time.monotonic() < self._next and metrics == getattr(self._last, "metrics", metrics):
            return
        self._next, self._last = time.monotonic() + self._seconds, progress
        totals = {k: v for k, v in progress.losses.items() if k.endswith("/total")}
        values = "  ".join(f"{k.removesuffix('/total')} {v:.4g}" for k, v in totals.items())
        measured = "".join(f"  {k} {v:.4g}" for k, v in metrics.items())
        self._tell(
            f"step {progress.step} of {progress.steps}  {values}{measured}  "
            f"{progress.speed:.3g} images/s  {duration(progress.seconds_left)} left"
        )

    def step(self, step: int) -> None:
        """Tell it if the last line was long ago: steps may be slow."""
        if self._last is not None and time.monotonic() >= self._next:
            self._next = time.monotonic() + self._seconds
            self._tell(f"step {step} of {self._last.steps}")

    def close(self) -> None:
        """Nothing is left to do."""


class Table:
    """Losses, rates and time, drawn in place by rich."""

    def __init__(self, title: str):
        from rich.console import Console
        from rich.live import Live

        self._title = title
        # Drawn only when there is something new: no thread takes time from the training.
        self._live = Live(console=Console(stderr=True), auto_refresh=False, redirect_stdout=False)
        self._live.start()

    def show(self, progress: Progress) -> None:
        """Draw it."""
        self._live.update(draw(self._title, progress), refresh=True)

    def step(self, step: int) -> None:
        """Wait for what else there is to draw."""

    def close(self) -> None:
        """Leave the last table standing."""
        self._live.stop()


def draw(title: str, progress: Progress):
    """Return the table that a terminal shows."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.progress_bar import ProgressBar
    from rich.table import Table as Grid
    from rich.text import Text

    head = (
        f"{title}  step {progress.step} of {progress.steps}  {progress.speed:.3g} images/s  "
        f"{duration(progress.seconds_left)} left"
    )
    grid = Grid.grid(padding=(0, 2))
    for update, rate in progress.rates.items():
        terms = {
            k.partition("/")[2]: v
            for k, v in progress.losses.items()
            if k.partition("/")[0] == update
        }
        cells = [f"{term} {value:.4g}" for term, value in terms.items()]
        grid.add_row(Text(update, style="bold"), f"rate {rate:.2e}", "  ".join(cells))
    if progress.metrics:
        measured = "  ".join(f"{k} {v:.4g}" for k, v in progress.metrics.items())
        grid.add_row(Text("validation", style="bold"), "", measured)
    # A bar by itself ends no line.
    bar = Padding(ProgressBar(progress.steps, progress.step, width=60), 0)
    return Group(Text(head), bar, grid)


def duration(seconds: float) -> str:
    """Return a time as people read it: ``45 s``, ``12 min``, ``3 h 5 min``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
