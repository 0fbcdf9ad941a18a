from dataclasses import replace

import cv2
import numpy as np
import pytest
from edits import SIZE, busy, edit, enlarged, nothing, offset, rot90_points, smooth
from face_networks import astronaut

from faceedit.compose.compose import compose
from faceedit.compose.edit import Edit, RasterPaint, sample_field
from faceedit.compose.mask import face_mask
from faceedit.faces.align import extract_crop, invert

DEPTHS = [np.uint8, np.uint16]
FACTORS = [1, 3, 7]
FULL = np.pad(np.ones((SIZE - 2, SIZE - 2), np.float32), 1)
"""A mask of all but the crop's border."""


def scene(factor=3, dtype=np.uint8):
    image, landmarks = enlarged(factor, dtype)
    crop = extract_crop(image, landmarks, SIZE)
    return image, crop.affine, face_mask(crop.landmarks, SIZE)


def inside(mask, affine, shape, least=1e-6):
    """Photo pixels within one crop pixel of the mask's support."""
    support = cv2.dilate((mask >= least).astype(np.float32), np.ones((3, 3), np.uint8))
    return cv2.warpAffine(support, invert(affine), shape[1::-1], flags=cv2.INTER_LINEAR) > 0


def placed(shift=(0.0, 0.0)):
    """A photo whose crop is the photo itself, shifted."""
    return np.array([[1.0, 0.0, -shift[0]], [0.0, 1.0, -shift[1]]])


@pytest.mark.parametrize("dtype", DEPTHS)
@pytest.mark.parametrize("factor", FACTORS)
def test_zero_fields_give_the_identical_photo(dtype, factor):
    image, affine, mask = scene(factor, dtype)
    result = compose(image, nothing(), affine, mask)
    assert result.dtype == dtype
    assert result is not image
    np.testing.assert_array_equal(result, image)
    np.testing.assert_array_equal(compose(image, nothing(), affine, FULL), image)


@pytest.mark.parametrize("dtype", DEPTHS)
def test_zero_fields_keep_every_value(dtype):
    top = int(np.iinfo(dtype).max)
    values = np.random.default_rng(0).integers(0, top, (300, 300, 3), dtype=dtype, endpoint=True)
    turned = np.array([[0.8, 0.3, -20.0], [-0.3, 0.8, 60.0]])
    np.testing.assert_array_equal(compose(values, nothing(), turned, FULL), values)


@pytest.mark.parametrize("dtype", DEPTHS)
def test_strength_0_is_the_identity(dtype):
    image, affine, mask = scene(dtype=dtype)
    np.testing.assert_array_equal(compose(image, busy().scaled(0.0), affine, mask), image)


@pytest.mark.parametrize("factor", FACTORS)
def test_outside_the_mask_nothing_changes(factor):
    image, affine, mask = scene(factor)
    before = image.copy()
    result = compose(image, busy(), affine, mask)
    np.testing.assert_array_equal(image, before)
    kept = ~inside(mask, affine, image.shape)
    np.testing.assert_array_equal(result[kept], image[kept])
    assert (result != image).any(-1)[inside(mask, affine, image.shape, 0.9)].mean() > 0.8


def test_an_empty_mask_changes_nothing():
    image, affine, mask = scene()
    np.testing.assert_array_equal(compose(image, busy(), affine, 0 * mask), image)


def test_the_edit_fades_with_the_mask():
    image = np.full((SIZE, SIZE, 3), 100, np.uint8)
    mask = np.zeros((SIZE, SIZE), np.float32)
    mask[:, 20:-20] = np.sin(np.linspace(0, np.pi, SIZE - 40)) ** 2
    mask[[0, -1]] = 0
    result = compose(image, edit(log_ratio=np.full((64, 64, 3), 0.4)), placed(), mask)
    expected = 100 * np.exp(0.4 * mask[128])
    np.testing.assert_allclose(result[128, :, 0], expected, atol=1.0)


@pytest.mark.parametrize("dtype", DEPTHS)
def test_an_edit_may_follow_on_another(dtype):
    image, affine, mask = scene(dtype=dtype)
    first, second = edit(flow=smooth(2, 2.0, seed=7)), busy()
    both = compose(image, replace(first, then=second), affine, mask)
    np.testing.assert_array_equal(
        both, compose(compose(image, first, affine, mask), second, affine, mask)
    )
    follows = replace(first, then=second).scaled(0.5).then
    assert follows is not None
    np.testing.assert_array_equal(follows.flow, second.scaled(0.5).flow)


def test_strength_scales_and_only_opacity_is_bounded():
    full = busy()
    half, twice = full.scaled(0.5), full.scaled(2.0)
    np.testing.assert_allclose(half.flow, full.flow / 2)
    np.testing.assert_allclose(twice.log_ratio, full.log_ratio * 2)
    assert twice.opacity.max() == 1.0
    assert twice.paint is full.paint


@pytest.mark.parametrize("dtype", DEPTHS)
@pytest.mark.parametrize("flow", [(5, 0), (0, -7), (-4, 3)])
def test_a_constant_flow_moves_pixels_by_exactly_that(dtype, flow):
    image = enlarged(2, dtype)[0][:300, :300]
    result = compose(image, edit(np.full((32, 32, 2), flow)), placed(shift=(20, 20)), FULL)
    part = np.s_[40:-60, 40:-60]
    moved = np.roll(image, (-flow[1], -flow[0]), (0, 1))
    np.testing.assert_array_equal(result[part], moved[part])


def test_flow_is_turned_and_scaled_with_the_crop():
    image = enlarged(2)[0]
    # The crop is a quarter turn at half the photo's scale: its x runs along the photo's y.
    affine = np.array([[0.0, 0.5, 0.0], [-0.5, 0.0, 200.0]])
    result = compose(image, edit(np.full((32, 32, 2), (3.0, -1.0))), affine, FULL)
    part = np.s_[30:-30, 30:-30]
    np.testing.assert_array_equal(result[part], np.roll(image, (-6, -2), (0, 1))[part])


@pytest.mark.parametrize("factor", [1, 2, 5])
@pytest.mark.parametrize("size", [64, 128, 256])
def test_a_field_lands_where_it_belongs(factor, size):
    """A bump in a field of any resolution is centred alike in a photo of any resolution."""
    centre = np.array([150.25, 97.5])
    ratio = size / SIZE
    y, x = np.mgrid[:size, :size]
    x0, y0 = (centre + 0.5) * ratio - 0.5
    bump = 0.8 * np.exp(-((x - x0) ** 2 + (y - y0) ** 2) / (2 * (14 * ratio) ** 2))
    image = np.full((SIZE * factor, SIZE * factor, 3), 60, np.uint8)
    offset = 0.5 / factor - 0.5
    affine = np.array([[1 / factor, 0, offset], [0, 1 / factor, offset]])
    result = compose(image, edit(log_ratio=np.dstack([bump] * 3)), affine, FULL)
    lifted = result[..., 1].astype(np.float64) - 60
    rows, columns = np.indices(lifted.shape)
    found = np.array([(columns * lifted).sum(), (rows * lifted).sum()]) / lifted.sum()
    np.testing.assert_allclose((found + 0.5) / factor - 0.5, centre, atol=0.15)


def test_a_ramp_of_flow_is_drawn_finely():
    """At the larger scales fields are drawn coarsely and filled in: no steps may be seen."""
    factor = 16
    y, x = np.mgrid[:64, :64]
    bump = 6 * np.exp(-((x - 32) ** 2 + (y - 32) ** 2) / 200)
    side = SIZE * factor // 4
    columns = np.tile(np.arange(side, dtype=np.uint16) * 40, (side, 1))
    affine = np.array([[1 / factor, 0, 96.0], [0, 1 / factor, 96.0]])
    flow = np.dstack([bump, np.zeros_like(bump)])
    result = compose(np.dstack([columns] * 3), edit(flow), affine, FULL)[side // 2, :, 0]
    drawn = result[:-200].astype(np.float64) / 40 - np.arange(side - 200)
    at = ((np.arange(side - 200) / factor + 96.5) / 4 - 0.5 - 32) ** 2
    expected = factor * 6 * np.exp(-(at + (((side // 2) / factor + 96.5) / 4 - 32.5) ** 2) / 200)
    np.testing.assert_allclose(drawn, expected, atol=0.35)
    assert np.abs(np.diff(drawn)).max() < 0.5


def test_a_turned_photo_gives_the_turned_result():
    image, landmarks = enlarged(3)
    image = cv2.GaussianBlur(image, (0, 0), 1.5)
    crop = extract_crop(image, landmarks, SIZE)
    expected = np.rot90(compose(image, busy(), crop.affine, face_mask(crop.landmarks, SIZE)))
    turned = np.ascontiguousarray(np.rot90(image))
    crop = extract_crop(turned, rot90_points(landmarks, image.shape[1]), SIZE)
    result = compose(turned, busy(), crop.affine, face_mask(crop.landmarks, SIZE))
    apart = np.abs(result.astype(int) - expected)
    assert apart.mean() < 0.05
    assert np.quantile(apart, 0.999) <= 2


@pytest.mark.parametrize("shift", [(-250, 0), (0, -230), (280, 300), (2000, 0)])
def test_a_face_partly_outside_the_photo(shift):
    image, landmarks = enlarged(3)
    landmarks = landmarks + offset(*shift)
    crop = extract_crop(image, landmarks, SIZE)
    mask = face_mask(crop.landmarks, SIZE)
    np.testing.assert_array_equal(compose(image, nothing(), crop.affine, mask), image)
    result = compose(image, busy(), crop.affine, mask)
    assert result.shape == image.shape
    assert (result != image).any() == (max(shift) < 2000)


def test_a_face_partly_outside_is_edited_as_in_the_reflected_photo():
    image, landmarks = enlarged(3)
    landmarks = landmarks + offset(-250, 0)
    pad = 400
    padded = np.pad(image, ((pad, pad), (pad, pad), (0, 0)), mode="reflect")
    crop = extract_crop(image, landmarks, SIZE)
    mask = face_mask(crop.landmarks, SIZE)
    result = compose(image, busy(), crop.affine, mask)
    far = extract_crop(padded, landmarks + offset(pad, pad), SIZE)
    expected = compose(padded, busy(), far.affine, mask)[pad:-pad, pad:-pad]
    apart = np.abs(result.astype(int) - expected)
    assert apart.mean() < 0.02
    assert np.quantile(apart, 0.999) <= 3


def test_flow_far_beyond_the_photo_reads_its_reflection():
    image = enlarged(1)[0]
    flow = np.full((16, 16, 2), (-30.0, 0.0))
    result = compose(image, edit(flow), placed(), FULL)
    padded = np.pad(image, ((0, 0), (40, 0), (0, 0)), mode="reflect")
    np.testing.assert_array_equal(result[20:-20, 20:-20], padded[20:-20, 30:-30][:, :-20])


def test_a_whole_picture_as_paint_gives_that_picture():
    """The papers' own head: A is 1 and the generator's picture takes the photo's place."""
    picture = np.clip(smooth(3, 0.2, SIZE) + 0.5, 0, 1)
    image = np.zeros((SIZE, SIZE, 3), np.uint8)
    whole = edit(opacity=np.ones((SIZE, SIZE)), paint=RasterPaint(picture, SIZE))
    result = compose(image, whole, placed(), FULL)
    part = np.s_[2:-2, 2:-2]
    np.testing.assert_array_equal(result[part], np.rint(picture[part] * 255).astype(np.uint8))
    deep = compose(image.astype(np.uint16), whole, placed(), FULL)
    np.testing.assert_allclose(deep[part], picture[part] * 65535, atol=1)


def test_paint_is_drawn_only_where_it_is_opaque():
    image, affine, mask = scene()
    opacity = np.zeros((128, 128))
    opacity[84:92, 56:72] = 1.0
    red = RasterPaint(np.broadcast_to(offset(1, 0), (4, 4, 3)).copy(), SIZE)
    result = compose(image, edit(opacity=opacity, paint=red), affine, mask)
    x, y = (invert(affine) @ [128, 176, 1]).astype(int)
    np.testing.assert_array_equal(result[y, x], [255, 0, 0])
    changed = np.argwhere((result != image).any(-1))
    scale = 1 / np.hypot(*affine[:, 0])
    assert np.ptp(changed[:, 0]) < (8 * 2 + 10) * scale * 1.2
    assert np.ptp(changed[:, 1]) < (16 * 2 + 10) * scale * 1.2


def test_fields_of_one_value_stay_that_value():
    for scale in (0.05, 0.7, 3.0, 9.0):
        to_crop = np.array([[scale, 0.1, 5.0], [-0.1, scale, 9.0]])
        drawn = sample_field(np.full((128, 128), 0.3, np.float32), SIZE, to_crop, (50, 60))
        np.testing.assert_allclose(drawn, 0.3, atol=1e-5)


def test_a_smile_sized_warp_stays_sharp():
    image = astronaut()
    affine = np.array([[1.0, 0, -130], [0, 1, -10]])
    result = compose(image, edit(smooth(2, 3.0)), affine, FULL)
    part = np.s_[20:250, 140:370]

    def sharpness(picture):
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)[part]
        return (np.diff(grey, axis=0)[:, 1:] ** 2 + np.diff(grey, axis=1)[1:] ** 2).mean()

    assert sharpness(result) > 0.95 * sharpness(image)


def test_edits_are_plain_values():
    one = busy()
    assert isinstance(one, Edit)
    with pytest.raises(AttributeError):
        one.size = 3  # pyright: ignore[reportAttributeAccessIssue]
