"""Turning a made-up head: what moves, what stays, and that the fields say all of it."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from toys import SIDE, frontal_subject, toy_model

from faceedit.studio.drawing import NOTHING
from faceedit.studio.fields import Fields
from faceedit.studio.turn import turn_head, turned_pose

SIZE = 96


@pytest.fixture(scope="module")
def subject():
    """A face with a soft pattern on it, the same on both sides, before a plain wall."""
    plain = frontal_subject(SIZE)
    skin = plain.pose.drawing.skin[..., None]
    noise = cv2.GaussianBlur(np.random.default_rng(2).normal(size=(SIZE, SIZE, 3)), (0, 0), 3.0)
    noise = (noise + noise[:, ::-1]) * 0.4
    pixels = np.clip(plain.crop.pixels + noise * skin, 0, 1).astype(np.float32)
    return frontal_subject(SIZE, pixels)


@pytest.fixture(scope="module")
def matte(subject):
    return (subject.pose.drawing.part != NOTHING).astype(np.float32)


@pytest.fixture(scope="module")
def right(subject, matte):
    return turn_head(subject, 20.0, matte)


def test_no_turn_changes_nothing(subject, matte):
    still = turn_head(subject, 0.0, matte)
    np.testing.assert_allclose(still.pose.places, subject.pose.places, atol=1e-3)
    assert np.abs(still.pixels - subject.crop.pixels).max() < 0.02
    assert np.abs(still.flow).max() < 0.05
    assert still.trust > 0.9


def test_nose_goes_to_the_pictures_right(subject, right):
    nose = subject.crop.landmarks[1, :2]
    moved = right.landmarks[1, :2] - nose
    depth = subject.pose.depth[subject.model.landmark_vertices[1]]
    expected = np.sin(np.radians(20.0)) * (depth + 1.0) * SIZE / SIDE
    assert moved[0] == pytest.approx(expected, rel=0.15)
    assert abs(moved[1]) < 0.5


def test_a_turn_is_rigid_above_the_neck(subject):
    before, after = subject.pose.vertices, turned_pose(subject, 25.0).vertices
    above = np.flatnonzero(before[:, 1] > -8)[::37]
    lengths = [np.linalg.norm(np.diff(v[above], axis=0), axis=1) for v in (before, after)]
    np.testing.assert_allclose(*lengths, atol=1e-3)


def test_fields_lead_to_the_picture(subject, right):
    fields = Fields(right.flow, np.zeros_like(right.paint), right.paint, right.opacity)
    np.testing.assert_allclose(fields.compose(subject.crop.pixels), right.pixels, atol=1e-5)
    assert right.opacity.mean() < 0.35


def test_face_is_sampled_from_the_photo(subject, right):
    """A pixel of the turned face comes from where the model says that point was."""
    vertex = subject.model.landmark_vertices[1]
    x, y = np.round(right.pose.places[vertex]).astype(int)
    came = np.array([x, y]) + right.flow[y, x]
    np.testing.assert_allclose(came, subject.pose.places[vertex], atol=1.0)
    assert right.opacity[y, x] < 0.1


def test_background_stands_still(subject, right):
    away = np.ones((SIZE, SIZE), bool)
    away[8:-8, 10:-10] = False
    assert np.abs(right.pixels - subject.crop.pixels)[away].mean() < 1 / 255


def test_left_mirrors_right(subject, matte, right):
    left = turn_head(subject, -20.0, matte)
    assert left.trust == pytest.approx(right.trust, abs=0.08)
    assert np.abs(left.pixels - right.pixels[:, ::-1]).mean() < 0.01


def test_trust_falls_and_too_much_is_refused(subject, matte, right):
    assert turn_head(subject, 30.0, matte).trust < right.trust
    with pytest.raises(ValueError, match="beyond"):
        turn_head(subject, 31.0, matte)


def test_hidden_side_takes_the_texture_of_the_other():
    """A head that looks away shows, turned back, its hidden side as the mirror of the other."""
    plain = frontal_subject(SIZE)
    away = turned_pose(plain, 30.0)
    skin = away.drawing.skin
    bright = 0.25 + 0.04 * np.abs(away.drawing.interpolate(away.model.neutral)[..., :1])
    pixels = np.where(skin[..., None], bright, 0.5).repeat(3, axis=2).astype(np.float32)
    landmarks = plain.crop.landmarks.copy()
    landmarks[:468, :2] = away.landmarks()
    photo = replace(plain, pose=away, crop=replace(plain.crop, pixels=pixels, landmarks=landmarks))
    back = turn_head(photo, -30.0, skin.astype(np.float32))
    row = SIZE // 2 + 6
    profile = back.pixels[row, :, 0]
    middle = (SIZE - 1) / 2
    reach = np.arange(3, 20)
    one, other = profile[(middle - reach).astype(int)], profile[(middle + reach + 1).astype(int)]
    assert np.abs(one - other).max() < 0.08


def test_mirror_of_the_mirror_is_the_vertex():
    mirror = toy_model(symmetric=True).mirror_vertices
    np.testing.assert_array_equal(mirror[mirror], np.arange(len(mirror)))
