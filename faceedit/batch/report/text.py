"""Any text made harmless: file names hold quotes, tags, line feeds and bytes that are no text."""

import html
import json
import re
from typing import Any

from faceedit.visible import SPACES, visible

_SURROGATES = re.compile("[\ud800-\udfff]")
_CONTROLS = {code: 0x2400 + code for code in range(32)} | {127: 0x2421}


def printable(text: str) -> str:
    """Return text that can be shown and encoded.

    Control characters become their pictures (U+2400 to U+2421), bytes that could not be decoded
    (``surrogateescape``) the replacement character, and what turns the reading direction or cannot
    be seen its escape, as in a terminal.
    """
    return visible(_SURROGATES.sub("\ufffd", text).translate(_CONTROLS), keep=SPACES)


def to_html(text: str) -> str:
    """Return text for HTML, inside an element or a quoted attribute."""
    return html.escape(printable(text))


def to_script(value: Any) -> str:
    """Return JSON in ASCII that can stand inside a script element, which no text in it can end."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
