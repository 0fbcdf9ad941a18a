"""What ``faceedit apply`` tells of a run: a line for each photo, the end, and the reports."""

import sys
import threading
import time
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from faceedit.batch.result import AS_IT_IS, OUTCOMES, Result, describe
from faceedit.batch.shard import Shard
from faceedit.cli.output import on_one_line, print_json, tell
from faceedit.cli.run_progress import run_progress
from faceedit.outputs import Permit
from faceedit.photos import Job


@dataclass(frozen=True)
class Say:
    """How much is said, and where results go.

    Attributes:
        quiet: only what failed.
        as_json: results go to stdout.
        rounds: runs are rounds of a watch: each photo is told, and no beginnings and ends of runs.
    """

    quiet: bool
    as_json: bool
    rounds: bool = False


def report(result: Result, say: Say) -> None:
    """Tell what became of a photo, as far as that is asked for."""
    source = result.job.source
    if not result.resumed:
        is_odd = result.reason not in ("", AS_IT_IS)
        if result.outcome == "failed" or is_odd:
            shown = result.outcome == "failed" or not say.quiet
            tell(on_one_line(f"{result.outcome} {source}: {result.reason}"), shown)
        else:
            shown = say.rounds and not say.quiet and not say.as_json
            tell(on_one_line(f"{result.outcome} {source} -> {result.job.target}"), shown)
        for note in result.notes:
            tell(on_one_line(f"note {source}: {note}"), not say.quiet)
    if say.as_json:
        print_json(describe(result))
        sys.stdout.flush()


class Tally:
    """Counts photos as they end, by any thread, so that none is missed when a signal comes.

    Args:
        total: photos of the run.
        before: how many others have ended before it began, by their outcome.
    """

    def __init__(self, total: int, **before: int):
        self.counts: Counter[str] = Counter(before)
        self._total = total + sum(before.values())
        self._untold: dict[Job, Result] = {}
        self._lock = threading.Lock()
        self._start = time.perf_counter()

    def expect(self, more: int) -> None:
        """Count on so many photos more."""
        self._total += more

    def ended(self, result: Result) -> None:
        """Count a photo of which nothing is told yet."""
        with self._lock:
            self._count(result)
            self._untold[result.job] = result

    def add(self, result: Result) -> None:
        """Take a photo that is told now, and count it where that was not done."""
        with self._lock:
            if self._untold.pop(result.job, None) is None:
                self._count(result)

    def untold(self) -> list[Result]:
        """Return the photos that ended and of which nothing is told."""
        with self._lock:
            return list(self._untold.values())

    @property
    def left(self) -> int:
        """How many photos have not ended."""
        return self._total - sum(self.counts[outcome] for outcome in OUTCOMES)

    def summary(self) -> str:
        """Return the last line of a run."""
        faint = self.counts["faint"]
        more = {"edited": f" ({faint} with faces that hardly changed)"} if faint else {}
        parts = ", ".join(f"{self.counts[one]} {one}{more.get(one, '')}" for one in OUTCOMES)
        resumed = f" ({self.counts['resumed']} done before)" if self.counts["resumed"] else ""
        return f"{parts}{resumed} in {time.perf_counter() - self._start:.1f} s"

    def _count(self, result: Result) -> None:
        self.counts[result.outcome] += 1
        self.counts["resumed"] += result.resumed
        self.counts["faint"] += result.is_faint


def follow(
    running: Generator[Result, None, None], tally: Tally, say: Say, keep: bool
) -> list[Result]:
    """Tell of each photo of a run, and of all together at its end, however it ends.

    Args:
        running: the run; it is closed at the end, which finishes what is in hand.
        tally: of this run.
        say: how much is said.
        keep: the results are wanted.

    Returns:
        All results, or none where they are not wanted.
    """
    results: list[Result] = []
    shown = not say.quiet and not (say.as_json and sys.stdout.isatty())
    try:
        with closing(running), run_progress(tally.left, shown) as step:
            for result in running:
                tally.add(result)
                report(result, say)
                step(result)
                if keep:
                    results.append(result)
    except BaseException:
        for result in tally.untold():
            report(result, say)
        if tally.left:
            left = count(tally.left, "photo")
            tell(f"stopped, {left} left: run the same command again to continue", not say.quiet)
        raise
    finally:
        if not say.rounds:
            tell(tally.summary(), not say.quiet)
    return results


def count(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def ending_of(part: Shard | None) -> str:
    """Return what is added to the names of a shard's pages."""
    return "" if part is None else f"-{part}"


def write_reports(
    results: Sequence[Result],
    output: str | None,
    compare: bool,
    facts: Mapping[str, str] | None,
    part: Shard | None,
    permit: Permit,
) -> None:
    """Write sheets, and a gallery where there are facts for it."""
    from faceedit.batch.report.write import write_galleries, write_sheets

    if compare:
        for problem in write_sheets(results, output, permit):
            tell(on_one_line(problem))
    if facts is not None:
        for path in write_galleries(results, output, facts, ending_of(part), permit):
            tell(on_one_line(f"gallery {path}"))
