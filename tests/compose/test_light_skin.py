"""Bare skin, and what its brightness says of the light."""

import numpy as np
import pytest

from faceedit.compose.light.left_over import fit_harmonics, fit_left_over
from faceedit.compose.light.skin import (
    LARGEST,
    LAYER_BOUNDS,
    SeenSkin,
    bare_skin,
)
from faceedit.faces.align import crop_affine, transform_landmarks
from faceedit.faces.topology import mean_shape

SIZE = 128
LANDMARKS = transform_landmarks(mean_shape(), crop_affine(mean_shape(), SIZE))


def surface() -> tuple[np.ndarray, np.ndarray]:
    """Return normals of a ball that fills the crop, and skin everywhere."""
    steps = np.linspace(-0.7, 0.7, SIZE, dtype=np.float32)
    x, y = np.meshgrid(steps, -steps)
    z = np.sqrt(np.maximum(1 - x**2 - y**2, 0.01))
    normals = np.dstack([x, y, z])
    return normals / np.linalg.norm(normals, axis=2, keepdims=True), np.ones_like(x)


def test_eyes_brows_and_lips_are_not_bare_and_cheeks_are():
    bare = bare_skin(LANDMARKS, SIZE)

    def at(point):
        x, y = np.rint(LANDMARKS[point, :2]).astype(int)
        return bare[y, x]

    assert all(at(cheek) for cheek in (50, 280, 4))
    assert not any(at(point) for point in (13, 14, 159, 386, 105, 334))
    assert not bare[:8].any()


def test_harmonics_are_found_beside_what_is_far_off():
    rng = np.random.default_rng(0)
    normals = rng.normal(size=(2000, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    values = 0.2 + normals @ [0.5, -0.3, 0.1] + rng.normal(0, 0.02, 2000)
    values[:300] -= 3.0
    found, explained = fit_harmonics(normals, values)
    np.testing.assert_allclose(found, [0.2, 0.5, -0.3, 0.1], atol=0.08)
    assert 0 <= explained <= 1


@pytest.mark.parametrize("slope", [-0.5, 0.4])
def test_light_from_the_side_is_left_over_until_it_is_known(slope):
    normals, skin = surface()
    shading = np.repeat(slope * normals[..., :1], 3, 2)
    pixels = (0.4 * np.exp(shading)).astype(np.float32)
    found = fit_left_over(pixels, LANDMARKS, normals, skin, np.zeros_like(shading))
    assert np.sign(found.slopes[0]) == np.sign(slope)
    assert 0.3 * abs(slope) < abs(found.slopes[0]) < abs(slope)
    assert abs(found.slopes[1]) < 0.05
    nothing = fit_left_over(pixels, LANDMARKS, normals, skin, shading)
    assert np.abs(nothing.on(normals, skin)).max() < 0.05


def test_red_shade_is_undone_on_skin_alone_and_within_bounds():
    normals, skin = surface()
    shading = normals[..., :1] * np.array([2.0, 2.4, 2.6], np.float32)
    pixels = np.clip(0.3 * np.exp(shading), 0, 1).astype(np.float32)
    found = fit_left_over(pixels, LANDMARKS, normals, skin, np.zeros_like(shading))
    assert np.abs(found.slopes).max() <= LARGEST
    assert found.tint[0] < 0 < found.tint[2]
    bare = found.on(normals, np.zeros_like(skin))
    np.testing.assert_array_equal(bare[..., 0], bare[..., 2])


def test_a_cast_shadow_is_light_up_to_its_edge_and_freckles_are_not():
    _, skin = surface()
    middle = round(float(LANDMARKS[4, 0]))
    values = np.full((SIZE, SIZE), 0.5, np.float32)
    values[:, middle:] *= 0.6
    values[::9, ::9] *= 0.8
    pixels = np.repeat(values[..., None], 3, 2)
    layer = SeenSkin.of(pixels, LANDMARKS, skin).shade(np.zeros_like(pixels))
    cheeks = [np.rint(LANDMARKS[point, :2]).astype(int) for point in (50, 280)]
    lit, shaded = sorted((float(layer[y, x]) for x, y in cheeks), reverse=True)
    assert LAYER_BOUNDS[0] < shaded < -0.15 + lit
    y = int(LANDMARKS[50, 1])
    assert layer[y, middle - 2] - layer[y, middle + 1] > 0.5 * (lit - shaded)
    assert layer[y // 9 * 9, ::9][2:5].std() < 0.05
    known = np.repeat(np.log(values / 0.5)[..., None], 3, 2)
    assert np.abs(SeenSkin.of(pixels, LANDMARKS, skin).shade(known)).max() < 0.02


def test_a_face_without_skin_says_nothing():
    normals, skin = surface()
    pixels = np.random.default_rng(1).random((SIZE, SIZE, 3)).astype(np.float32)
    found = fit_left_over(pixels, LANDMARKS, normals, 0 * skin, np.zeros_like(pixels))
    assert not found.on(normals, skin).any()


def test_colours_of_a_light_are_found_where_it_falls_and_those_of_skin_are_its_own():
    _, skin = surface()
    tan = np.array([0.5, 0.4, 0.3], np.float32)
    side = np.linspace(-1, 1, SIZE, dtype=np.float32)[None, :, None]
    shading = np.repeat(np.repeat(np.minimum(side, 0) * 0.8, SIZE, 0), 3, 2)
    bounce = np.exp(np.minimum(side, 0) * np.array([0.6, 0.0, -0.6], np.float32))
    bounce = np.where(np.arange(SIZE)[:, None, None] < 80, bounce, 1)  # not all shade has it
    pixels = tan * np.exp(shading)
    assert np.abs(SeenSkin.of(pixels, LANDMARKS, skin).colours(shading)).max() < 0.05
    found = SeenSkin.of(pixels * bounce, LANDMARKS, skin).colours(shading)
    assert found[64, 30, 0] < -0.05
    assert found[64, 30, 2] > 0.05
    assert np.abs(found[64, 90]).max() < 0.02
    # In even light every difference is the person's own.
    assert not SeenSkin.of(pixels * bounce, LANDMARKS, skin).colours(0 * shading).any()


def test_skin_that_darkens_gets_its_colour_back_and_grey_stays_grey():
    _, skin = surface()
    tan, grey = (np.array(one, np.float32) for one in ((0.62, 0.48, 0.4), (0.5, 0.5, 0.5)))
    pixels = np.broadcast_to(tan, (SIZE, SIZE, 3)).copy()
    pixels[60:90, 40:60] = (0.95, 0.93, 0.91)  # a highlight, nearly white
    less, more = (np.full((SIZE, SIZE), value, np.float32) for value in (-0.7, 0.4))
    seen = SeenSkin.of(pixels, LANDMARKS, skin)
    darker = seen.deepened(less, skin)
    assert darker[75, 50, 0] > 0.1 > -0.1 > darker[75, 50, 2]
    assert darker[75, 50, 0] > darker[75, 80, 0] > 0.01
    assert seen.deepened(more, skin)[75, 80, 0] < -0.02
    assert not seen.deepened(0 * less, skin).any()
    pixels[:] = grey
    assert np.abs(SeenSkin.of(pixels, LANDMARKS, skin).deepened(less, skin)).max() < 1e-6


def test_a_fringe_tells_nothing_of_skin_in_shade():
    _, skin = surface()
    pixels = np.full((SIZE, SIZE, 3), (0.85, 0.78, 0.74), np.float32)
    bare = SeenSkin.of(pixels, LANDMARKS, skin)
    pixels[: int(LANDMARKS[9, 1]) - 4] = (0.5, 0.15, 0.08)
    fringed = SeenSkin.of(pixels, LANDMARKS, skin)
    less = np.full((SIZE, SIZE), -0.5, np.float32)
    x, y = np.rint(LANDMARKS[50, :2]).astype(int)
    found, alone = (one.deepened(less, skin)[y, x] for one in (fringed, bare))
    np.testing.assert_allclose(found, alone, atol=0.02)


def test_hair_takes_the_hue_of_its_own_shade():
    rng = np.random.default_rng(0)
    shade = rng.random((SIZE, SIZE, 1)).astype(np.float32)
    yellow, orange = (np.array(one, np.float32) for one in ((0.95, 0.75, 0.3), (0.5, 0.25, 0.06)))
    pixels = yellow + shade * (orange - yellow)
    none = np.zeros((SIZE, SIZE), np.float32)
    seen = SeenSkin.of(pixels, LANDMARKS, none)
    red, green, blue = seen.deepened(none - 0.4, none + 1)[40, 40]
    assert red > 0.05 > green
    assert blue < -0.05
    # What is behind the person is not looked at.
    assert not seen.deepened(none - 0.4, none).any()


def test_more_light_on_black_hair_shows_no_colours_of_noise_and_on_dyed_hair_its_own():
    none = np.zeros((SIZE, SIZE), np.float32)
    shares = []
    for values in ((0.03, 0.09, 0.06), (0.6, 0.3, 0.02)):
        seen = SeenSkin.of(np.full((SIZE, SIZE, 3), values, np.float32), LANDMARKS, none)
        own = seen.colour[1][40, 40]
        after = own + seen.deepened(none + 0.3, none + 1)[40, 40]
        shares.append(np.ptp(after) / np.ptp(own))
    black, dyed = shares
    assert black < 0.5
    assert 0.8 < dyed < 1


def test_red_edges_of_old_shadows_go_in_more_light_and_red_lips_stay():
    _, skin = surface()
    pixels = np.full((SIZE, SIZE, 3), (0.5, 0.4, 0.32), np.float32)
    x, y = np.rint(LANDMARKS[50, :2]).astype(int)
    lips = np.rint(LANDMARKS[17, :2]).astype(int) - (0, 2)
    pixels[y - 8 : y + 8, x - 1 : x + 2] = (0.58, 0.38, 0.28)
    pixels[lips[1] - 1 : lips[1] + 2, lips[0] - 3 : lips[0] + 4] = (0.7, 0.02, 0.03)
    seen = SeenSkin.of(pixels, LANDMARKS, skin)
    found = seen.deepened(np.full((SIZE, SIZE), 0.4, np.float32), skin)
    assert found[y, x, 0] < found[y, x - 8, 0] - 0.08
    assert np.abs(found[lips[1], lips[0]]).max() < 0.1


def test_a_black_or_dyed_fringe_is_no_skin_and_a_shaded_forehead_is():
    _, skin = surface()
    fair = np.array([0.7, 0.5, 0.36], np.float32)
    pixels = np.broadcast_to(fair, (SIZE, SIZE, 3)).copy()
    top = int(LANDMARKS[9, 1]) - 4
    middle = int(LANDMARKS[9, 0])
    pixels[:top] = 0.06
    assert SeenSkin.of(pixels, LANDMARKS, skin).skin[top - 6, middle] < 0.1
    pixels[:top] = 0.7, 0.15, 0.06
    assert SeenSkin.of(pixels, LANDMARKS, skin).skin[top - 6, middle] < 0.1
    pixels[:top] = fair * np.array([0.25, 0.18, 0.13], np.float32)
    assert SeenSkin.of(pixels, LANDMARKS, skin).skin[top - 6, middle] > 0.9
