"""``faceedit.toml``, presets, lists of photos and tables of targets."""

import json
from pathlib import Path

import pytest
import skimage.data
from PIL import Image

from faceedit.cli.input_lists import Row, read_inputs
from faceedit.cli.settings import user_file
from faceedit.errors import UsageError

ASTRONAUT = Image.fromarray(skimage.data.astronaut()).resize((160, 160))


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working folder with photos, and a user's config folder that is empty."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in ("a", "b", "c"):
        ASTRONAUT.save(f"{name}.png")
    return folder


@pytest.fixture
def apply(run_main, fake_weights):
    weights = fake_weights()

    def run(*args):
        return run_main("apply", "--edit-shown", "--weights", weights, "-o", "out", *args)

    return run


def lines():
    told = map(json.loads, Path("out/faceedit.jsonl").read_text().splitlines())
    return {line["place"]: line for line in told}


def test_the_command_line_wins_over_presets_over_folders(apply, here):
    user = user_file()
    user.parent.mkdir(parents=True)
    user.write_text(
        '[apply]\ntarget = "happy:0.1"\nquality = 80\nmin-face = 10\n[preset.soft]\nquality = 81\n'
    )
    Path("faceedit.toml").write_text(
        '[apply]\ntarget = ["happy:0.2"]\nmin-face = 20.5\n[preset.more]\ntarget = "happy:0.9"\n'
    )

    def decided(*args):
        result = apply("a.png", "--overwrite", *args)
        assert result.code == 0, result.err
        settings = lines()["a.png"]["settings"]
        Path("out/faceedit.jsonl").unlink()
        return settings["target"], settings["quality"], settings["min_face"], result.err

    target, quality, least, told = decided()
    assert (target, quality, least) == ("happy:0.2", 80, 20.5)
    assert f"settings of {user}, faceedit.toml" in told
    assert decided("--preset", "soft")[:3] == ("happy:0.2", 81, 20.5)
    assert decided("--preset", "more", "-q")[0] == "happy:0.9"
    assert "settings of" not in decided("-q")[3]
    assert decided("-t", "happy", "--quality", "50")[:2] == ("happy", 50)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[apply]\n\ntarget = "hapy"', "faceedit.toml, line 3: unknown expression 'hapy'"),
        ('[preset.x]\nlight = "left"\n[preset.y]\nlight = "up"', "line 4: unknown light 'up'"),
        ("[apply]\nquality = 101", "line 2: quality = 101: Input should be less than"),
        ("[apply]\nmin-face = []", "line 2: min-face = []: Input should be a valid number"),
        ('[apply]\nqualty = "x"', "line 2: unknown option 'qualty'; did you mean quality?"),
        ("[aply]", "line 1: unknown table 'aply'; did you mean apply?"),
        ("[apply]\noverwrite = true", "line 2: overwrite is for the command line alone"),
        ("apply = 3", "line 1: apply = 3: options stand below [apply]"),
        ("[preset]\nquality = 3", "line 2: quality = 3: options stand below [preset.NAME]"),
        ('[apply]\nfaces = "some"', "line 2: faces must be all, largest or a number"),
        ('[apply]\nface = "up"', "line 2: --face 'up': write left"),
        ('[apply]\nname = "x"', "line 2: --name 'x': write {suffix}"),
        ('[apply]\nformat = "doc"', "line 2: unknown format 'doc'"),
        ('[apply]\nshard = "3/2"', "line 2: cannot read shard '3/2'"),
        ('[apply]\nmodel = "regan"', "line 2: unknown model 'regan'"),
        ("[apply", "cannot be read as settings"),
    ],
)
def test_what_is_wrong_in_a_file_is_named_with_its_line(apply, here, text, told):
    Path("faceedit.toml").write_text(text)
    result = apply("a.png", "-t", "happy")
    assert result.code == 2
    assert told in result.err
    assert not Path("out").exists()


def test_options_have_the_names_of_the_command_line(apply, here):
    ASTRONAUT.save("her.png")
    Path("faceedit.toml").write_text('[apply]\nnot = "her.png"\njson = true\nface = 1')
    result = apply("a.png", "-t", "happy")
    assert result.code == 0, result.err
    assert json.loads(result.out)["reason"] == "none of its faces is asked for"
    Path("faceedit.toml").write_text('[apply]\nleave = "her.png"')
    assert "unknown option 'leave'" in apply("a.png", "-t", "happy").err


def test_an_unknown_preset_is_refused(apply, here):
    assert "there is no preset 'soft'" in apply("a.png", "--preset", "soft").err
    Path("faceedit.toml").write_text("[preset.soft]")
    assert "did you mean soft?" in apply("a.png", "--preset", "sofd").err


def test_a_list_of_photos(apply, here):
    Path("list.txt").write_text("a.png\r\n\nb.png\n")
    assert apply("-t", "happy", "@list.txt", "--threads", 1).code == 0
    assert sorted(lines()) == ["a.png", "b.png"]
    Path("list.txt").write_text("\n")
    assert "the list is empty" in apply("-t", "happy", "@list.txt").err
    assert "cannot be read as a list" in apply("-t", "happy", "@nothing.txt").err
    Path("list.txt").write_text("a.png\n\nz.png\n")
    result = apply("-t", "happy", "@list.txt")
    assert (result.code, "list.txt, line 3: z.png: no such file" in result.err) == (2, True)


def test_a_table_has_a_target_for_each_photo(apply, here):
    Path("t.csv").write_text("file,target,strength\na.png,happy,0.5\nb.png,surprised,\nc.png,,\n")
    assert apply("@t.csv", "-t", "neutral").code == 0
    asked = {place: line["settings"]["target"] for place, line in lines().items()}
    assert asked == {"a.png": "happy:0.5", "b.png": "surprised", "c.png": "neutral"}
    # Only what changed is done again, and a photo that is rejected is as it was.
    Path("t.csv").write_text("file,target,choice\na.png,happy:0.5,accept\nb.png,happy,reject\n")
    result = apply("@t.csv", "--json")
    assert result.code == 0, result.err
    done = {line["input"]: line for line in map(json.loads, result.out.splitlines())}
    assert (done["a.png"]["resumed"], done["b.png"]["outcome"]) == (True, "copied")
    assert Path("out/b.png").read_bytes() == Path("b.png").read_bytes()


def test_a_photo_may_have_several_rows(apply, here):
    Path("t.csv").write_text("file,target\na.png,happy\na.png,surprised:0.5\nb.png,happy\n")
    assert apply("@t.csv").code == 0
    assert sorted(lines()) == ["a-happy.png", "a-surprised-0.5.png", "b-happy.png"]
    Path("t.csv").write_text("file,target\na.png,happy\na.png,smile\n")
    assert "t.csv, line 3: a.png is to show happy twice" in apply("@t.csv").err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("photo\na.png\n", "t.csv: has no column 'file'"),
        ("file,target\n", "t.csv: the table has no rows"),
        ("file,target\na.png,hapy\n", "t.csv, line 2: unknown expression 'hapy'"),
        ("file,target\na.png,\n", "t.csv, line 2: no target was given"),
        ("file,strength\na.png,2\n", "t.csv, line 2: the strength is '2'"),
        ("file,choice\na.png,maybe\n", "t.csv, line 2: unknown choice 'maybe'"),
        ("file,target\n,happy\n", "t.csv, line 2: no file is named"),
        ("file,target\nz.png,happy\n", "t.csv, line 2: z.png: no such file"),
        ("file,target\n.,happy\n", "t.csv, line 2: . is several photos"),
        ("file,target\n*.png,happy\n", "t.csv, line 2: *.png is several photos"),
        ("file,target\na.png,au=12=3,6=2\n", "t.csv, line 2: it has more cells than"),
        ("file,targt\na.png,happy\n", "t.csv, line 1: unknown column 'targt'; did you mean"),
        ("person,target\nz.png,happy\n", "t.csv, line 2: z.png: no such file"),
    ],
)
def test_what_is_wrong_in_a_table_is_named_with_its_line(apply, here, text, told):
    Path("t.csv").write_text(text)
    result = apply("@t.csv")
    assert (result.code, told in result.err) == (2, True), result.err


@pytest.mark.parametrize("between", [",", ";", "\t"])
def test_a_table_as_spreadsheets_write_it(here, between):
    cells = ("File ", "Target", "note"), ("a.png", "happy", "x"), ("b.png", "", "")
    Path("t.csv").write_text("".join(between.join(row) + "\r\n" for row in cells), "utf-8-sig")
    rows = read_inputs(["@t.csv"]).rows
    assert [(row.path, row.target, row.where) for row in rows] == [
        ("a.png", "happy", "t.csv, line 2"),
        ("b.png", "", "t.csv, line 3"),
    ]


def test_inputs_of_lists_stand_among_others(here):
    Path("l.txt").write_text("b.png")
    Path("t.CSV").write_text("\ufefffile\nc.png\n")
    inputs, rows, _ = read_inputs(["a.png", "@l.txt", "@t.CSV"])
    assert inputs == ["a.png", "b.png", "c.png"]
    assert rows == [Row("c.png", where="t.CSV, line 2")]
    ASTRONAUT.save("@l.txt", "PNG")
    assert read_inputs(["@l.txt"])[0] == ["@l.txt"]
    with pytest.raises(UsageError, match="cannot be read as a table"):
        read_inputs(["@nothing.csv"])


def test_a_table_of_people(apply, here):
    ASTRONAUT.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save("her.png")
    Path("people.csv").write_text("person,target,strength\nher.png,happy,0.5\n")
    result = apply("@people.csv", "a.png", "--json")
    assert result.code == 0, result.err
    assert "happy:0.5, of people alike by a cosine of 0.2" in result.err
    (face,) = json.loads(result.out)["faces"]
    assert face["applied"] == {"happy": 0.5}
    settings = lines()["a.png"]["settings"]
    assert list(settings["people"].values()) == ["happy:0.5"]
    # Another choice of faces is another setting.
    result = apply("-t", "happy", "a.png", "--not", "her.png")
    assert (result.code, "made with" in result.err) == (2, True)
    result = apply("-t", "happy", "a.png", "--not", "her.png", "--overwrite", "--json")
    told = json.loads(result.out)
    assert (told["outcome"], told["reason"]) == ("copied", "none of its faces is asked for")
    assert "alike by" in told["faces"][0]["reason"]
    assert "unknown expression 'hapy'" in apply("-t", "hapy", "@people.csv", "a.png").err
    # Nobody is alike by more than 1, so that nobody is left alone.
    strict = apply("-t", "happy", "a.png", "--not", "her.png", "--alike", "1", "--overwrite")
    assert ("alike by a cosine of 1.00" in strict.err, "1 edited" in strict.err) == (True, True)
    assert lines()["a.png"]["settings"]["alike"] == 1
    assert "--alike: name people" in apply("-t", "happy", "a.png", "--alike", "0.4").err
    # A reference is no photo of the run that could fail by itself.
    result = apply("-t", "happy", "a.png", "--only", "nobody.png")
    assert (result.code, "nobody.png: No such file" in result.err) == (2, True)
    Image.new("RGB", (40, 30)).save("blank.png")
    result = apply("-t", "happy", "a.png", "--only", "blank.png")
    assert (result.code, "blank.png: no face found in it" in result.err) == (2, True)
