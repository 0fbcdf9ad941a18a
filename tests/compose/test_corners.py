import numpy as np
from toy_moves import SIDE, calm_face, eye_distance_of, jaws_of

from faceedit.compose.canvas import Canvas
from faceedit.compose.corners import CornersDetail, corner_bend, corner_share, stroke_fill
from faceedit.compose.details import MovedPoints
from faceedit.faces.topology import LIPS, MOUTH_CORNERS

UNIT = eye_distance_of(calm_face())
SKIN = np.array([0.8, 0.6, 0.5], np.float32)


def shaded(face):
    """Skin with pores, and a short dark stroke at each corner of the mouth."""
    grain = np.random.default_rng(0).normal(0, 0.01, (SIDE, SIDE, 1)).astype(np.float32)
    photo = SKIN + grain
    for corner in MOUTH_CORNERS:
        x, y = np.rint(face[corner, :2]).astype(int)
        photo[y : y + 2, x - 1 : x + 3] = 0.15
    return photo


def moved(gap, wide=1.0):
    before, after = calm_face(), calm_face(gap=gap)
    middle = after[list(LIPS), 0].mean()
    after[list(LIPS), 0] = middle + wide * (after[list(LIPS), 0] - middle)
    return MovedPoints(before, after[:, :2], jaws_of(before), jaws_of(after))


def test_what_a_corner_that_bends_folds_is_filled_outside_the_mouth_alone():
    face, corner = calm_face(), MOUTH_CORNERS[0]
    photo = shaded(face)
    x, y = np.rint(face[corner, :2]).astype(int)
    photo[y : y + 2, x - 6 : x + 3] = 0.15
    hangs = face[:, :2].copy()
    hangs[list(MOUTH_CORNERS), 1] += 0.05 * UNIT
    points = MovedPoints(face, hangs, jaws_of(face), jaws_of(face))
    assert corner_share(points) == 0 and corner_bend(points, corner) == 1
    fill = CornersDetail(points).fill(photo, face[:, :2], (corner,), UNIT)
    inwards = 1 if face[MOUTH_CORNERS[1], 0] > x else -1
    assert fill[y, x - 4 * inwards].min() > 0.2 and not fill[:, x + inwards].any()
    assert CornersDetail(points.scaled(0)).fill(photo, face[:, :2], (corner,), UNIT).max() == 0


def test_a_stroke_is_filled_and_the_skin_keeps_its_pores():
    face = calm_face()
    photo, corner = shaded(face), face[MOUTH_CORNERS[0], :2]
    filled = photo * np.exp(stroke_fill(photo, corner, UNIT))
    x, y = np.rint(corner).astype(int)
    assert np.abs(filled[y, x] - SKIN).max() < 0.7 * np.abs(photo[y, x] - SKIN).max()
    beside = np.s_[y - 4 : y - 1, x - 3 : x + 4]
    assert photo[beside].std(axis=(0, 1)).max() < 2 * filled[beside].std(axis=(0, 1)).max()
    np.testing.assert_array_equal(filled[:20], photo[:20])


def test_corners_of_mouths_that_open_are_filled_and_those_of_smiles_are_not():
    assert corner_share(moved(0.0)) == 0
    assert corner_share(moved(0.2)) > 0.9
    assert corner_share(moved(0.2, 1.4)) == 0
    for strength, fills in ((0.0, False), (1.0, True)):
        canvas = Canvas(
            shaded(calm_face()),
            np.zeros((SIDE, SIDE, 2), np.float32),
            np.ones((SIDE, SIDE, 3), np.float32),
            np.eye(2, 3),
        )
        assert CornersDetail(moved(0.2)).scaled(strength).draw(canvas) == []
        assert (canvas.gain.max() > 1.3) == fills and not canvas.flow.any()
