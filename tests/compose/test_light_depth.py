"""Colours by brightness."""

import numpy as np

from faceedit.compose.light.depth import DARKEST, as_ratio, darkened


def test_a_change_of_logs_beside_the_darkest_is_made_in_display_values():
    pixels = np.array([[[0.4, 0.15, 0.03]]], np.float32)
    change = np.array([[[-0.3, 0.0, 0.6]]], np.float32)
    ratio = as_ratio(change, pixels)
    after = np.log(pixels * np.exp(ratio) + DARKEST) - np.log(pixels + DARKEST)
    np.testing.assert_allclose(after, change, atol=1e-5)
    assert ratio[0, 0, 2] > 0.9
    assert np.isfinite(as_ratio(-5 + 0 * change, 0 * pixels)).all()
    assert not as_ratio(0 * change, pixels).any()


def test_grey_cloth_beside_a_brown_one_stays_grey_when_it_is_darkened():
    pixels = np.full((64, 64, 3), 0.8, np.float32)
    pixels[:, 32:] = (0.3, 0.15, 0.08)
    logs = np.log(pixels + DARKEST)
    level = logs.mean(2)
    less = np.full((64, 64), -0.5, np.float32)
    found = darkened(level, logs - level[..., None], less, 1 + 0 * less, 8)
    assert np.abs(found[32, 28]).max() < 0.01
    assert not darkened(level, logs - level[..., None], -less, 1 + 0 * less, 8).any()
