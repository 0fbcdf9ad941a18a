"""``faceedit attributes``: what --attr knows, and how good each is."""

from typing import TYPE_CHECKING, Annotated

import typer

from faceedit.cli.output import print_columns, print_json
from faceedit.process import loading

if TYPE_CHECKING:
    from faceedit.registry import Registry


def attributes(
    as_json: Annotated[
        bool, typer.Option("--json", help="List them as JSON, one line each.")
    ] = False,
) -> None:
    """List the attributes that --attr sets: which ship, and how good each is.

    READ is the share of people in whom the network of attributes sees it after the edit, PHOTO the
    share of edits that pass as photographs. What is experimental is seen, or passes, too seldom;
    what does not ship has no weights.
    """
    with loading():
        from faceedit.methods.catalogue import METHODS
        from faceedit.registry import open_registry
        from faceedit.targets import ATTRIBUTE_PHRASES, KINDS, in_units, parse_target

    served = [name for one in METHODS.values() for name in one.targets]
    doubtful = [name for one in METHODS.values() for name in one.experimental]
    scores = _scores(open_registry())
    rows = []
    for text, (write, phrase) in ATTRIBUTE_PHRASES.items():
        target = parse_target(f"attr={text}")
        state = "no" if in_units(target, served).missing(served) else "yes"
        if state == "yes" and not target.missing(doubtful):
            state = "experimental"
        name = text.partition("=")[0]
        kinds = [kind for kind in KINDS.get(name, ()) if f"attr={name}={kind}" in served]
        more = f" Kinds: {', '.join(kinds)}." if kinds and text.endswith("=on") else ""
        rows.append((write, state, *scores.get(f"attr={text}", (None, None)), phrase + more))
    if as_json:
        names = ("attribute", "ships", "read", "photographs", "what")
        for row in rows:
            print_json(dict(zip(names, row, strict=True)))
        return
    shown = [tuple("-" if cell is None else _text(cell) for cell in row) for row in rows]
    print_columns(("ATTRIBUTE", "SHIPS", "READ", "PHOTO", "WHAT"), shown)


def _scores(registry: "Registry") -> dict[str, tuple[float | None, float | None]]:
    """Return what cards say of each attribute: the share that is read, and that passes."""
    found = {}
    for entry in registry.entries.values():
        for name, score in entry.card.scores.items():
            if name.startswith("attr=") and isinstance(score, dict):
                found[name] = (score.get("read"), score.get("photographs"))
    return found


def _text(cell: str | float) -> str:
    return cell if isinstance(cell, str) else f"{cell:.2f}"
