import numpy as np
import pytest
from toy_moves import SIDE, calm_face, dropped, eye_distance_of, shut

from faceedit.compose.mesh_flow import extend, mesh_flow, soften_jumps
from faceedit.faces.raster import fill_polygon, rasterize_mesh
from faceedit.faces.topology import EYES, INNER_LIPS, N_SURFACE

UNIT = eye_distance_of(calm_face())


def flow(before, after, **options):
    raster = rasterize_mesh(after, (SIDE, SIDE))
    return mesh_flow(before, after, raster, UNIT, **options), raster.inside


def test_a_mesh_that_stays_flows_nowhere():
    found, _ = flow(calm_face(), calm_face())
    assert found.shape == (SIDE, SIDE, 2) and found.dtype == np.float32
    assert np.abs(found).max() < 1e-4


def test_it_points_back_to_where_points_came_from():
    before, after = calm_face(), dropped(calm_face(), 0.15)
    found, inside = flow(before, after)
    places = np.rint(after[:N_SURFACE, :2]).astype(int)
    lips = [*INNER_LIPS]
    chosen = [i for i in range(N_SURFACE) if inside[places[i, 1], places[i, 0]]]
    chosen = [i for i in chosen if np.abs(after[i, :2] - after[lips, :2]).max(1).min() > 4]
    wanted = (before - after)[chosen, :2]
    error = np.abs(found[places[chosen, 1], places[chosen, 0]] - wanted)
    assert len(chosen) > 200 and np.abs(wanted).max() > 5
    assert np.quantile(error, 0.95) < 0.5


def test_a_shift_of_all_is_that_shift_and_dies_away_beyond():
    before, after = calm_face(), calm_face()
    after[:, :2] += (3, -2)
    found, inside = flow(before, after, still_eyes=False)
    np.testing.assert_allclose(found[inside] - (-3, 2), 0, atol=0.05)
    border = np.concatenate([found[0], found[-1], found[:, 0], found[:, -1]])
    assert np.abs(border).max() < 1.0
    outside = np.linalg.norm(found[~inside], axis=-1)
    assert outside.max() < np.hypot(3, 2) + 0.01 and outside.min() < 0.05


def test_eyeballs_stand_still_unless_told_to_follow():
    before, after = calm_face(), shut(calm_face(), 0.5)
    after[:, 1] += 2
    still, _ = flow(before, after)
    led, _ = flow(before, after, still_eyes=False)
    for eye in EYES:
        x, y = np.rint(after[list(eye), :2].mean(0)).astype(int)
        np.testing.assert_allclose(still[y, x], 0, atol=0.7)
        assert led[y, x, 1] < -1.5
    eyes = np.max([fill_polygon(after[list(e)], (SIDE, SIDE)) for e in EYES], 0)
    far = eyes[:-20] == 0
    assert np.abs(still - led)[SIDE // 2 :].max() == 0 and far.any()


def test_what_is_between_the_lips_follows_them():
    before, after = calm_face(gap=0.1), calm_face(gap=0.1)
    after[:, 1] += 3
    found, _ = flow(before, after)
    x, y = np.rint(after[list(INNER_LIPS), :2].mean(0)).astype(int)
    np.testing.assert_allclose(found[y, x], (0, -3), atol=0.1)


def test_a_face_outside_the_grid_flows_nowhere():
    before, after = calm_face(), calm_face()
    before[:, 0] += 1000
    after[:, :2] += (1004, 0)
    found, inside = flow(before, after)
    assert not inside.any()
    assert np.isfinite(found).all() and np.abs(found).max() < 1e-6


def test_known_values_are_kept_and_others_fade():
    rows, columns = np.mgrid[:64, :64]
    known = np.hypot(rows - 32, columns - 32) < 10
    field = np.where(known[..., None], np.array([2.0, -1.0]), 50).astype(np.float32)
    found = extend(field, known, 12.0)
    np.testing.assert_array_equal(found[known], field[known])
    along = found[32, 43:, 0]
    assert (np.diff(along) < 1e-3).all() and along[0] > 1.7 and along[-1] < 0.2
    # At its reach it has fallen to 1/e.
    assert found[32, 42 + 12, 0] == pytest.approx(2 / np.e, rel=0.15)


def test_holes_are_filled_between_their_rims():
    known = np.ones((40, 40), bool)
    known[15:25, 15:25] = False
    ramp = np.dstack([np.mgrid[:40, :40][1]] * 2).astype(np.float32)
    found = extend(np.where(known[..., None], ramp, -99), known, 1000.0)
    assert np.abs(found - ramp).max() < 3


def test_nothing_known_is_nothing():
    field = np.ones((20, 30, 2), np.float32)
    assert not extend(field, np.zeros((20, 30), bool), 5.0).any()
    np.testing.assert_array_equal(extend(field, np.ones((20, 30), bool), 5.0), field)


def test_steps_of_a_flow_are_rounded_off_and_slopes_kept():
    x = np.arange(64, dtype=np.float32)
    smooth = np.stack(np.broadcast_arrays(0.3 * x[None], -0.2 * x[:, None]), -1)
    np.testing.assert_allclose(soften_jumps(smooth, 64), smooth, atol=1e-6)
    step = np.zeros((64, 64, 2), np.float32)
    step[:, 32:, 0] = 6.0
    for over, reach in ((4.0, 10), (16.0, 26)):
        soft = soften_jumps(step, 64, over)
        assert np.abs(np.diff(soft[..., 0], axis=1)).max() < 4.0
        np.testing.assert_allclose(soft[:, : 32 - reach], 0, atol=1e-3)
        np.testing.assert_allclose(soft[:, 32 + reach :, 0], 6, atol=1e-3)
