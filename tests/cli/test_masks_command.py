"""``faceedit masks``."""

import numpy as np
import pytest
from PIL import Image

from faceedit.editing.build import EditSettings, open_editor
from faceedit.editing.masks import change_masks, draw_heat
from faceedit.targets import parse_target


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["a.png", "-o", "a.gif"], ".png or .jpg"),
        (["a.png", "-o", "a.png"], "a.png"),
        (["nowhere.png"], "no such file"),
        (["a.png", "-t", "hapy"], "did you mean happy"),
    ],
)
def test_wrong_usage_is_named(run_main, tmp_path, monkeypatch, astronaut, args, said):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(astronaut[:64, :64]).save("a.png")
    result = run_main("masks", *args)
    assert result.code == 2
    assert said in result.err
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_a_sheet_of_a_photo(run_main, tmp_path, monkeypatch, portrait):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(portrait).save("a.png")
    result = run_main("masks", "a.png", "--size", 64)
    assert result.code == 0
    assert "expressions (Me), light (Ml), matte" in result.err
    with Image.open("faceedit-masks.png") as sheet:
        assert sheet.width > 5 * 64


def test_masks_are_hot_where_the_edit_is(portrait):
    target = parse_target(["happy", "light=left"])
    editor = open_editor(EditSettings(target))
    (face,) = editor.find(portrait)
    edited, masks = change_masks(portrait, editor.cut(portrait, face), target, editor)
    x, y = face.landmarks[:, :2].mean(0).astype(int)
    mouth, brow = (face.landmarks[point, :2].astype(int) for point in (13, 151))
    me, ml, matte = (mask.values for mask in masks)
    assert me[mouth[1], mouth[0]] > 4 * me[brow[1], brow[0]]
    assert ml[y - 20 : y + 20, x - 20 : x + 20].mean() > 0.01
    assert matte[y, x] > 0.99
    assert matte[:8, :8].max() == 0
    assert not np.array_equal(edited, portrait)
    # What no step has changed is dim.
    assert draw_heat(masks[0], portrait)[:8, :8].max() <= 0.36 * portrait[:8, :8].max() + 1
