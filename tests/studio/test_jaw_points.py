from dataclasses import replace

import numpy as np
import pytest
from toy_arch import arched_model

from faceedit.faces.topology import N_SURFACE
from faceedit.studio.model import Part
from faceedit.studio.teeth import MouthAnatomy

TEETH = slice(N_SURFACE, N_SURFACE + 104)
SCALE, MIDDLE = 8.0, np.array([96.0, 80.0])


@pytest.fixture(scope="module")
def anatomy():
    """Of arches as round as a person's."""
    neutral = arched_model().neutral.copy()
    x = neutral[TEETH, 0]
    neutral[TEETH, 2] = neutral[TEETH, 2].max() - np.float32(0.45) * np.square(x - x.mean())
    return MouthAnatomy(replace(arched_model(), neutral=neutral))


def places(anatomy, jaw=0.0):
    """The model before a camera far away, its jaw open."""
    vertices = anatomy.model.blend(np.zeros(1), np.array([jaw]))
    return vertices[:, :2] * (SCALE, -SCALE) + MIDDLE


def test_jaws_are_told_apart_by_what_falls(anatomy):
    model = anatomy.model
    for of in (anatomy.upper, anatomy.lower):
        assert len(of) > 10 and (model.vertex_part[of] == Part.TEETH).all()
    falls = model.expression[0, :, 1]
    assert not falls[anatomy.upper].any() and (falls[anatomy.lower] < -1).all()


def test_the_front_is_what_looks_to_the_camera(anatomy):
    for of in (anatomy.upper, anatomy.lower):
        x = anatomy.model.neutral[of, 0]
        assert 0.8 < np.abs(x).max() < 2.0
        assert x.mean() == pytest.approx(anatomy.model.neutral[TEETH, 0].mean(), abs=0.3)


def test_marks_lie_in_two_rows_of_five_on_each_jaw(anatomy):
    for jaw in anatomy.jaw_marks:
        assert jaw.shape == (10, 2)
        upper, lower = jaw[:5], jaw[5:]
        assert np.ptp(upper[:, 1]) == np.ptp(lower[:, 1]) == 0
        assert lower[0, 1] > upper[0, 1]
        np.testing.assert_array_equal(upper[:, 0], lower[:, 0])
        steps = np.diff(upper[:, 0])
        assert steps[0] > 0
        np.testing.assert_allclose(steps, steps[0])
    upper, lower = anatomy.jaw_marks
    assert lower[5:, 1].mean() > upper[5:, 1].mean()


def test_points_lie_on_the_teeth_of_the_picture(anatomy):
    points = anatomy.jaw_points(places(anatomy))
    assert points.shape == (20, 2) and points.dtype == np.float32
    marks = np.concatenate(anatomy.jaw_marks)
    np.testing.assert_allclose(points, marks * SCALE + MIDDLE, atol=0.05)


def test_the_lower_jaw_falls_and_the_upper_stays(anatomy):
    before, after = (anatomy.jaw_points(places(anatomy, jaw)) for jaw in (0.0, 0.4))
    np.testing.assert_allclose(after[:10], before[:10], atol=1e-3)
    np.testing.assert_allclose((after - before)[10:], [(0, 0.4 * 2.5 * SCALE)] * 10, atol=0.05)


def test_points_go_with_the_picture(anatomy):
    before = anatomy.jaw_points(places(anatomy))
    moved = anatomy.jaw_points(2 * places(anatomy) + 5)
    np.testing.assert_allclose(moved, 2 * before + 5, atol=0.1)
    turn = np.array([[0.8, 0.6], [-0.6, 0.8]])
    np.testing.assert_allclose(anatomy.jaw_points(places(anatomy) @ turn), before @ turn, atol=0.1)


def test_a_model_of_one_plate_of_teeth_has_jaws_that_coincide(anatomy):
    still = replace(anatomy.model, expression=np.zeros_like(anatomy.model.expression))
    one = MouthAnatomy(still)
    np.testing.assert_array_equal(one.upper, one.lower)
    points = one.jaw_points(places(one))
    np.testing.assert_array_equal(points[:10], points[10:])
