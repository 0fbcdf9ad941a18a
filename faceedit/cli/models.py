"""``faceedit models``: list, show, verify and pull checkpoints."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceedit.cli import complete
from faceedit.cli.options import can_exist
from faceedit.cli.output import (
    on_lines,
    on_one_line,
    print_columns,
    print_json,
    readable_size,
    tell,
)

if TYPE_CHECKING:
    from faceedit.registry import Entry, Finding, Registry

app = typer.Typer(
    help="List, show, verify and pull the networks' weights.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Json = Annotated[bool, typer.Option("--json", help="Write JSON, one line per checkpoint.")]
Weights = Annotated[
    Path | None,
    typer.Option(
        "--weights",
        metavar="FOLDER",
        callback=can_exist,
        help="Look in this folder before all others.",
    ),
]
Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME",
        help="A name that 'models list' shows, or a method's.",
        autocompletion=complete.checkpoints,
    ),
]


@app.command("list")
def list_(as_json: Json = False, weights: Weights = None) -> None:
    """Show what every method edits that ships, and every checkpoint and whether it is sound."""
    from faceedit.methods.catalogue import WORDS, shipped_methods
    from faceedit.registry import open_registry

    registry = open_registry(weights)
    findings = [registry.verify(name) for name in registry.entries]
    if as_json:
        for finding in findings:
            print_json(_summary(finding))
        return
    print_columns(
        ("NAME", "METHOD", "PROFILE", "TARGETS", "SIZE", "STATE", "WHERE"),
        [
            (
                finding.card.name,
                finding.card.method,
                finding.card.profile,
                ",".join(finding.card.targets) or "-",
                readable_size(finding.card.size),
                finding.state,
                str(finding.path or "-"),
            )
            for finding in findings
        ],
    )
    print()
    print_columns(
        ("METHOD", "EDITS", "CHANGES", "CROP", "MS A CROP", "PAPER"),
        [
            (
                one.name,
                ", ".join(WORDS[part] for part in one.parts),
                f"the {one.region}",
                f"{one.crop_size} px",
                f"{one.cost:g}",
                one.paper,
            )
            for one in shipped_methods()
        ],
    )


@app.command()
def show(name: Name, as_json: Json = False, weights: Weights = None) -> None:
    """Show the whole card of a checkpoint."""
    from faceedit.registry import open_registry

    registry = open_registry(weights)
    name = _whole_name(registry, name)
    entry, finding = registry.entry(name), registry.verify(name)
    if as_json:
        print_json({**entry.card.model_dump(mode="json"), **_summary(finding)})
        return
    print("\n".join(_card_lines(entry, finding)))


@app.command()
def verify(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Default: all.")
    ] = None,
    as_json: Json = False,
    weights: Weights = None,
) -> None:
    """Check files against their cards; exit code 3 if one is bad or a needed one is missing."""
    from faceedit.errors import WeightsError
    from faceedit.registry import open_registry

    registry = open_registry(weights)
    whole = [_whole_name(registry, name) for name in names or ()] or registry.entries
    findings = [registry.verify(name) for name in whole]
    for finding in findings:
        if as_json:
            print_json(_summary(finding))
        else:
            line = f"{finding.card.name}: {finding.state} {finding.path or ''}".rstrip()
            print(on_one_line(line))
            if finding.reason:
                tell(f"  {finding.reason}")
    wrong = [f for f in findings if (f.state != "ok" if names else not f.usable_or_optional)]
    if wrong:
        raise WeightsError(f"not intact: {', '.join(f.card.name for f in wrong)}")


@app.command()
def pull(name: Name) -> None:
    """Download a checkpoint into the user folder and verify it."""
    from faceedit import registry as weights

    registry = weights.open_registry()
    name = _whole_name(registry, name)
    found = registry.verify(name)
    if found.state == "ok":
        tell(f"{name} is already here")
        print(found.path)
        return
    print(weights.pull(found.card, weights.user_weights()))


def _whole_name(registry: "Registry", name: str) -> str:
    """Return the name of a checkpoint; that of a method stands for the one that is used."""
    from faceedit.methods.catalogue import METHODS

    if name in registry.entries or name not in METHODS:
        return name
    method = METHODS[name]
    cards = [registry.card(one) for one in registry.entries]
    own = [card for card in cards if card.method == method.name]
    first = sorted(own, key=lambda card: card.profile != method.profile)
    return first[0].name if first else name


def _summary(finding: "Finding") -> dict[str, object]:
    card = finding.card
    return {
        "name": card.name,
        "method": card.method,
        "profile": card.profile,
        "targets": list(card.targets),
        "size": card.size,
        "sha256": card.sha256,
        "path": None if finding.path is None else str(finding.path),
        "state": finding.state,
        "reason": finding.reason,
    }


def _card_lines(entry: "Entry", finding: "Finding") -> list[str]:
    card = entry.card
    lines = [card.name]
    fields: dict[str, object] = {
        "method": card.method,
        "profile": card.profile,
        "targets": ", ".join(card.targets) or "none; it looks",
        "head": card.head,
        "crop size": f"{card.crop_size} px",
        "file": card.file,
        "size": f"{readable_size(card.size)} ({card.size} bytes)",
        "sha256": card.sha256,
        "data": card.data,
        "licence": card.licence,
        "where": finding.path or "not on this machine",
        "state": finding.state,
    }
    if card.source is not None:
        source = card.source
        fields["source"] = f"{source.repo_id}@{source.revision} {source.filename}"
    if finding.reason:
        fields["reason"] = finding.reason
    lines += [f"  {key:<10} {value}" for key, value in fields.items()]
    for title, table in (("recipe", card.recipe), ("scores", card.scores)):
        if table:
            lines += ["", title, *(f"  {key}: {_cell(value)}" for key, value in table.items())]
    if card.differs:
        lines += ["", "differs from the paper", *(f"  - {sentence}" for sentence in card.differs)]
    # Cards come with weights from anywhere: a terminal would obey what they hold.
    lines = [on_one_line(line) for line in lines]
    if (text := entry.markdown()) is not None:
        lines += ["", on_lines(text.rstrip())]
    return lines


def _cell(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_cell(inner)}" for key, inner in value.items())
    return f"{value:g}" if isinstance(value, float) else str(value)
