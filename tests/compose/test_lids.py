from dataclasses import replace

import numpy as np
import pytest
from edits import rot90_points
from toy_moves import SIDE, calm_face, drawn, eye_distance_of, shut

from faceedit.compose.eyes.edit import BOX, EyeEdit, edit_eye
from faceedit.compose.eyes.eyeball import between_lids
from faceedit.compose.eyes.lidflow import reach, skin_sources
from faceedit.compose.eyes.lids import (
    GRID,
    along_grid,
    blur_along,
    eye_frame,
    lay_lids,
)
from faceedit.compose.eyes.lidskin import lid_colour, unfolded_skin
from faceedit.faces.topology import EYES, IRISES, LOWER_LIDS, UPPER_LIDS

UNIT = eye_distance_of(calm_face())
LEVEL = np.meshgrid(np.linspace(-0.15, 0.15, 31), np.linspace(-0.3, 0.3, 61))


def lids(share, eye=0, turn=0):
    """One eye's lines, its lids brought together by a share, in a picture turned by quarters."""
    before, after = calm_face(), shut(calm_face(), share)
    for _ in range(turn):
        before, after = rot90_points(before, SIDE), rot90_points(after, SIDE)
    return lay_lids(before, after, UNIT, eye)


def edited(share, eye=0, **changes):
    found = replace(lids(share, eye), **changes)
    fields = EyeEdit(
        flow=np.zeros((SIDE, SIDE, 2), np.float32),
        log_ratio=np.zeros((SIDE, SIDE, 3), np.float32),
        paint=np.zeros((SIDE, SIDE, 3), np.float32),
        opacity=np.zeros((SIDE, SIDE), np.float32),
        revealed=np.zeros((SIDE, SIDE), np.float32),
    )
    edit_eye(fields, found, drawn(calm_face()))
    return fields


def looking(x, y):
    """Read a picture whose colours are its places."""
    return np.stack(np.broadcast_arrays(x + 0.5, y + 0.5, 0.5 + 0 * x), -1)


@pytest.mark.parametrize("eye", [0, 1])
def test_a_frame_lies_between_the_corners_and_looks_down_the_face(eye):
    face = calm_face()[:, :2].astype(np.float64)
    origin, axes = eye_frame(face, eye)
    corners = face[[UPPER_LIDS[eye][0], UPPER_LIDS[eye][-1]]]
    np.testing.assert_allclose(origin, corners.mean(0))
    np.testing.assert_allclose(axes @ axes.T, np.eye(2), atol=1e-12)
    assert axes[0, 0] > 0.9 and axes[1, 1] > 0.9


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
@pytest.mark.parametrize("eye", [0, 1])
def test_lines_are_the_same_however_the_picture_is_turned(eye, turn):
    upright, turned = lids(0.7, eye), lids(0.7, eye, turn)
    np.testing.assert_allclose(turned.values, upright.values, atol=1e-5)
    np.testing.assert_allclose(turned.ends, upright.ends, atol=1e-5)
    np.testing.assert_allclose(turned.iris, upright.iris, atol=1e-5)
    place = np.array([0.05, -0.1])
    seen = upright.places(*place)[None]
    for _ in range(turn):
        seen = rot90_points(seen, SIDE)
    np.testing.assert_allclose(turned.places(*place), seen[0], atol=1e-3)


def test_lines_go_through_the_landmarks():
    found = lids(0.5)
    face = calm_face()
    for ring, of in ((UPPER_LIDS, "upper"), (LOWER_LIDS, "lower")):
        points = (face[list(ring[0]), :2] - found.origin) @ found.axes.T / UNIT
        line = along_grid(getattr(found.lines, of).source[None], points[:, 0])[0]
        # Corners are rounded.
        np.testing.assert_allclose(line[1:-1], points[1:-1, 1], atol=0.012)
    assert (found.lines.lower.target >= found.lines.upper.target).all()
    x, y, radius = found.iris
    centre = face[IRISES[0][0], :2]
    np.testing.assert_allclose(found.places(np.array(x), np.array(y)), centre, atol=1e-3)
    assert 0.02 < radius < 0.12


def test_lids_that_do_not_move_are_still():
    assert lids(0.0).still
    assert not lids(0.2).still
    nudged = calm_face()
    nudged[:, 0] += 0.005
    assert lay_lids(calm_face(), nudged, UNIT, 1).still


def test_how_far_lids_close():
    inner = np.abs(GRID) < 0.08
    for share in (0.0, 0.5, 1.0):
        columns = lids(share).lines
        np.testing.assert_allclose(columns.closed[inner], share, atol=0.05)
        assert (columns.upper.move[inner] >= -1e-9).all()
        assert np.abs(columns.lower.move[inner]).max() < 0.01
    opened = lids(-0.5).lines
    assert (opened.closed[inner] == 0).all() and opened.upper.move[inner].max() < 0
    np.testing.assert_allclose(opened.move, np.abs(opened.upper.move), atol=0.01)


def test_columns_are_read_at_any_place_and_row():
    found = lids(0.6)
    x = LEVEL[0]
    columns = found.columns(x)
    assert columns.upper.target.shape == x.shape
    part = columns.rows(slice(3, 5))
    np.testing.assert_array_equal(part.brow.source, columns.brow.source[3:5])
    np.testing.assert_allclose(along_grid(GRID[None], x)[0], x, atol=1e-9)
    # Beyond the lines their ends go on.
    np.testing.assert_allclose(along_grid(GRID[None], np.array([-9.0, 9.0]))[0], GRID[[0, -1]])


def test_skin_that_does_not_move_comes_from_its_own_place():
    x, y = LEVEL
    columns = lids(0.0).columns(x)
    above, below = skin_sources(columns, x, y)
    upper, lower = y < columns.upper.target, y > columns.lower.target
    np.testing.assert_allclose(above[:, upper], np.stack([x, y])[:, upper], atol=1e-6)
    np.testing.assert_allclose(below[:, lower], np.stack([x, y])[:, lower], atol=1e-6)


@pytest.mark.parametrize("share", [-0.5, 0.5, 1.0])
def test_columns_of_skin_never_fold(share):
    x, y = LEVEL
    columns = lids(share).columns(x)
    above, below = skin_sources(columns, x, y)
    assert (np.diff(above[1], axis=0) >= -1e-9).all()
    assert (np.diff(below[1], axis=0) >= -1e-9).all()
    edge = np.abs(y - columns.upper.target).argmin(0), np.arange(31)
    if share < 1:
        np.testing.assert_allclose(above[1][edge], columns.upper.source[edge], atol=0.02)


def test_the_lids_count_near_the_eye_alone():
    x, y = np.meshgrid(np.linspace(-0.45, 0.45, 91), np.linspace(-0.45, 0.45, 91))
    found = lids(1.0)
    near = reach(found, found.columns(x), x, y)
    assert near.min() == 0 and near.max() == pytest.approx(1)
    assert near[45, 45] == pytest.approx(1)
    assert not near[[0, -1]].any() and not near[:, [0, -1]].any()
    assert np.abs(np.diff(near, axis=1)).max() < 0.4


def test_only_an_upper_lid_that_goes_down_is_unfolded():
    x, y = LEVEL
    colour = np.full((len(GRID), 3), 0.6)
    grain, lashes = np.zeros((*x.shape, 3)), np.zeros(len(GRID))
    paint, opacity = unfolded_skin(lids(1.0).columns(x), x, y, colour, grain, lashes)
    assert opacity.max() > 0.9 and opacity.min() >= 0
    np.testing.assert_allclose(paint[opacity > 0.9], 0.6, atol=0.15)
    for share in (0.0, -0.5):
        columns = lids(share).columns(x)
        assert not unfolded_skin(columns, x, y, colour, grain, lashes)[1].any()


def test_a_lid_has_the_colour_of_skin():
    fields = drawn(calm_face())
    found = lids(1.0)

    def look(x, y):
        column, row = np.rint(np.moveaxis(found.places(x, y), -1, 0)).astype(int)
        return fields[row, column]

    colour = lid_colour(found, look)[np.abs(GRID) < 0.1]
    assert (colour[:, 0] > colour[:, 1]).all() and (colour[:, 1] > colour[:, 2]).all()
    assert colour[:, 0].min() > 0.5 and colour[:, 0].max() < 0.95


def test_nothing_is_painted_between_lids_that_stay():
    x, y = LEVEL
    found = lids(0.0)
    between = between_lids(found, found.columns(x), x, y, np.zeros(x.shape), looking)
    assert not between.opacity.any() and not between.revealed.any()


def test_an_eye_that_widens_shows_more_of_the_ball():
    x, y = LEVEL
    found = lids(-0.8)
    columns = found.columns(x)
    between = between_lids(found, columns, x, y, np.ones(x.shape), looking)
    edge, _ = found.photo_edges(x)
    uncovered = (y < edge - 0.02) & (y > columns.upper.target + 0.02)
    assert uncovered.sum() > 20
    assert (between.revealed[uncovered] > 0.9).all()
    assert (between.opacity[uncovered] > 0.9).all()
    below = (y > edge + 0.01) & (y < columns.lower.target - 0.01)
    assert below.sum() > 50 and not between.revealed[below].any()


@pytest.mark.parametrize("share", [-0.5, 0.4, 1.0])
def test_an_edit_keeps_to_its_box_and_to_its_ranges(share):
    for eye in (0, 1):
        fields = edited(share, eye)
        origin = lids(share, eye).origin
        rows, columns = np.mgrid[:SIDE, :SIDE]
        far = np.abs(columns - origin[0]) > BOX[0] * UNIT + 1
        far |= np.abs(rows - origin[1]) > BOX[1] * UNIT + 1
        for field in (fields.flow, fields.log_ratio, fields.paint, fields.opacity, fields.revealed):
            assert not field[far].any() and np.isfinite(field).all()
        for field in (fields.paint, fields.opacity, fields.revealed):
            assert field.min() >= 0 and field.max() <= 1
        assert fields.opacity.max() > 0.9


def test_the_two_eyes_are_mirror_images():
    left, right = (edited(0.8, eye).opacity.sum() for eye in (0, 1))
    assert left == pytest.approx(right, rel=0.1)


@pytest.mark.parametrize("origin", [(-500.0, 50.0), (50.0, 900.0), (-50.0, -50.0)])
def test_an_eye_outside_the_picture_is_no_error(origin):
    fields = edited(1.0, origin=np.array(origin))
    assert not fields.opacity.any() and not fields.flow.any()


def test_lids_can_cross_in_the_landmarks_and_not_in_the_lines():
    crossed = shut(calm_face(), 1.6)
    lines = lay_lids(calm_face(), crossed, UNIT, 0).lines
    assert (lines.lower.target >= lines.upper.target).all()
    assert (lines.closed <= 1).all()


def test_lids_from_two_or_three_coordinates_are_the_same():
    face, moved = calm_face(), shut(calm_face())
    flat = lay_lids(face[:, :2], moved[:, :2], UNIT, 1)
    np.testing.assert_array_equal(flat.values, lay_lids(face, moved, UNIT, 1).values)


def test_helpers_along_the_lines():
    level = blur_along(np.full((2, len(GRID)), 3.0), 0.05)
    np.testing.assert_allclose(level, 3)
    spike = np.zeros((1, len(GRID)))
    spike[0, 90] = 1
    assert blur_along(spike, 0.02)[0].sum() == pytest.approx(1, abs=1e-3)
    assert len(EYES) == 2
