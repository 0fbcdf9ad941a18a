import cv2
import numpy as np
from toy_moves import SIDE, calm_face, drawn, eye_distance_of

from faceedit.compose.spectacles import brows_whole, frame_hold
from faceedit.faces.topology import BROW_OUTLINES, EYES

UNIT = eye_distance_of(calm_face())


def framed(colour):
    face, picture = calm_face(), drawn(calm_face())
    frame = np.zeros((SIDE, SIDE), np.uint8)
    for eye in EYES:
        x, y = face[list(eye), :2].mean(0).tolist()
        cv2.ellipse(frame, ((x, y), (0.72 * UNIT, 0.52 * UNIT), 0.0), 1, 2)
    picture[frame > 0] = colour
    return frame_hold(picture, face, UNIT), frame > 0, face


def test_frames_dark_or_light_are_found_and_lids_are_not():
    for colour in (0.08, 0.95):
        held, frame, face = framed(colour)
        assert np.percentile(held[frame], 10) > 0.9
        lids = face[[n for eye in EYES for n in eye], :2].astype(int)
        assert held[lids[:, 1], lids[:, 0]].mean() < 0.3
        assert held.max() <= 1 and held.min() >= 0


def test_skin_far_from_eyes_is_free():
    held, _, face = framed(0.08)
    x, y = face[[152, 50, 280, 10], :2].astype(int).T
    assert held[y, x].max() < 0.05


def test_dark_lenses_are_held_whole():
    face, picture = calm_face(), drawn(calm_face())
    lenses = np.zeros((SIDE, SIDE), np.uint8)
    for eye in EYES:
        x, y = face[list(eye), :2].mean(0).tolist()
        cv2.ellipse(lenses, ((x, y + 0.05 * UNIT), (0.7 * UNIT, 0.5 * UNIT), 0.0), 1, -1)
    picture[lenses > 0] = 0.06
    assert np.percentile(frame_hold(picture, face, UNIT)[lenses > 0], 5) > 0.9


def test_brows_in_part_under_a_frame_rise_as_a_whole_or_not_at_all():
    face = calm_face()
    brow = face[[n for ring in BROW_OUTLINES for n in ring], :2]
    held = np.zeros((SIDE, SIDE), np.float32)
    held[int(np.median(brow[:, 1])) :] = 1
    up, down = (face + np.array([0, by * UNIT, 0]) for by in (-0.1, 0.1))
    x, y = brow.astype(int).T
    whole = brows_whole(held, face, up, UNIT)
    assert whole[y, x].min() > held[y, x].min() == 0 and whole.max() <= 1
    np.testing.assert_array_equal(brows_whole(held, face, down, UNIT), held)
