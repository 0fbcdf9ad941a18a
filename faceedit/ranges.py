"""Numbers that must lie within a range: sizes of networks, settings of trainings."""

import dataclasses
from typing import Any

MAX_LENGTH = 16
"""Numbers in a list."""


def check_ranges(**named: tuple[Any, float, float]) -> None:
    """Check numbers, or lists of numbers, by their names.

    Args:
        named: value, least and most, both of which are allowed. Where both are whole numbers the
            value has to be one, too.

    Raises:
        ValueError: one lies outside, is not finite, or is no such number; it is named.
    """
    for name, (value, low, high) in named.items():
        several = isinstance(value, (list, tuple))
        if several and not 1 <= len(value) <= MAX_LENGTH:
            raise ValueError(f"{name} has {len(value)} numbers where 1 to {MAX_LENGTH} are allowed")
        for one in value if several else (value,):
            if not _is_within(one, low, high):
                kind = "a whole number" if _is_whole(low, high) else "a number"
                raise ValueError(f"{name} is {short(one)}, not {kind} from {low} to {high}")


def ranged(low: float, high: float, default: Any = dataclasses.MISSING) -> Any:
    """Return a field of a `Ranged` dataclass with the range of its number or numbers."""
    return dataclasses.field(default=default, metadata={"range": (low, high)})


class Ranged:
    """A dataclass whose fields made by `ranged` are checked when it is made.

    Raises:
        ValueError: as `check_ranges` does.
    """

    def __post_init__(self) -> None:
        fields = dataclasses.fields(self)  # pyright: ignore[reportArgumentType]
        check_ranges(
            **{f.name: (getattr(self, f.name), *f.metadata["range"]) for f in fields if f.metadata}
        )


def _is_whole(low: float, high: float) -> bool:
    return isinstance(low, int) and isinstance(high, int)


def _is_within(value: object, low: float, high: float) -> bool:
    kinds = int if _is_whole(low, high) else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds):
        return False
    # NaN is within nothing.
    return low <= value <= high


def short(value: object) -> str:
    """Return how a value is written, cut off where it is long."""
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}…"
