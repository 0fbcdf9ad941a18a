"""What falls lifts folds that a photo shows, and no others."""

import numpy as np
import pytest

from faceedit.compose.edit import Edit, RasterPaint
from faceedit.faces.align import Crop, crop_affine, transform_landmarks
from faceedit.faces.topology import mean_shape
from faceedit.methods.eggan.method import lift_no_further


def test_a_fold_is_lifted_to_the_skin_about_it_and_smooth_skin_is_left():
    landmarks = transform_landmarks(mean_shape(), crop_affine(mean_shape(), 256))
    pixels = np.full((256, 256, 3), 0.6, np.float32)
    pixels[:, 80:84] = 0.4
    ratio = np.full((128, 128, 3), 0.5, np.float32)
    ratio[:, 100:] = -0.3
    nothing = np.zeros((128, 128, 3), np.float32)
    edit = Edit(nothing[..., :2], ratio, nothing[..., 0], RasterPaint(nothing, 256), 256)
    crop = Crop(pixels, landmarks, np.eye(2, 3))
    lifted = lift_no_further(edit, crop, 1.0)
    assert lifted[:, 10].max() < 0.1
    # As far as the skin beside it, log(0.63 / 0.43).
    assert lifted[64, 41].mean() == pytest.approx(0.38, abs=0.12)
    np.testing.assert_array_equal(lifted[:, 100:], ratio[:, 100:])
    np.testing.assert_array_equal(lift_no_further(edit, crop, 0.0), ratio)
