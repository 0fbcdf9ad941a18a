"""Help in panels: the options of a long command, grouped under headings.

An option names its panel with typer's ``rich_help_panel``. Typer would need rich to show panels,
which takes longer to import than the rest of ``--help``; here they are plain sections.
"""

from typing import Any

from typer.core import TyperCommand

ARGUMENTS = "Arguments"
MOST_USED = "Most used"
WHAT = "What to do"
PHOTOS = "Which photos"
OUTPUT = "Output"
GATES = "Quality gates"
SPEED = "Speed"
OTHER = "Other options"
"""Of an option that names no panel."""

ORDER = (ARGUMENTS, MOST_USED, WHAT, PHOTOS, OUTPUT, GATES, SPEED, OTHER)


class PanelCommand(TyperCommand):
    """A command whose help lists options by panel, in the order of `ORDER`."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write a section for each panel that has options."""
        panels: dict[str, list[tuple[str, str]]] = {name: [] for name in ORDER}
        for parameter in self.get_params(ctx):
            row = parameter.get_help_record(ctx)
            if row is None:
                continue
            is_argument = parameter.param_type_name == "argument"
            named = getattr(parameter, "rich_help_panel", None)
            panels[ARGUMENTS if is_argument else named or OTHER].append(row)
        for name, rows in panels.items():
            if rows:
                with formatter.section(name):
                    formatter.write_dl(rows)
