import unicodedata

import pytest

from faceedit.visible import SPACES, visible

DIRECTIONS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
NO_WIDTH = "\u00ad\u034f\u115f\u1160\u180e\u200b\u200c\u200d\u2060\u2800\u3164\ufe0f\ufeff\uffa0"
CONTROLS = "\x00\x07\x08\t\n\r\x1b\x7f\x85\x9b\u2028\u2029\U000e0041\ud800\udcff"


@pytest.mark.parametrize("hidden", DIRECTIONS + NO_WIDTH + CONTROLS, ids=ascii)
def test_what_cannot_be_seen_is_escaped(hidden):
    shown = visible(f"a{hidden}b")
    assert shown == f"a{hidden.encode('unicode_escape').decode()}b"
    assert shown.isascii()


def test_every_format_character_is_escaped():
    marks = [chr(c) for c in range(0x110000) if unicodedata.category(chr(c)) in ("Cc", "Cf")]
    assert len(marks) > 200
    assert visible("".join(marks)).isascii()


def test_what_can_be_seen_stays():
    for text in ("", "Zoë 😀.jpg", "写真.png", "\u05d0\u05d1.jpg", "a\u0301", "\\x1b"):
        assert visible(text) == text
    assert visible("a\u3000b\u00a0c") == r"a\u3000b\xa0c"
    assert visible("a\u3000b\u00a0c\u202e", keep=SPACES) == "a\u3000b\u00a0c\\u202e"
    assert visible("a\n\tb\x1b", keep=r"\n\t") == "a\n\tb\\x1b"
