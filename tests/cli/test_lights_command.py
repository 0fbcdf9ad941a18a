"""``faceedit lights``."""

import json

import pytest

from faceedit.lights import LEVELS, LIGHTS


def test_lights_are_listed(run_main):
    result = run_main("lights")
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines[0].split() == ["NAME", "AZIMUTH", "ELEVATION", "SOFTNESS", "KEY", "AMBIENT"]
    assert [line.split()[0] for line in lines[1:]] == [*LIGHTS, *LEVELS, "flat"]
    rows = {
        row["name"]: row
        for row in map(json.loads, run_main("lights", "--json").out.split("\n")[:-1])
    }
    assert rows["left"]["azimuth"] < -50 < 50 < rows["right"]["azimuth"]
    assert rows["bottom"]["elevation"] < -30
    assert rows["flat"]["key"] == 0


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["a.png", "--json"], "leave out the photo"),
        (["a.png", "-o", "a.gif"], ".png or .jpg"),
        (["a.png", "-o", "a.png"], "a.png"),
        (["nowhere.png"], "no such file"),
    ],
)
def test_wrong_usage_is_named(run_main, tmp_path, monkeypatch, astronaut, args, said):
    from PIL import Image

    monkeypatch.chdir(tmp_path)
    Image.fromarray(astronaut[:64, :64]).save("a.png")
    result = run_main("lights", *args)
    assert result.code == 2
    assert said in result.err
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_a_sheet_of_a_photo(run_main, tmp_path, monkeypatch, portrait):
    from PIL import Image

    monkeypatch.chdir(tmp_path)
    Image.fromarray(portrait).save("a.png")
    assert run_main("lights", "a.png", "--size", 48, "-q").code == 0
    with Image.open("faceedit-lights.png") as sheet:
        assert sheet.width > 6 * 48
        assert sheet.height > 4 * 48
