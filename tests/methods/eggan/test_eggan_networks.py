import pytest
import torch
from torch import nn

from faceedit.methods.eggan.networks import (
    Classifier,
    Encoder,
    ExpressionClassifier,
    ImageDiscriminator,
    LatentDiscriminator,
    PaperGenerator,
    PaperNetworks,
    UpBlock,
    expected_units,
    levels_of,
)


def convolutions(network: nn.Module) -> list[nn.Conv2d]:
    return [m for m in network.modules() if isinstance(m, nn.Conv2d)]


def test_networks_are_the_papers_at_its_size():
    encoder, critic = Encoder(), LatentDiscriminator()
    assert [(c.out_channels, c.stride) for c in convolutions(encoder)] == [
        (width, (2, 2)) for width in (16, 32, 64, 128, 256)
    ]
    assert sum(isinstance(m, nn.Linear) for m in encoder.modules()) == 1
    layers = [m for m in critic.modules() if isinstance(m, nn.Linear)]
    assert [layer.out_features for layer in layers] == [256, 128, 64, 32, 16, 1]
    blocks = [m for m in PaperGenerator().modules() if isinstance(m, UpBlock)]
    assert len(blocks) == 6
    assert all(isinstance(b.before[0], nn.InstanceNorm2d) for b in blocks)
    strided = [c for c in convolutions(ImageDiscriminator()) if c.stride == (2, 2)]
    assert len(strided) == 6


@pytest.mark.parametrize(("size", "latent"), [(32, 5), (128, 128)])
def test_shapes(size, latent):
    image, units = torch.rand(2, 3, size, size) * 2 - 1, 5 * torch.rand(2, 17)
    code = Encoder(size, latent)(image)
    assert code.shape == (2, latent)
    assert LatentDiscriminator(latent)(code).shape == (2,)
    made = PaperGenerator(size, latent, 4)(code, units)
    assert made.shape == image.shape
    assert made.abs().max() <= 1
    assert ImageDiscriminator(size, 4)(made).shape == (2,)
    assert Classifier(7, size, 4)(made).shape == (2, 7)
    assert ExpressionClassifier(size, 4)(made).shape == (2, 17, 6)


def test_an_encoder_takes_any_side_that_its_halvings_divide():
    assert Encoder(96, 8)(torch.zeros(1, 3, 96, 96)).shape == (1, 8)
    assert Encoder(24, 8, (4, 4, 4), channels=6)(torch.zeros(1, 6, 24, 24)).shape == (1, 8)
    with pytest.raises(ValueError, match="size is 80, which is no multiple of 32"):
        Encoder(80, 8)
    with pytest.raises(ValueError, match="size is 96, which is no power of two"):
        PaperGenerator(96)
    with pytest.raises(ValueError, match="size is 40, which is no multiple of 32"):
        Classifier(3, 40)


def test_a_generator_shows_code_and_units_and_keeps_brightness():
    torch.manual_seed(0)
    generator = PaperGenerator(32, 4, 4).eval()
    codes, units = torch.randn(2, 4), 5 * torch.rand(2, 17)
    first = generator(codes[:1], units[:1])
    for other in (generator(codes[1:], units[:1]), generator(codes[:1], units[1:])):
        assert (other - first).abs().mean() > 1e-3
        # Instance norm alone would give all pictures the same mean.
        assert (other.mean((2, 3)) - first.mean((2, 3))).abs().max() > 1e-3


def test_expected_units_are_the_mean_level():
    logits = torch.full((1, 17, 6), -50.0)
    logits[..., 4] = 50
    logits[0, 0, 1] = 50
    units = expected_units(logits)
    assert units[0, 0].item() == pytest.approx(2.5)
    assert units[0, 1:].tolist() == pytest.approx([4.0] * 16)


def test_the_networks_of_an_edit_are_built_again_from_their_architecture():
    networks = PaperNetworks(32, 4, 4)
    assert PaperNetworks(**networks.architecture()).load_state_dict(networks.state_dict())


def test_an_untrained_classifier_knows_how_often_intensities_occur():
    classifier = ExpressionClassifier(32, 4)
    units = torch.zeros(10, 17)
    units[:3, 8] = 4.4
    classifier.begin_with(units)
    chances = classifier(torch.rand(2, 3, 32, 32)).softmax(2)
    assert chances[:, 8, 4].tolist() == pytest.approx([0.3] * 2, abs=0.01)
    assert chances[:, 0, 0].tolist() == pytest.approx([1.0] * 2, abs=0.01)
    assert levels_of(torch.tensor([0.0, 0.49, 0.5, 4.5, 5.0])).tolist() == [0, 0, 1, 5, 5]
