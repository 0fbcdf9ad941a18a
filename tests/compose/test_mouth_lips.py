from dataclasses import replace

import numpy as np
import pytest
from toy_moves import SIDE, calm_face, eye_distance_of, mouth_of

from faceedit.compose.mouth.lips import (
    LIP_MARGIN,
    SIDE_MARGIN,
    continue_flow,
    follow_lips,
    keep_off,
    keep_side,
    lip_change,
    sample_box,
    seal,
)
from faceedit.compose.mouth.meeting import CONTACT_DEPTH, as_closed, contact
from faceedit.compose.mouth.opening import draw_opening
from faceedit.faces.topology import INNER_LIPS

UNIT = eye_distance_of(calm_face())
WHOLE = (slice(0, SIDE), slice(0, SIDE))
NOWHERE = np.zeros((SIDE, SIDE, 2), np.float32)


def opening(gap):
    return draw_opening(mouth_of(calm_face(gap=gap)), WHOLE, UNIT)


def test_change_is_0_for_the_same_lips_and_1_for_others():
    closed = mouth_of(calm_face())
    assert lip_change(closed, closed, UNIT) == 0
    a_little, more = (mouth_of(calm_face(gap=g)) for g in (0.01, 0.2))
    assert 0 < lip_change(closed, a_little, UNIT) < 1
    assert lip_change(closed, more, UNIT) == lip_change(more, closed, UNIT) == 1
    # A thousandth of a margin is rounding.
    assert lip_change(closed, mouth_of(calm_face(gap=1e-5)), UNIT) == 0


def test_the_opening_takes_the_flow_of_the_lips_next_to_it():
    found = opening(0.2)
    hole = found.mouth_pixels > 0
    rows, columns = np.nonzero(hole)
    middle = rows.mean()
    flow = NOWHERE.copy()
    flow[: int(middle)] = (0, -3)
    flow[int(middle) :] = (0, 5)
    flow[hole] = 99
    continued = continue_flow(found, flow)
    np.testing.assert_array_equal(continued[~hole], flow[~hole])
    x = int(columns.mean())
    assert continued[rows.min() + 1, x, 1] == pytest.approx(-3, abs=0.1)
    assert continued[rows.max() - 1, x, 1] == pytest.approx(5, abs=0.1)
    assert np.abs(continued).max() <= 5.01


def test_without_an_opening_or_without_skin_the_flow_is_left():
    flow = np.random.default_rng(0).normal(size=NOWHERE.shape).astype(np.float32)
    np.testing.assert_array_equal(continue_flow(opening(0.0), flow), flow)
    all_open = replace(opening(0.1), mouth_pixels=np.ones((SIDE, SIDE), np.float32))
    np.testing.assert_array_equal(continue_flow(all_open, flow), flow)


def test_lips_keep_off_the_light_between_them():
    shown = opening(0.15)
    moved = keep_off(shown, NOWHERE, 1.0)
    distance = shown.distance()
    rim = (distance > 0) & (distance < 1)
    # What is shown at the rim lies farther out.
    assert sample_box(distance, moved)[rim].mean() > distance[rim].mean() + 0.6 * LIP_MARGIN * UNIT
    assert np.abs(moved[distance > 0.1 * UNIT]).max() < 0.02
    np.testing.assert_array_equal(keep_off(shown, NOWHERE, 0.0), NOWHERE)
    np.testing.assert_array_equal(keep_off(opening(0.0), NOWHERE, 1.0), NOWHERE)


def test_lips_that_part_keep_to_their_sides():
    before, after = mouth_of(calm_face()), mouth_of(calm_face(gap=0.15))
    found = opening(0.15)
    flow = NOWHERE.copy()
    middle_row = before.ring[:, 1].mean()
    # All lips come from the very line where they met.
    flow[..., 1] = middle_row - np.arange(SIDE)[:, None]
    kept = keep_side(found, flow, before.lips, after.lips, 1.0)
    x = SIDE // 2
    top, low = (round(float(line[5, 1])) for line in after.lips)
    met = np.interp(x, *before.lips[0].T)
    assert kept[top - 2, x, 1] + top - 2 < met - 0.5 * SIDE_MARGIN * UNIT
    assert kept[low + 2, x, 1] + low + 2 > met + 0.5 * SIDE_MARGIN * UNIT
    np.testing.assert_array_equal(kept[..., 0], flow[..., 0])
    # Beyond the corners there are no lips.
    np.testing.assert_array_equal(kept[:, :20], flow[:, :20])
    np.testing.assert_array_equal(keep_side(found, flow, before.lips, after.lips, 0.0), flow)


def test_lips_that_meet_show_a_line():
    before, after = mouth_of(calm_face(gap=0.1)), mouth_of(calm_face())
    line = contact(before, after, opening(0.0), 0.08)
    assert (line <= 0).all() and line.shape == (SIDE, SIDE, 3)
    x, y = np.rint(after.ring.mean(0)).astype(int)
    deepest = line[y - 3 : y + 4, x].min(0)
    assert (deepest < 0.25 * np.log1p(-CONTACT_DEPTH)).all()
    assert (deepest >= np.log1p(-CONTACT_DEPTH) - 1e-5).all()
    rows, columns, _ = np.nonzero(line < -0.02)
    assert np.ptp(rows) < 0.12 * UNIT
    assert columns.min() >= after.ring[:, 0].min() - 2


def test_no_line_where_lips_stay_apart_or_were_shut():
    apart, shut = mouth_of(calm_face(gap=0.1)), mouth_of(calm_face())
    assert not contact(shut, shut, opening(0.0), 0.0).any()
    assert not contact(apart, apart, opening(0.1), 0.08)[:, SIDE // 2].any()
    # Landmarks that part a little where the mean says shut are wrong.
    assert not contact(mouth_of(calm_face(gap=0.015)), shut, opening(0.0), 0.03).any()


def test_a_box_is_sampled_at_its_places_plus_flow():
    values = np.random.default_rng(0).random((20, 30)).astype(np.float32)
    flow = np.full((20, 30, 2), (3, -2), np.float32)
    np.testing.assert_allclose(sample_box(values, flow)[5:15, 5:20], values[3:13, 8:23], atol=1e-6)


def test_rims_of_lips_follow_the_landmarks_whatever_the_coarse_flow_says():
    before, after = mouth_of(calm_face()), mouth_of(calm_face(gap=0.15), 0.15)
    opening = draw_opening(after, WHOLE, UNIT)
    wrong = np.full((SIDE, SIDE, 2), 5.0, np.float32)
    flow = follow_lips(opening, wrong, before, after)
    wanted = (before.landmarks - after.landmarks)[:, :2]
    low = np.rint(after.landmarks[14, :2]).astype(int)
    np.testing.assert_allclose(flow[low[1] + 1, low[0]], wanted[14], atol=3.0)
    np.testing.assert_array_equal(flow[:20, :20], wrong[:20, :20])
    assert flow.dtype == np.float32


def gap_of(points):
    upper, lower = points.lips
    return float((lower - upper)[:, 1].max()) / UNIT


@pytest.mark.parametrize(
    ("had", "has", "left"),
    [
        # What hardly opens stays closed; what opens stays open.
        (0.0, 0.015, 0.0),
        (0.0, 0.08, 0.08),
        # What was open and closes is closed; what stays as it was stays.
        (0.1, 0.015, 0.0),
        (0.03, 0.03, 0.03),
        (0.018, 0.1, 0.1),
    ],
)
def test_lips_that_nearly_meet_meet(had, has, left):
    face = calm_face(gap=has)
    if had != has:
        # The lips move aside as well, so that it is an edit.
        face[list(INNER_LIPS), 0] += 0.03 * UNIT
    before, after = mouth_of(calm_face(gap=had)), mouth_of(face)
    sealed = seal(before, after, UNIT)
    assert gap_of(sealed) == pytest.approx(left * gap_of(after) / has, abs=1e-3)
    np.testing.assert_array_equal(after.landmarks, face)
    if left == has:
        assert sealed is after
    else:
        np.testing.assert_allclose(
            sealed.ring[[0, 10]], after.ring[[0, 10]], err_msg="corners stay"
        )


def test_lips_that_stay_closed_keep_their_flow_where_the_mesh_folds():
    before, after = mouth_of(calm_face()), mouth_of(calm_face())
    corner = after.landmarks.copy()
    corner[INNER_LIPS[0], 1] -= 0.1 * UNIT
    flow = np.random.default_rng(0).normal(size=NOWHERE.shape).astype(np.float32)
    followed = follow_lips(opening(0.0), flow, before, replace(after, landmarks=corner))
    np.testing.assert_array_equal(followed, flow)


@pytest.mark.parametrize(
    ("between", "gap", "next_gap", "closed"),
    [
        (0.1, 0.03, 0.0, True),
        (0.9, 0.03, 0.0, False),
        (0.1, 0.03, 0.2, False),
        (0.1, 0.2, 0, False),
    ],
)
def test_a_dark_line_of_lips_that_close_is_their_line(between, gap, next_gap, closed):
    before, after = (mouth_of(calm_face(gap=one)) for one in (gap, next_gap))
    photo = np.full((SIDE, SIDE, 3), 0.5, np.float32)
    rows = np.s_[int(before.ring[:, 1].min()) : int(before.ring[:, 1].max()) + 2]
    photo[rows] = between
    seen = as_closed(photo, before, after, UNIT)
    upper, lower = seen.lips
    assert (np.abs(lower - upper).max() == 0) == closed
    assert closed or seen is before
