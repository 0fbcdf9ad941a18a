import cv2
import numpy as np
import pytest

from faceedit.compose.mouth.light import SHARPEST, STEEPEST, blur_of, light_across

UNIT = 100.0
LIPS = np.array([[30.0, 40], [70, 30], [110, 40], [70, 55]])


def skin(fall, noise=0.0):
    """Skin that darkens to the right by `fall` log units an eye distance, with dark red lips."""
    x = (np.arange(140) - 70) / UNIT
    luma = 0.5 * np.exp(-fall * x)[None, :, None] * np.ones((80, 1, 3))
    luma *= np.exp(np.random.default_rng(0).normal(0, noise, luma.shape))
    luma[30:55, 30:110] *= (0.5, 0.2, 0.2)
    return luma.astype(np.float32)


@pytest.mark.parametrize("fall", [-0.5, 0.0, 0.4])
def test_teeth_take_most_of_the_fall_of_light_across_the_skin(fall):
    light = light_across(skin(fall, 0.02), LIPS, UNIT)
    assert light.shape == (140,)
    assert light.dtype == np.float32
    assert light[70] == pytest.approx(1, abs=0.01)
    wanted = 0.8 * fall * 0.8
    assert np.log(light[30] / light[110]) == pytest.approx(wanted, abs=0.04)


def test_no_light_is_steeper_than_a_mouth_takes():
    light = light_across(skin(4.0), LIPS, UNIT)
    assert np.abs(np.log(light)).max() <= STEEPEST + 1e-6


def test_a_box_without_skin_is_lit_evenly():
    whole = np.array([[0.0, 0], [140, 0], [140, 80], [0, 80]])
    np.testing.assert_array_equal(light_across(skin(0.4), whole, UNIT), 1)


@pytest.mark.parametrize("blur", [0.8, 2.0])
def test_paint_is_blurred_like_the_photo(blur):
    sharp = np.repeat(skin(0.0), 2, axis=0)
    photo = cv2.GaussianBlur(sharp, (0, 0), blur)
    assert blur_of(photo, LIPS * (1, 2), UNIT) == pytest.approx(blur, rel=0.3)
    assert blur_of(photo, LIPS + 1000, UNIT) == SHARPEST
