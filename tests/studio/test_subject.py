from dataclasses import replace

import numpy as np
import pytest
from toys import toy_crop, toy_model

from faceedit.compose.mouth.opening import lip_gap
from faceedit.faces.topology import (
    EYES,
    FACE_OVAL,
    IRISES,
    LIPS,
    LOWER_INNER_LIP,
    N_SURFACE,
    UPPER_INNER_LIP,
)
from faceedit.studio.lips import LipSeal
from faceedit.studio.model import MOUTH_PARTS, Part
from faceedit.studio.subject import fit_subject

SIZE = 128


@pytest.fixture(scope="module")
def seal():
    return LipSeal(toy_model())


@pytest.fixture(scope="module")
def subject(seal):
    crop = toy_crop(SIZE, toy_model().weights(jawOpen=0.5, mouthSmile=0.3), turn=0.1)
    return fit_subject(toy_model(), crop, seal)


def test_the_pose_lies_on_the_landmarks(subject):
    error = np.linalg.norm(
        subject.pose.landmarks() - subject.crop.landmarks[:N_SURFACE, :2], axis=1
    )
    inner = np.setdiff1d(np.arange(N_SURFACE), FACE_OVAL)
    assert error[inner].max() < 0.01 * subject.unit
    assert error.max() < 0.05 * subject.unit
    assert subject.residual < 0.01
    assert subject.unit == pytest.approx(SIZE / 2.8, rel=0.02)


def test_a_snap_corrects_what_the_model_cannot_reach(seal):
    crop = toy_crop(SIZE)
    odd = crop.landmarks.copy()
    # A nose that no blend of the toy's shapes has.
    odd[4, :2] += (0.03 * SIZE / 2.8, 0)
    subject = fit_subject(toy_model(), replace(crop, landmarks=odd), seal)
    assert np.linalg.norm(subject.pose.landmarks()[4] - odd[4, :2]) < 0.01 * subject.unit


def test_posing_as_before_changes_nothing(subject):
    again = subject.posed(subject.expression)
    np.testing.assert_array_equal(again.places, subject.pose.places)
    np.testing.assert_array_equal(again.depth, subject.pose.depth)
    np.testing.assert_array_equal(subject.moved_landmarks(subject.pose), subject.crop.landmarks)


def test_a_pose_can_close_the_lips(subject):
    assert subject.gap > 0.03
    closed = subject.posed(subject.expression, gap=0.0)
    assert lip_gap(closed.landmarks(), subject.unit) < 0.25 * subject.gap
    assert closed.drawing.mouth.sum() < 0.3 * subject.pose.drawing.mouth.sum()


def test_gaps_that_are_errors_of_landmarks_are_closed(seal):
    crop = toy_crop(SIZE, toy_model().weights(jawOpen=0.08))
    subject = fit_subject(toy_model(), crop, seal)
    assert 0.001 < subject.gap < 0.02
    assert lip_gap(subject.pose.landmarks(), subject.unit) < 0.5 * subject.gap


def test_moved_landmarks_follow_and_irises_stay(subject):
    pose = subject.posed(subject.expression + toy_model().weights(browDown=0.8))
    moved = subject.moved_landmarks(pose)
    still = [i for iris in IRISES for i in iris]
    np.testing.assert_array_equal(moved[still], subject.crop.landmarks[still])
    np.testing.assert_allclose(
        (moved - subject.crop.landmarks)[:N_SURFACE, :2],
        pose.landmarks() - subject.pose.landmarks(),
        atol=1e-4,
    )
    assert (moved - subject.crop.landmarks)[:N_SURFACE, 1].max() > 0.03 * subject.unit


def test_what_lies_behind_lips_and_lids_goes_along_in_one_piece(seal):
    crop = toy_crop(SIZE, toy_model().weights(jawOpen=0.5))
    odd = crop.landmarks.copy()
    odd[list(EYES[1]), :2] += (1.5, -1.0)
    odd[list(LIPS), :2] += (-1.0, 1.2)
    subject = fit_subject(toy_model(), replace(crop, landmarks=odd), seal)
    parts = subject.model.vertex_part
    for group, around in (
        (MOUTH_PARTS, UPPER_INNER_LIP + LOWER_INNER_LIP),
        ((Part.LEFT_SOCKET, Part.LEFT_EYE), EYES[1]),
    ):
        shifts = subject.shifts[np.isin(parts, group)]
        assert len(shifts) > 10 and np.abs(shifts[0]).max() > 0.3
        np.testing.assert_array_equal(shifts, np.broadcast_to(shifts[0], shifts.shape))
        np.testing.assert_allclose(shifts[0], subject.shifts[list(around)].mean(0), atol=0.02)


def test_normals_of_the_skin_are_unit_and_turn_with_the_head(seal):
    model = toy_model()
    front = fit_subject(model, toy_crop(SIZE), seal).pose.normals
    left = fit_subject(model, toy_crop(SIZE, turn=0.3), seal).pose.normals
    skin = slice(0, model.n_skin)
    np.testing.assert_allclose(np.linalg.norm(front[skin], axis=1), 1, atol=1e-4)
    assert not front[model.n_skin :].any()
    # A positive turn carries the front to the image's right: x is the person's left.
    assert left[skin, 0].mean() - front[skin, 0].mean() > 0.15


def test_teeth_show_between_open_lips(subject):
    assert (subject.pose.drawing.part == Part.TEETH).any()
    assert subject.pose.drawing.eyes.sum() > 20
