"""What workers on a Ray cluster remember of each other, in a process that imports nothing large."""

from collections import Counter


class Tries:
    """Counts how often things were begun; it lives longer than the workers that ask it."""

    def __init__(self):
        self._begun: Counter[str] = Counter()

    def begin(self, what: str) -> int:
        """Count a beginning and return how many there were."""
        self._begun[what] += 1
        return self._begun[what]
