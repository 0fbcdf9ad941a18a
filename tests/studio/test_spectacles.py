import numpy as np
import pytest
from toys import toy_crop

from faceedit.compose.spectacles import HELD, spectacle_hold
from faceedit.faces.topology import EYES


def hold(size):
    crop = toy_crop(size)
    unit = float(np.linalg.norm(np.subtract(*crop.landmarks[[33, 263], :2])))
    return spectacle_hold(crop.landmarks, unit, size), crop.landmarks, unit


def at(field, point):
    x, y = np.round(point[:2]).astype(int)
    return field[y, x]


def test_lenses_and_bridge_are_held_and_the_rest_is_free():
    held, points, _ = hold(128)
    assert held.shape == (128, 128) and held.dtype == np.float32
    assert held.min() == 0 and held.max() == pytest.approx(HELD)
    for eye in EYES:
        assert at(held, points[list(eye)].mean(0)) == pytest.approx(HELD, abs=0.02)
    assert at(held, points[[133, 362]].mean(0)) > 0.5 * HELD
    for free in (13, 152, 61, 291):
        assert at(held, points[free]) < 0.01
    # Brows may rise in part, the hair's line almost freely.
    for brow in (105, 334):
        assert 0.3 < at(held, points[brow]) < 0.75
    assert at(held, points[10]) < 0.15


def test_it_fades_without_a_step():
    held, _, unit = hold(256)
    assert np.abs(np.diff(held, axis=0)).max() < HELD / (0.05 * unit)
    assert np.abs(np.diff(held, axis=1)).max() < HELD / (0.05 * unit)


def test_it_scales_with_the_crop():
    small, large = hold(128)[0], hold(256)[0]
    assert large.mean() == pytest.approx(small.mean(), rel=0.05)
