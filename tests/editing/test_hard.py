from dataclasses import replace

import numpy as np
import pytest

from faceedit.batch.result import why_unedited
from faceedit.editing.hard import HARD, check_on_hard, why_hard, why_never
from faceedit.errors import UsageError
from faceedit.faces.align import Crop
from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import INNER_LIPS, mean_shape
from faceedit.targets import parse_target

HAPPY = parse_target("happy")


def turned(yaw: float = 0.0, pitch: float = 0.0) -> np.ndarray:
    a, b = np.radians([yaw, pitch])
    about_y = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    return mean_shape() @ about_x.T @ about_y.T


def shouting() -> np.ndarray:
    face = mean_shape().copy()
    face[14, 1] += 0.4 * np.linalg.norm(face[33] - face[263])
    return face


@pytest.mark.parametrize("angles", [(0, 0), (24, 0), (-24, 10)])
def test_faces_that_are_turned_a_little_are_not_hard(angles):
    assert why_hard(turned(*angles), HAPPY) == ""


@pytest.mark.parametrize(("angles", "word"), [((36, 0), "turned by 36"), ((0, 35), "35 degrees")])
def test_faces_that_are_turned_far_are_hard_for_expressions_alone(angles, word):
    reason = why_hard(turned(*angles), HAPPY)
    assert reason.startswith(HARD) and word in reason
    assert why_hard(turned(*angles), parse_target("au=12=3"))
    for other in ("light=left", "happy:0"):
        assert why_hard(turned(*angles), parse_target(other)) == ""


def test_faces_that_are_turned_both_ways_are_hard_before_either_alone_is():
    aside, up, both = (why_hard(turned(*angles), HAPPY) for angles in ((24, 0), (0, 18), (26, 20)))
    assert aside == up == ""
    assert both.startswith(HARD) and "turned by" in both and "and looks" in both


def test_a_mouth_that_shouts_can_be_surprised_and_not_happy():
    assert "wide open, which happy is not" in why_hard(shouting(), HAPPY)
    assert why_hard(shouting(), parse_target("surprised")) == ""


def test_a_tongue_put_out_is_left_alone_and_a_dark_mouth_is_not():
    face = 40 * shouting() + 64
    mouth = fill_polygon(face[list(INNER_LIPS), :2], (128, 128))[..., None]

    def why(light: float, asked: str) -> str:
        pixels = np.full((128, 128, 3), 0.5, np.float32) * (1 + mouth * (light - 1))
        return why_never(Crop(pixels, face, np.eye(2, 3)), parse_target(asked))

    assert "tongue" in why(0.9, "happy") and "tongue" in why(0.9, "surprised")
    assert why(0.4, "happy") == why(0.9, "light=left") == ""
    shut = Crop(np.ones((128, 128, 3), np.float32), 40 * mean_shape() + 64, np.eye(2, 3))
    assert why_never(shut, HAPPY) == ""


def test_anything_else_is_refused():
    check_on_hard("skip")
    with pytest.raises(UsageError, match="edit or skip, not 'copy'"):
        check_on_hard("copy")


def test_hard_faces_are_skipped_with_a_reason_where_that_is_asked_for(editor, astronaut):
    (face,) = editor.find(astronaut)
    middle = face.landmarks.mean(0)
    far = replace(face, landmarks=(turned(40) * 100 + middle).astype(np.float32))
    skips = replace(editor, on_hard="skip")
    edited = skips.edit_faces(astronaut, [far], HAPPY)
    assert edited.pixels is astronaut and edited.faces == ()
    assert "turned by 40 degrees" in why_unedited(edited)
    assert editor.edit_faces(astronaut, [far], HAPPY).edits
    both = skips.edit_faces(astronaut, [far, face], HAPPY)
    assert len(both.edits) == len(both.faces) == len(both.others) == 1
