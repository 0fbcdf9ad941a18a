import numpy as np
import pytest
from toy_moves import SIDE, calm_face, eye_distance_of, mouth_of

from faceedit.compose.mouth.opening import SLIVER, draw_opening, lip_gap, mouth_box
from faceedit.faces.topology import INNER_LIPS, LOWER_INNER_LIP, UPPER_INNER_LIP

UNIT = eye_distance_of(calm_face())
WHOLE = (slice(0, SIDE), slice(0, SIDE))


def opening(gap):
    return draw_opening(mouth_of(calm_face(gap=gap)), WHOLE, UNIT)


def test_the_gap_is_the_mean_opening_in_eye_distances():
    points = np.zeros((478, 3))
    points[list(LOWER_INNER_LIP[1:-1]), 1] = 9.0
    assert lip_gap(points, 90.0) == pytest.approx(0.1)
    # Crossed lips are closed ones.
    assert lip_gap(-points, 90.0) == 0.0


def test_lips_and_their_ring_are_the_same_points():
    mouth = mouth_of(calm_face(gap=0.1))
    upper, lower = mouth.lips
    assert upper.shape == lower.shape == (11, 2) and mouth.ring.shape == (20, 2)
    np.testing.assert_array_equal(upper[0], lower[0])
    np.testing.assert_array_equal(mouth.ring, np.concatenate([upper, lower[-2:0:-1]]))


def test_lips_that_meet_leave_nothing_open():
    shut = opening(0.0)
    assert not shut.coverage.any()
    assert (shut.distance() > 100).all()
    assert not opening(0.5 * SLIVER[0]).coverage.any()


def test_crossed_lips_are_closed():
    face = calm_face(gap=0.0)
    face[list(LOWER_INNER_LIP[1:-1]), 1] -= 0.03 * UNIT
    crossed = draw_opening(mouth_of(face), WHOLE, UNIT)
    assert not crossed.coverage.any() and not crossed.mouth_pixels.any()


def test_the_opening_grows_with_the_gap():
    areas = [opening(gap).coverage.sum() for gap in (0.0, 0.008, 0.02, 0.1, 0.2)]
    assert areas == sorted(areas) and areas[0] < areas[1]
    width = np.ptp(calm_face()[list(UPPER_INNER_LIP), 0])
    assert 0.6 * width * 0.2 * UNIT < areas[-1] < 1.2 * width * 0.2 * UNIT


def test_coverage_is_soft_at_the_lips_and_whole_between_them():
    found = opening(0.15)
    ring = calm_face(gap=0.15)[list(INNER_LIPS), :2]
    x, y = np.rint(ring.mean(0)).astype(int)
    assert found.coverage[y, x] == pytest.approx(1, abs=1e-3)
    assert found.coverage.min() >= 0 and found.coverage.max() <= 1 + 1e-5
    assert ((found.coverage > 0.05) & (found.coverage < 0.95)).sum() > 20
    rows, columns = np.nonzero(found.coverage > 0.05)
    low, high = ring.min(0) - 2, ring.max(0) + 2
    assert (columns >= low[0]).all() and (columns <= high[0]).all()
    assert (rows >= low[1]).all() and (rows <= high[1]).all()


def test_a_box_sees_what_the_whole_picture_sees():
    part = (slice(70, 130), slice(50, 110))
    boxed = draw_opening(mouth_of(calm_face(gap=0.1)), part, UNIT)
    assert boxed.places[3, 5].tolist() == [55, 73]
    np.testing.assert_allclose(boxed.coverage, opening(0.1).coverage[part], atol=0.02)


def test_distance_is_negative_inside_and_counts_pixels():
    found = opening(0.2)
    distance = found.distance()
    assert ((distance < 0) == (found.coverage > 0.5)).all()
    column = distance[:, SIDE // 2]
    inside = np.flatnonzero(column < 0)
    assert column.min() == pytest.approx(-len(inside) / 2, abs=1.0)
    assert column[inside[-1] + 5] == pytest.approx(4.5, abs=0.6)


def test_the_box_holds_all_lips_and_skin_about_them():
    rings = [mouth_of(calm_face(gap=g)).ring for g in (0.0, 0.3)]
    rows, columns = mouth_box(rings, UNIT, (SIDE, SIDE))
    points = np.concatenate(rings)
    assert columns.start <= points[:, 0].min() - 0.15 * UNIT
    assert rows.stop >= points[:, 1].max() + 0.15 * UNIT


@pytest.mark.parametrize("shift", [(-500, 0), (500, 0), (0, 500), (-500, -500), (-80, -40)])
def test_the_box_stays_in_the_picture(shift):
    ring = mouth_of(calm_face()).ring + shift
    for part in mouth_box([ring], UNIT, (SIDE, SIDE)):
        assert 0 <= part.start < part.stop <= SIDE


def test_skin_holds_the_corners_of_a_mouth_that_opens_wide():
    def shares(gap):
        face = calm_face(gap=gap)
        left, right = np.rint(face[[78, 308], 0]).astype(int)
        tall = (opening(gap).coverage[:, left:right] > 0.5).sum(0) / (gap * UNIT)
        near = round(0.04 * (right - left))
        return tall[near], tall[len(tall) // 2]

    (corner, middle), (narrow_corner, narrow_middle) = shares(0.25), shares(0.07)
    assert corner < 0.8 * narrow_corner
    assert middle == pytest.approx(narrow_middle, rel=0.3)
