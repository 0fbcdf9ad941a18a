import cv2
import numpy as np

from faceedit.compose.blur import blur_wide


def test_a_wide_blur_is_nearly_a_gaussian_and_a_narrow_one_is_it():
    noise = np.random.default_rng(0).normal(size=(96, 80, 3)).astype(np.float32)
    field = cv2.GaussianBlur(noise, (0, 0), 3.0)
    for sigma, off in ((2.0, 0.0), (9.0, 0.25)):
        exact = cv2.GaussianBlur(field, (0, 0), sigma)
        inside = (slice(12, -12), slice(12, -12))
        assert np.abs(blur_wide(field, sigma) - exact)[inside].max() <= off * exact.std()
    flat = np.full((30, 50), 0.3, np.float32)
    np.testing.assert_allclose(blur_wide(flat, 12.0), flat, atol=1e-6)
