r"""Text of others as people may be shown it: nothing hidden in it, and nothing that a screen obeys.

File names, cards and reasons can hold terminal escapes, characters that turn the reading direction
(``photo\u202egpj.exe`` is shown as ``photoexe.jpg``) and such as take no room at all.
"""

import re

SPACES = "\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
"""White space of other scripts and widths, as a class of a pattern: seen, but not printable."""
# Python takes these for printable. They are Unicode's default ignorable code points, and the blank
# of Braille.
_BLANK = (
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef"
)
_HIDDEN = re.compile(f"[{_BLANK}]")


def visible(text: str, keep: str = "") -> str:
    r"""Return text in which each character that cannot be seen as it is stands as its escape.

    Those are control characters, lone surrogates (bytes that are no text), marks of direction such
    as U+202E and U+2066, characters without width, spaces other than the plain one, and what is not
    assigned.

    Args:
        text: anything.
        keep: characters to leave as they are, as a class of a pattern, ``\n\t`` for example.
    """
    if text.isprintable() and not _HIDDEN.search(text):
        return text
    kept = re.compile(f"[{keep}]") if keep else None
    return "".join(
        c
        if (c.isprintable() and not _HIDDEN.match(c)) or (kept is not None and kept.match(c))
        else c.encode("unicode_escape").decode("ascii")
        for c in text
    )
