import numpy as np
import pytest

from faceedit.tones import LUMA, muted, to_bytes

COLOURS = np.random.default_rng(0).random((4, 5, 3), np.float32)


def test_all_colour_left_changes_nothing():
    np.testing.assert_allclose(muted(COLOURS, 1.0), COLOURS, atol=1e-6)


def test_no_colour_left_is_grey_of_the_same_luma():
    grey = muted(COLOURS, 0.0)
    assert np.ptp(grey, axis=-1).max() == 0
    np.testing.assert_allclose(grey[..., 0], COLOURS @ LUMA, atol=1e-6)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_luma_stays_whatever_colour_is_left(share):
    np.testing.assert_allclose(muted(COLOURS, share) @ LUMA, COLOURS @ LUMA, atol=1e-6)


def test_bytes_are_rounded_and_clipped():
    assert to_bytes(np.array([-1.0, 0.0, 0.4999, 1.0, 7.0])).tolist() == [0, 0, 127, 255, 255]
