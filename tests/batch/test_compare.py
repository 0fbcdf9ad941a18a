import numpy as np
import pytest
from PIL import Image

from faceedit.batch.report import ReportItem, write_compare
from faceedit.batch.report.compare import CELL
from faceedit.batch.sheet import CLOSE, GAP, HEADING, draw_versions
from faceedit.errors import PhotoError


@pytest.fixture
def item(tmp_path):
    """Make a photo of noise and an edited one that is its negative: ``item(boxes=...)``."""
    noise = np.random.default_rng(0).integers(0, 256, (1000, 1500), np.uint8)
    pixels = np.repeat(noise[..., None], 3, axis=2)
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = Image.fromarray(pixels).transpose(Image.Transpose.ROTATE_90)
    turned.save(tmp_path / "before.png", exif=exif)
    Image.fromarray(255 - pixels).save(tmp_path / "after.png")

    def make(after="after.png", boxes=()):
        path = tmp_path / after if after else None
        return ReportItem("a", tmp_path / "before.png", path, "edited", boxes=tuple(boxes))

    make.pixels = pixels
    return make


def square(x, y, side):
    """A box whose close-up is the square of this side about (x, y)."""
    half = side / CLOSE / 2
    return x - half, y - half, x + half, y + half


def test_close_ups_have_the_pixels_of_both_files(item, tmp_path):
    write_compare(item(boxes=[square(800, 500, CELL)]), tmp_path / "sheet.jpg")
    with Image.open(tmp_path / "sheet.jpg") as image:
        assert image.format == "JPEG"
        sheet = np.asarray(image.convert("L")).astype(int)
    photo_height = round(CELL / 1500 * 1000)
    top = HEADING + photo_height + GAP
    assert sheet.shape == (top + CELL + GAP, 2 * CELL + 3 * GAP)
    part = item.pixels[500 - CELL // 2 : 500 + CELL // 2, 800 - CELL // 2 : 800 + CELL // 2, 0]
    before = sheet[top : top + CELL, GAP : GAP + CELL]
    after = sheet[top : top + CELL, 2 * GAP + CELL : 2 * GAP + 2 * CELL]
    assert np.abs(before - part).mean() < 12
    assert np.abs(after - (255 - part.astype(int))).mean() < 12


@pytest.mark.parametrize(("count", "rows"), [(0, 0), (1, 1), (2, 1), (3, 2), (4, 2), (9, 2)])
def test_the_largest_four_faces_share_a_square(item, tmp_path, count, rows):
    boxes = [(100.0 * at, 50.0, 100.0 * at + 40 + 5 * at, 120.0) for at in range(count)]
    write_compare(item(boxes=boxes), tmp_path / "sheet.jpg")
    with Image.open(tmp_path / "sheet.jpg") as sheet:
        below = sheet.height - HEADING - round(CELL / 1500 * 1000) - GAP
    side = CELL if count == 1 else (CELL - GAP // 2) // 2
    assert below == (rows * side + (rows - 1) * GAP // 2 + GAP if rows else 0)


def test_faces_stand_from_left_to_right(item, tmp_path):
    pixels = np.zeros((600, 800, 3), np.uint8)
    pixels[:, 400:] = 200
    Image.fromarray(pixels).save(tmp_path / "before.png")
    Image.fromarray(pixels).save(tmp_path / "after.png")
    boxes = [(600.0, 300.0, 680.0, 380.0), (100.0, 300.0, 160.0, 360.0)]
    write_compare(item(boxes=boxes), tmp_path / "sheet.jpg")
    with Image.open(tmp_path / "sheet.jpg") as sheet:
        row = sheet.height - 100
        grey = np.asarray(sheet.convert("L"))
        assert grey[row, GAP + 100] < 20
        assert grey[row, GAP + CELL - 100] == pytest.approx(200, abs=5)


def test_a_face_of_no_size_and_one_outside():
    pixels = np.zeros((60, 80, 3), np.uint8)
    boxes = [(5.0, 5.0, 5.0, 5.0), (-500.0, -400.0, -300.0, -200.0)]
    assert draw_versions([("one", pixels)], boxes, 100).width == 100 + 2 * GAP


def test_what_cannot_be_compared_is_named(item, tmp_path):
    Image.new("RGB", (30, 20)).save(tmp_path / "small.png")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG no more")
    for after, reason in (
        (None, "no edited picture"),
        ("small.png", "not the size"),
        ("broken.png", "broken"),
        ("missing.png", "missing"),
    ):
        with pytest.raises(PhotoError, match=reason):
            write_compare(item(after=after), tmp_path / "sheet.jpg")
    assert not (tmp_path / "sheet.jpg").exists()
    blocked = tmp_path / "small.png" / "sheet.jpg"
    with pytest.raises(PhotoError, match=r"sheet\.jpg"):
        write_compare(item(), blocked)
