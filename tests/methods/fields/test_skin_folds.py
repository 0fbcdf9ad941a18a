from dataclasses import replace

import cv2
import made_up
import numpy as np

from faceedit.faces.align import Crop
from faceedit.faces.topology import mean_shape
from faceedit.methods.fields.assembly import (
    DEEP,
    DEEP_BROWS,
    DEEPEST,
    LIFTED,
    about_mouth,
    calm_shade,
    dull_far_side,
    fold_depth,
    lit_teeth,
    skin_shadow,
)
from faceedit.tones import LUMA


def crop_of(roughness: float) -> Crop:
    noise = np.random.default_rng(0).normal(0, 1, (256, 256)).astype(np.float32)
    fine = cv2.GaussianBlur(noise, (0, 0), 2.0)
    pixels = 0.5 * np.exp(roughness * fine / fine.std())[..., None] * np.ones(3, np.float32)
    return Crop(pixels, made_up.place(mean_shape(), 90.0), np.eye(2, 3))


def test_smooth_skin_folds_less_than_rough_skin():
    depths = np.stack([fold_depth(crop_of(one)).ravel() for one in (0.0, 0.03, 0.06, 0.4)])
    for row, deep in ((0, DEEP_BROWS), (-1, DEEP)):
        assert depths[0, row] == np.float32(deep[0]) and depths[-1, row] == np.float32(deep[-1])
    assert (np.diff(depths, axis=0) >= 0).all() and (depths[1] < depths[2]).all()


def test_teeth_have_a_little_of_the_hue_of_the_skin():
    tone, face = np.full(3, 0.6, np.float32), crop_of(0.0)
    red, blue = (
        lit_teeth(tone, replace(face, pixels=face.pixels * np.array(hue, np.float32)))
        for hue in ((1.4, 1.0, 0.6), (0.8, 1.0, 1.4))
    )
    assert 1.03 < red[0] / red[1] < 1.2 and red[2] < 0.95 * red[1]
    assert blue[0] < blue[1] < blue[2]


def test_shadows_are_warm_and_of_the_depth_asked_for_and_light_stays():
    grey = np.array([[-0.3] * 3, [0.2] * 3, [0.0] * 3], np.float32)
    dark, light, nothing = skin_shadow(grey, 0.8)
    assert dark[0] > dark[2]
    np.testing.assert_allclose(dark @ LUMA, -0.24, atol=0.01)
    np.testing.assert_array_equal(light, grey[1])
    assert not nothing.any()


def test_about_a_mouth_shade_has_neither_dots_nor_holes_nor_glare():
    faint, deep, light, dot = (np.zeros((9, 9, 3), np.float32) for _ in range(4))
    faint += -0.05
    deep += -2.0
    light += 0.1
    dot[4, 4] = -0.3
    np.testing.assert_allclose(calm_shade(faint), faint, rtol=0.02)
    assert -DEEPEST <= calm_shade(deep).min() <= calm_shade(deep).max() < -0.9 * DEEPEST
    np.testing.assert_allclose(calm_shade(light), LIFTED * light, rtol=1e-5)
    assert -0.2 < calm_shade(dot).min() < -0.1


def test_far_sides_of_heads_that_look_aside_get_hardly_any_light():
    light = np.full((128, 128, 3), 0.2, np.float32)
    face = crop_of(0.0).landmarks
    np.testing.assert_array_equal(dull_far_side(light, face), light)
    aside = np.deg2rad(25)
    turned = face.copy()
    x, z = face[:, 0] - 128, face[:, 2]
    turned[:, 0] = 128 + np.cos(aside) * x + np.sin(aside) * z
    turned[:, 2] = np.cos(aside) * z - np.sin(aside) * x
    dulled = dull_far_side(light, turned)
    near, far = (
        dulled[int(turned[n, 1] / 2), int(turned[n, 0] / 2), 0]
        for n in sorted((205, 425), key=lambda n: -abs(turned[n, 0] - turned[1, 0]))
    )
    assert near == light[0, 0, 0] and far < 0.3 * near


def test_what_lies_above_the_nose_is_not_about_the_mouth():
    landmarks = crop_of(0.0).landmarks
    share = about_mouth(landmarks)[:, 0, 0]
    brows, mouth = (int(landmarks[n, 1] / 2) for n in (9, 13))
    assert share[brows] == 0 and share[mouth] == 1 and (np.diff(share) >= 0).all()
