import cv2
import made_up
import numpy as np

from faceedit.faces.align import Crop
from faceedit.faces.topology import mean_shape
from faceedit.methods.fields.assembly import (
    DARKEST,
    DEEP,
    fold_depth,
    skin_shadow,
    soft_lift,
    soft_shadow,
)
from faceedit.tones import LUMA


def crop_of(roughness: float) -> Crop:
    noise = np.random.default_rng(0).normal(0, 1, (256, 256)).astype(np.float32)
    fine = cv2.GaussianBlur(noise, (0, 0), 2.0)
    pixels = 0.5 * np.exp(roughness * fine / fine.std())[..., None] * np.ones(3, np.float32)
    return Crop(pixels, made_up.place(mean_shape(), 90.0), np.eye(2, 3))


def test_smooth_skin_folds_less_than_rough_skin():
    depths = [fold_depth(crop_of(one)) for one in (0.0, 0.03, 0.06, 0.4)]
    assert depths[0] == DEEP[0] and depths[-1] == DEEP[-1]
    assert depths == sorted(depths) and depths[1] < depths[2]


def test_shadows_are_warm_and_of_the_depth_asked_for_and_light_stays():
    grey = np.array([[-0.3] * 3, [0.2] * 3, [0.0] * 3], np.float32)
    dark, light, nothing = skin_shadow(grey, 0.8)
    assert dark[0] > dark[2]
    np.testing.assert_allclose(dark @ LUMA, -0.24, atol=0.01)
    np.testing.assert_array_equal(light, grey[1])
    assert not nothing.any()


def test_neither_shadows_nor_lifts_exceed_what_skin_shows_and_faint_ones_stay():
    grey = np.array([[-2.0] * 3, [-0.05] * 3, [2.0] * 3, [0.1] * 3], np.float32)
    deep, faint, _, _ = soft_shadow(grey)
    assert -DARKEST <= deep[0] < -0.9 * DARKEST
    np.testing.assert_allclose(faint, grey[1], rtol=0.02)
    _, _, glaring, light = soft_lift(grey)
    assert glaring[0] < 0.3 and 0.05 < light[0] < 0.1
