"""What one run was asked beside what another was."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_UNLESS_SAID = {"command": "apply"} | dict.fromkeys(
    ("face", "only", "not", "people", "alike", "min_naturalness", "on_hard")
)
"""Settings that lines have only where they were asked for."""


def differences(other: Mapping[str, Any], mine: Mapping[str, Any]) -> list[str]:
    """Say what was asked differently, as far as both say it.

    Args:
        other: a line of the manifest, or what another run was asked.
        mine: what this run is asked.
    """
    theirs, ours = ({**_UNLESS_SAID, **settings_in(one)} for one in (other, mine))
    if "target" in ours:
        # Otherwise they follow from the targets of the jobs.
        for asked, one in ((theirs, other), (ours, mine)):
            asked |= {name: one.get(name) for name in ("method", "profile")}
    return [
        f"{name.replace('_', ' ')} {_in_words(theirs[name])}, not {_in_words(ours[name])}"
        for name in ours
        # Which precision a machine is given is nothing that the user asked for.
        if other and name != "precision" and name in theirs and theirs[name] != ours[name]
    ]


def _in_words(value: object) -> str:
    """Return the value of a setting as an option has it."""
    if value is None:
        return "not set"
    if value == "":
        return "nothing"
    return ("off", "on")[value] if isinstance(value, bool) else str(value)


def settings_in(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings in a line of the manifest or what was asked."""
    settings = entry.get("settings")
    return settings if isinstance(settings, dict) else {}


def other_name(folder: Path, settings: Mapping[str, Any]) -> str:
    """Return a name beside an output folder that carries the target."""
    target = re.sub(r"[^\w.]+", "-", str(settings_in(settings).get("target", "2")))
    if folder.name in ("", ".."):
        return target
    return str(folder.with_name(f"{folder.name.removesuffix('-edited')}-{target}"))
