import pytest
import torch
from PIL import Image

from faceedit.faces.types import Face
from faceedit.registry import sha256_of
from faceedit.targets import EXPRESSIONS


@pytest.fixture
def demo(run_main, fake_weights, make_method, monkeypatch, tmp_path):
    """``faceedit demo`` with a fake method in the user's folder, from another folder."""
    path = fake_weights()
    monkeypatch.setattr(make_method, "targets", EXPRESSIONS)
    (path.parent / "registry.toml").write_text(f"""
[checkpoints.reggan-fast]
method = "reggan"
profile = "fast"
file = "{path.name}"
sha256 = "{sha256_of(path)}"
size = {path.stat().st_size}
crop_size = 64
targets = {list(EXPRESSIONS)}
head = "compose"
data = "made up"
licence = "CC0"

[checkpoints.reggan-fake]
method = "reggan"
profile = "fake"
file = "{path.name}"
sha256 = "{sha256_of(path)}"
size = {path.stat().st_size}
crop_size = 64
targets = {list(EXPRESSIONS)}
head = "compose"
data = "made up"
licence = "CC0"
""")
    monkeypatch.setenv("FACEEDIT_WEIGHTS", str(path.parent))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return lambda *args: run_main("demo", "--device", "cpu", *args)


def test_a_sheet_in_the_current_folder(demo, tmp_path):
    result = demo()
    path = tmp_path / "elsewhere" / "faceedit-demo.png"
    assert (result.code, result.out) == (0, "")
    assert str(path) in result.err
    with Image.open(path) as sheet:
        width, height = sheet.size
        assert width > 4 * 400
        assert 900 < height < 1100
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_targets_of_ones_own(demo, tmp_path):
    result = demo("-t", "smile:0.6+surprise:0.3", "-t", "calm")
    assert result.code == 0
    assert result.err.strip().endswith(" before, and happy:0.6+surprised:0.3, neutral")
    with Image.open(tmp_path / "elsewhere" / "faceedit-demo.png") as sheet:
        assert 3 * 300 < sheet.width < 4 * 400
    assert demo("-t", "hapy").code == 2


def test_a_sheet_replaces_only_another_sheet(demo, tmp_path, monkeypatch):
    path = tmp_path / "elsewhere" / "faceedit-demo.png"
    assert demo("-t", "sad").code == 0
    assert demo("-t", "angry").code == 0
    path.write_bytes(path.read_bytes() + b"retouched")
    monkeypatch.setattr("faceedit.editing.build.open_editor", None)  # refused before any work
    result = demo("-t", "sad")
    assert result.code == 2
    assert "--overwrite" in result.err
    assert path.read_bytes().endswith(b"retouched")


def test_another_name(demo, tmp_path):
    assert demo("-o", tmp_path / "sheet.jpg").code == 0
    with Image.open(tmp_path / "sheet.jpg") as sheet:
        assert sheet.format == "JPEG"
    assert demo("-o", "sheet.gif").code == 2


def test_a_face_at_the_edge_has_a_close_up(make_method):
    from faceedit.batch.sheet import CELL, draw_sheet

    pixels = torch.zeros(90, 160, 3, dtype=torch.uint8).numpy()
    landmarks = torch.tensor([[-5.0, 2, 0], [40, 70, 0]]).repeat(239, 1).numpy()
    sheet = draw_sheet([("before", pixels)], Face(landmarks, 1.0, 1.0))
    assert sheet.width > CELL
    assert sheet.getpixel((sheet.width // 2, sheet.height - 40)) == (0, 0, 0)
