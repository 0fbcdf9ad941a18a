import pytest
import torch

from faceedit.methods.fields.discriminator import (
    Judgement,
    PatchDiscriminator,
    PyramidDiscriminator,
    discriminator_loss,
    pyramid,
)


def test_pyramid_sizes_and_values():
    image = torch.arange(16.0).reshape(1, 1, 4, 4)
    levels = pyramid(image, 3)
    assert [level.shape[-1] for level in levels] == [4, 2, 1]
    assert levels[0] is image
    assert levels[1].flatten().tolist() == [2.5, 4.5, 10.5, 12.5]
    assert levels[2].item() == 7.5


@pytest.mark.parametrize("spectral", [False, True])
@pytest.mark.parametrize("norm", ["instance", "none"])
def test_shapes_of_features_and_logits(spectral, norm):
    judgement = PatchDiscriminator(3, 4, 3, norm, spectral)(torch.randn(2, 3, 64, 64))
    shapes = [tuple(feature.shape[1:]) for feature in judgement.features]
    assert shapes == [(4, 33, 33), (8, 17, 17), (16, 9, 9), (32, 10, 10)]
    assert judgement.logits.shape == (2, 1, 11, 11)


def test_width_stops_growing_at_eight_times():
    network = PatchDiscriminator(3, 4, 5)
    features = network(torch.randn(1, 3, 64, 64)).features
    assert [feature.shape[1] for feature in features] == [4, 8, 16, 32, 32, 32]


def test_three_discriminators_are_alike_but_do_not_share_weights():
    network = PyramidDiscriminator(width=4)
    counts = {sum(p.numel() for p in scale.parameters()) for scale in network.scales}
    assert len(network.scales) == 3
    assert len(counts) == 1
    first, second = network.scales[0].state_dict(), network.scales[1].state_dict()
    assert first.keys() == second.keys()
    assert any(not torch.equal(first[key], second[key]) for key in first)
    sides = [judgement.logits.shape[-1] for judgement in network(torch.randn(1, 3, 64, 64))]
    assert sides == [11, 7, 5]


def test_gradient_reaches_the_image_from_every_scale():
    network = PyramidDiscriminator(width=4)
    for k in range(3):
        image = torch.randn(1, 3, 64, 64, requires_grad=True)
        network(image)[k].logits.mean().backward()
        assert image.grad is not None
        assert image.grad.any()


def test_spectral_norm_bounds_a_layer():
    torch.manual_seed(0)
    network = PatchDiscriminator(3, 4, spectral=True)
    with torch.no_grad():
        for _ in range(20):
            network(torch.randn(1, 3, 32, 32))
        norms = [
            torch.linalg.matrix_norm(m.weight.flatten(1), 2).item()
            for m in network.modules()
            if isinstance(m, torch.nn.Conv2d)
        ]
    assert norms == pytest.approx([1.0] * len(norms), abs=0.05)


def judged(features, logits):
    return [Judgement([torch.full((1, 2), features)], torch.full((1, 1, 2, 2), logits))]


def test_discriminator_loss_golden_values():
    assert discriminator_loss(judged(0.0, -2.0), judged(0.0, 2.0)).item() == 0
    assert discriminator_loss(judged(0.0, 0.5), judged(0.0, 0.5)).item() == 2.0


def test_discriminator_learns_to_tell_images_apart():
    torch.manual_seed(0)
    network = PyramidDiscriminator(width=4, spectral=True)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3, betas=(0.5, 0.999))
    real, fake = torch.rand(2, 3, 32, 32), -torch.rand(2, 3, 32, 32)
    values = []
    for _ in range(8):
        loss = discriminator_loss(network(fake), network(real))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        values.append(loss.item())
    assert values[-1] < values[0]
