"""``faceedit attributes``."""

import json

from faceedit.targets import ATTRIBUTE_PHRASES, parse_target


def test_attributes_are_listed(run_main):
    result = run_main("attributes")
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines[0].split() == ["ATTRIBUTE", "SHIPS", "READ", "PHOTO", "WHAT"]
    rows = [json.loads(line) for line in run_main("attributes", "--json").out.splitlines()]
    assert [line.split()[0] for line in lines[1:]] == [row["attribute"] for row in rows]
    assert len(rows) == len(ATTRIBUTE_PHRASES)
    by_name = {row["attribute"]: row for row in rows}
    assert by_name["mouth_slightly_open=on"]["ships"] == "yes"
    assert by_name["eyeglasses=on"]["ships"] == "experimental"
    assert by_name["hair=blond"]["ships"] == "experimental"
    assert 0.5 < by_name["hair=blond"]["read"] <= 1
    assert by_name["bushy_eyebrows=off"] == {
        "attribute": "bushy_eyebrows=off", "ships": "no", "read": None, "photographs": None,
        "what": "Brows thinner.",
    }  # fmt: skip
    # Each is written so that it can be asked for.
    assert [parse_target(f"attr={row['attribute']}").names for row in rows] == [
        parse_target(f"attr={text}").names for text in ATTRIBUTE_PHRASES
    ]


def test_what_does_not_ship_is_refused(run_main, portrait, tmp_path, monkeypatch):
    from PIL import Image

    monkeypatch.chdir(tmp_path)
    Image.fromarray(portrait).save("a.png")
    result = run_main("apply", "--attr", "bushy_eyebrows=off", "a.png")
    assert result.code == 2
    assert "no method edits to attr=bushy_eyebrows=off; known: attr=black_hair=on" in result.err
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
