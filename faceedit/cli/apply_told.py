"""What ``faceedit apply`` tells of a run: a line for each photo, the end, and the reports."""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from faceedit.batch.result import OUTCOMES, Result, describe
from faceedit.batch.shard import Shard
from faceedit.cli.output import on_one_line, print_json, tell
from faceedit.outputs import Permit


@dataclass(frozen=True)
class Say:
    """How much is said, and where results go."""

    quiet: bool
    as_json: bool


def report(result: Result, say: Say) -> None:
    """Tell what became of a photo, as far as that is asked for."""
    source = result.job.source
    if not result.resumed:
        if result.outcome == "failed" or (result.reason and not say.quiet):
            tell(on_one_line(f"{result.outcome} {source}: {result.reason}"))
        if not say.quiet:
            for note in result.notes:
                tell(on_one_line(f"note {source}: {note}"))
    if say.as_json:
        print_json(describe(result))
        sys.stdout.flush()


def summary(counts: "Counter[str]", seconds: float) -> str:
    """Return the last line, from outcomes and ``resumed``."""
    parts = ", ".join(f"{counts[outcome]} {outcome}" for outcome in OUTCOMES)
    resumed = f" ({counts['resumed']} done before)" if counts["resumed"] else ""
    return f"{parts}{resumed} in {seconds:.1f} s"


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
