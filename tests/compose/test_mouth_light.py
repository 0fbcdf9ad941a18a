import cv2
import made_up
import numpy as np
import pytest

from faceedit.compose.mouth.light import (
    BRIGHTEST,
    DARKEST,
    KEPT,
    SHARPEST,
    blur_of,
    light_across,
    lit_luma,
)
from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import OUTER_LIPS, mean_shape

UNIT = 100.0
LIPS = np.array([[30.0, 40], [70, 30], [110, 40], [70, 55]])
SHUT = np.array([[30.0, 42], [70, 42], [110, 42]])


def skin(fall, noise=0.0):
    """Skin that darkens to the right by `fall` log units an eye distance, with dark red lips."""
    x = (np.arange(140) - 70) / UNIT
    luma = 0.5 * np.exp(-fall * x)[None, :, None] * np.ones((80, 1, 3))
    luma *= np.exp(np.random.default_rng(0).normal(0, noise, luma.shape))
    luma[30:55, 30:110] *= (0.5, 0.2, 0.2)
    return luma.astype(np.float32)


@pytest.mark.parametrize("fall", [-0.5, 0.0, 0.4])
def test_teeth_take_the_fall_of_light_across_lips_and_skin(fall):
    light = light_across(skin(fall, 0.02), LIPS, SHUT, UNIT)
    assert light.shape == (140,)
    assert light.dtype == np.float32
    assert light[70] == pytest.approx(1, abs=0.01)
    assert np.log(light[30] / light[110]) == pytest.approx(0.8 * KEPT * fall, abs=0.04)


def test_what_an_open_mouth_shows_says_nothing_of_the_light():
    photo = skin(0.4)
    teeth = np.array([[35.0, 36], [105, 36], [105, 50], [35, 50]])
    photo[36:51, 70:106] = 1.0
    np.testing.assert_allclose(
        light_across(photo, LIPS, teeth, UNIT), light_across(skin(0.4), LIPS, SHUT, UNIT), atol=0.03
    )


def test_light_is_neither_steeper_than_a_mouth_takes_nor_told_by_nothing():
    light = np.log(light_across(skin(4.0), LIPS, SHUT, UNIT))
    assert DARKEST - 1e-6 <= light.min() < light.max() <= BRIGHTEST + 1e-6
    np.testing.assert_array_equal(light_across(skin(0.4), LIPS + 1000, SHUT, UNIT), 1)


def test_teeth_are_lit_as_the_lips_are_or_as_the_skin_about_painted_ones():
    face = made_up.place(mean_shape(), 90.0)
    lips = fill_polygon(face[list(OUTER_LIPS), :2], (256, 256))[..., None]

    def lit(skin: float, of_lips: float) -> float:
        pixels = (skin + lips * (of_lips - skin)) * np.ones(3, np.float32)
        return lit_luma(pixels.astype(np.float32), face)

    assert lit(0.5, 0.4) == pytest.approx(lit(0.5, 0.1), rel=0.05)
    assert lit(0.2, 0.4) == pytest.approx(lit(0.5, 0.4), rel=0.05)
    assert lit(0.1, 0.1) < 0.5 * lit(0.5, 0.4) and 0.6 < lit(0.5, 0.4) < 0.78
    assert lit_luma(np.zeros((9, 9, 3), np.float32), face) == 0


@pytest.mark.parametrize("blur", [0.8, 2.0])
def test_paint_is_blurred_like_the_photo(blur):
    sharp = np.repeat(skin(0.0), 2, axis=0)
    photo = cv2.GaussianBlur(sharp, (0, 0), blur)
    assert blur_of(photo, LIPS * (1, 2), UNIT) == pytest.approx(blur, rel=0.3)
    assert blur_of(photo, LIPS + 1000, UNIT) == SHARPEST
