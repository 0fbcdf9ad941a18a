"""What a composed method is steered by: a vector with a name for each of its numbers."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class ConditionSpec:
    """A method's condition vector.

    A number is 0 where nothing is asked for and 1 where it is asked for in full.

    Attributes:
        names: of the numbers, in order.
        one_sided: names of what has no mirror image among the others.
        swapped: pairs of names that change places in a mirror, such as light from either side. All
            other names are the same in a mirror.

    Raises:
        ValueError: a name comes twice, or is not among `names`.
    """

    names: tuple[str, ...]
    one_sided: tuple[str, ...] = ()
    swapped: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        apart = [*self.one_sided, *(name for pair in self.swapped for name in pair)]
        if len(set(self.names)) != len(self.names) or len(set(apart)) != len(apart):
            raise ValueError("a condition's names are named once each")
        if not set(apart) <= set(self.names):
            raise ValueError(f"{set(apart) - set(self.names)} are no names of the condition")

    @property
    def width(self) -> int:
        """How many numbers there are."""
        return len(self.names)

    @cached_property
    def partners(self) -> tuple[int | None, ...]:
        """For each number, the number that a mirror makes of it; None where there is none."""
        other = {a: b for pair in self.swapped for a, b in (pair, pair[::-1])}
        return tuple(
            None if name in self.one_sided else self.names.index(other.get(name, name))
            for name in self.names
        )

    def mirrored(self, condition: np.ndarray) -> np.ndarray | None:
        """Return a (C,) condition as a mirror shows it; None where it has no mirror image."""
        seen = np.zeros_like(condition)
        for value, partner in zip(condition, self.partners, strict=True):
            if partner is None:
                if value:
                    return None
                continue
            seen[partner] = value
        return seen
