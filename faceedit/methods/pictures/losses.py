"""Terms of objectives that several papers have."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F


def wasserstein_critic_loss(
    critic: Callable[[Tensor], Tensor],
    real: Tensor,
    fake: Tensor,
    penalty: float,
    at: Tensor | None = None,
) -> Tensor:
    """Return what a Wasserstein critic descends, with a penalty on its slope.

    Gulrajani et al. 2017, Eq. 3; Mescheder et al. 2018 on taking the slope at photos.

    Args:
        critic: (N, 3, S, S) to (N,) scores.
        real: (N, 3, S, S) photos.
        fake: (N, 3, S, S) made pictures, without gradient.
        penalty: weight of the squared distance of the slope's norm from 1.
        at: (N, 3, S, S) where the slope is taken, for example at `mixed` pictures; None takes it
            at the photos.
    """
    where = (real if at is None else at).detach().requires_grad_()
    found = critic(where)
    (slope,) = torch.autograd.grad(found.sum(), where, create_graph=True)
    excess = (slope.float().flatten(1).norm(dim=1) - 1).square().mean()
    scores = found if at is None else critic(real)
    return critic(fake).float().mean() - scores.float().mean() + penalty * excess


def mixed(real: Tensor, fake: Tensor) -> Tensor:
    """Return pictures at random on the straight ways from photos to made ones."""
    share = torch.rand(len(real), 1, 1, 1, device=real.device)
    return real + share * (fake - real)


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


def quality_loss(
    rate: Callable[[Tensor], Tensor],
    made: Tensor,
    wanted: float = 8.0,
    rebuilt: tuple[Tensor, Tensor] | None = None,
) -> Tensor:
    """Return how far made pictures are from looking natural: Eq. 6 of LEGAN.

    It can be added to any generator's objective ("StarGAN w/ L_qual", Table 1 there).

    Args:
        rate: (N, 3, S, S) pictures in [-1, 1] to (N,) ratings from 0 to 10, frozen and
            differentiable: `recognisers.naturalness`, which blackens what lies beside the face.
        made: (N, 3, S, S).
        wanted: the rating q that they are to have; the paper's best of 5 to 10 is 8.
        rebuilt: photos, and the same photos rebuilt from what was made of them, which are to be
            rated alike; None where a method rebuilds nothing.
    """
    loss = (wanted - rate(made).float()).abs().mean()
    if rebuilt is None:
        return loss
    photos, again = rebuilt
    with torch.no_grad():
        own = rate(photos).float()
    return loss + (own - rate(again).float()).abs().mean()


def classification_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Return -log D_cls(labels | I), summed over labels, the mean over pictures and places.

    Either term of Eq. 3 of LEGAN; Eq. 3, 4, 8 and 9 of SeCGAN. Several labels hold at once, and
    none has to: each is a question of its own, as StarGAN has it for attributes that go together.

    Args:
        logits: (N, K) or (N, K, h, w) of D_cls.
        labels: (N, K) strengths from 0; those above 1 count as 1.
    """
    wanted = labels.clamp(0, 1).reshape(*labels.shape, *(1,) * (logits.ndim - 2))
    found = F.binary_cross_entropy_with_logits(
        logits.float(), wanted.expand_as(logits), reduction="none"
    )
    return found.sum(1).mean()


def total_loss(terms: Mapping[str, Tensor], weights: Any) -> Tensor:
    """Return the weighted sum of an objective's terms.

    Args:
        terms: scalars; what an ablation leaves out is not there.
        weights: a dataclass with the weight of each term under its name.
    """
    return torch.stack([getattr(weights, name) * term for name, term in terms.items()]).sum()
