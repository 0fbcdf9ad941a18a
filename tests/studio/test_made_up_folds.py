import numpy as np
import pytest
from toy_folds import folded_atlas, folded_model

from faceedit.studio.made_up_folds import ACTIONS, draw_folds
from faceedit.studio.skin import atlas_coordinates
from faceedit.studio.strokes import SIDE


@pytest.fixture(scope="module")
def points():
    model = folded_model()
    return atlas_coordinates(model.neutral)[model.landmark_vertices]


def test_the_seed_decides(points):
    one, again = draw_folds(points, 3), folded_atlas().made_up[3]
    other = folded_atlas().made_up[4]
    for a, b in zip(one, again, strict=True):
        assert a.window == b.window
        np.testing.assert_array_equal(a.fine, b.fine)
    assert any(a.window != b.window for a, b in zip(one, other, strict=True))


def test_every_action_folds_and_lines_its_own_place(points):
    folds = dict(zip(ACTIONS, folded_atlas().made_up[0], strict=True))
    for fold in folds.values():
        assert fold.soft.shape == fold.fine.shape == fold.zone.shape
        assert fold.soft.min() < -0.01
        assert fold.fine.min() < -0.03
        assert fold.zone.min() >= 0
        assert fold.zone.max() <= 1
    rows = {name: c.window[0] for name, c in folds.items()}
    brow, mouth = points[105, 1] * SIDE, points[61, 1] * SIDE
    assert rows["forehead_inner"].stop < rows["nose"].stop
    assert rows["forehead_outer"].start < brow < rows["frown"].stop < mouth
    assert rows["chin"].start > mouth - 0.05 * SIDE


def test_both_sides_fold():
    for name, fold in zip(ACTIONS, folded_atlas().made_up[1], strict=True):
        maps = np.zeros((SIDE, SIDE))
        maps[fold.window] = np.abs(fold.soft)
        left, right = maps[:, : SIDE // 2].sum(), maps[:, SIDE // 2 :].sum()
        assert 0.2 < left / right < 5, name
