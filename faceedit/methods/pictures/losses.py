"""Terms of objectives that several papers have."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F


def wasserstein_critic_loss(
    critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, penalty: float
) -> Tensor:
    """Return what a Wasserstein critic descends, with a penalty on its slope at real pictures.

    Gulrajani et al. 2017, Eq. 3; Mescheder et al. 2018 on taking the slope there.

    Args:
        critic: (N, 3, S, S) to (N,) scores.
        real: (N, 3, S, S) photos.
        fake: (N, 3, S, S) made pictures, without gradient.
        penalty: weight of the squared distance of the slope's norm from 1.
    """
    real = real.detach().requires_grad_()
    scores = critic(real)
    (slope,) = torch.autograd.grad(scores.sum(), real, create_graph=True)
    excess = (slope.float().flatten(1).norm(dim=1) - 1).square().mean()
    return critic(fake).float().mean() - scores.float().mean() + penalty * excess


def wasserstein_generator_loss(scores: Tensor) -> Tensor:
    """Return what the generator descends, from (N,) scores of made pictures."""
    return -scores.float().mean()


def feature_loss(
    features: Callable[[Tensor], list[Tensor]], real: Tensor, made: list[Tensor], level: int
) -> Tensor:
    """Return the sum of the mean squared differences of features from the photos'.

    Johnson et al. 2016, Eq. 2.

    Args:
        features: gives maps of images (N, 3, S, S).
        real: the photos.
        made: pictures that are to look like them.
        level: which map, from 0.
    """
    with torch.no_grad():
        wanted = features(real)[level].float()
    found = features(torch.cat(made))[level].float().chunk(len(made))
    return torch.stack([F.mse_loss(one, wanted) for one in found]).sum()
