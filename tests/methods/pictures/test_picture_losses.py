import pytest
import torch
from torch import nn

from faceedit.methods.pictures.losses import (
    feature_loss,
    mixed,
    quality_loss,
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


def test_the_slope_is_taken_where_it_is_asked_for():
    critic = lambda image: image.square().sum((1, 2, 3))  # noqa: E731
    real, fake, at = torch.randn(3, 2, 3, 4, 4).unbind()
    wanted = critic(fake).mean() - critic(real).mean()
    wanted += 10 * ((2 * at.flatten(1).norm(dim=1) - 1) ** 2).mean()
    torch.testing.assert_close(wasserstein_critic_loss(critic, real, fake, 10.0, at), wanted)


def test_mixed_pictures_lie_anywhere_between_two():
    real, fake = torch.zeros(200, 3, 2, 2), torch.ones(200, 3, 2, 2)
    shares = mixed(real, fake).flatten(1)
    assert (shares == shares[:, :1]).all()
    assert shares.min() < 0.1 < 0.9 < shares.max()


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


def test_quality_is_wanted_of_what_is_made_and_kept_by_what_is_rebuilt():
    rate = lambda image: 10 * image.mean((1, 2, 3))  # noqa: E731
    made = torch.tensor([0.5, 0.9]).view(2, 1, 1, 1).expand(2, 3, 4, 4)
    photos, again = made + 0.1, made - 0.2
    assert quality_loss(rate, made).item() == pytest.approx((3 + 1) / 2)
    assert quality_loss(rate, made, 6.0).item() == pytest.approx((1 + 3) / 2)
    both = quality_loss(rate, made, 8.0, (photos, again)).item()
    assert both == pytest.approx((3 + 1) / 2 + 3)


def test_quality_draws_made_and_rebuilt_pictures_and_no_photos():
    pictures = [torch.rand(1, 3, 4, 4, requires_grad=True) for _ in range(3)]
    made, photos, again = pictures
    weights = torch.rand(3, 4, 4)
    quality_loss(lambda x: (x * weights).sum((1, 2, 3)), made, 99.0, (photos, again)).backward()
    assert photos.grad is None
    assert made.grad is not None and torch.equal(made.grad[0], -weights)
    assert again.grad is not None and torch.equal(again.grad[0].abs(), weights)
