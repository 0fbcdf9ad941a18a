import numpy as np
import pytest
from toy_creases import creased_atlas, creased_model

from faceedit.studio.furrows import SIDE
from faceedit.studio.skin import atlas_coordinates
from faceedit.studio.wrinkles import ACTIONS, draw_wrinkles


@pytest.fixture(scope="module")
def points():
    model = creased_model()
    return atlas_coordinates(model.neutral)[model.landmark_vertices]


def test_the_seed_decides(points):
    one, again = draw_wrinkles(points, 3), creased_atlas().wrinkles[3]
    other = creased_atlas().wrinkles[4]
    for a, b in zip(one, again, strict=True):
        assert a.window == b.window
        np.testing.assert_array_equal(a.fine, b.fine)
    assert any(a.window != b.window for a, b in zip(one, other, strict=True))


def test_every_action_folds_and_lines_its_own_place(points):
    wrinkles = dict(zip(ACTIONS, creased_atlas().wrinkles[0], strict=True))
    for crease in wrinkles.values():
        assert crease.soft.shape == crease.fine.shape == crease.zone.shape
        assert crease.soft.min() < -0.01
        assert crease.fine.min() < -0.03
        assert crease.zone.min() >= 0
        assert crease.zone.max() <= 1
    rows = {name: c.window[0] for name, c in wrinkles.items()}
    brow, mouth = points[105, 1] * SIDE, points[61, 1] * SIDE
    assert rows["forehead_inner"].stop < rows["nose"].stop
    assert rows["forehead_outer"].start < brow < rows["frown"].stop < mouth
    assert rows["chin"].start > mouth - 0.05 * SIDE


def test_both_sides_crease():
    for name, crease in zip(ACTIONS, creased_atlas().wrinkles[1], strict=True):
        maps = np.zeros((SIDE, SIDE))
        maps[crease.window] = np.abs(crease.soft)
        left, right = maps[:, : SIDE // 2].sum(), maps[:, SIDE // 2 :].sum()
        assert 0.2 < left / right < 5, name
