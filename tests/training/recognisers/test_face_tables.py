import csv
import io
import zipfile
from dataclasses import fields

import cv2
import numpy as np
import pytest
from toy_faces import toy_table

from faceedit.datasets.labelled import attributes_of
from faceedit.errors import UsageError
from faceedit.targets import ATTRIBUTES
from faceedit.training.recognisers.faces import SIZE, FaceTable, join
from faceedit.training.recognisers.sources import VALIDATION_PEOPLE, read_web


def test_what_is_saved_is_loaded(tmp_path):
    table = toy_table(5, studio=True)
    table.save(tmp_path / "t")
    again = FaceTable.load(tmp_path / "t")
    for column in fields(FaceTable):
        np.testing.assert_array_equal(getattr(again, column.name), getattr(table, column.name))
    (tmp_path / "t" / "light.npy").unlink()
    with pytest.raises(UsageError, match="make it anew"):
        FaceTable.load(tmp_path / "t")


def test_parts_and_joins_keep_rows_together():
    first, second = toy_table(4), toy_table(6, studio=True, seed=1)
    both = join([first, second])
    assert len(both) == 10
    assert both.pictures.shape == (10, SIZE, SIZE, 3)
    assert len(both.regions) == 0
    part = both.take(both.studio)
    np.testing.assert_array_equal(part.action_units, second.action_units)
    assert len(second.take(np.array([2, 0])).regions) == 2


def portrait(**changes: str) -> dict[str, str]:
    row = dict.fromkeys([*ATTRIBUTES, "hat"], "0")
    row |= {"hair": "black", "sex": "f", "age": "old", "mouth": "2", "eyeglasses": "2"}
    return row | changes


def test_attributes_follow_the_columns():
    found = dict(zip(ATTRIBUTES, attributes_of(portrait()), strict=True))
    assert found["black_hair"] == found["eyeglasses"] == found["mouth_slightly_open"] == 1
    assert found["male"] == found["young"] == found["blond_hair"] == found["bald"] == 0
    hidden = dict(zip(ATTRIBUTES, attributes_of(portrait(hair="hidden", hat="1")), strict=True))
    assert all(np.isnan(hidden[k]) for k in ("black_hair", "brown_hair", "bald", "bangs"))
    unlabelled = attributes_of(dict.fromkeys(portrait(), ""))
    assert np.isnan(unlabelled).all()


def test_web_photos_come_with_labels_and_the_written_split(tmp_path):
    kept = VALIDATION_PEOPLE.read_text(encoding="utf-8").splitlines()
    assert len(kept) == len(set(kept)) == 1150
    rows = [("0.jpg", "happy", kept[0]), ("1.jpg", "neutral", "Nobody"), ("2.jpg", "sad", "")]
    with zipfile.ZipFile(tmp_path / "e.zip", "w") as archive:
        for name, _, _ in rows:
            picture = np.full((192, 192, 3), 90, np.uint8)
            archive.writestr(name, cv2.imencode(".jpg", picture)[1].tobytes())
    text = io.StringIO()
    csv.writer(text).writerows(
        [("file", "expression", "identity", "gray"), *((*row, "1") for row in rows)]
    )
    (tmp_path / "e.csv").write_text(text.getvalue())
    table = read_web(tmp_path / "e.csv")
    assert table.files.tolist() == ["0.jpg", "1.jpg"]
    assert table.validation.tolist() == [True, False]
    assert table.expression.tolist() == [1, 0]
    assert abs(table.pictures.astype(int) - 90).max() <= 1
