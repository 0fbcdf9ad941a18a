import cv2
import numpy as np
import pytest

from faceedit.editing.editor import FaceEditor
from faceedit.editing.steps import Step
from faceedit.errors import FaceEditError
from faceedit.faces.batching import Batching
from faceedit.targets import parse_target

HAPPY = parse_target(["happy"])


def changed(before, after):
    return (before != after).any(axis=2)


def brighter(before, after, face):
    """By how much the middle of a face became brighter."""
    x, y = face.landmarks[1, :2].astype(int)
    part = np.s_[y - 4 : y + 5, x - 4 : x + 5]
    return after[part].mean() / before[part].mean()


def test_the_face_changes_and_nothing_else(editor, astronaut):
    before = astronaut.copy()
    edited = editor.edit_pixels(before, HAPPY)
    np.testing.assert_array_equal(before, astronaut)
    (face,) = edited.faces
    assert len(edited.edits) == 1
    assert brighter(before, edited.pixels, face) > 1.2
    left, top, right, bottom = (round(side) for side in face.box)
    where = changed(before, edited.pixels)
    assert where.sum() > 2000
    margin = 20
    where[top - margin : bottom + margin, left - margin : right + margin] = False
    assert not where.any()


def test_strength_0_is_the_identity_and_runs_no_network(editor, astronaut):
    edited = editor.edit_pixels(astronaut, parse_target(["happy:0", "surprised:0"]))
    assert edited.pixels is astronaut
    assert len(edited.faces) == 1
    assert edited.edits == ()
    assert editor.steps[0].method.calls == []


def test_no_face_runs_no_network(editor):
    blank = np.zeros((64, 80, 3), np.uint8)
    edited = editor.edit_pixels(blank, HAPPY)
    assert edited.pixels is blank
    assert edited.faces == ()
    assert editor.steps[0].method.calls == []


@pytest.mark.parametrize(("size", "calls"), [(1, [1] * 5), (2, [2] * 3), (8, [8])])
def test_batches_have_one_shape_and_change_no_bit(finder, make_method, five, size, calls):
    expected = FaceEditor(finder, (Step(make_method()),)).edit_pixels(five, HAPPY)
    method = make_method()
    editor = FaceEditor(finder, (Step(method),), batching=Batching(size))
    edited = editor.edit_pixels(five, HAPPY)
    assert len(edited.faces) == len(edited.edits) == len(edited.scores) == 5
    assert all(brighter(five, edited.pixels, face) > 1.2 for face in edited.faces)
    assert [count for count, _ in method.calls] == calls
    np.testing.assert_array_equal(edited.pixels, expected.pixels)


def test_order_and_company_do_not_matter(editor, five):
    faces = editor.find(five)
    all_at_once = editor.edit_faces(five, faces, HAPPY).pixels
    for face in faces:
        alone = editor.edit_faces(five, [face], HAPPY).pixels
        where = changed(five, alone)
        np.testing.assert_array_equal(all_at_once[where], alone[where])
    reverse = editor.edit_faces(five, faces[::-1], HAPPY).pixels
    np.testing.assert_array_equal(all_at_once, reverse)


def test_16_bit_is_edited_at_its_depth(editor, astronaut):
    deep = astronaut.astype(np.uint16) * 257
    edited = editor.edit_pixels(deep, HAPPY)
    assert edited.pixels.dtype == np.uint16
    expected = editor.edit_pixels(astronaut, HAPPY).pixels
    assert np.abs(edited.pixels / 257 - expected).max() <= 0.51
    assert len(np.unique(edited.pixels % 257)) > 100


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turned_photo_gives_the_turned_result(editor, astronaut, quarters):
    upright = editor.edit_pixels(astronaut, HAPPY).pixels
    turned = editor.edit_pixels(np.ascontiguousarray(np.rot90(astronaut, quarters)), HAPPY).pixels
    back = np.rot90(turned, -quarters)
    apart = np.abs(back.astype(int) - upright)[changed(astronaut, upright)]
    edit = np.abs(upright.astype(int) - astronaut)[changed(astronaut, upright)]
    assert apart.mean() < 0.2 * edit.mean()


def test_strength_is_continuous(editor, astronaut):
    faces = editor.find(astronaut)
    gains = [
        brighter(
            astronaut,
            editor.edit_faces(astronaut, faces, HAPPY.scaled(strength)).pixels,
            faces[0],
        )
        for strength in (0.25, 0.5, 1.0)
    ]
    assert 1 < gains[0] < gains[1] < gains[2]


def test_an_aligner_corrects_landmarks(finder, make_method, astronaut):
    class Aligner:
        def get_landmarks_from_image(self, image_or_path, detected_faces=None):
            self.seen = image_or_path.dtype
            return []

    aligner = Aligner()
    FaceEditor(finder, (Step(make_method()),), aligner).edit_pixels(
        cv2.convertScaleAbs(astronaut), HAPPY
    )
    assert aligner.seen == np.uint8


def test_fields_that_are_no_numbers_are_refused(finder, make_method, astronaut):
    editor = FaceEditor(finder, (Step(make_method(value=np.nan)),))
    with pytest.raises(FaceEditError, match="answer is not finite"):
        editor.edit_pixels(astronaut, HAPPY)
