"""One machine's part of a folder that several work through."""

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from faceedit.batch.output_folders import manifest_folder
from faceedit.errors import UsageError
from faceedit.limits import SHARDS, shorten
from faceedit.photos import Job


@dataclass(frozen=True)
class Shard:
    """Part ``index`` of ``count``, counted from 1.

    A photo's part follows from the name of its output below the output folder alone, so that
    machines agree on it whatever else they see, and photos that are added move no others.
    """

    index: int
    count: int

    def __str__(self) -> str:
        """Return the text form that `parse_shard` reads."""
        return f"{self.index}/{self.count}"

    @property
    def manifest_file(self) -> str:
        """The name of this part's own manifest."""
        return f"faceedit-{self.index}-of-{self.count}.jsonl"

    def of(self, jobs: Sequence[Job], output: str | Path | None) -> list[Job]:
        """Return this part's jobs.

        Args:
            jobs: the whole plan.
            output: what ``-o`` said.
        """
        return [job for job in jobs if self._holds(job, output)]

    def _holds(self, job: Job, output: str | Path | None) -> bool:
        name = os.path.relpath(job.target, manifest_folder(job, output))
        digest = hashlib.sha256(os.fsencode(Path(name).as_posix())).digest()
        return int.from_bytes(digest[:8], "big") % self.count == self.index - 1


def parse_shard(text: str) -> Shard:
    """Read ``I/N``.

    Raises:
        UsageError: it is something else, or I is not between 1 and N.
    """
    match = re.fullmatch(r"0*(\d{1,9})/0*(\d{1,9})", text.strip())
    if match is None or not 1 <= int(match[1]) <= int(match[2]) <= SHARDS:
        raise UsageError(
            f"cannot read shard {shorten(text)!r}; write I/N, such as 1/4 to 4/4, N up to {SHARDS}"
        )
    return Shard(int(match[1]), int(match[2]))
