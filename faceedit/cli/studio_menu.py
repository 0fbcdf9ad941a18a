"""What ``faceedit studio pairs`` is to draw from, as options say it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from faceedit.errors import UsageError
from faceedit.names import unknown

if TYPE_CHECKING:
    from faceedit.studio.sampling import Menu


def read_menu(expressions: str, aus: bool, lights: str, turns: bool, mix: str) -> "Menu":
    """Return the menu that options of the same names ask for.

    Args:
        expressions: names between commas, ``all`` or ``none``.
        aus: action units, too.
        lights: as `expressions`.
        turns: turned heads, too.
        mix: such as ``expression=2,lit units=1``; empty takes the usual one.

    Raises:
        UsageError: what cannot be read, is not known or leaves nothing.
    """
    from faceedit.lights import LIGHTS
    from faceedit.studio.expressions import known_expressions
    from faceedit.studio.sampling import MIX, Menu

    names = _names("expression", expressions, known_expressions())
    return Menu(names, aus, _names("light", lights, tuple(LIGHTS)), turns, _weights(mix) or {**MIX})


def read_range(text: str) -> tuple[float, float]:
    """Read ``0.3,1.6``.

    Raises:
        UsageError: these are not two numbers.
    """
    try:
        low, high = (float(number) for number in text.split(","))
    except ValueError:
        raise UsageError(f"cannot read {text!r}; write LOW,HIGH") from None
    return low, high


def _weights(text: str) -> dict[str, float]:
    weights = {}
    for term in filter(None, (t.strip() for t in text.split(","))):
        kind, _, number = term.partition("=")
        try:
            weights[kind.strip()] = float(number)
        except ValueError:
            raise UsageError(f"cannot read {term!r} of --mix; write KIND=WEIGHT") from None
    return weights


def _names(what: str, text: str, known: Sequence[str]) -> tuple[str, ...]:
    if text in ("all", "none"):
        return tuple(known) if text == "all" else ()
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in names:
        if name not in known:
            raise UsageError(unknown(what, name, known))
    return names
