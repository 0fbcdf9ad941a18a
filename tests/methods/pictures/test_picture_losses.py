import pytest
import torch
from torch import nn

from faceedit.methods.pictures.losses import (
    feature_loss,
    wasserstein_critic_loss,
    wasserstein_generator_loss,
)


def test_a_wasserstein_critic_with_its_penalty_at_the_photos():
    weights = torch.randn(3 * 4 * 4)
    critic = lambda image: (image.flatten(1) ** 2) @ weights  # noqa: E731
    real, fake = torch.randn(5, 3, 4, 4), torch.randn(5, 3, 4, 4)
    slopes = 2 * real.flatten(1) * weights
    wanted = critic(fake).mean() - critic(real).mean()
    wanted += 20 * ((slopes.norm(dim=1) - 1) ** 2).mean()
    value = wasserstein_critic_loss(critic, real, fake, 20.0)
    torch.testing.assert_close(value, wanted)
    torch.testing.assert_close(wasserstein_generator_loss(critic(fake)), -critic(fake).mean())


@pytest.mark.parametrize("penalty", [0.0, 20.0])
def test_the_penalty_reaches_the_critics_weights(penalty):
    first = nn.Conv2d(3, 4, 3)
    critic = nn.Sequential(first, nn.LeakyReLU(), nn.Flatten(), nn.Linear(16, 1))
    real = torch.rand(2, 3, 4, 4)
    wasserstein_critic_loss(lambda x: critic(x)[:, 0], real, real, penalty).backward()
    slope = first.weight.grad
    assert slope is not None
    # Equal pictures tell a critic nothing else.
    assert (slope.abs().max() > 1e-4) == (penalty > 0)


def test_features_of_one_level_are_compared():
    features = lambda image: [None, None, image * 2, None]  # noqa: E731
    real, made, rebuilt = torch.rand(3, 2, 3, 8, 8)
    wanted = 4 * (((made - real) ** 2).mean() + ((rebuilt - real) ** 2).mean())
    torch.testing.assert_close(feature_loss(features, real, [made, rebuilt], 2), wanted)
