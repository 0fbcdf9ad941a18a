from dataclasses import replace

import cv2
import numpy as np
import pytest
from edits import edit
from toy_moves import (
    SIDE,
    TONE,
    calm_face,
    drawn,
    eyes_detail,
    mouth_detail,
    moved_mouth,
    shut,
    teeth,
)

from faceedit.compose.canvas import Canvas
from faceedit.compose.compose import compose
from faceedit.compose.details import MouthDetail, MovedPoints, soft_edges
from faceedit.compose.mask import face_mask
from faceedit.compose.mesh_flow import mesh_flow
from faceedit.compose.mouth.edit import MouthFields
from faceedit.faces.align import invert
from faceedit.faces.raster import rasterize_mesh
from faceedit.faces.topology import EYES, INNER_LIPS, LOWER_LIDS, UPPER_LIDS

UPRIGHT = np.eye(2, 3)
BOTH = (eyes_detail(), mouth_detail())


def of_details(*details):
    return replace(edit(size=64), size=SIDE, details=details)


def led(*details):
    """Details over the flow of the mesh that moves with them."""
    flow = np.zeros((SIDE, SIDE, 2), np.float32)
    for points in (d.points for d in details):
        raster = rasterize_mesh(points.after, (SIDE, SIDE))
        flow += mesh_flow(points.before[:, :2], points.after, raster, points.unit)
    return replace(edit(flow), size=SIDE, details=details)


def photo(gap=0.0, dtype=np.uint8):
    top = np.iinfo(dtype).max
    return np.rint(np.clip(drawn(calm_face(gap=gap)), 0, 1) * top).astype(dtype)


def mask():
    return face_mask(calm_face(), SIDE)


def canvas(to_crop=UPRIGHT, size=SIDE):
    pixels = photo().astype(np.float32) / 255
    pixels = cv2.warpAffine(pixels, invert(to_crop), (size, size), borderMode=cv2.BORDER_REFLECT)
    zeros = np.zeros((size, size, 2), np.float32)
    return Canvas(pixels, zeros, np.ones((size, size, 3), np.float32), to_crop)


def turned_by(degrees, size=SIDE):
    """The similarity that takes pixels of a turned photo to the crop."""
    return cv2.getRotationMatrix2D(((size - 1) / 2, (size - 1) / 2), degrees, 1.0)


def composed(image, affine, *details):
    return compose(image, of_details(*details), affine, mask())


def between(lids):
    x, y = np.rint(calm_face()[list(lids), :2].mean(0)).astype(int)
    return y, x


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("degrees", [0, 17, 90])
@pytest.mark.parametrize("gap", [0.0, 0.1])
def test_strength_0_changes_no_pixel(dtype, degrees, gap):
    image = photo(gap, dtype)
    asked = of_details(eyes_detail(), mouth_detail(0.2, gap)).scaled(0.0)
    np.testing.assert_array_equal(compose(image, asked, turned_by(degrees), mask()), image)


@pytest.mark.parametrize("gap", [0.0, 0.1])
def test_points_that_do_not_move_change_no_pixel(gap):
    image = photo(gap)
    still = mouth_detail(gap, gap)
    still = replace(still, points=replace(still.points, after=still.points.before[:, :2]))
    np.testing.assert_array_equal(composed(image, UPRIGHT, eyes_detail(0.0), still), image)


def test_outside_the_mask_nothing_changes():
    image = photo()
    for degrees in (0, 25):
        affine = turned_by(degrees)
        result = composed(image, affine, *BOTH)
        inside = cv2.dilate((mask() > 0).astype(np.float32), np.ones((3, 3)))
        kept = cv2.warpAffine(inside, invert(affine), image.shape[1::-1]) == 0
        np.testing.assert_array_equal(result[kept], image[kept])
        assert (result != image).any(-1).sum() > 300


def test_no_mask_no_change():
    image = photo()
    result = compose(image, of_details(*BOTH), UPRIGHT, 0 * mask())
    np.testing.assert_array_equal(result, image)


def test_a_mouth_that_opens_shows_teeth_and_the_dark_behind_them():
    result = composed(photo(), UPRIGHT, mouth_detail(0.2)) / 255
    after = moved_mouth(0.2).after
    x, y = after[13]
    upper = result[round(y) + 1 : round(y) + 3, round(x) - 6 : round(x) + 7]
    between = result[round(y) : round(after[14, 1]), round(x)].mean(-1)
    assert upper.mean() > 0.45
    assert between.min() < 0.75 * upper.mean()
    # Cheeks and eyes are as they were.
    np.testing.assert_array_equal((result * 255)[: SIDE // 2], photo()[: SIDE // 2])


def test_teeth_have_the_tone_that_was_given():
    reddish, bluish = (
        MouthDetail(moved_mouth(), teeth(), TONE * np.array(tint, np.float32))
        for tint in ((1, 0.4, 0.4), (0.4, 0.4, 1))
    )
    (red,), (blue,) = (detail.draw(canvas()) for detail in (reddish, bluish))
    np.testing.assert_array_equal(red.opacity, blue.opacity)
    top = round(moved_mouth().after[13, 1]) - red.box[0].start
    lit = (red.opacity > 0.95) & (red.paint[..., 0] > 0.4)
    # Below the teeth is the tongue, red whatever their tone.
    lit[: top + 1] = lit[top + 3 :] = False
    assert lit.sum() > 5
    assert (red.paint[lit][:, 0] > 1.3 * red.paint[lit][:, 2]).all()
    assert (blue.paint[lit][:, 2] > 1.3 * blue.paint[lit][:, 0]).all()


def test_paint_without_colour_is_grey():
    grey = np.repeat(photo().mean(-1, keepdims=True).astype(np.uint8), 3, axis=-1)
    mouth = replace(mouth_detail(), colour=0.0)
    result = composed(grey, UPRIGHT, mouth)
    assert (result != grey).any()
    assert np.ptp(result, axis=-1).max() == 0


def test_eyes_that_shut_show_skin():
    result = composed(photo(), UPRIGHT, eyes_detail())
    for eye in EYES:
        middle = between(eye)
        red, _, blue = photo()[middle].astype(int)
        assert blue > red
        red, _, blue = result[middle].astype(int)
        assert red > blue


def test_spectacles_hold_the_eyes():
    image = photo()
    np.testing.assert_array_equal(composed(image, UPRIGHT, eyes_detail(held=1.0)), image)
    free, half = (composed(image, UPRIGHT, eyes_detail(held=h)).astype(int) for h in (0, 0.5))
    assert 0 < np.abs(half - image).sum() < np.abs(free - image).sum()


def test_half_the_strength_is_an_edit_between():
    image = photo()
    whole, half = (compose(image, of_details(*BOTH).scaled(s), UPRIGHT, mask()) for s in (1, 0.5))
    assert 0 < np.abs(half.astype(int) - image).sum() < np.abs(whole.astype(int) - image).sum()


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_photo_turned_by_quarters_gives_the_turned_edit(turns):
    image = photo()
    upright = np.rot90(compose(image, led(*BOTH), UPRIGHT, mask()), turns)
    turned = np.ascontiguousarray(np.rot90(image, turns))
    result = compose(turned, led(*BOTH), np.round(turned_by(-90 * turns), 9), mask())
    assert (upright != turned).any(-1).sum() > 300
    assert np.abs(result.astype(int) - upright).max() <= 1


@pytest.mark.parametrize("degrees", [3, -30, 30, 120])
@pytest.mark.parametrize("detail", BOTH, ids=["eyes", "mouth"])
def test_a_photo_turned_by_a_little_gives_about_the_same_edit(degrees, detail):
    image = photo()
    affine = turned_by(degrees)
    smooth = drawn(calm_face())
    turned = cv2.warpAffine(
        smooth, invert(affine), (SIDE, SIDE), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
    )
    turned = np.rint(np.clip(turned, 0, 1) * 255).astype(np.uint8)
    change = compose(turned, led(detail), affine, mask()).astype(np.float32) - turned
    back = cv2.warpAffine(change, affine, (SIDE, SIDE), flags=cv2.INTER_CUBIC)
    wanted = compose(image, led(detail), UPRIGHT, mask()).astype(np.float32) - image
    assert np.abs(wanted).max() > 60
    assert np.abs(back - wanted).mean() < 0.2 * np.abs(wanted).mean()


@pytest.mark.parametrize("shift", [(900, 0), (-900, 0), (0, 900), (0, -900), (5000, 5000)])
@pytest.mark.parametrize("degrees", [0, 40])
def test_far_outside_the_window_there_is_nothing_to_draw(shift, degrees):
    to_crop = turned_by(degrees)
    to_crop[:, 2] += shift
    for detail in BOTH:
        drawing = canvas()
        drawing = replace(drawing, to_crop=to_crop)
        assert detail.draw(drawing) == []
        assert not drawing.flow.any()
        assert (drawing.gain == 1).all()


@pytest.mark.parametrize("degrees", [0, 40, 90])
def test_a_window_that_cuts_eyes_and_mouth_gets_what_it_shows(degrees):
    image = photo()
    affine = turned_by(degrees)
    for shift in ((-70, 0), (70, 0), (0, -45), (0, 60), (-79.5, 40)):
        at = np.array(affine, np.float64)
        at[:, 2] += shift
        result = composed(image, at, *BOTH)
        assert result.shape == image.shape and result.dtype == image.dtype
        for patch in (p for d in BOTH for p in d.draw(canvas(at))):
            assert patch.paint.shape[:2] == patch.opacity.shape == image[patch.box].shape[:2]
            assert np.isfinite(patch.paint).all()
            assert patch.opacity.min() >= 0 and patch.opacity.max() <= 1 + 1e-5


def test_paint_keeps_to_the_opening_and_the_lids():
    (patch,) = mouth_detail().draw(canvas())
    whole = np.zeros((SIDE, SIDE))
    whole[patch.box] = patch.opacity
    ring = moved_mouth().after[list(INNER_LIPS)]
    rows, columns = np.nonzero(whole > 0.01)
    assert rows.min() >= ring[:, 1].min() - 3 and rows.max() <= ring[:, 1].max() + 3
    assert columns.min() >= ring[:, 0].min() - 3 and columns.max() <= ring[:, 0].max() + 3
    assert len(eyes_detail().draw(canvas())) == 2


def test_points_are_scaled_and_mapped_together():
    points = moved_mouth(0.2)
    half = points.scaled(0.5)
    np.testing.assert_allclose(half.after, (points.before[:, :2] + points.after) / 2, atol=1e-4)
    np.testing.assert_allclose(half.jaws_after, (points.jaws_before + points.jaws_after) / 2)
    np.testing.assert_array_equal(half.before, points.before)
    affine = np.array([[0.0, 2.0, 5.0], [-2.0, 0.0, 7.0]])
    mapped = points.mapped(affine)
    assert mapped.unit == pytest.approx(2 * points.unit, rel=1e-5)
    np.testing.assert_allclose(mapped.mapped(invert(affine)).after, points.after, atol=1e-4)
    x, y = points.jaws_after[3]
    np.testing.assert_allclose(mapped.jaws_after[3], (2 * y + 5, 7 - 2 * x))


def test_eyes_of_no_width_are_no_error():
    nowhere = np.zeros((478, 3))
    points = MovedPoints(nowhere, nowhere[:, :2], np.zeros((20, 2)), np.zeros((20, 2)))
    assert points.unit > 0


def test_lids_meet_where_the_lower_lid_is():
    _, moved = calm_face(), shut(calm_face())
    for upper, lower in zip(UPPER_LIDS, LOWER_LIDS, strict=True):
        np.testing.assert_allclose(moved[list(upper), :2], moved[list(lower), :2], atol=1e-5)


def test_the_edge_of_an_opened_mouth_is_soft_and_of_its_own_colour():
    shape = (24, 32)
    opacity = np.zeros(shape, np.float32)
    opacity[8:16, 8:24] = 1
    paint = np.where(opacity[..., None] > 0, np.array([0.2, 0.1, 0.1], np.float32), 0).astype(
        np.float32
    )
    nothing = np.zeros((*shape, 3), np.float32)
    fields = MouthFields(
        (slice(0, 24), slice(0, 32)), nothing[..., :2], nothing, paint, opacity, opacity
    )
    soft = soft_edges(fields, 1.0)
    assert 0.05 < soft.opacity[7, 16] < 0.5
    assert soft.opacity[12, 16] > 0.99
    seen = soft.paint[soft.opacity > 0.05]
    np.testing.assert_allclose(seen, np.broadcast_to([0.2, 0.1, 0.1], seen.shape), atol=1e-3)
