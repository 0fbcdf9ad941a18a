"""The manners in which people show one expression: how far each part of the face takes part."""

from dataclasses import dataclass

PARTS = ("brows", "lids", "mouth")
"""Of a face, which take part each by itself."""


@dataclass(frozen=True)
class Manner:
    """How an expression is shown.

    Attributes:
        brows: how far they go, of what is usual.
        lids: likewise.
        mouth: likewise; nose, cheeks and chin go along.
        mixed: part, other expression and how much of it that part shows besides.
    """

    brows: float = 1.0
    lids: float = 1.0
    mouth: float = 1.0
    mixed: tuple[tuple[str, str, float], ...] = ()


USUAL = Manner()


DRAWN = 0.15
"""How much of anger the brows of fear have, which draws them together."""


def _fear(
    brows: float = 0.65, sad: float = 0.15, happy: float = 0.2, wide: float = -0.17
) -> tuple[tuple[str, str, float], ...]:
    """Return what fear has of grief, of what draws a mouth wide, and of what opens it, taken away.

    A jaw that drops is surprise; lips that are only parted, and drawn wide, are fear.
    """
    mouth = (("sad", sad), ("happy", happy), ("surprised", wide))
    return ("brows", "sad", brows), ("brows", "angry", DRAWN), *(("mouth", *one) for one in mouth)


def _sneer(happy: float, angry: float = 0.0) -> tuple[tuple[str, str, float], ...]:
    """Return what a mouth of disgust has of joy, which lifts cheeks and corners, and of anger."""
    return ("mouth", "happy", happy), ("mouth", "angry", angry)


MANNERS: dict[str, tuple[Manner, ...]] = {
    "happy": (
        Manner(mouth=0.95),
        Manner(lids=0.75, mouth=0.93),
        Manner(lids=0.9, mouth=1.0, mixed=(("brows", "surprised", 0.3),)),
    ),
    "sad": (
        Manner(brows=1.1, lids=0.6, mouth=0.95),
        Manner(brows=1.25, lids=0.5, mouth=0.9),
        Manner(lids=0.5, mouth=0.8, mixed=(("mouth", "angry", 0.3),)),
        Manner(brows=1.2, lids=0.4, mouth=0.85, mixed=(("mouth", "afraid", 0.15),)),
    ),
    "angry": (
        Manner(brows=1.06, mouth=0.95),
        Manner(brows=1.17, lids=0.75, mouth=0.88),
        Manner(brows=1.11, lids=0.9, mouth=0.85, mixed=(("mouth", "disgusted", 0.15),)),
    ),
    "surprised": (
        Manner(brows=0.72, lids=0.9, mouth=0.74),
        Manner(brows=0.82, lids=0.95, mouth=0.66),
        Manner(brows=0.75, lids=0.85, mouth=0.72, mixed=(("mouth", "happy", 0.1),)),
        Manner(brows=0.68, lids=0.85, mouth=0.8),
    ),
    "disgusted": (
        Manner(brows=0.7, lids=1.05, mouth=1.2, mixed=_sneer(0.3)),
        Manner(brows=0.5, lids=0.85, mouth=1.25, mixed=_sneer(0.3, -0.1)),
        Manner(brows=0.8, lids=1.15, mouth=1.2, mixed=_sneer(0.2, -0.2)),
    ),
    "afraid": (
        Manner(1.0, 1.1, 1.09, _fear()),
        Manner(0.95, 1.15, 1.2, _fear(brows=0.7, wide=-0.15)),
        Manner(1.0, 1.05, 1.04, _fear()),
        Manner(0.95, 1.0, 1.14, _fear(wide=-0.22)),
    ),
}
"""Of each expression, at least three that people name alike; the others have one."""


def manners_of(expression: str) -> tuple[Manner, ...]:
    """Return the manners in which an expression is shown, at least one.

    >>> len(manners_of("sad")), len(manners_of("neutral"))
    (4, 1)
    """
    return MANNERS.get(expression, (USUAL,))
