import math

import numpy as np
import pytest
import torch

from faceedit.methods.eggan import losses
from faceedit.methods.eggan.networks import Encoder, LatentDiscriminator
from faceedit.methods.eggan.recipe import LossWeights
from faceedit.methods.pictures.losses import total_loss
from faceedit.nn.ms_ssim import ms_ssim


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def test_eq_1_is_the_binary_cross_entropy_of_both_sides():
    prior, codes = torch.tensor([0.5, -1.0, 2.0]), torch.tensor([0.3, -0.7])
    value = np.log(sigmoid(prior.numpy())).mean() + np.log(1 - sigmoid(codes.numpy())).mean()
    assert losses.latent_critic_loss(prior, codes).item() == pytest.approx(-value, rel=1e-5)
    value = np.log(sigmoid(codes.numpy())).mean()
    assert losses.latent_encoder_loss(codes).item() == pytest.approx(-value, rel=1e-5)


def test_eq_3_is_the_mean_over_units_at_the_rounded_intensity():
    logits, units = torch.randn(3, 17, 6), 5 * torch.rand(3, 17)
    units[0, :3] = torch.tensor([0.5, 4.5, 5.0])
    chances = logits.softmax(2).numpy()
    total = 0.0
    for i in range(3):
        for j in range(17):
            total -= math.log(chances[i, j, int(units[i, j] + 0.5)]) / 17 / 3
    assert losses.units_loss(logits, units).item() == pytest.approx(total, rel=1e-5)


def test_eq_4_is_the_cross_entropy_of_the_person():
    logits, person = torch.randn(4, 9), torch.tensor([0, 8, 3, 3])
    value = -np.log(logits.softmax(1).numpy()[range(4), person]).mean()
    assert losses.identity_loss(logits, person).item() == pytest.approx(value, rel=1e-5)


def test_eq_6_with_and_without_ms_ssim():
    real, rebuilt = torch.rand(2, 2, 3, 32, 32)
    plain = (real - rebuilt).abs().mean()
    torch.testing.assert_close(losses.reconstruction_loss(rebuilt, real, False), plain)
    wanted = plain + 1 - ms_ssim(rebuilt, real).mean()
    torch.testing.assert_close(losses.reconstruction_loss(rebuilt, real), wanted)
    assert losses.reconstruction_loss(real, real).item() == pytest.approx(0, abs=1e-5)


def test_eq_7_weighs_the_terms_that_are_there():
    terms = {"units": torch.tensor(1.0), "identity": torch.tensor(2.0), "latent": torch.tensor(3.0)}
    assert total_loss(terms, LossWeights()).item() == 100 + 2 * 60 + 3
    del terms["identity"]
    assert total_loss(terms, LossWeights(units=2.0)).item() == 2 + 3


def test_eq_8_goes_from_source_to_target():
    source, target = torch.zeros(1, 17), torch.full((1, 17), 4.0)
    for alpha in (0.0, 0.25, 1.0):
        assert (losses.interpolate(source, target, alpha) == 4 * alpha).all()


def test_moments_are_least_for_the_prior():
    torch.manual_seed(0)
    codes = torch.randn(4000, 3)
    codes = (codes - codes.mean(0)) / codes.std(0)
    least = losses.moment_loss(codes)
    assert least < 2e-3
    for other in (codes + 0.3, codes * 0.7, codes * 1.5, codes[:, [0, 0, 2]]):
        assert losses.moment_loss(other) > least + 0.03
    assert losses.moment_loss(torch.zeros(8, 3)).isfinite()


def test_codes_of_few_images_become_the_priors():
    """Far from N(0, 1) at first; Eq. 1 and the moments bring them there."""
    torch.manual_seed(0)
    images = torch.rand(128, 3, 1, 1) * torch.linspace(-1, 1, 32)
    images = (images + torch.rand(128, 3, 32, 1) - 0.5).clamp(-1, 1)
    encoder, critic = Encoder(32, 4, (8, 16, 16)), LatentDiscriminator(4)
    steps = [
        torch.optim.Adam(network.parameters(), lr=2e-3, betas=(0.5, 0.999))
        for network in (critic, encoder)
    ]
    spread = [encoder(images).std(0)]
    assert spread[0].max() < 0.8
    for _ in range(120):
        codes = encoder(images[torch.randperm(128)[:64]])
        told = critic(torch.randn_like(codes)), critic(codes.detach())
        wrong = losses.latent_critic_loss(*told)
        steps[0].zero_grad()
        wrong.backward()
        steps[0].step()
        loss = losses.latent_encoder_loss(critic(codes)) + 20 * losses.moment_loss(codes)
        steps[1].zero_grad()
        loss.backward()
        steps[1].step()
    with torch.no_grad():
        codes = encoder(images)
    assert codes.mean(0).abs().max() < 0.3
    assert codes.std(0).min() > 0.8
    assert codes.std(0).max() < 1.25
