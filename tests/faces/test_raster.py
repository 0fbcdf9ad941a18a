import numpy as np
import pytest

from faceedit.faces.raster import draw_lines, fill_polygon, rasterize_mesh
from faceedit.faces.topology import (
    EYES,
    FACE_OVAL,
    LOWER_INNER_LIP,
    N_SURFACE,
    UPPER_INNER_LIP,
    mean_shape,
    triangles,
)

SQUARE = np.array([[10.0, 20.0], [40.0, 20.0], [40.0, 50.0], [10.0, 50.0]])


def face(scale=60.0, centre=(100.0, 70.0)):
    return mean_shape()[:, :2].astype(np.float64) * scale + centre


def test_the_mesh_is_whole():
    assert triangles().shape == (852, 3)
    assert set(np.unique(triangles())) == set(range(N_SURFACE))
    assert mean_shape().shape == (478, 3)
    assert np.linalg.norm(mean_shape()[33] - mean_shape()[263]) == pytest.approx(1.0, abs=0.02)


def test_interpolating_positions_gives_the_pixels_themselves():
    raster = rasterize_mesh(face(), (200, 200))
    places = raster.interpolate(face()[:N_SURFACE])
    y, x = np.nonzero(raster.inside)
    apart = np.linalg.norm(places[y, x] - np.column_stack([x, y]), axis=1)
    assert np.median(apart) < 0.01
    # The filler takes pixels that a triangle only touches, and some triangles are slivers.
    assert np.quantile(apart, 0.98) < 1.0


def test_weights_are_barycentric_and_zero_outside():
    raster = rasterize_mesh(face(), (200, 200))
    assert len(raster.vertices) == len(raster.weights) == raster.inside.sum()
    np.testing.assert_allclose(raster.weights.sum(-1), 1, atol=1e-5)
    assert raster.weights.min() >= 0
    assert not raster.interpolate(np.ones((N_SURFACE, 2)))[~raster.inside].any()


def test_eyes_and_mouth_are_holes():
    raster = rasterize_mesh(face(), (200, 200))
    oval = fill_polygon(face()[list(FACE_OVAL)], (200, 200)) > 0.5
    assert raster.inside[oval].mean() > 0.9
    for eye in EYES:
        x, y = np.rint(face()[list(eye)].mean(0)).astype(int)
        assert not raster.inside[y, x]
    opened = face()
    opened[list(LOWER_INNER_LIP[1:-1]), 1] += 3
    opened[list(UPPER_INNER_LIP[1:-1]), 1] -= 3
    x, y = np.rint(opened[[13, 14]].mean(0)).astype(int)
    assert not rasterize_mesh(opened, (200, 200)).inside[y, x]


def test_a_mesh_outside_the_grid_draws_nothing():
    assert not rasterize_mesh(face(centre=(900.0, -500.0)), (64, 64)).inside.any()
    assert not rasterize_mesh(np.zeros((468, 2)) - 5, (64, 64)).inside.any()


def test_a_polygon_covers_its_area():
    filled = fill_polygon(SQUARE, (64, 64))
    assert filled.dtype == np.float32
    assert filled[21:50, 11:40].min() == 1
    assert filled.sum() == pytest.approx(31 * 31, rel=0.08)
    outside = np.ones_like(filled)
    outside[18:53, 8:43] = 0
    assert not (filled * outside).any()


def test_positions_are_finer_than_pixels():
    def left_edge(shift):
        return fill_polygon(SQUARE + np.array([shift, 0]), (64, 64))[30, :25].sum()

    sums = [left_edge(shift) for shift in (0, 0.25, 0.5, 0.75)]
    assert sums == sorted(sums, reverse=True)
    assert sums[0] - sums[-1] == pytest.approx(0.75, abs=0.3)


def test_lines_are_soft_and_stay_near():
    drawn = draw_lines([SQUARE[:2]], (64, 64))
    assert drawn[20, 15:36].min() > 0.6
    assert drawn.max() <= 1
    assert not drawn[27:].any()
    assert 2 < drawn[:, 25].sum() < 5
