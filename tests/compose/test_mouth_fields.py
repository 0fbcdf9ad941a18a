import numpy as np
import pytest
from toy_moves import SIDE, calm_face, drawn, eye_distance_of, mouth_of

from faceedit.compose.mouth.edit import OWN_TEETH, edit_mouth
from faceedit.compose.mouth.opening import SLIVER, draw_opening, lip_gap, mouth_box

UNIT = eye_distance_of(calm_face())
GREEN = np.array([0.0, 1.0, 0.0], np.float32)


class Painter:
    """Paints green, and remembers what it was told."""

    def __init__(self, shape):
        self.shape, self.told = shape, []

    def __call__(self, inside, drop, own):
        self.told.append((inside, drop, own))
        return np.broadcast_to(GREEN, (*self.shape, 3)).copy()


def edited(start, gap, pixels=None):
    before, after = mouth_of(calm_face(gap=start), start), mouth_of(calm_face(gap=gap), gap)
    box = mouth_box([before.ring, after.ring], UNIT, (SIDE, SIDE))
    opening = draw_opening(after, box, UNIT)
    painter = Painter(opening.coverage.shape)
    pixels = drawn(calm_face(gap=start)) if pixels is None else pixels
    flow = np.zeros((*painter.shape, 2), np.float32)
    fields = edit_mouth(
        pixels,
        flow,
        before,
        after,
        opening,
        lip_gap(before.landmarks, UNIT),
        lambda: draw_opening(before, box, UNIT),
        painter,
    )
    return fields, opening, painter


@pytest.mark.parametrize("gap", [0.0, 0.15])
def test_lips_that_stay_are_left_alone_and_nobody_paints(gap):
    fields, _, painter = edited(gap, gap)
    for field in (fields.flow, fields.log_ratio, fields.paint, fields.opacity, fields.painted):
        assert not field.any()
    assert not painter.told


def test_lips_that_close_are_drawn_together_and_cleaned_along_their_line():
    fields, opening, painter = edited(0.15, 0.0)
    assert not fields.painted.any() and not painter.told
    rows = np.flatnonzero((fields.opacity > 0.1).any(1))
    assert 0 < np.ptp(rows) < 0.12 * opening.unit
    assert fields.log_ratio.min() < -0.2 and fields.log_ratio.max() <= 0
    assert fields.flow.any()


def test_lips_part_and_meet_without_a_jump():
    for start in (0.0, 0.15):
        gaps = np.linspace(0.9 * SLIVER[0], 3 * SLIVER[1], 40)
        fields = [edited(start, gap)[0] for gap in gaps]
        shown = np.array([one.opacity.sum() for one in fields])
        pulled = np.array([np.abs(one.flow).sum() for one in fields])
        assert (shown[0] == 0) == (start == 0) and shown[-1] > 0
        assert fields[0].painted.sum() == 0 < fields[-1].painted.sum()
        assert np.abs(np.diff(shown)).max() < 0.1 * shown.max()
        assert np.abs(np.diff(pulled)).max() < 0.1 * pulled.max()


def test_lips_that_open_are_painted_all_between_them():
    fields, opening, painter = edited(0.0, 0.2)
    np.testing.assert_allclose(fields.painted, opening.coverage)
    np.testing.assert_allclose(fields.opacity, opening.coverage, atol=0.011)
    shown = fields.opacity > 0
    # At their edges lips roll in.
    deep = -opening.distance() > 0.06 * UNIT
    np.testing.assert_allclose(
        fields.paint[deep], np.broadcast_to(GREEN, (deep.sum(), 3)), atol=0.1
    )
    assert not fields.paint[~shown].any() and not fields.log_ratio.any()
    ((inside, drop, own),) = painter.told
    assert inside is None and drop == 0 and own == 0


def test_a_photo_that_shows_its_teeth_keeps_them_and_tells_the_painter():
    start = 0.2
    fields, opening, painter = edited(start, 0.26)
    ((inside, *_),) = painter.told
    assert inside.ndim == 2 and inside.shape[1] == 3 and len(inside) > 30
    # Dark as drawn, no lips among them.
    assert inside.mean() < 0.35
    assert 0.05 < fields.painted.sum() / opening.coverage.sum() < 0.9
    assert (fields.opacity <= opening.coverage + 0.011).all()


def test_a_photo_whose_lips_are_hardly_open_says_nothing_of_teeth():
    _, _, painter = edited(0.8 * OWN_TEETH, 0.2)
    ((inside, *_),) = painter.told
    assert inside is None


def test_shapes_kinds_and_ranges():
    for start, gap in ((0.0, 0.2), (0.2, 0.3), (0.3, 0.05)):
        fields, opening, _ = edited(start, gap)
        for field in (fields.flow, fields.log_ratio, fields.paint, fields.opacity, fields.painted):
            assert field.shape[:2] == opening.coverage.shape
            assert field.dtype == np.float32 and np.isfinite(field).all()
        for field in (fields.paint, fields.opacity, fields.painted):
            assert field.min() >= 0 and field.max() <= 1 + 1e-5


def test_a_little_more_gap_changes_little():
    gaps = np.linspace(0, 0.2, 11)
    opened = [edited(0.0, g)[0].painted.sum() for g in gaps]
    steps = np.diff(opened)
    assert (steps >= 0).all() and steps.max() < 3 * steps.mean()


def test_a_narrow_strip_of_teeth_is_not_torn_into_a_wide_mouth():
    kept, torn = (edited(0.1, gap) for gap in (0.12, 0.3))
    assert kept[2].told[0][2] == 1 and torn[2].told[0][2] == 0
    fields, opening, _ = torn
    np.testing.assert_allclose(fields.painted, opening.coverage, atol=1e-6)
    assert kept[0].painted.sum() < 0.9 * kept[1].coverage.sum()
