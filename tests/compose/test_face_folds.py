import cv2
import numpy as np
from toy_moves import SIDE, calm_face, eye_distance_of, jaws_of

from faceedit.compose.canvas import Canvas
from faceedit.compose.details import MovedPoints
from faceedit.compose.folds import COURSES, FoldsDetail, fold_fill, smile_lost
from faceedit.faces.topology import LIPS

UNIT = eye_distance_of(calm_face())


def smiling(width=1.25):
    face = calm_face()
    middle = face[list(LIPS), 0].mean()
    face[list(LIPS), 0] = middle + width * (face[list(LIPS), 0] - middle)
    return face


def folded(face):
    """Skin with a soft dark fold along each course, and pores."""
    skin = np.full((SIDE, SIDE, 3), (0.8, 0.6, 0.5), np.float32)
    shade = np.zeros((SIDE, SIDE), np.float32)
    for course in COURSES:
        cv2.polylines(shade, [np.rint(face[list(course), :2]).astype(int)], False, 1.0, 2)
    shade = cv2.GaussianBlur(shade, (0, 0), 1.2)[..., None]
    return skin * np.exp(-shade * np.array([0.4, 0.6, 0.6], np.float32))


def moved(before, after):
    return MovedPoints(before, after[:, :2], jaws_of(before), jaws_of(after))


def test_a_fold_is_filled_in_part_by_the_lightness_beside_it():
    face = smiling()
    photo = folded(face)
    course = COURSES[0]
    filled = photo * np.exp(fold_fill(photo, face[:, :2], course, UNIT))
    x, y = np.rint(face[course[2], :2]).astype(int)
    dark, light = photo[y, x], filled[y, x]
    skin = np.array([0.8, 0.6, 0.5])
    assert 0.4 < np.abs(light - skin).max() / np.abs(dark - skin).max() < 0.75
    # What is lighter and as red as before would be a scar.
    assert light[0] / light[1] < 0.5 * (dark[0] / dark[1] + 0.8 / 0.6)
    # Far from it nothing changes.
    np.testing.assert_array_equal(filled[:20], photo[:20])


def test_smiles_that_go_lose_their_folds_and_nothing_else_does():
    smile, calm = smiling(), calm_face()
    assert smile_lost(moved(smile, calm)) > 0.9
    for before, after in ((calm, smile), (smile, smile), (calm, smiling(0.9))):
        assert smile_lost(moved(before, after)) == 0
    for strength, lifts in ((0.0, False), (1.0, True)):
        canvas = Canvas(
            folded(smile),
            np.zeros((SIDE, SIDE, 2), np.float32),
            np.ones((SIDE, SIDE, 3), np.float32),
            np.eye(2, 3),
        )
        assert FoldsDetail(moved(smile, calm)).scaled(strength).draw(canvas) == []
        assert (canvas.gain.max() > 1.05) == lifts
        assert canvas.gain.min() >= 0.5 and not canvas.flow.any()
