from dataclasses import replace

import cv2
import made_up
import numpy as np
import pytest

from faceedit.faces.topology import EYES, mean_shape
from faceedit.methods.reggan.mouth import (
    BRIGHTEST,
    TEXTURE_SIZE,
    TEXTURE_SPAN,
    UPPER_LIP,
    MouthLight,
    eye_distance,
    fit_tooth_light,
    measure_light,
    mouth_patch,
    texture_affine,
    tooth_light,
)

PER_UNIT = TEXTURE_SIZE[1] / TEXTURE_SPAN


def light(left=-0.5, right=-0.5, whites=-0.3) -> MouthLight:
    return MouthLight(np.full(3, left), np.full(3, right), np.full(3, whites))


def smiling(unit=200.0, roll=0.0, centre=(300.0, 250.0)) -> np.ndarray:
    return made_up.place(mean_shape() + made_up.smile(), unit, roll, centre)


def test_the_upper_lip_lies_in_its_place_on_a_texture():
    axis = np.array([np.cos(0.2), np.sin(0.2)])
    lip = np.array([100.0, 150.0])
    affine = texture_affine(axis, lip, 30.0, 100.0, 0.3)
    at = affine[:, :2] @ lip + affine[:, 2]
    # Pixel centres lie at integers: half a pixel before the place itself.
    np.testing.assert_allclose(at, np.array(UPPER_LIP) * PER_UNIT - 0.5)
    assert at[0] == (TEXTURE_SIZE[1] - 1) / 2
    further = affine[:, :2] @ (lip + 10 * axis) + affine[:, 2]
    np.testing.assert_allclose(further - at, [10 * PER_UNIT / 100.0, 0], atol=1e-9)


@pytest.mark.parametrize(("half", "stretch"), [(30.0, 1.0), (33.0, 1.1), (5.0, 0.85), (90.0, 1.15)])
def test_teeth_keep_their_size_within_limits(half, stretch):
    affine = texture_affine(np.array([1.0, 0.0]), np.zeros(2), half, 100.0, 0.3)
    assert affine[0, 0] == pytest.approx(PER_UNIT / 100.0 / stretch)
    assert affine[0, 0] == affine[1, 1]


def test_a_patch_is_the_same_whatever_the_pose():
    patches = []
    for roll, unit in ((0.0, 200.0), (0.3, 260.0)):
        landmarks = smiling(unit, roll)
        image = made_up.draw(landmarks, size=640)
        # A mark at the lower lip's middle tells where the patch was cut.
        at = np.round(landmarks[14, :2] * 16).astype(int).tolist()
        radius = round(0.03 * unit * 16)
        cv2.circle(image, at, radius, (255, 255, 255), cv2.FILLED, cv2.LINE_AA, 4)
        patch, mask = mouth_patch(image, landmarks)
        assert patch.shape == (*TEXTURE_SIZE, 3)
        assert mask.shape == TEXTURE_SIZE
        columns = np.nonzero(mask > 0.5)[1]
        assert abs(columns.mean() - (TEXTURE_SIZE[1] - 1) / 2) < 12
        top = (mask[:, TEXTURE_SIZE[1] // 2] > 0.5).argmax()
        assert top == pytest.approx(UPPER_LIP[1] * PER_UNIT, abs=6)
        patches.append(patch.astype(float))
    assert np.abs(patches[0] - patches[1])[mask > 0.9].mean() < 4


def test_light_is_measured_on_cheeks_and_whites():
    landmarks = made_up.place(mean_shape())
    image = np.full((320, 320, 3), 0.5, np.float32)
    image[:, :155] = 0.3
    for eye in EYES:
        cv2.fillPoly(image, [np.round(landmarks[list(eye), :2]).astype(np.int32)], (0.9,) * 3)
    found = measure_light(image, landmarks)
    np.testing.assert_allclose(found.left, np.log(0.3), atol=1e-5)
    np.testing.assert_allclose(found.right, np.log(0.5), atol=1e-5)
    np.testing.assert_allclose(found.whites, np.log(0.9), atol=1e-5)


def test_light_of_a_face_outside_the_picture_is_finite():
    found = measure_light(np.zeros((64, 64, 3), np.float32), made_up.place(mean_shape()))
    assert np.isfinite([found.left, found.right, found.whites]).all()


def test_teeth_follow_the_light():
    lights = [light(v, v, v + 0.2) for v in np.linspace(-1.5, -0.2, 9)]
    teeth = np.array([0.8 * (one.left + one.whites) / 2 + 0.1 for one in lights])
    weights = fit_tooth_light(lights, teeth)
    np.testing.assert_allclose(weights, [0.1, 0.4, 0.4], atol=1e-6)
    for one, tooth in zip(lights, teeth, strict=True):
        expected = np.minimum(tooth, BRIGHTEST)
        np.testing.assert_allclose(tooth_light(one, weights, np.zeros(1))[0], expected, atol=1e-6)


def test_the_lit_side_is_brighter_and_nothing_beams():
    weights = np.array([-0.2, 0.4, 0.4])
    across = np.linspace(-2, 2, 9)
    gain = tooth_light(light(left=-1.5, right=-0.5), weights, across)
    assert gain.shape == (9, 3)
    assert (np.diff(gain[:, 0]) >= 0).all()
    assert gain[0, 0] == gain[2, 0] < gain[4, 0] < gain[-1, 0]
    bright = replace(light(), whites=np.full(3, 5.0))
    assert tooth_light(bright, weights, across).max() == BRIGHTEST


def test_eye_distance_is_of_the_outer_corners():
    assert eye_distance(made_up.place(mean_shape(), 120.0, roll=0.5)) == pytest.approx(120, abs=2)
