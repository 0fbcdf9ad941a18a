"""What to say of a name that is not known."""

import difflib
from collections.abc import Iterable, Mapping

LONGEST = 40
"""Characters of what a user wrote that a message repeats."""


def unknown(
    what: str, name: str, known: Iterable[str], synonyms: Mapping[str, str] | None = None
) -> str:
    """Return a message with the nearest name and all known ones.

    Args:
        what: the kind of thing, such as ``expression``.
        name: what the user wrote.
        known: all names.
        synonyms: other names and the known ones that they stand for.

    >>> unknown("expression", "hapy", ["happy", "sad"])
    "unknown expression 'hapy'; did you mean happy? known: happy, sad"
    """
    known, synonyms = list(known), synonyms or {}
    # Long texts are no typos, and comparing takes the square of their length.
    near = difflib.get_close_matches(name[:LONGEST].lower(), [*known, *synonyms], n=1)
    hint = f"did you mean {synonyms.get(near[0], near[0])}? " if near else ""
    return f"unknown {what} {quoted(name)}; {hint}known: {', '.join(known)}"


def quoted(text: str) -> str:
    """Return text in quotes as a message repeats it, cut where it is long."""
    return repr(text if len(text) <= LONGEST else text[:LONGEST] + "...")
