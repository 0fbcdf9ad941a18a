"""The commands that move faces and that draw sheets of action units, by made-up methods."""

import re
import sys
from dataclasses import replace
from types import ModuleType

import av
import numpy as np
import pytest
import torch
from PIL import Image

from faceedit.compose.edit import Edit, RasterPaint
from faceedit.methods.catalogue import METHODS
from faceedit.registry import write_checkpoint
from faceedit.targets import ACTION_UNITS, Part


class UnitMethod:
    """Brightens a face by the intensities of units 12 and 45, and reddens it by that of 4."""

    name, profile, crop_size, wide = "muscles", "fast", 64, False
    targets = tuple(f"au={unit}" for unit in ACTION_UNITS)

    def __init__(self):
        self.seen = []

    def edit(self, crops, target):
        self.seen.append(target)
        asked = dict.fromkeys(ACTION_UNITS, 0.0)
        for one in target.units:
            asked[one.unit] += one.intensity * one.strength
        ratio = np.full((32, 32, 3), 0.04 * (asked[12] + asked[45]), np.float32)
        ratio[..., 0] += 0.08 * asked[4]
        nothing = np.zeros((32, 32, 3), np.float32)
        paint = RasterPaint(nothing, 64)
        return [Edit(nothing[..., :2], ratio, nothing[..., 0], paint, 64) for _ in crops]


@pytest.fixture
def muscles(monkeypatch, tmp_path):
    """A method for action units in the list, whose weights are in the user's folder."""
    method, module = UnitMethod(), ModuleType("made_up_muscles")
    module.__dict__["load"] = lambda checkpoint, *_: method
    monkeypatch.setitem(sys.modules, module.__name__, module)
    line = replace(
        METHODS["reggan"], name="muscles", targets=method.targets, module=module.__name__
    )
    others = [name for name, one in METHODS.items() if Part.UNITS in one.parts]
    for name in others:
        monkeypatch.delitem(METHODS, name)
    monkeypatch.setitem(METHODS, "muscles", line)
    path = tmp_path / "user" / "muscles-fast.safetensors"
    sha256 = write_checkpoint(
        path, {"weight": torch.ones(1)}, method="muscles", profile="fast", architecture={}
    )
    (path.parent / "registry.toml").write_text(f"""
[checkpoints.muscles-fast]
method = "muscles"
profile = "fast"
file = "{path.name}"
sha256 = "{sha256}"
size = {path.stat().st_size}
crop_size = 64
targets = {list(method.targets)}
head = "compose"
data = "made up"
licence = "CC0"
""")
    monkeypatch.setenv("FACEEDIT_WEIGHTS", str(path.parent))
    return method


@pytest.fixture
def photo(tmp_path, astronaut):
    path = tmp_path / "a.png"
    Image.fromarray(astronaut).save(path)
    return path


@pytest.fixture
def animate(run_main, fake_weights, photo):
    weights = fake_weights()
    return lambda *args: run_main("animate", "--device", "cpu", "--weights", weights, *args)


@pytest.fixture
def nothing_loads(monkeypatch):
    monkeypatch.setattr("faceedit.editing.build.EditNetworks.__init__", None)


def test_a_clip_of_a_photo(animate, photo, tmp_path):
    path = tmp_path / "smile.mp4"
    result = animate(photo, "--from", "neutral", "--to", "happy", "--seconds", "0.5", "-o", path)
    assert (result.code, result.out) == (0, "")
    assert f"wrote {path}: 12 frames of 512 x 512, 1 moving" in result.err
    with av.open(str(path)) as container:
        assert len(list(container.decode(video=0))) == 12
        assert "reggan fake, neutral to happy" in container.metadata["comment"]
    assert animate(photo, "--to", "happy", "-o", path).code == 2
    again = animate(photo, "--to", "happy", "--fps", "5", "-o", path, "--overwrite", "-q")
    assert again == (0, "", "")
    with av.open(str(path)) as container:
        assert len(list(container.decode(video=0))) == 10


def test_key_poses_a_loop_and_a_smaller_picture(animate, photo, tmp_path, astronaut):
    poses = tmp_path / "poses.toml"
    poses.write_text(
        '[[pose]]\nat = 0\n[[pose]]\ntarget = "happy"\nat = 0.2\n'
        '[[pose]]\ntarget = "surprised:0.5"\nat = 0.5\n'
    )
    folder = tmp_path / "frames"
    options = ("--keys", poses, "--loop", "--fps", 10, "--max-side", 256)
    result = animate(photo, *options, "-o", f"{folder}/", "--no-provenance")
    assert result.code == 0
    frames = [np.asarray(Image.open(path)) for path in sorted(folder.iterdir())]
    assert [frame.shape for frame in frames] == [(256, 256, 3)] * 10
    for at in range(1, 5):
        np.testing.assert_array_equal(frames[at], frames[-at])
    assert Image.open(folder / "frame-00001.png").info == {}
    assert animate(photo, *options, "--seconds", 2, "-o", tmp_path / "x").code == 2
    assert animate(photo, *options, "--to", "happy", "-o", tmp_path / "x").code == 2


@pytest.mark.usefixtures("nothing_loads")
@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("{folder}", "--to", "happy", "-o", "{new}.mp4"), "it is a folder; name one photo"),
        (("{photo}x", "--to", "happy", "-o", "{new}.mp4"), "no such file"),
        (("{photo}", "--to", "happy", "-o", "{new}.mov"), r"written as \.mp4, \.gif, \.webp"),
        (("{photo}", "--to", "hapy", "-o", "{new}.gif"), "unknown expression 'hapy'"),
        (("{photo}", "--to", "au=99=1", "-o", "{new}.gif"), "unknown action unit '99'"),
        (("{photo}", "--keys", "{keys}", "-o", "{new}.gif"), r"keys\.toml, line 3: unknown key"),
        (("{photo}", "-o", "{new}.gif"), "nothing would move: say --to happy"),
        (("{photo}", "--from", "happy", "--to", "happy", "-o", "{new}.gif"), "nothing would move"),
        (("{photo}", "--to", "happy", "--seconds", "0", "-o", "{new}.gif"), "the clip would be 0"),
        (
            ("{photo}", "--idle", "-m", "reggan", "-o", "{new}.gif"),
            "--idle moves .* but reggan",
        ),
        (("{photo}", "--to", "happy", "-o", "{photo}"), r"written as \.mp4"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_any_work(animate, photo, tmp_path, args, said):
    keys = tmp_path / "keys.toml"
    keys.write_text('[[pose]]\ntarget = "happy"\ntraget = "sad"\n')
    names = {"folder": tmp_path, "photo": photo, "new": tmp_path / "new", "keys": keys}
    before = sorted(tmp_path.rglob("*"))
    result = animate(*(one.format(**names) for one in args))
    assert result.code == 2
    assert re.search(said, result.err)
    assert sorted(tmp_path.rglob("*")) == before


def test_no_face_and_no_pyav(animate, photo, tmp_path, monkeypatch):
    blank = tmp_path / "blank.png"
    Image.new("RGB", (80, 60), "green").save(blank)
    result = animate(blank, "--to", "happy", "-o", tmp_path / "new.gif")
    assert (result.code, result.err) == (1, f"error: {blank}: no face found in it\n")
    monkeypatch.setitem(sys.modules, "av", None)
    result = animate(photo, "--to", "happy", "-o", tmp_path / "new.mp4")
    assert result.code == 3
    assert "faceedit[video]" in result.err
    assert not list(tmp_path.glob("new*"))


def test_idle_faces_blink(run_main, muscles, photo, tmp_path):
    folder = tmp_path / "idle"
    options = ("--seconds", 3, "--fps", 12, "--max-side", 256, "--device", "cpu", "-o", folder)
    assert run_main("animate", photo, "--idle", *options).code == 0
    frames = [np.asarray(Image.open(path)).astype(int) for path in sorted(folder.iterdir())]
    light = np.array([frame[60:90, 100:130].mean() for frame in frames])
    assert len(light) == 36
    assert light.max() - np.median(light) > 8
    assert {one.unit for one in muscles.seen[0].units} == {1, 2, 12, 25, 45}


def test_a_sheet_of_two_units(run_main, muscles, photo, tmp_path):
    path = tmp_path / "grid.png"
    options = ("--steps", 2, "--size", 64, "--device", "cpu", "-o", path)
    result = run_main("grid", photo, "--au", 12, "--au", 4, *options)
    assert result.code == 0
    assert "3 rows of 3 pictures" in result.err
    sheet = np.asarray(Image.open(path)).astype(int)
    # From the right and from below: cells of 64 pixels and gaps of 6.
    height, width = sheet.shape[:2]
    cells = [
        [sheet[height - 70 * down : height - 6 - 70 * (down - 1), width - 70 * right :][:, :64]
         for right in (3, 2, 1)]
        for down in (3, 2, 1)
    ]  # fmt: skip
    green = [[cell[20:40, 20:40, 1].mean() for cell in row] for row in cells]
    red = [[cell[20:40, 20:40, 0].mean() for cell in row] for row in cells]
    assert (np.diff(green, axis=1) > 3).all()
    assert np.abs(np.diff(green, axis=0)).max() < 1
    assert (np.diff(red, axis=0) > 3).all()
    assert (sheet[: height - 210].min(axis=(0, 2)) < 100).any()
    assert (sheet[:, : width - 210].min(axis=(1, 2)) < 100).any()


def test_a_sheet_of_one_unit_and_of_all(run_main, muscles, photo, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = ("--size", 32, "--max-side", 256, "--device", "cpu")
    result = run_main("grid", photo, "--au", 12, *options)
    assert (result.code, result.err) == (0, "wrote faceedit-grid.png: 1 row of 6 pictures\n")
    one = Image.open("faceedit-grid.png").size
    # An earlier sheet is replaced, another file is not.
    assert run_main("grid", photo, "--all", "--steps", 1, *options).code == 0
    every = Image.open("faceedit-grid.png").size
    assert every[1] > 17 * 32 > 6 * one[1]
    assert {str(one) for target in muscles.seen[-34:] for one in target.units} == {
        f"{unit}={intensity}" for unit in ACTION_UNITS for intensity in (0, 5)
    }
    (tmp_path / "mine.png").write_bytes(b"mine")
    assert run_main("grid", photo, "--all", *options, "-o", "mine.png").code == 2


@pytest.mark.usefixtures("nothing_loads")
@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--au", "99"), "unknown action unit 99"),
        ((), "name one action unit or two"),
        (("--au", "12", "--au", "12"), "name one action unit or two"),
        (("--au", "1", "--au", "2", "--au", "4"), "name one action unit or two"),
        (("--au", "12", "--all"), "leave out --au"),
        (("--au", "12", "-o", "a.gif"), "must end with .png or .jpg"),
        (("--au", "12", "-m", "reggan"), "reggan does not edit action units"),
    ],
)
def test_sheets_that_cannot_be_meant(run_main, muscles, photo, tmp_path, monkeypatch, args, said):
    monkeypatch.chdir(tmp_path)
    result = run_main("grid", photo, *args)
    assert (result.code, said in result.err) == (2, True)
    assert not list(tmp_path.glob("*.gif"))
    assert not (tmp_path / "faceedit-grid.png").exists()
