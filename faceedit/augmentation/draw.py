"""Chance that depends on nothing but a seed and names.

What is drawn for one photo stays the same whatever other photos there are, in whatever order they
are asked about, on any machine.
"""

import hashlib
import os
from collections.abc import Iterable


def digest(*words: object) -> bytes:
    """Return 32 bytes that follow from words, which may be names of files."""
    return hashlib.sha256(b"\0".join(os.fsencode(str(word)) for word in words)).digest()


def share(seed: int, *words: object) -> float:
    """Return a number from 0 to 1, 1 excluded, evenly drawn for words.

    >>> share(0, "a.jpg") == share(0, "a.jpg"), share(0, "a.jpg") == share(1, "a.jpg")
    (True, False)
    """
    return int.from_bytes(digest(seed, *words)[:6], "big") / 2**48


def shuffled(names: Iterable[str], seed: int, *words: object) -> list[str]:
    """Return names in an order that is drawn for words; a name more leaves the others in theirs."""
    return sorted(names, key=lambda name: (share(seed, *words, name), name))
