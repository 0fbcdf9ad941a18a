import cv2
import numpy as np
import pytest
import skimage.data

from faceedit.lights import GAMMA, LUMA
from faceedit.methods.fields.colour import transfer_histogram, white_balanced


def astronaut() -> np.ndarray:
    return np.ascontiguousarray(skimage.data.astronaut()[::4, ::4])


def lab(image: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(image, cv2.COLOR_RGB2LAB).astype(float)


def test_its_own_histogram_changes_nothing():
    image = astronaut()
    again = transfer_histogram([image], image)[0]
    # Lab of 8 bits and back is not exact, and the curves are smooth.
    there = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2LAB), cv2.COLOR_LAB2RGB)
    assert np.abs(again.astype(int) - there).max() <= 3
    assert np.abs(again.astype(int) - there).mean() < 0.3


@pytest.mark.parametrize("level", [0, 255])
def test_black_and_white_stay_so(level):
    flat = np.full((16, 16, 3), level, np.uint8)
    flat[:8] = 255 - level
    assert np.abs(transfer_histogram([flat], flat)[0].astype(int) - flat).max() <= 2


def test_the_distribution_is_the_other_ones():
    image = astronaut()
    other = np.rint(image * np.array([0.9, 0.7, 0.5])).astype(np.uint8)[:, ::-1].copy()
    result = lab(transfer_histogram([image], other)[0])
    for channel in range(3):
        levels = [10, 50, 90]
        found = np.percentile(result[..., channel], levels)
        np.testing.assert_allclose(found, np.percentile(lab(other)[..., channel], levels), atol=7.0)


def test_brightness_keeps_its_order():
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, 2).repeat(8, 0)
    result = lab(transfer_histogram([ramp], astronaut())[0])[0, :, 0]
    assert (np.diff(result) >= 0).all()


def test_both_images_of_a_pair_go_through_the_same_curves():
    image = astronaut()
    other = np.rint(image * 0.6).astype(np.uint8)
    first, second, third = transfer_histogram([image, image[:, ::-1].copy(), image], other)
    np.testing.assert_array_equal(second, first[:, ::-1])
    np.testing.assert_array_equal(third, first)


def test_only_the_named_pixels_are_compared():
    image, other = astronaut(), np.rint(astronaut() * 0.5).astype(np.uint8)
    half = np.zeros(image.shape[:2], bool)
    half[:, :64] = True
    spoilt = other.copy()
    spoilt[:, 64:] = 255
    expected = transfer_histogram([image], other, half)[0]
    np.testing.assert_array_equal(transfer_histogram([image], spoilt, half)[0], expected)
    smaller = cv2.resize(other, (64, 64), interpolation=cv2.INTER_NEAREST)
    result = transfer_histogram([image], smaller, half)[0]
    assert np.abs(result.astype(int) - expected).mean() < 2


def test_lightness_may_stay():
    image = astronaut()
    other = np.rint(image * np.array([0.9, 0.6, 0.4]))[:, ::-1].astype(np.uint8).copy()
    before, after, like = (
        lab(one) for one in (image, transfer_histogram([image], other, lightness=False)[0], other)
    )
    assert np.abs(after - before)[..., 0].mean() < 1.5
    for channel in (1, 2):
        assert abs(after[..., channel].mean() - like[..., channel].mean()) < 5
        assert abs(before[..., channel].mean() - like[..., channel].mean()) > 8


def test_white_balance_tints_and_keeps_the_luma_of_greys():
    grey = np.full((4, 4, 3), 100, np.uint8)
    np.testing.assert_array_equal(white_balanced(grey, 6500.0), grey)
    for kelvin, bluer in ((2850.0, True), (7500.0, False)):
        tinted = white_balanced(grey, kelvin)[0, 0] / 255
        assert (tinted[2] > tinted[1] > tinted[0]) == bluer
        assert (tinted[2] < tinted[1] < tinted[0]) != bluer
        luma = tinted**GAMMA @ np.array(LUMA)
        assert luma == pytest.approx((100 / 255) ** GAMMA, rel=0.03)
