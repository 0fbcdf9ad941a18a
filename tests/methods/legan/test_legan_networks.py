import pytest
import torch
from torch import nn

from faceedit.lights import LIGHT_ORDER
from faceedit.methods.legan.networks import N_EXPRESSIONS, TARGETS, Generator
from faceedit.methods.pictures.networks import UPSAMPLINGS, Hourglass
from faceedit.targets import EXPRESSIONS, parse_target


def first_channels(generator: Generator) -> list[int]:
    """Channels that each hourglass is given."""
    glasses = [m for m in generator.children() if isinstance(m, Hourglass)]
    return [int(next(glass.parameters()).shape[1]) for glass in glasses]


def test_a_condition_has_a_strength_for_each_target():
    assert TARGETS[:N_EXPRESSIONS] == EXPRESSIONS
    assert len(TARGETS) == 28
    assert all(parse_target(name).names == (name,) for name in TARGETS)
    assert TARGETS[N_EXPRESSIONS + 3] == f"light={LIGHT_ORDER[3]}"


def test_three_hourglasses_see_expression_light_and_the_masks_alone():
    torch.manual_seed(0)
    generator = Generator(16, 4, 1).eval()
    # Tables 7 to 9 have 9, 23 and 6: we have two expressions more.
    assert first_channels(generator) == [3 + 8, 3 + 20, 6]
    image, (one, other) = torch.rand(1, 3, 16, 16) * 2 - 1, torch.rand(2, 1, 28)
    expression, light = generator.masks(image, one)
    mixed = torch.cat([one[:, :N_EXPRESSIONS], other[:, N_EXPRESSIONS:]], 1)
    same, changed = generator.masks(image, mixed)
    torch.testing.assert_close(same, expression)
    assert (changed - light).abs().mean() > 1e-3
    made = generator(image, one)
    torch.testing.assert_close(
        made, torch.tanh(generator.picture(torch.cat([expression, light], 1)))
    )
    assert all(x.shape == image.shape and x.abs().max() <= 1 for x in (made, expression, light))


def test_without_disentangling_one_hourglass_is_given_all():
    generator = Generator(16, 4, 1, disentangled=False)
    assert first_channels(generator) == [3 + 28]
    assert generator(torch.rand(2, 3, 16, 16), torch.rand(2, 28)).shape == (2, 3, 16, 16)


@pytest.mark.parametrize("upsampling", UPSAMPLINGS)
@pytest.mark.parametrize("disentangled", [True, False])
def test_it_is_built_again_from_its_architecture(upsampling, disentangled):
    generator = Generator(16, 4, 2, upsampling, disentangled)
    again = Generator(**generator.architecture)
    again.load_state_dict(generator.state_dict())
    layers = {
        "shuffle": nn.PixelShuffle, "transposed": nn.ConvTranspose2d, "bilinear": nn.Upsample,
    }  # fmt: skip
    for name, layer in layers.items():
        assert any(isinstance(m, layer) for m in again.modules()) == (name == upsampling)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"size": 8}, "size is 8"),
        ({"size": 48}, "no power of two"),
        ({"width": 1000}, "width"),
        ({"upsampling": "sharp"}, "upsampling is 'sharp'"),
        ({"disentangled": "no"}, "disentangled is 'no', not true or false"),
    ],
)
def test_settings_out_of_range_are_named(wrong, said):
    with pytest.raises(ValueError, match=said):
        Generator(**wrong)
