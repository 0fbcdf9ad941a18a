import sys

import cv2
import numpy as np
import pytest

from faceedit.errors import WriteError
from faceedit.training.sheets import write_sheet


def flat(*colour: float) -> np.ndarray:
    return np.ones((40, 60, 3), np.float32) * np.array(colour, np.float32)


def test_rows_of_pictures_in_order(tmp_path):
    path = tmp_path / "sheet.png"
    rows = [
        [flat(1, 0, 0), flat(0, 1, 0)],
        [np.full((40, 60, 3), (0, 0, 255), np.uint8), flat(2, -1, 0.5)],
    ]
    write_sheet(path, rows)
    sheet = np.asarray(cv2.imread(str(path)))[..., ::-1]
    assert sheet.shape == (80, 120, 3)
    assert sheet[20, 30].tolist() == [255, 0, 0]
    assert sheet[20, 90].tolist() == [0, 255, 0]
    assert sheet[60, 30].tolist() == [0, 0, 255]
    assert sheet[60, 90].tolist() == [255, 0, 128]


def test_titles_stand_above_their_columns(tmp_path):
    path = tmp_path / "sheet.png"
    write_sheet(path, [[flat(0, 0, 1)] * 3], ["one", "", "three"])
    sheet = np.asarray(cv2.imread(str(path)))[..., ::-1]
    assert sheet.shape[1] == 180
    head = sheet[: sheet.shape[0] - 40]
    assert (sheet[len(head) :] == (0, 0, 255)).all()
    dark = [(head[:, x : x + 60] < 100).any() for x in (0, 60, 120)]
    assert dark == [True, False, True]


def test_a_sheet_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(WriteError, match=r"sheet\.jpg"):
        write_sheet(tmp_path / "file" / "sheet.jpg", [[flat(1, 1, 1)]])


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_sheet_is_not_written_through_a_link(tmp_path):
    (tmp_path / "mine.jpg").write_bytes(b"the user's")
    (tmp_path / "sheet.jpg").symlink_to("mine.jpg")
    write_sheet(tmp_path / "sheet.jpg", [[flat(1, 1, 1)]])
    assert (tmp_path / "mine.jpg").read_bytes() == b"the user's"
    assert cv2.imread(str(tmp_path / "sheet.jpg")) is not None
