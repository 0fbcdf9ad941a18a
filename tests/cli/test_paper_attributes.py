"""A network for attributes that a user has trained, through the commands and from Python."""

import csv
import json
import re

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image

import faceedit
from faceedit.evaluation import measure as measuring
from faceedit.evaluation.protocol import Protocol, ProtocolPhoto
from faceedit.methods.pictures.backbones import make_generator
from faceedit.methods.secgan.vector import rgb_shape
from faceedit.registry import write_checkpoint
from faceedit.targets import parse_target

VALUES = {"labels": "attributes", "size": 64, "width": 4, "blocks": 1, "masked": False}


@pytest.fixture
def weights(tmp_path):
    """An untrained network of the StarGAN baseline."""
    torch.manual_seed(0)
    path = tmp_path / "stargan-paper.safetensors"
    tensors = make_generator("stargan", rgb_shape(**VALUES)).state_dict()
    values = {"backbone": "stargan", **VALUES}
    write_checkpoint(path, tensors, method="stargan", profile="paper", architecture=values)
    return path


@pytest.fixture
def photo(tmp_path):
    (tmp_path / "photos").mkdir()
    path = tmp_path / "photos" / "a.png"
    Image.fromarray(skimage.data.astronaut()[:260, 90:360]).save(path)
    return path


def test_several_attributes_are_edited_at_once(run_main, weights, photo, tmp_path):
    out = tmp_path / "out"
    result = run_main(
        "apply", photo, "-o", out, "--weights", weights, "--device", "cpu",
        "--attr", "bushy_eyebrows=off,pale_skin=on:0.5", "--attr", "hair=blond", "--light", "left",
        "--edit-shown",
    )  # fmt: skip
    assert result.code == 0, result.err
    (entry,) = map(json.loads, (out / "faceedit.jsonl").read_text().splitlines())
    text = "attr=bushy_eyebrows=off,pale_skin=on:0.5,blond_hair=on light=left"
    assert entry["settings"]["target"] == text
    assert entry["method"] == "stargan+legan"
    assert [step["parts"] for step in entry["steps"]] == [["attr"], ["light"]]
    assert entry["faces"][0]["applied"] == {
        "attr=bushy_eyebrows=off": 1.0, "attr=pale_skin=on": 0.5, "attr=blond_hair=on": 1.0,
        "light=left": 1.0,
    }  # fmt: skip
    before, after = (np.asarray(Image.open(path)) for path in (photo, out / "a.png"))
    assert (before != after).any()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--attr", "bangs=on,bald=on"], "bald and bangs exclude each other"),
        (["--attr", "beard=on", "--attr", "beard=off"], "attr=beard is named twice"),
        (["--attr", "bang=on"], "did you mean bangs"),
        (
            ["-t", "happy", "-m", "stargan"],
            "does not know happy; it knows attr=bald",
        ),
    ],
)
def test_what_cannot_be_is_refused(run_main, weights, photo, options, said):
    result = run_main("apply", photo, "--weights", weights, "--device", "cpu", *options)
    assert result.code == 2
    assert re.search(said, result.err), result.err
    assert not list(photo.parent.glob("*edited*"))


def test_from_python(weights, photo):
    picture = np.asarray(Image.open(photo))
    edited = faceedit.edit(picture, "attr=bangs=on,eyeglasses=off", weights=weights, device="cpu")
    assert edited.shape == picture.shape
    assert (edited != picture).any()


def test_no_command_offers_them(run_main):
    for command in (["models", "list"], ["apply", "--help"], ["evaluate", "--help"]):
        result = run_main(*command)
        assert result.code == 0
        assert not re.search(r"(^|[| ])(stargan|attgan)", result.out, re.MULTILINE)
    offered = " ".join(run_main("train", "--help").out.split())
    assert "secgan-expressions, stargan, attgan" in offered


def test_a_checkpoint_is_measured_by_its_file(run_main, weights, photo, monkeypatch):
    monkeypatch.setattr(measuring, "draw_people", lambda people, draws: np.ones((3, people), int))
    with (photo.parent / "portraits.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["file", "person", "expression", "bangs", "sex"])
        table.writerow(["a.png", "ann", "happy", "0", "f"])
    shown = (ProtocolPhoto("a.png", "ann", "happy", 2, ""),)
    protocol = Protocol("toy", 3, "abc", shown, {"happy": (parse_target("neutral"),)})
    monkeypatch.setattr("faceedit.evaluation.protocol.read_protocol", lambda: protocol)
    result = run_main(
        "evaluate", "--model", weights, "--protocol", photo.parent, "--device", "cpu", "--json"
    )
    assert result.code == 0, result.err
    found = json.loads(result.out)
    assert found["subject"] == "stargan paper"
    assert found["groups"] == {"all": 2, "attr=bangs=on": 1, "attr=male=on": 1}
    assert found["metrics"]["editing accuracy"]["groups"]["all"]["n"] == 2
    assert found["notes"] == ["left out, as the method does not know them: neutral"]
    result = run_main("evaluate", "--model", photo, "--protocol", photo.parent)
    assert (result.code, "safetensors" in result.err) == (3, True)
