"""A training's time: how long things take, and whether there is enough left for them."""

import math
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

ASIDE = ("save", "export", "validate", "sheet")
"""What is done beside the steps."""
RECENT = 20
"""Steps that foretell the next."""
GUESS = 20.0
"""Seconds that something may take that was never done."""
SLACK = 1.3
"""Things may take so much longer than ever before."""


class Budget:
    """What a training has left of its time.

    Args:
        deadline: of `time.perf_counter`; infinity if there is none.
        save_seconds: from one saved state to the next.
        longest: seconds that kinds of `ASIDE` took in an earlier run.
    """

    def __init__(
        self,
        deadline: float = math.inf,
        save_seconds: float = 45.0,
        longest: dict[str, float] | None = None,
    ):
        self.deadline, self.save_seconds = deadline, save_seconds
        self.longest = dict(longest or {})
        self.aside = 0.0
        self.saved = time.perf_counter()
        self._steps: deque[float] = deque(maxlen=RECENT)
        self._first = True

    @contextmanager
    def span(self, kind: str) -> Iterator[None]:
        """Measure a step or something of `ASIDE`."""
        start = time.perf_counter()
        yield
        end = time.perf_counter()
        if kind == "step":
            # The first step waits for workers to start: it foretells only the second.
            if self._first and self._steps:
                self._steps.clear()
                self._first = False
            self._steps.append(end - start)
            return
        self.longest[kind] = max(end - start, self.longest.get(kind, 0.0))
        self.aside += end - start
        if kind == "save":
            self.saved = end

    def fits(self, *kinds: str) -> bool:
        """Tell whether there is time for these, and for saving and export after them."""
        if self.deadline == math.inf:
            return True
        needed = sum(self._foretell(kind) for kind in (*kinds, "save", "export"))
        return time.perf_counter() + SLACK * needed < self.deadline

    def must_save(self) -> bool:
        """Tell whether another step might be one too many to lose."""
        since = time.perf_counter() - self.saved
        return since + self._foretell("step") > self.save_seconds

    def _foretell(self, kind: str) -> float:
        if kind == "step":
            return max(self._steps, default=0.0)
        if kind == "export":
            # Much the same work as saving, where it is not known.
            return self.longest.get("export", 2 * self.longest.get("save", 0.0))
        return self.longest.get(kind, GUESS)
