"""What a report says of one photo."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from faceedit.batch.result import Box, Outcome


@dataclass(frozen=True)
class ReportItem:
    """One photo of a report.

    Attributes:
        name: shown, the photo's relative path as a rule; any text, undecodable bytes too.
        before: the photo.
        after: what was written, or None.
        outcome: ``edited``, ``copied``, ``skipped`` or ``failed``.
        reason: why it is not edited; empty where it is.
        boxes: (left, top, right, bottom) of each face in pixels of the upright photo.
        scores: numbers by name, such as ``identity``; the page can be sorted by each.
        seconds: of work on the photo.
        source: the photo as a command line names it; empty where nothing is to be chosen for it.
        target: what its faces were asked to show, where that differs from photo to photo.
    """

    name: str
    before: Path
    after: Path | None
    outcome: Outcome
    reason: str = ""
    boxes: tuple[Box, ...] = ()
    scores: Mapping[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    source: str = ""
    target: str = ""
