"""How many faces a network takes at once."""

from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")

ON_CPU, ON_ACCELERATOR = 1, 8
"""One by one is as fast on a CPU, whose cores work on several photos."""


class Batching:
    """Runs a network on always as many items at once, the last ones filled up.

    A network's answer may change in the last bit with the shape of its batch. As the shape never
    changes, no answer depends on the company that an item is in, and a run that was killed and
    goes on with other groups of photos gives the same files. (On some processors it depends on the
    place in a batch, too; a CPU takes items one by one.)

    Args:
        size: items at once, 1 or more.
    """

    def __init__(self, size: int = ON_CPU):
        self.size = size

    def halve(self) -> None:
        """Take half as many from now on, since memory was short."""
        self.size = max(1, self.size // 2)

    def run(
        self, items: Sequence[Item], network: Callable[[list[Item]], Sequence[Answer]]
    ) -> list[Answer]:
        """Run a network on all items.

        Args:
            items: any number.
            network: gives one answer for each of the items it is given, in order.
        """
        answers: list[Answer] = []
        size = self.size
        for start in range(0, len(items), size):
            some = list(items[start : start + size])
            filled = some + some[-1:] * (size - len(some))
            answers += network(filled)[: len(some)]
        return answers

    def run_once(
        self, items: Sequence[Item], network: Callable[[list[Item]], Sequence[Answer]]
    ) -> list[Answer]:
        """Run a network on all items, once on one that is there several times.

        Args:
            items: any number, such as the same crop for each of several targets.
            network: as in `run`.
        """
        distinct = {id(one): one for one in items}
        answers = dict(zip(distinct, self.run(list(distinct.values()), network), strict=True))
        return [answers[id(one)] for one in items]
