"""What threads of a pipeline wait for: so much work done, and room for a photo.

Both can be opened, after which nobody waits any more.
"""

import threading


class Count:
    """A number that others wait for."""

    def __init__(self) -> None:
        self._count = 0
        self._changed = threading.Condition()
        self._is_open = False

    def add(self, more: int) -> None:
        """Count further."""
        with self._changed:
            self._count += more
            self._changed.notify_all()

    def wait_for(self, least: int) -> None:
        """Wait until so much is counted."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_open or self._count >= least)

    def open(self) -> None:
        """Let all pass."""
        with self._changed:
            self._is_open = True
            self._changed.notify_all()


class Room:
    """Bounds the memory that photos on their way take; one photo always has room.

    Args:
        limit: bytes.
    """

    def __init__(self, limit: int):
        self._limit = limit
        self._taken: dict[int, int] = {}
        self._changed = threading.Condition()
        self._is_open = False

    def take(self, index: int, size: int) -> None:
        """Wait until there is room for a photo, and take it; what it had before is given back."""
        with self._changed:
            # Who waits holds nothing, so that two who want more do not wait for each other.
            if self._taken.pop(index, None) is not None:
                self._changed.notify_all()
            self._changed.wait_for(lambda: self._has_room(size))
            self._taken[index] = size

    def give_back(self, index: int) -> None:
        """Give back what a photo took, if anything."""
        with self._changed:
            self._taken.pop(index, None)
            self._changed.notify_all()

    def open(self) -> None:
        """Let all pass."""
        with self._changed:
            self._is_open = True
            self._changed.notify_all()

    def _has_room(self, size: int) -> bool:
        taken = sum(self._taken.values())
        return self._is_open or not taken or taken + size <= self._limit
