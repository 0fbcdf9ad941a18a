from dataclasses import replace

import numpy as np
import pytest

from faceedit.compose.canvas import Canvas
from faceedit.compose.grain import spread_grain
from faceedit.compose.hair.bare import BareHead
from faceedit.compose.hair.skull import fit_skull, reach
from faceedit.faces.align import crop_affine, transform_landmarks
from faceedit.faces.topology import mean_shape

SIZE = 256
NOTHING = np.zeros((SIZE, SIZE), np.float32)


@pytest.fixture(scope="module")
def skull():
    face = transform_landmarks(mean_shape(), crop_affine(mean_shape(), SIZE // 2))
    return fit_skull(face + np.array([SIZE / 4, SIZE / 4, 0], np.float32), SIZE)


def test_a_skull_is_even_and_faces_the_camera_in_its_middle(skull):
    y, x = divmod(int(skull.radius.argmin()), SIZE)
    np.testing.assert_allclose(skull.radius[:, x - 40], skull.radius[:, x + 40], atol=0.06)
    assert skull.normals[y, x, 2] > 0.98
    assert skull.normals[y - 30, x, 1] > 0.3
    np.testing.assert_allclose(np.linalg.norm(skull.normals, axis=2), 1, atol=1e-4)


def test_a_head_ends_within_its_hair_and_reaches_its_ears(skull):
    y, x = np.mgrid[:SIZE, :SIZE]
    middle = skull.centre[0]
    gone = (y < skull.centre[1] - 30) & (np.abs(x - middle) < 30)
    ear = NOTHING.copy()
    at = (np.abs(y - 120) < 12) & (np.abs(x - middle - 47) < 4)
    ear[at] = 1
    usual, short, wide = (reach(skull, *one) for one in (
        (gone & False, NOTHING), (gone, NOTHING), (gone & False, ear)))  # fmt: skip
    assert np.allclose(usual, 1)
    assert (skull.radius[gone] >= short[gone] - 0.02).all()
    assert wide[at].mean() > 1.05
    assert np.allclose(wide[:, : int(middle) - 10][100:140], 1, atol=0.02)


def bare_head(**changes):
    cover, head = NOTHING.copy(), NOTHING.copy()
    cover[40:120, 60:200] = 1
    head[:, 128:] = 1
    colours = [np.full((SIZE, SIZE, 3), value, np.float32) for value in (0.7, 0.4)]
    known = NOTHING.copy()
    known[160:240] = 1
    usual = BareHead(
        cover=cover, head=head, slope=1.0, skin=colours[0], behind=colours[1],
        mirror=np.zeros((SIZE, SIZE, 3), np.float32), known=(known, known), size=SIZE,
        unit=45.0, seed=1,
    )  # fmt: skip
    return replace(usual, **changes)


def canvas(pixels):
    empty = np.zeros((SIZE, SIZE, 2), np.float32)
    return Canvas(pixels, empty, np.ones_like(pixels), np.eye(2, 3))


def test_skin_lies_on_the_head_and_the_wall_beside_it():
    pixels = np.random.default_rng(0).normal(0.5, 0.01, (SIZE, SIZE, 3)).astype(np.float32)
    (patch,) = bare_head().draw(canvas(pixels))
    paint = np.zeros_like(pixels)
    paint[patch.box] = patch.paint * patch.opacity[..., None]
    assert paint[80, 100:120].mean() == pytest.approx(0.4, abs=0.01)
    assert paint[80, 140:190].mean() == pytest.approx(0.7, abs=0.01)
    # The grain of what is seen goes on over it.
    assert 0.004 < paint[60:100, 140:190, 0].std() < 0.013
    assert not paint[130:].any()
    assert not bare_head().scaled(0.0).draw(canvas(pixels))


def test_the_wall_is_its_own_mirror_image_where_that_is_known():
    pixels = np.full((SIZE, SIZE, 3), 0.5, np.float32)
    pixels[:, :60] = 0.9
    mirror = np.zeros((SIZE, SIZE, 3), np.float32)
    mirror[..., 0], mirror[..., 2] = -60, 1
    (patch,) = bare_head(mirror=mirror, head=NOTHING).draw(canvas(pixels))
    paint = np.zeros_like(pixels)
    paint[patch.box] = patch.paint
    assert paint[80, 100, 0] == pytest.approx(0.9, abs=0.01)
    assert paint[80, 150, 0] == pytest.approx(0.5, abs=0.01)


def test_grain_is_as_loud_as_what_it_is_of_and_never_loud():
    draw = np.random.default_rng(2)
    known = np.ones((200, 200), bool)
    for spread, heard in ((0.006, (0.004, 0.007)), (0.1, (0.009, 0.0115))):
        pixels = draw.normal(0.5, spread, (200, 200, 3)).astype(np.float32)
        made = spread_grain(pixels, known, (90, 120), 100.0, draw)
        assert made.shape == (90, 120, 3)
        assert heard[0] < made.std() < heard[1]
    assert not spread_grain(pixels, ~known, (90, 120), 100.0, draw).any()
