"""``faceedit sheet``."""

import pytest
from PIL import Image


@pytest.fixture
def photos(tmp_path, monkeypatch, portrait):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("a", "b"):
        Image.fromarray(portrait).save(folder / f"{name}.png")
    return folder


def test_a_sheet_has_a_row_for_each_photo_and_a_column_for_each_edit(
    run_main, fake_weights, photos
):
    Image.new("RGB", (40, 30)).save(photos / "blank.png")
    # Other than pages that only show photos, a sheet shows what 'apply' would make.
    Image.new("CMYK", (40, 30)).save(photos / "inks.jpg")
    weights = fake_weights()
    result = run_main(
        "sheet",
        photos,
        "--each",
        "happy,surprised",
        "--size",
        48,
        "--weights",
        weights,
        "-o",
        "s.png",
    )
    assert result.code == 1
    assert "left out photos/blank.png" in result.err.replace(f"{photos.parent}/", "")
    assert "inks.jpg: it is CMYK" in result.err
    assert "2 photos, 2 edits" in result.err
    with Image.open("s.png") as sheet:
        assert 3 * 48 <= sheet.width < 6 * 48
        assert 2 * 48 <= sheet.height < 4 * 48
    assert not photos.with_name("photos-edited").exists()


def test_wrong_usage_is_named(run_main, photos):
    for options in (["--each", "hapy"], ["--each", "sad", "-o", "s.gif"]):
        assert run_main("sheet", photos, *options).code == 2
    (photos.parent / "mine.png").write_bytes(b"mine")
    assert run_main("sheet", photos, "--each", "sad", "-o", "mine.png").code == 2
