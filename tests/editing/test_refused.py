import numpy as np

from faceedit.batch.result import faces_of, why_unedited
from faceedit.editing.build import EditSettings, open_editor
from faceedit.targets import parse_target


def test_who_is_refused_all_that_was_asked_for_is_left_alone_and_told_why(astronaut):
    target = parse_target("attr=bald=on")
    editor = open_editor(EditSettings(target))
    edited = editor.edit_pixels(astronaut, target)
    np.testing.assert_array_equal(edited.pixels, astronaut)
    assert not edited.edits
    assert why_unedited(edited) == "bald=on: hair hides an ear"
    (face,) = faces_of(edited)
    assert (face.outcome, face.reason) == ("left alone", "bald=on: hair hides an ear")
