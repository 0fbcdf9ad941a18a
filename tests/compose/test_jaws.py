import numpy as np
import pytest

from faceedit.compose.mouth.jaws import SmoothMap, edge_of_teeth, incisal_edge


def places(height, width):
    return np.stack(np.meshgrid(np.arange(float(width)), np.arange(float(height))), axis=-1)


def test_a_smooth_map_on_a_grid_is_the_map():
    rng = np.random.default_rng(1)
    points = rng.uniform(0, 50, (40, 2))
    values = points @ [[0.9, 0.1], [-0.1, 1.1]] + (3, 4)
    fitted = SmoothMap(points, values)
    assert np.abs(fitted(points) - values).max() < 0.1
    assert np.abs(fitted.on_grid(places(31, 50)) - fitted(places(31, 50))).max() < 0.02


@pytest.mark.parametrize("size", [(1, 9), (9, 1), (1, 1), (2, 2), (7, 13)])
def test_a_grid_of_any_size(size):
    fitted = SmoothMap(places(4, 4).reshape(-1, 2), 2 * places(4, 4).reshape(-1, 2))
    found = fitted.on_grid(places(*size))
    assert found.shape == (*size, 2) and found.dtype == np.float32
    np.testing.assert_allclose(found, fitted(places(*size)), atol=0.05)


def test_points_that_stay_map_to_themselves():
    points = np.random.default_rng(0).uniform(0, 90, (10, 2))
    np.testing.assert_allclose(SmoothMap(points, points)(points), points, atol=1e-4)


def test_one_point_is_a_shift():
    fitted = SmoothMap(np.array([[5.0, 6.0]]), np.array([[8.0, 4.0]]))
    np.testing.assert_allclose(fitted(np.array([[5.0, 6.0], [50.0, 0.0]])), [[8, 4], [53, -2]])


def test_noise_of_single_points_is_evened_out():
    points = places(6, 12).reshape(-1, 2)
    noise = np.random.default_rng(2).normal(0, 0.5, points.shape)
    fitted = SmoothMap(points, np.add(points, (1, 2)) + noise)
    assert np.abs(fitted(points) - points - (1, 2)).max() < 0.6


def test_a_jaw_that_opens_is_parted_at_the_edge_of_the_teeth():
    luma = np.full((40, 60), 0.2, np.float32)
    edge = (20 + 4 * np.cos(np.arange(60) / 20)).astype(int)
    for x, row in enumerate(edge):
        luma[:row, x] = 0.8
    path = incisal_edge(luma, np.ones_like(luma), np.full(60, 21.0, np.float32), 8)
    assert np.abs(path[2:-2] - edge[2:-2]).max() <= 1.5


def test_without_light_the_edge_is_where_the_model_has_it():
    start = 15 + np.linspace(-3, 3, 40, dtype=np.float32)
    path = incisal_edge(np.full((30, 40), 0.3, np.float32), np.ones((30, 40)), start, 6)
    assert np.abs(path - start).max() <= 1.5


def test_the_edge_is_not_looked_for_beyond_its_reach():
    luma = np.full((60, 40), 0.2, np.float32)
    luma[:50] = 0.9
    path = incisal_edge(luma, np.ones_like(luma), np.full(40, 20.0, np.float32), 6)
    assert np.abs(path - 20).max() <= 6


def test_what_lies_outside_the_lips_is_no_edge():
    luma = np.full((40, 50), 0.2, np.float32)
    luma[:16] = 0.9
    inside = np.zeros_like(luma)
    inside[20:] = 1
    path = incisal_edge(luma, inside, np.full(50, 22.0, np.float32), 8)
    assert np.abs(path - 22).max() <= 2


def test_the_marks_of_an_arch_give_its_edge():
    x = np.linspace(10, 50, 9)
    low = 30 - 0.01 * (x - 30) ** 2
    upper = np.concatenate([np.stack([x, np.full(9, 12.0)], 1), np.stack([x, low], 1)])
    columns = np.arange(0.0, 61.0)
    edge = edge_of_teeth(upper, columns)
    wanted = 30 - 0.01 * (np.clip(columns, 10, 50) - 30) ** 2
    np.testing.assert_allclose(edge, wanted, atol=0.3)
    assert edge.dtype == np.float32


def test_one_column_of_teeth_has_a_level_edge():
    edge = edge_of_teeth(np.array([[20.0, 10.0], [20.0, 14.0]]), np.arange(5.0))
    np.testing.assert_allclose(edge, 14)


def test_marks_along_the_edge_say_where_it_is_in_a_face_seen_from_a_side():
    gum = [[10.0 + 9 * k, 5.0] for k in range(5)]
    edge = [[14.0 + 9 * k, 20.0 - (k - 2) ** 2] for k in range(5)]
    columns = np.arange(10.0, 60.0, 4)
    found = edge_of_teeth(np.array(gum + edge), columns)
    x, y = np.array(edge).T
    np.testing.assert_allclose(found, np.interp(columns, x, y), atol=0.6)
