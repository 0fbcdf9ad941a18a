import made_up
import numpy as np
import pytest

from faceedit.compose.mouth.paint import CORNER, PER_CM, TEETH_EDGE, TEXTURE_SIZE, TeethTexture
from faceedit.faces.topology import MOUTH_CORNERS, mean_shape
from faceedit.methods.fields.teeth import (
    BRIGHTEST,
    KNEE,
    choose_texture,
    pack_textures,
    part_texture,
    plain_texture,
    unpack_textures,
    with_gaps,
    with_soft_lights,
    with_tips,
)


def textures(count: int) -> tuple[TeethTexture, ...]:
    packed = np.random.default_rng(0).random((count, *TEXTURE_SIZE, 5), np.float32)
    return unpack_textures(packed)


def with_mouth(width: float, unit: float = 90.0) -> np.ndarray:
    """Landmarks of a mouth so many eye distances wide."""
    landmarks = made_up.place(mean_shape(), unit)
    landmarks[list(MOUTH_CORNERS), :2] = [[100, 150], [100 + width * unit, 150]]
    return landmarks


def test_textures_are_unpacked_as_they_were_packed():
    given = textures(3)
    packed = pack_textures(given)
    assert packed.shape == (3, *TEXTURE_SIZE, 5)
    assert packed.dtype == np.float32
    for one, two in zip(given, unpack_textures(packed), strict=True):
        for name in ("colour", "upper", "lower"):
            np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
    half = unpack_textures(packed.astype(np.float16))[0]
    assert half.colour.dtype == half.upper.dtype == np.float32


@pytest.mark.parametrize(
    "shape", [(0, *TEXTURE_SIZE, 5), (2, *TEXTURE_SIZE, 3), (2, 8, 8, 5), (*TEXTURE_SIZE, 5)]
)
def test_arrays_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match="textures of teeth are"):
        unpack_textures(np.zeros(shape, np.float32))


@pytest.mark.parametrize(
    ("width", "number"), [(0.2, 0), (0.5, 0), (0.56, 0), (0.62, 1), (0.68, 2), (0.9, 2)]
)
def test_wider_mouths_take_later_textures(width, number):
    given = textures(3)
    assert choose_texture(given, with_mouth(width)) is given[number]
    assert choose_texture(given, with_mouth(width, 30.0)) is given[number]
    assert choose_texture(given[:1], with_mouth(width)) is given[0]


def test_a_face_without_size_gets_some_texture():
    given = textures(2)
    assert choose_texture(given, np.ones((478, 3), np.float32)) is given[0]


def test_a_texture_is_parted_along_the_edge():
    seen = np.random.default_rng(0).random(TEXTURE_SIZE, np.float32)
    edge = np.linspace(40, 50, TEXTURE_SIZE[1], dtype=np.float32)
    colour = np.random.default_rng(1).random((*TEXTURE_SIZE, 3), np.float32)
    parted = part_texture(colour, edge, seen)
    np.testing.assert_array_equal(parted.colour, colour)
    np.testing.assert_allclose(parted.upper + parted.lower, seen, atol=1e-6)
    rows = np.arange(TEXTURE_SIZE[0])[:, None]
    assert not parted.upper[rows > edge + 1].any()
    assert not parted.lower[rows < edge].any()
    assert parted.upper.dtype == parted.lower.dtype == parted.colour.dtype == np.float32


def test_plain_teeth_have_no_form():
    plain = plain_texture()
    assert (plain.colour == 1).all()
    np.testing.assert_allclose(plain.upper + plain.lower, 1, atol=1e-6)
    edge = (TEETH_EDGE - CORNER[1]) * PER_CM
    assert plain.upper[: int(edge)].min() == 1
    assert plain.lower[int(edge) + 2 :].min() == 1
    assert unpack_textures(pack_textures([plain]))[0].colour.shape == (*TEXTURE_SIZE, 3)


def test_gaps_between_teeth_are_deepened_and_teeth_are_not():
    colour = np.full((*TEXTURE_SIZE, 3), 0.8, np.float32)
    colour[:, ::16] = 0.7
    plain = plain_texture()
    shown = with_gaps(TeethTexture(colour, plain.upper, plain.lower)).colour
    assert shown[40, 96].max() < 0.65
    np.testing.assert_allclose(shown[40, 104], 0.8, atol=0.03)


def test_highlights_of_teeth_are_pressed_together_and_not_cut_off():
    colour = np.ones((*TEXTURE_SIZE, 3), np.float32)
    light = np.linspace(0.1, 1.5, TEXTURE_SIZE[1], dtype=np.float32)
    nothing = np.zeros(TEXTURE_SIZE, np.float32)
    given = TeethTexture(colour * light[:, None], nothing, nothing)
    pressed = with_soft_lights(given).colour[0, :, 1]
    np.testing.assert_allclose(pressed[light < KNEE], light[light < KNEE], rtol=1e-5)
    assert (np.diff(pressed) > 0).all() and pressed.max() < BRIGHTEST


def test_upper_teeth_end_each_by_itself():
    colour = np.full((*TEXTURE_SIZE, 3), 0.3, np.float32)
    colour[:45, 40:70] = colour[:41, 75:100] = 1.0
    plain = plain_texture()
    ended = with_tips(TeethTexture(colour, plain.upper, plain.lower))
    assert ended.upper[43, 55] == 1 and ended.upper[43, 88] < 0.1 and ended.upper[43, 20] < 0.1
    # What is between them goes with the lower jaw, and nothing is lost.
    np.testing.assert_allclose(ended.upper + ended.lower, 1, atol=1e-6)
    # Where lips hide what smiles are learned from, all stays.
    np.testing.assert_array_equal(ended.upper[:20], plain.upper[:20])
