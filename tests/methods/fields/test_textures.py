import made_up
import numpy as np
import pytest
import torch

from faceedit.compose.mouth.paint import TEXTURE_SIZE
from faceedit.methods.fields.textures import (
    HIGHLIGHT,
    WHITE,
    learn_teeth,
    learn_textures,
    tooth_colour,
)
from faceedit.studio.smiles import Smiles, texture_edge

TEETH = (slice(30, 46), slice(50, 142))


@pytest.fixture(scope="module")
def learned() -> tuple[np.ndarray, np.ndarray]:
    smiles = made_up.smiles()
    return learn_textures(smiles.patches, smiles.masks, components=2, steps=12)


def detail(picture: np.ndarray) -> float:
    """How strong the gaps between the teeth are."""
    return float(np.abs(np.diff(picture[TEETH].mean(-1), axis=1)).mean())


def test_learned_textures_are_sharper_than_the_mean(learned):
    colours, _ = learned
    assert 1 <= len(colours) <= 2
    assert colours.shape[1:] == (*TEXTURE_SIZE, 3)
    assert colours.dtype == np.float32
    assert 0 <= colours.min() <= colours.max() <= HIGHLIGHT
    mean = (made_up.smiles().patches / 255.0 * (WHITE / 0.65)).mean(0)
    assert detail(colours[0]) > 1.5 * detail(mean)
    assert detail(colours[0]) > 0.7 * detail(made_up.teeth())
    bright = np.percentile(colours[0][TEETH].mean(-1), 85)
    assert bright == pytest.approx(WHITE, abs=0.08)


def test_what_smiles_show_is_known(learned):
    colours, known = learned
    assert known.shape == (len(colours), *TEXTURE_SIZE)
    assert known.dtype == np.float32
    assert 0 <= known.min() <= known.max() <= 1
    assert known[:, 38:44, 80:112].min() > 0.99
    assert not known[:, -10:].any()
    assert not known[:, :, :10].any()


def test_learning_is_repeatable_and_leaves_the_random_state_alone():
    patches, masks = (part[:4] for part in (made_up.smiles().patches, made_up.smiles().masks))
    before = torch.get_rng_state()
    first, again = (learn_textures(patches, masks, components=1, steps=2) for _ in range(2))
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, two)
    assert torch.equal(torch.get_rng_state(), before)


def test_learned_teeth_are_parted_and_lit_teeth_are_white():
    smiles = made_up.smiles()
    (teeth,) = learn_teeth(Smiles(smiles.patches[:4], smiles.masks[:4]), 1, 2)
    assert np.percentile(teeth.colour[TEETH].mean(-1), 85) == pytest.approx(1.0, abs=0.1)
    edge = texture_edge()
    rows = np.arange(TEXTURE_SIZE[0])[:, None]
    assert not teeth.upper[rows > edge + 1].any()
    assert not teeth.lower[rows < edge].any()
    assert teeth.upper.max() > 0.9


def test_the_colour_of_teeth_is_the_brightest_part():
    patch = np.rint(made_up.teeth() * 255).astype(np.uint8)
    colour = tooth_colour(patch, made_up.between_lips())
    assert colour is not None
    np.testing.assert_allclose(colour, [0.9, 0.87, 0.82], atol=0.05)


@pytest.mark.parametrize(
    ("colour", "cover"),
    [((0.9, 0.9, 0.9), 0.0), ((0.1, 0.1, 0.1), 1.0), ((0.8, 0.3, 0.3), 1.0)],
    ids=["closed", "dark", "gums"],
)
def test_mouths_without_clear_teeth_are_left_out(colour, cover):
    patch = np.rint(np.ones((*TEXTURE_SIZE, 3)) * colour * 255).astype(np.uint8)
    mask = made_up.between_lips() * np.float32(cover)
    assert tooth_colour(patch, mask) is None
    with pytest.raises(ValueError, match="no patch"):
        learn_teeth(Smiles(patch[None], mask[None]))
