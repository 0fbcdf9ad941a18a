"""What a run told on stderr, whatever the words around it."""

import re


def counts(said: str) -> dict[str, int]:
    """Read the numbers of a summary: ``{"edited": 2, "done before": 1}``; those that are 0 go."""
    words = r"\b(\d+) (edited|copied|skipped|failed|done before)\b"
    return {what: int(number) for number, what in re.findall(words, said) if int(number)}
