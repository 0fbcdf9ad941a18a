import cv2
import numpy as np
import pytest

from faceedit.compose.light.relief import make_relief
from faceedit.compose.light.shading import light_gain
from faceedit.lights import LIGHTS

SIZE, UNIT = 96, 18.0


@pytest.fixture(scope="module")
def relief():
    """A disc of even grey that a smooth guess has face the camera, before an even wall."""
    matte = np.zeros((SIZE, SIZE), np.float32)
    cv2.circle(matte, (SIZE // 2, SIZE // 2), 30, 1.0, -1)
    matte = cv2.GaussianBlur(matte, (0, 0), 1.0)
    normals = np.zeros((SIZE, SIZE, 3), np.float32)
    normals[..., 2] = 1
    pixels = np.full((SIZE, SIZE, 3), 0.35, np.float32) + 0.3 * (1 - matte)[..., None]
    flat = np.zeros((SIZE, SIZE), np.float32)
    return make_relief(normals, flat, flat, pixels, matte, (UNIT, UNIT / 9.7))


def test_what_is_round_turns_away_towards_its_outline_and_faces_the_camera_in_the_middle(relief):
    middle = SIZE // 2
    np.testing.assert_allclose(np.linalg.norm(relief.normals, axis=2), 1, atol=1e-3)
    assert relief.normals[middle, middle, 2] > 0.99
    for x, y, across, up in ((19, middle, -1, 0), (77, middle, 1, 0), (middle, 19, 0, 1)):
        turned = relief.normals[y, x]
        assert turned[2] < 0.6
        assert turned[0] * across + turned[1] * up > 0.8


@pytest.mark.parametrize(("name", "bright", "dark"), [("rim_left", 20, 76), ("rim_right", 76, 20)])
def test_light_from_behind_draws_the_outline_on_its_side(relief, name, bright, dark):
    own = np.ones((SIZE, SIZE, 1), np.float32)
    gain = light_gain(relief, LIGHTS[name], own, 0.0, UNIT)[SIZE // 2, :, 1]
    assert gain[bright] > 2 * gain[SIZE // 2]
    assert gain[bright] > 2 * gain[dark]


def test_light_from_the_front_draws_none(relief):
    own = np.ones((SIZE, SIZE, 1), np.float32)
    gain = light_gain(relief, LIGHTS["bright"], own, 0.0, UNIT)[SIZE // 2, :, 1]
    assert gain[20] < gain[SIZE // 2]
