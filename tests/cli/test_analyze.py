import csv
import json
import sys

import numpy as np
import pytest
import skimage.data
from PIL import Image

from faceedit.analysis.record import COLUMNS
from faceedit.photos import read_photo
from faceedit.targets import ATTRIBUTES


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    Image.fromarray(skimage.data.astronaut()).save(folder / "a.png")
    Image.new("RGB", (64, 48)).save(folder / "blank.png")
    (folder / "sub" / "empty.jpg").touch()
    return folder


@pytest.fixture
def analyze(run_main, recogniser_weights):
    def run(*args):
        return run_main("analyze", "--weights", recogniser_weights, "--device", "cpu", *args)

    return run


ROWS = [
    "box", "expression", "action units", "light", "attributes", "pose", "naturalness", "sharpness",
]  # fmt: skip


def test_tables_go_to_stdout_and_messages_to_stderr(analyze, photos):
    result = analyze(photos)
    assert result.code == 1
    first, *rows = [line.rstrip() for line in result.out.splitlines()]
    assert first == str(photos / "a.png")
    assert [line[2:].split("  ")[0] for line in rows] == ROWS
    no_face, failed, summary = result.err.splitlines()
    assert no_face == f"no face was found in {photos / 'blank.png'}"
    assert failed == f"failed {photos / 'sub' / 'empty.jpg'}: it is empty"
    assert summary.startswith("1 analyzed, 1 no face, 1 failed; faces: 1; ")


def test_json_is_all_that_stdout_carries_and_always_the_same(analyze, photos):
    result = analyze(photos, "--json", "-q")
    assert result.code == 1
    assert result.err == f"failed {photos / 'sub' / 'empty.jpg'}: it is empty\n"
    found = [json.loads(line) for line in result.out.splitlines()]
    assert [one["outcome"] for one in found] == ["analyzed", "no face", "failed"]
    assert [len(one["faces"]) for one in found] == [1, 0, 0]
    assert found[0]["faces"][0]["identity"] is None
    assert analyze(photos, "--json", "-q").out == result.out
    known = json.loads(analyze(photos / "a.png", "--json", "--identity").out)
    assert len(known["faces"][0]["identity"]) == 256


def test_csv(analyze, photos, tmp_path):
    table = tmp_path / "faces.csv"
    result = analyze(photos / "a.png", "--csv", tmp_path / "one.csv")
    assert (result.code, len(result.out.splitlines())) == (0, 1 + len(ROWS))
    result = analyze(photos, "--csv", table, "-q")
    assert (result.code, result.out) == (1, "")
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert [row["file"] for row in rows] == [str(photos / "a.png")]
    # What the network is unsure of is left empty.
    assert {name for name, value in rows[0].items() if value == ""} <= set(ATTRIBUTES)


def test_a_table_holds_no_formulas_and_numbers_are_numbers(analyze, photos, tmp_path, monkeypatch):
    (photos / "a.png").rename(tmp_path / "=1;-2.png")
    monkeypatch.chdir(tmp_path)
    assert analyze("=1;-2.png", "--csv", "faces.csv", "-q").code == 0
    text = (tmp_path / "faces.csv").read_text()
    assert '\n"./=1;-2.png",1,' in text
    with (tmp_path / "faces.csv").open(newline="") as file:
        (row,) = csv.DictReader(file, quoting=csv.QUOTE_NONNUMERIC)
    told = {key: value for key, value in row.items() if value != ""}
    assert {key for key, value in told.items() if isinstance(value, str)} == {
        "file", "expression", "light",
    }  # fmt: skip
    assert any(value < 0 for value in row.values() if isinstance(value, float))


@pytest.mark.skipif(sys.platform == "win32", reason="no limit to the size of files")
def test_a_csv_that_cannot_be_written_is_an_error(analyze, photos, tmp_path):
    import resource

    table = tmp_path / "faces.csv"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        result = analyze(photos, "--csv", table, "-q")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (result.code, result.out) == (1, "")
    assert result.err == f"error: {table}: cannot be written: File too large\n"


def test_sheets(analyze, photos, tmp_path):
    assert analyze(photos, "--sheet", tmp_path / "sheets", "-q").code == 1
    drawn = tmp_path / "sheets"
    assert sorted(str(p.relative_to(drawn)) for p in drawn.rglob("*.*")) == ["a.png", "blank.png"]
    before, after = read_photo(photos / "a.png").pixels, read_photo(drawn / "a.png").pixels
    assert before.shape == after.shape
    assert 0.02 < (before != after).any(axis=2).mean() < 0.25
    result = analyze(photos / "a.png", "--sheet", tmp_path / "one.jpg", "--json")
    assert json.loads(result.out)["sheet"] == str(tmp_path / "one.jpg")
    assert read_photo(tmp_path / "one.jpg").pixels.shape == before.shape


def test_photos_are_only_read(analyze, photos):
    before = {p: p.read_bytes() for p in photos.rglob("*.*")}
    analyze(photos)
    assert {p: p.read_bytes() for p in photos.rglob("*.*")} == before
    assert [p.name for p in photos.parent.iterdir()] == ["photos"]
    # What would be an output of apply is just another photo here.
    Image.fromarray(skimage.data.astronaut()).save(photos / "a-edited.png")
    result = analyze(photos / "a.png", photos / "a-edited.png", photos / "a.png", "--json", "-q")
    assert result.code == 0
    assert len(result.out.splitlines()) == 2


def test_which_faces(analyze, photos):
    result = analyze(photos / "a.png", "--min-face", "300", "--json", "-q")
    assert json.loads(result.out)["outcome"] == "no face"
    assert analyze(photos / "a.png", "--faces", "1", "--threads", "1", "-q").code == 0


@pytest.mark.parametrize(
    "args",
    [
        ["--faces", "some"],
        ["--min-face", "-1"],
        ["--threads", "0"],
        ["--device", "abacus"],
        ["--identity"],
        ["--csv", "faces.png"],
        ["--csv", "nowhere/at/all.csv"],
        ["nowhere.jpg"],
        ["--sheet", "a.png"],
    ],
)
def test_wrong_usage_is_found_before_any_work(analyze, photos, args, monkeypatch):
    def refuse(*_):
        raise AssertionError("a photo was read")

    monkeypatch.setattr("faceedit.batch.read_ahead.load_file", refuse)
    result = analyze(photos, *args)
    assert (result.code, result.out) == (2, "")


def test_what_is_missing_is_3(run_main, analyze, photos, tmp_path, monkeypatch):
    (tmp_path / "weights").mkdir()
    monkeypatch.setattr("faceedit.registry.folders.packaged_weights", lambda: tmp_path / "weights")
    monkeypatch.setenv("FACEEDIT_WEIGHTS", str(tmp_path / "weights"))
    result = run_main("analyze", photos, "--device", "cpu")
    assert result.code == 3
    assert analyze(photos, "--device", "cuda:99").code == 3
    (tmp_path / "weights" / "registry.toml").write_text(
        "[checkpoints.expression]\nmethod = 'recogniser'\nprofile = 'expression'\n"
        f"file = 'expression.safetensors'\nsha256 = '{'0' * 64}'\nsize = 1\ncrop_size = 256\n"
        "head = 'none'\ndata = 'made up'\nlicence = 'CC0'\n"
    )
    result = run_main("analyze", photos, "--device", "cpu")
    assert result.code == 3
    assert "expression is not on this machine" in result.err
    assert "unknown checkpoint 'naturalness'" in result.err


def test_from_python(analyze, photos, recogniser_weights):
    import faceedit

    options = {"weights": recogniser_weights, "device": "cpu"}
    data = json.loads(analyze(photos / "a.png", "--json").out)["faces"][0]
    (reading,) = faceedit.analyze(str(photos / "a.png"), **options)
    assert reading.expression.name == data["expression"]["name"]
    assert reading.naturalness == pytest.approx(data["naturalness"], abs=1e-3)
    assert reading.identity is None
    image = Image.open(photos / "a.png")
    (known,) = faceedit.analyze(image, identity=True, **options)
    np.testing.assert_array_equal(known.face.landmarks, reading.face.landmarks)
    assert known.identity is not None
    assert known.identity.cosine(known.identity) == pytest.approx(1, abs=1e-4)
    assert faceedit.analyze(np.zeros((40, 50, 3), np.uint8), **options) == []
