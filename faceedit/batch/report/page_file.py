"""The page around the photos: a template, its style and its script, all inside one file."""

import base64
import hashlib
import re
from collections.abc import Mapping
from importlib import resources

from faceedit.batch.report.text import to_html

_STYLES = ("page.css", "card.css", "enlarged.css")
_SCRIPTS = ("photos.js", "choices.js", "stage.js", "enlarged.js", "grid.js", "page.js")


def page_parts(title: str, facts: Mapping[str, str]) -> tuple[str, str]:
    """Return the page before its photos and the page behind them.

    Its Content-Security-Policy names the hashes of its own style and script and allows pictures
    from ``data:`` only: nothing else runs and nothing is fetched.

    Args:
        title: of the page.
        facts: label and value of what holds for all photos.
    """
    style = "\n".join(_file(name) for name in _STYLES)
    scripts = "\n".join(_file(name) for name in _SCRIPTS)
    script = f'"use strict";\n(() => {{\n{scripts}}})();\n'
    values = {
        "title": to_html(title),
        "facts": "".join(
            f"<div><dt>{to_html(label)}</dt><dd>{to_html(value)}</dd></div>"
            for label, value in facts.items()
        ),
        "style": style,
        "style_hash": _hash(style),
        "script": script,
        "script_hash": _hash(script),
    }
    # One pass over the template: a title of "{{script}}" stays a title.
    before, _, behind = _file("page.html").partition("{{photos}}\n")
    return _fill(before, values), _fill(behind, values)


def _fill(template: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda match: values[match[1]], template)


def _file(name: str) -> str:
    return resources.files("faceedit.batch.report").joinpath("page", name).read_text("utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
