import json
import shutil

import cv2
import pytest
import skimage.data
from PIL import Image
from toy_rig import write_model, write_rig

from faceedit.studio.shards import read_shard


@pytest.fixture
def run(run_main):
    """Run ``faceedit studio`` and return its exit code, stdout and stderr."""
    return lambda *arguments: run_main("studio", *arguments)


@pytest.fixture(scope="module")
def rig(tmp_path_factory):
    return write_rig(tmp_path_factory.mktemp("command"))[0]


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.fromarray(skimage.data.astronaut()[:320, 80:400]).save(folder / "astronaut.png")
    Image.new("RGB", (64, 64)).save(folder / "nobody.png")
    return folder


def test_a_folder_of_photos_becomes_a_shard_and_a_report(run, rig, photos, tmp_path):
    out = tmp_path / "pairs"
    result = run(
        *("pairs", "--photos", photos, "--rig", rig, "-o", out, "--size", 128, "--per-photo", 3),
        *("--expressions", "happy,sad", "--no-aus", "--lights", "none", "--json"),
    )
    assert result.code == 0, result.err
    summary = json.loads(result.out)
    assert summary["pairs"] == 3
    assert summary == json.loads((out / "report.json").read_text())
    assert summary["refused"] == {"no face found": ["nobody.png"]}
    stored = list(read_shard(out / "pairs-00000.tar"))
    assert len(stored) == 3
    assert {p.labels.file for _, p in stored} == {"astronaut.png"}
    assert all(p.input.shape == (128, 128, 3) for _, p in stored)


def test_a_sheet_shows_one_person_through_everything(run, rig, photos, tmp_path):
    out = tmp_path / "sheet.png"
    result = run("sheet", photos / "astronaut.png", "--rig", rig, "-o", out, "--size", 64)
    assert result.code == 0, result.err
    picture = cv2.imread(str(out))
    assert picture is not None
    assert picture.shape[1] == 10 * 64
    assert picture.shape[0] == 21 * (64 + 18)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--expressions", "hapy"), 2, "did you mean happy?"),
        (("--lights", "sad,rim_lef"), 2, "unknown light 'sad'"),
        (("--expressions", "none", "--lights", "none", "--no-aus"), 2, "nothing is asked for"),
        (("--split", "test"), 2, "test"),
    ],
)
def test_what_cannot_be_meant_is_refused(run, photos, tmp_path, arguments, code, said):
    result = run("pairs", "--photos", photos, "--rig", tmp_path, "-o", tmp_path / "o", *arguments)
    assert result.code == code
    assert said in result.err


def test_the_name_of_the_landmarks_file_is_kept_for_it(run, photos, tmp_path):
    out = tmp_path / "faces.npz"
    result = run("shapes", "--photos", photos, "--rig", tmp_path, "-o", out)
    assert result.code == 2
    assert "take another" in result.err


def test_a_missing_rig_says_how_to_build_one(run, photos, tmp_path):
    result = run("pairs", "--photos", photos, "--rig", tmp_path / "none", "-o", tmp_path / "o")
    assert result.code == 3
    assert "faceedit studio import" in result.err


def test_too_few_pairs_teach_nothing(run, photos, tmp_path):
    write_model(tmp_path / "rig")
    people = tmp_path / "people" / "eileen"
    people.mkdir(parents=True)
    for name in ("neutral", "happy"):
        shutil.copy(photos / "astronaut.png", people / f"{name}.png")
    result = run("learn", tmp_path / "people", "--rig", tmp_path / "rig")
    assert result.code == 2
    assert "the least" in result.err
