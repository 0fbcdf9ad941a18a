from dataclasses import replace

import numpy as np
from edits import edit

from faceedit.compose.compose import compose
from faceedit.compose.growth.beard import GRID, beard_map, grid_places, grow, moustache_map
from faceedit.compose.growth.brow import grow_brow
from faceedit.compose.growth.draw import Growth, Hairs
from faceedit.faces.align import crop_affine, transform_landmarks
from faceedit.faces.topology import eye_distance, mean_shape

SIDE = 192
FACE = transform_landmarks(mean_shape(), crop_affine(mean_shape(), SIDE))


def at(density, point):
    column, row = np.round(grid_places(mean_shape()[point])).astype(int)
    return density[row, column]


def test_beards_stand_on_chin_and_jaw_and_moustaches_under_the_nose():
    beard, moustache = beard_map(), moustache_map()
    assert beard.shape == (GRID, GRID)
    assert np.abs(beard - beard[:, ::-1]).mean() < 0.03
    assert min(at(beard, chin) for chin in (199, 149, 378)) > 0.9
    assert max(at(beard, bare) for bare in (4, 10, 13, 50, 280)) < 0.05
    assert at(moustache, 164) > 0.8
    assert max(at(moustache, bare) for bare in (4, 13, 199)) < 0.1


def test_hairs_grow_down_from_where_they_are_dense_and_are_the_same_each_time():
    curves, tufts = grow(beard_map(), FACE, 4000, 0.14, 3)
    assert len(curves) > 500
    unit = eye_distance(FACE)
    length = np.linalg.norm(np.diff(curves, axis=1), axis=2).sum(1)
    assert length.max() < 0.35 * unit
    assert (curves[:, -1, 1] > curves[:, 0, 1]).mean() > 0.95
    again, _ = grow(beard_map(), FACE, 4000, 0.14, 3)
    np.testing.assert_array_equal(curves, again)
    # Hairs of a tuft end closer together than they begin.
    tuft = curves[tufts == np.bincount(tufts).argmax()]
    assert tuft[:, -1].std(0).mean() < 1.5 * tuft[:, 0].std(0).mean()


def drawn(strength, colour=0.1):
    field = np.zeros((SIDE, SIDE), np.float32)
    field[60:160, 40:150] = 1
    rng = np.random.default_rng(0)
    root = rng.uniform((50, 70), (140, 130), (300, 2)).astype(np.float32)
    curves = root[:, None] + np.linspace(0, 12, 7)[:, None] * np.array([0, 1], np.float32)
    hairs = Hairs(
        curves.astype(np.float32),
        np.full((300, 3), colour, np.float32),
        np.full(300, 0.002, np.float32),
    )
    hue = np.full((SIDE, SIDE, 3), colour, np.float32)
    detail = Growth(hairs, 0.3 * field, field, hue, SIDE, 60.0).scaled(strength)
    photo = np.full((SIDE, SIDE, 3), 150, np.uint8)
    mask = np.pad(np.ones((SIDE - 2, SIDE - 2), np.float32), 1)
    whole = replace(edit(size=SIDE), size=SIDE, details=(detail,), region="crop")
    return photo, compose(photo, whole, np.eye(2, 3), mask)


def test_more_strength_is_longer_denser_hair_and_none_changes_nothing():
    np.testing.assert_array_equal(*drawn(0.0))
    dark = [drawn(share)[1][80:140, 60:130].mean() for share in (0.1, 0.4, 1.0)]
    assert 150 > dark[0] > dark[1] > dark[2] > 30


def test_only_where_it_is_allowed_and_fair_roots_do_not_lighten_skin():
    photo, after = drawn(1.0)
    np.testing.assert_array_equal(after[:, 156:], photo[:, 156:])
    np.testing.assert_array_equal(after[:50], photo[:50])
    _, fair = drawn(1.0, 0.9)
    between = fair[62:68, 60:130]
    assert between.max() <= 151


def test_hairs_of_brows_lie_along_them_and_rise_at_the_inner_end():
    curves = grow_brow(FACE, 1, 400, 8.0, np.random.default_rng(0))
    x0, x1 = (float(FACE[end, 0]) for end in (336, 300))
    root, tip = curves[:, 0], curves[:, -1]
    assert root[:, 0].min() > x0 - 6 and root[:, 0].max() < x1 + 6
    away = tip - root
    inner = root[:, 0] < x0 + 0.12 * (x1 - x0)
    middle = np.abs(root[:, 0] - (x0 + x1) / 2) < 0.1 * (x1 - x0)
    assert -away[inner, 1].mean() > 1.5 * -away[middle, 1].mean()
    assert away[middle, 0].mean() > 3
