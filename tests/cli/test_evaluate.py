import json

import numpy as np
import pytest
import skimage.data
from PIL import Image

from faceedit.evaluation import measure as measuring
from faceedit.evaluation.protocol import Protocol, ProtocolPhoto
from faceedit.targets import parse_target


@pytest.fixture(autouse=True)
def few_draws(monkeypatch):
    monkeypatch.setattr(measuring, "draw_people", _few)
    monkeypatch.setattr("faceedit.evaluation.compare.draw_people", _few)


def _few(people, draws=0):
    from faceedit.stats import draw_people

    return draw_people(people, 20)


@pytest.fixture
def photos(tmp_path):
    """Two photos of one face, and their "edited" copies: one darker, one as it was."""
    before, after = tmp_path / "before", tmp_path / "after"
    picture = skimage.data.astronaut()[:260, 90:360]
    darker = picture.copy()
    darker[80:150, 110:160] //= 2
    for folder, pictures in ((before, (picture, picture[:, ::-1])), (after, (darker, None))):
        folder.mkdir()
        for name, pixels in zip("ab", pictures, strict=True):
            if pixels is not None:
                Image.fromarray(np.ascontiguousarray(pixels)).save(folder / f"{name}.png")
    return before


def test_the_shipped_method_end_to_end(run_main, photos, recogniser_weights):
    result = run_main(
        "evaluate", photos, "-t", "happy", "-t", "happy:0.5", "--limit", "1", "--json",
        "--device", "cpu", "--weights", recogniser_weights,
    )  # fmt: skip
    assert result.code == 0, result.err
    data = json.loads(result.out)
    assert data["subject"] == "reggan fast"
    assert data["groups"] == {"full strength": 1, "happy": 1, "happy:0.5": 1}
    assert not data["complete"]
    found = {name: one["groups"]["happy"]["value"] for name, one in data["metrics"].items()}
    assert {"ECS", "FSS", "quality score", "lpips_face", "seconds"} <= set(found)
    assert found["changed outside"] == 0
    assert 0.8 < found["sharpness"] < 1.3
    assert data["metrics"]["FSS"]["copying"]["value"] == pytest.approx(1)
    assert "FID" in data["missing"]
    assert "real photo" in data["missing"]["lip error"]
    assert set(data["conditions"]) >= {"device", "threads", "weights", "expression recogniser"}


def test_pictures_made_elsewhere_and_others_against_them(run_main, photos, tmp_path):
    after, out = tmp_path / "after", tmp_path / "report"
    result = run_main(
        "evaluate", "--pictures", photos, after, "-t", "happy", "--device", "cpu",
        "--against", photos, "-o", out, "--markdown", tmp_path / "r.md",
    )  # fmt: skip
    assert result.code == 1, "b.png has no partner"
    assert f"failed b.png: has no partner in {after}" in result.err
    assert "missing" in result.err
    assert "changed outside" in result.out
    assert "HERE BETTER" in result.out
    text = (tmp_path / "r.md").read_text()
    assert f"## Against {photos}" in text
    contest = text.partition("## Against")[2]
    row = next(line for line in contest.splitlines() if line.startswith("| SSIM"))
    assert row.endswith("| 0% | 0% |"), "the other copy is the photo itself"
    assert sorted(p.name for p in out.iterdir()) == ["report.json", "report.md", "report.png"]
    assert json.loads((out / "report.json").read_text())["contests"]["SSIM"]["wins"] == 0
    assert "![Every metric with its interval](report.png)" in (out / "report.md").read_text()


def test_the_protocol_is_followed(run_main, fake_weights, photos, monkeypatch):
    shown = (
        ProtocolPhoto("a.png", "ann", "neutral", 0, ""),
        ProtocolPhoto("b.png", "ann", "happy", 2, ""),
    )
    targets = {
        "neutral": (parse_target(["happy"]), parse_target(["sad"])),
        "happy": (parse_target(["neutral"]),),
    }
    protocol = Protocol("toy", 3, "abc", shown, targets)
    monkeypatch.setattr("faceedit.evaluation.protocol.read_protocol", lambda: protocol)
    args = ("evaluate", "--device", "cpu", "--weights", fake_weights(), "--json")
    result = run_main(*args, "--protocol", photos)
    assert result.code == 0, result.err
    data = json.loads(result.out)
    assert data["on"] == "the protocol toy 3 (abc)"
    assert data["complete"]
    assert data["groups"] == {"all": 2, "happy": 1, "neutral": 1}
    assert data["notes"] == ["left out, as the method does not know them: sad"]
    assert data["metrics"]["lip error"]["groups"]["all"]["n"] == 2
    monkeypatch.delenv("FACEEDIT_DATA", raising=False)
    assert run_main(*args).code == 2
    monkeypatch.setenv("FACEEDIT_DATA", str(photos))
    assert run_main(*args, "-t", "happy").code == 0
    assert run_main(*args, "-t", "angry").code == 2
    (photos / "b.png").unlink()
    assert run_main(*args).code == 3


@pytest.mark.parametrize(
    "args",
    [
        ["PHOTOS"],
        ["PHOTOS", "-t", "joyful"],
        ["PHOTOS", "-t", "happy", "--protocol", "PHOTOS"],
        ["PHOTOS", "-t", "happy", "--au", "12=3"],
        ["PHOTOS", "-t", "happy", "--against", "nowhere"],
        ["PHOTOS", "-t", "happy", "-t", "neutral", "--against", "PHOTOS"],
        ["PHOTOS", "-t", "happy", "--limit", "0"],
        ["PHOTOS", "-t", "happy", "--device", "abacus"],
        ["PHOTOS", "-t", "happy", "--networks", "nowhere"],
        ["nowhere", "-t", "happy"],
        ["--pictures", "PHOTOS"],
        ["--pictures", "PHOTOS", "nowhere"],
        ["--pictures", "PHOTOS", "PHOTOS", "PHOTOS"],
        ["--pictures", "PHOTOS", "PHOTOS", "--model", "reggan"],
        ["--pictures", "PHOTOS", "PHOTOS", "-t", "happy", "-t", "sad"],
        ["--pictures", "PHOTOS", "PHOTOS", "--au", "3=1"],
        ["--pictures", "PHOTOS", "PHOTOS", "--attr", "monocle=on"],
    ],
)
def test_wrong_usage_is_found_before_any_work(run_main, photos, args, monkeypatch):
    def refuse(*_):
        raise AssertionError("a photo was read")

    monkeypatch.setattr("faceedit.evaluation.gather.read_photo", refuse)
    result = run_main("evaluate", *[photos if one == "PHOTOS" else one for one in args])
    assert (result.code, result.out) == (2, "")


def test_nothing_to_measure_and_what_is_missing(run_main, photos, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    assert run_main("evaluate", empty, "-t", "happy", "--device", "cpu").code == 2
    args = ("evaluate", photos, "-t", "happy")
    assert run_main(*args, "--device", "cuda:99").code == 3
    assert run_main(*args, "--weights", tmp_path / "none.safetensors").code == 3
