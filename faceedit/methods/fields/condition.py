"""What a composed method is steered by: a vector with a name for each of its numbers."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class ConditionSpec:
    """A method's condition vector.

    A number is 0 where nothing is asked for and 1 where it is asked for in full.

    Attributes:
        names: of the numbers, in order.
        one_sided: names of what has no mirror image among the others.
        swapped: pairs of names that change places in a mirror, such as light from either side. All
            other names are the same in a mirror.
        signed: numbers may be negative, down to −1 where all of it is taken away. Layers tell
            what comes from what goes, see `parts`.

    Raises:
        ValueError: a name comes twice, or is not among `names`.
    """

    names: tuple[str, ...]
    one_sided: tuple[str, ...] = ()
    swapped: tuple[tuple[str, str], ...] = ()
    signed: bool = False

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

    @cached_property
    def part_partners(self) -> tuple[int | None, ...]:
        """The same for each number of `parts`."""
        if not self.signed:
            return self.partners
        gone = (None if p is None else p + self.width for p in self.partners)
        return (*self.partners, *gone)

    def parts(self, condition: Tensor) -> Tensor:
        """Return what comes, and after it what goes, of (N, C) conditions.

        Returns:
            (N, 2 C), no number negative, of a signed condition; else the condition itself.
        """
        if not self.signed:
            return condition
        return torch.cat([condition.clamp(min=0), (-condition).clamp(min=0)], 1)

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


def one_of_each(partners: tuple[int | None, ...]) -> list[int]:
    """Return the numbers that are left if of two that are mirror images one is dropped."""
    return [n for n, partner in enumerate(partners) if partner is None or partner >= n]
