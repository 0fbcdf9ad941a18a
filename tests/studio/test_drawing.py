from dataclasses import replace

import numpy as np
import pytest
from toys import toy_model

from faceedit.studio.drawing import NOTHING, draw_model
from faceedit.studio.fields import grid
from faceedit.studio.model import Part

SIZE = (40, 50)


def two_sheets(front_depth, back_depth):
    """A small square of teeth and a larger one of skin, each of two triangles."""
    squares = [(10, 8, 20), (5, 3, 30)]
    places = np.array(
        [[x + dx * w, y + dy * w] for x, y, w in squares for dy in (0, 1) for dx in (0, 1)],
        np.float32,
    )
    triangles = np.array([[0, 1, 2], [1, 3, 2], [4, 5, 6], [5, 7, 6]], np.int32)
    model = replace(
        toy_model(),
        triangles=triangles,
        part=np.array([Part.TEETH] * 2 + [Part.SKIN] * 2, np.uint8),
    )
    depth = np.array([front_depth] * 4 + [back_depth] * 4, np.float32)
    return model, places, depth


def test_the_nearer_sheet_hides_the_other():
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    small = (columns >= 10) & (columns <= 30) & (rows >= 8) & (rows <= 28)
    large = (columns >= 5) & (columns <= 35) & (rows >= 3) & (rows <= 33)

    drawing = draw_model(*two_sheets(2.0, 1.0), SIZE)
    np.testing.assert_array_equal(drawing.part == Part.TEETH, small)
    np.testing.assert_array_equal(drawing.part == NOTHING, ~large)
    np.testing.assert_array_equal(drawing.skin, large & ~small)
    np.testing.assert_array_equal(drawing.mouth, small)
    assert not drawing.eyes.any()
    np.testing.assert_allclose(drawing.depth[large], np.where(small, 2, 1)[large])

    behind = draw_model(*two_sheets(0.5, 1.0), SIZE)
    np.testing.assert_array_equal(behind.skin, large)
    alone = draw_model(*two_sheets(0.5, 1.0), SIZE, parts=(Part.TEETH,))
    np.testing.assert_array_equal(alone.part == Part.TEETH, small)


def test_sheets_that_cross_show_each_where_it_is_nearer():
    model, places, depth = two_sheets(1.0, 1.0)
    # The small sheet leans back from left to right: 2 cm nearer there, 2 cm further here.
    depth[:4] += np.array([2.0, -2.0, 2.0, -2.0])
    drawing = draw_model(model, places, depth, SIZE)
    assert (drawing.part[9:28, 11:19] == Part.TEETH).all()
    assert (drawing.part[9:28, 22:30] == Part.SKIN).all()


@pytest.fixture(scope="module")
def face():
    model = toy_model()
    places = (model.neutral[:, :2] * (2, -2) + (25, 16)).astype(np.float32)
    return places, draw_model(model, places, model.neutral[:, 2], SIZE)


def test_weights_sum_to_one_and_places_interpolate_to_the_pixel(face):
    places, drawing = face
    shown = drawing.part != NOTHING
    assert 400 < shown.sum() < shown.size
    assert drawing.weights[shown].min() >= -1e-4
    np.testing.assert_allclose(drawing.weights[shown].sum(-1), 1, atol=1e-5)
    np.testing.assert_allclose(drawing.interpolate(places)[shown], grid(SIZE)[shown], atol=1e-3)


def test_nothing_is_zero(face):
    places, drawing = face
    empty = drawing.part == NOTHING
    for values in (drawing.weights, drawing.vertices, drawing.interpolate(places + 1)):
        assert not values[empty].any()
    assert (drawing.depth[empty] < -1e29).all()


def test_depth_is_that_of_the_model(face):
    _, drawing = face
    shown = drawing.part != NOTHING
    depth = drawing.interpolate(toy_model().neutral[:, 2:])[..., 0]
    np.testing.assert_allclose(drawing.depth[shown], depth[shown], atol=1e-3)


def test_a_model_beyond_the_picture_draws_nothing_and_does_no_harm():
    model = toy_model()
    places = model.neutral[:, :2] * 6
    for shift in ((-500, 0), (0, 500), (-500, -500)):
        drawing = draw_model(model, places + shift, model.neutral[:, 2], SIZE)
        assert (drawing.part == NOTHING).all()
    partly = draw_model(model, places * (1, -1), model.neutral[:, 2], SIZE)
    assert partly.skin.any() and not partly.skin.all()
