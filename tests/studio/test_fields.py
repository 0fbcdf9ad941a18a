import numpy as np
import pytest

from faceedit.studio.fields import Fields, grid, no_fields, warp, warp_labels

SIZE = 48
PICTURE = np.random.default_rng(1).random((SIZE, SIZE, 3), np.float32)


def full(value, *channels):
    return np.full((SIZE, SIZE, *channels), value, np.float32)


def test_no_fields_give_the_picture_back_bit_for_bit():
    assert np.array_equal(no_fields(SIZE).compose(PICTURE), PICTURE)


def test_the_equation_on_flat_fields():
    picture = full(0.4, 3)
    paint = np.broadcast_to(np.array((0.9, 0.5, 0.1), np.float32), picture.shape)
    fields = Fields(full(0, 2), full(np.log(1.5), 3), paint, full(0.25))
    expected = 0.25 * np.array((0.9, 0.5, 0.1)) + 0.75 * 0.6
    np.testing.assert_allclose(fields.compose(picture)[5, 7], expected, rtol=1e-6)


def test_composed_values_are_clipped():
    fields = Fields(full(0, 2), full(3.0, 3), full(0, 3), full(0))
    assert fields.compose(PICTURE).max() == 1.0


def test_flow_says_where_pixels_come_from():
    flow = full(0, 2)
    flow[..., 0], flow[..., 1] = 3, -2
    moved = warp(PICTURE, flow)
    np.testing.assert_allclose(moved[10:30, 10:30], PICTURE[8:28, 13:33], atol=1e-6)


def test_fractions_of_a_pixel_sample_in_between():
    flow = np.random.default_rng(2).uniform(-3, 3, (SIZE, SIZE, 2)).astype(np.float32)
    ramp = grid((SIZE, SIZE))
    inner = (slice(6, -6), slice(6, -6))
    # OpenCV steps by 1/32 pixel, and its cubic bends a straight ramp a little.
    np.testing.assert_allclose(warp(ramp, flow)[inner], (ramp + flow)[inner], atol=0.06)


@pytest.mark.parametrize("size", [(4, 7), (9, 3)])
def test_the_grid_holds_x_then_y(size):
    places = grid(size)
    assert places.shape == (*size, 2)
    assert places[2, 1].tolist() == [1.0, 2.0]


def test_labels_stay_labels_and_shares_are_interpolated():
    flow = full(0.4, 2)
    labels = np.random.default_rng(3).integers(0, 12, (SIZE, SIZE)).astype(np.uint8)
    moved = warp_labels(labels, flow)
    assert moved.dtype == np.uint8
    np.testing.assert_array_equal(moved, labels)
    share = grid((SIZE, SIZE))[..., 0] / SIZE
    moved = warp_labels(np.ascontiguousarray(share), flow)
    np.testing.assert_allclose(moved[:, :-2], (share + 0.4 / SIZE)[:, :-2], atol=1e-3)


def test_further_light_falls_on_skin_and_paint_alike():
    fields = Fields(full(0, 2), full(0.1, 3), full(0.3, 3), full(0.5))
    lit = fields.with_light(full(np.log(1.2), 3))
    picture = full(0.4, 3)
    np.testing.assert_allclose(lit.compose(picture), 1.2 * fields.compose(picture), rtol=1e-5)
    assert fields.with_light(full(9.0, 3)).paint.max() == 1.0
