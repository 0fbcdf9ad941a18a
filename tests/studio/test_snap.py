import numpy as np
import pytest

from faceedit.studio.snap import ThinPlateSpline

RNG = np.random.default_rng(0)
POINTS = RNG.uniform(0, 200, (40, 2))


def spline(values, ridge=0.0, unit=90.0):
    return ThinPlateSpline(POINTS, values, np.full(len(POINTS), ridge), unit)


def test_it_passes_through_its_values():
    values = RNG.normal(0, 5, (40, 2))
    found = spline(values)(POINTS)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, values, atol=1e-4)


@pytest.mark.parametrize("ridge", [0.0, 0.3])
def test_affine_maps_are_kept_whatever_the_ridge(ridge):
    def affine(places):
        return places @ np.array([[1.1, -0.2, 0.3], [0.4, 0.9, -0.6]]) + (5, -7, 2)

    anywhere = RNG.uniform(-300, 500, (30, 2))
    np.testing.assert_allclose(spline(affine(POINTS), ridge)(anywhere), affine(anywhere), atol=1e-2)


def test_a_ridge_lets_go_of_one_point_only():
    values = np.zeros((40, 1))
    values[7] = 10.0
    ridge = np.zeros(40)
    ridge[7] = 100.0
    found = ThinPlateSpline(POINTS, values, ridge, 90.0)(POINTS)
    assert abs(found[7, 0]) < 1.0
    np.testing.assert_allclose(np.delete(found, 7, axis=0), 0, atol=1e-4)


def test_one_bump_is_bounded_and_greatest_near_its_point():
    corners = np.array([[0, 0], [100, 0], [0, 100], [100, 100], [50, 50]], float)
    bump = ThinPlateSpline(corners, np.array([[0], [0], [0], [0], [1.0]]), np.zeros(5), 100.0)
    along = bump(np.stack([np.linspace(0, 100, 21), np.full(21, 50.0)], 1))[:, 0]
    assert along.argmax() == 10 and along[10] == pytest.approx(1.0, abs=1e-4)
    np.testing.assert_allclose(along, along[::-1], atol=1e-5)
