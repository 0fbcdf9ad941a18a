import numpy as np
import pytest
from edits import astronaut_landmarks, offset
from face_networks import astronaut

from faceedit.compose.mask import face_mask
from faceedit.faces.align import extract_crop
from faceedit.faces.topology import BROWS, LIPS


def landmarks_in_crop(size=256):
    return extract_crop(astronaut(), astronaut_landmarks(), size).landmarks


def at(mask, points):
    x, y = np.rint(points[:, :2]).astype(int).T
    return mask[y, x]


def test_the_parts_that_expressions_move_are_inside():
    landmarks = landmarks_in_crop()
    mask = face_mask(landmarks, 256)
    assert mask.dtype == np.float32
    assert mask.min() == 0.0
    assert mask.max() == 1.0
    assert (at(mask, landmarks[list(LIPS)]) == 1.0).all()
    assert (at(mask, landmarks[[i for brow in BROWS for i in brow]]) > 0.9).all()


def test_the_jaw_may_move_and_the_hair_may_not():
    landmarks = landmarks_in_crop()
    mask = face_mask(landmarks, 256)
    chin, top = landmarks[152], landmarks[10]
    assert at(mask, chin[None])[0] > 0.5
    assert at(mask, top[None])[0] == 0.0


@pytest.mark.parametrize("shift", [(0, 0), (90, 0), (-100, 40), (0, 120)])
def test_the_border_is_zero_wherever_the_face_lies(shift):
    mask = face_mask(landmarks_in_crop() + offset(*shift), 256)
    assert mask.any()
    for edge in (mask[0], mask[-1], mask[:, 0], mask[:, -1]):
        assert not edge.any()


def test_the_rim_is_soft():
    mask = face_mask(landmarks_in_crop(), 256)
    assert np.abs(np.diff(mask, axis=0)).max() < 0.2
    assert np.abs(np.diff(mask, axis=1)).max() < 0.2


def test_the_size_of_the_crop_changes_nothing_else():
    small, large = face_mask(landmarks_in_crop(128), 128), face_mask(landmarks_in_crop(256), 256)
    shrunk = large.reshape(128, 2, 128, 2).mean((1, 3))
    assert np.abs(small - shrunk).mean() < 0.01


def test_a_face_elsewhere_has_no_mask_here():
    assert not face_mask(landmarks_in_crop() + offset(900, 0), 256).any()
