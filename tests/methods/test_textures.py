import cv2
import numpy as np
import pytest

from faceedit.methods.reggan.mouth import TEXTURE_SIZE
from faceedit.methods.reggan.textures import (
    WHITE,
    learn_textures,
    plain_textures,
    tooth_colour,
)

HEIGHT, WIDTH = TEXTURE_SIZE


def teeth() -> np.ndarray:
    """A row of teeth with dark gaps, (h, w, 3) in [0, 1]."""
    x = np.arange(WIDTH) + 0.5
    gaps = 1 - 0.6 * np.exp(-(((x - WIDTH / 2) % 16 - 8) ** 2) / 2.0)
    picture = np.repeat(gaps[None, :, None], HEIGHT, 0) * np.array([0.9, 0.87, 0.82])
    picture[52:] *= 0.35
    return picture


def opening() -> np.ndarray:
    mask = np.zeros(TEXTURE_SIZE, np.uint8)
    cv2.ellipse(mask, (WIDTH // 2, 42), (64, 24), 0, 0, 360, 255, cv2.FILLED, cv2.LINE_AA)
    return mask.astype(np.float32) / 255


@pytest.fixture(scope="module")
def smiles() -> tuple[np.ndarray, np.ndarray]:
    """The same teeth shifted, scaled and lit otherwise in every smile."""
    rng = np.random.default_rng(0)
    patches = []
    for _ in range(6):
        shift, scale = rng.uniform(-4, 4, 2) * [1, 0.5], rng.uniform(0.96, 1.04)
        affine = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
        affine[:, 2] += (1 - scale) * np.array([WIDTH / 2, HEIGHT / 2])
        moved = cv2.warpAffine(teeth(), affine, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
        lit = np.clip(moved * rng.uniform(0.5, 1.0) + rng.normal(0, 0.01, moved.shape), 0, 1)
        patches.append(np.rint(lit * 255).astype(np.uint8))
    return np.array(patches), np.repeat(opening()[None], len(patches), 0)


def detail(picture: np.ndarray) -> float:
    """How strong the gaps between the teeth are."""
    return float(np.abs(np.diff(picture[30:46, 50:142].mean(-1), axis=1)).mean())


def test_learned_textures_are_sharper_than_the_mean(smiles):
    patches, masks = smiles
    found = learn_textures(patches, masks, components=2, steps=12)
    assert 1 <= len(found.textures) <= 2
    assert found.textures.shape[1:] == (*TEXTURE_SIZE, 3)
    assert found.textures.dtype == np.float32
    assert 0 <= found.textures.min() <= found.textures.max() <= 1
    mean = (patches / 255.0 * (WHITE / 0.65)).mean(0)
    assert detail(found.textures[0]) > 1.5 * detail(mean)
    assert detail(found.textures[0]) > 0.7 * detail(teeth())
    bright = np.percentile(found.textures[0][30:46, 50:142].mean(-1), 85)
    assert bright == pytest.approx(WHITE, abs=0.08)
    np.testing.assert_allclose(found.half_width, 62 / WIDTH * 0.84, atol=0.02)


def test_learning_is_repeatable_and_leaves_the_random_state_alone(smiles):
    import torch

    patches, masks = (part[:4] for part in smiles)
    before = torch.get_rng_state()
    first, again = (learn_textures(patches, masks, components=1, steps=2) for _ in range(2))
    np.testing.assert_array_equal(first.textures, again.textures)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_colour_of_teeth_is_the_brightest_part():
    patch = np.rint(teeth() * 255).astype(np.uint8)
    colour = tooth_colour(patch, opening())
    assert colour is not None
    np.testing.assert_allclose(colour, [0.9, 0.87, 0.82], atol=0.05)


@pytest.mark.parametrize(
    ("colour", "cover"),
    [((0.9, 0.9, 0.9), 0.0), ((0.1, 0.1, 0.1), 1.0), ((0.8, 0.3, 0.3), 1.0)],
    ids=["closed", "dark", "gums"],
)
def test_mouths_without_clear_teeth_are_left_out(colour, cover):
    patch = np.rint(np.ones((*TEXTURE_SIZE, 3)) * colour * 255).astype(np.uint8)
    mask = opening() * np.float32(cover)
    assert tooth_colour(patch, mask) is None
    with pytest.raises(ValueError, match="no patch"):
        learn_textures(patch[None], mask[None])


def test_the_plain_texture_is_dark_inside():
    plain = plain_textures()
    assert plain.textures.shape == (1, *TEXTURE_SIZE, 3)
    assert plain.textures.dtype == np.float32
    assert plain.half_width.shape == (1,)
    assert plain.textures[0, -1].max() < 0.3
