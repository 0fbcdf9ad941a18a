"""Searches that stop for a network's answers, run side by side so that their questions are joined.

A search is a generator: it yields what it wants a network to look at, is sent the answers, and
returns its result. Written so, it reads from top to bottom as if it called the networks itself.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeAlias, TypeVar

import numpy as np

Found = TypeVar("Found")
Ask: TypeAlias = Callable[[Sequence[np.ndarray]], Sequence[Any]]


@dataclass(frozen=True, eq=False)
class NetworkCall:
    """What a search wants to be looked at.

    Attributes:
        ask: gives one answer for each square it is given, in order, and each of them as if the
            square had been alone. Requests with the same function are joined.
        squares: (size, size, 3) uint8 RGB each.
    """

    ask: Ask
    squares: Sequence[np.ndarray]


Search: TypeAlias = Generator[NetworkCall, Sequence[Any], Found]
"""Yields requests, is sent one answer for each square, returns what it found."""


def lockstep(searches: Sequence[Search[Found]]) -> list[Found | Exception]:
    """Run searches to their ends, asking each network for many of them at once.

    The network for which most squares wait is asked first, so that the others' squares gather.

    Args:
        searches: not begun yet.

    Returns:
        What each search returned, or the exception that ended it.

    Raises:
        Exception: what a network raised, such as `torch.OutOfMemoryError`; it is nobody's own.
    """
    results: dict[int, Found | Exception] = {}
    waiting: dict[int, NetworkCall] = {}

    def go_on(number: int, answers: Sequence[Any] | None) -> None:
        try:
            search = searches[number]
            waiting[number] = next(search) if answers is None else search.send(answers)
        except StopIteration as end:
            results[number] = end.value
        except Exception as error:
            results[number] = error

    for number in range(len(searches)):
        go_on(number, None)
    while waiting:
        counts: dict[Ask, int] = {}
        for request in waiting.values():
            counts[request.ask] = counts.get(request.ask, 0) + len(request.squares)
        ask = max(counts, key=counts.__getitem__)
        asked = {n: waiting.pop(n) for n in list(waiting) if waiting[n].ask == ask}
        answers = iter(ask([square for request in asked.values() for square in request.squares]))
        for number, request in asked.items():
            go_on(number, list(islice(answers, len(request.squares))))
    return [results[number] for number in range(len(searches))]


def alone(search: Search[Found]) -> Found:
    """Run one search.

    Raises:
        Exception: what the search or a network raised.
    """
    (result,) = lockstep([search])
    if isinstance(result, Exception):
        raise result
    return result
