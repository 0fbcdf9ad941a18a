import numpy as np
import pytest
from toys import CM, toy_model

from faceedit.faces.topology import LOWER_INNER_LIP, N_SURFACE, UPPER_INNER_LIP
from faceedit.studio.lips import LipSeal

PX_PER_CM = 10.0
UNIT = CM * PX_PER_CM


def places(**weights):
    model = toy_model()
    vertices = model.blend(np.zeros(2), model.weights(**weights))
    return (vertices[:, :2] * (PX_PER_CM, -PX_PER_CM)).astype(np.float32)


def pairs_gap(points):
    upper, lower = points[list(UPPER_INNER_LIP[1:-1])], points[list(LOWER_INNER_LIP[1:-1])]
    return (lower - upper)[:, 1] / UNIT


@pytest.fixture(scope="module")
def seal():
    return LipSeal(toy_model())


@pytest.mark.parametrize("wanted", [0.0, -0.008, 0.03])
@pytest.mark.parametrize("jaw", [0.25, 0.6])
def test_lips_come_to_the_gap_that_was_wanted(seal, jaw, wanted):
    before = places(jawOpen=jaw)
    after = seal.close(before, UNIT, wanted)
    left = pairs_gap(after)[2:-2] - wanted
    assert pairs_gap(before)[2:-2].min() > 0.01
    assert np.abs(left).mean() < 1e-3 + 0.1 * np.abs(pairs_gap(before) - wanted).mean()


def test_the_lower_lip_goes_most_of_the_way(seal):
    before = places(jawOpen=0.5)
    moved = seal.close(before, UNIT)[:, 1] - before[:, 1]
    upper, lower = UPPER_INNER_LIP[5], LOWER_INNER_LIP[5]
    assert moved[upper] > 0 > moved[lower]
    assert -moved[lower] > 1.5 * moved[upper]


def test_only_rows_near_the_mouth_move_and_only_up_or_down(seal):
    before = places(jawOpen=0.5)
    after = seal.close(before, UNIT)
    np.testing.assert_array_equal(after[:, 0], before[:, 0])
    assert after is not before and not np.shares_memory(after, before)
    mouth = before[list(UPPER_INNER_LIP + LOWER_INNER_LIP)].mean(0)
    far = np.abs(before - mouth).max(1) > 0.45 * UNIT
    assert far[:N_SURFACE].sum() > 100
    np.testing.assert_allclose(after[far], before[far], atol=1e-3)
    np.testing.assert_array_equal(after[N_SURFACE:], before[N_SURFACE:])


def test_lips_at_that_gap_already_stay(seal):
    before = places()
    gap = float(pairs_gap(before).mean())
    after = seal.close(before, UNIT, gap)
    assert np.abs(after - before).max() < 0.005 * UNIT


def test_every_vertex_is_of_one_lip(seal):
    assert not np.intersect1d(seal.upper, seal.lower).size
    assert set(UPPER_INNER_LIP[1:-1]) <= set(seal.upper.tolist())
    assert set(LOWER_INNER_LIP[1:-1]) <= set(seal.lower.tolist())
