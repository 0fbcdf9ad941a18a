import numpy as np
import pytest
from toy_moves import SIDE, calm_face, eye_distance_of, mouth_of

from faceedit.compose.mouth.opening import draw_opening
from faceedit.compose.mouth.own import MOST_DROP, own_mouth

UNIT = eye_distance_of(calm_face())
WHOLE = (slice(0, SIDE), slice(0, SIDE))
DARK = np.full((SIDE, SIDE), 0.1, np.float32)


def find(start, gap, luma=DARK, fall=None):
    """What a photo of lips `start` apart shows of an opening of `gap`."""
    before, after = mouth_of(calm_face(gap=start), start), mouth_of(calm_face(gap=gap), fall or gap)
    opening = draw_opening(after, WHOLE, UNIT)
    shown = draw_opening(before, WHOLE, UNIT) if start else None
    return opening, own_mouth(luma, before, after, opening, shown, start, 1.0)


def teeth_until(row):
    luma = DARK.copy()
    luma[:row] = 0.8
    return luma


def edge_row(start):
    return mouth_of(calm_face(gap=start), start).upper[5:, 1].mean()


def test_closed_lips_show_nothing():
    _, own = find(0.0, 0.2)
    assert not own.share.any() and not own.flow.any() and own.drop == 0


def test_what_the_photo_shows_stays_the_photos():
    opening, own = find(0.2, 0.2)
    inside = opening.distance() < -0.03 * UNIT
    assert inside.sum() > 50
    np.testing.assert_allclose(own.share[inside], 1)
    np.testing.assert_allclose(own.flow, 0, atol=1e-3)
    assert not own.share[opening.distance() > 1].any()


def test_upper_teeth_stay_with_the_head_and_the_rest_goes_with_the_jaw():
    start, gap = 0.2, 0.3
    row = round(edge_row(start))
    _, own = find(start, gap, teeth_until(row))
    x = SIDE // 2
    assert own.share[row - 2, x] > 0.5
    np.testing.assert_allclose(own.flow[row - 2, x], 0, atol=0.3)
    # The lower teeth are where they were, less the way of the jaw.
    fallen = (gap - start) * UNIT
    y = round(calm_face(gap=gap)[14, 1] - 0.06 * UNIT)
    assert own.share[y, x] > 0.5
    np.testing.assert_allclose(own.flow[y, x], (0, -fallen), atol=0.5)


def test_a_smile_shows_no_lower_jaw_far_from_its_upper_teeth():
    start = 0.09
    row = round(edge_row(start))
    _, near = find(start, 0.1, teeth_until(row))
    _, far = find(start, 0.3, teeth_until(row))
    below = slice(row + 4, None)
    assert far.share[below].sum() < 0.5 * max(near.share[below].sum(), 1)


@pytest.mark.parametrize("longer", [-1, 2])
def test_teeth_longer_or_shorter_than_marked_are_found(longer):
    row = round(edge_row(0.25))
    _, own = find(0.25, 0.3, teeth_until(row + longer))
    _, usual = find(0.25, 0.3, teeth_until(row))
    assert own.drop - usual.drop == pytest.approx(longer, abs=0.6)


def test_the_drop_is_bounded():
    for row in (0, SIDE):
        assert abs(find(0.3, 0.35, teeth_until(row))[1].drop) <= MOST_DROP * UNIT
