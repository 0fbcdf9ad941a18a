"""EGGAN's objective: Eq. 1 to 8."""

import torch
from torch import Tensor
from torch.nn import functional as F

from faceedit.methods.eggan.networks import levels_of
from faceedit.nn.ms_ssim import ms_ssim

LEAST_VARIANCE = 1e-6


def latent_critic_loss(prior: Tensor, codes: Tensor) -> Tensor:
    """Eq. 1 as D_z descends it.

    Args:
        prior: (N,) logits of samples of the prior.
        codes: (M,) logits of latent codes.
    """
    return F.softplus(-prior).mean() + F.softplus(codes).mean()


def latent_encoder_loss(codes: Tensor) -> Tensor:
    """Eq. 1 as E descends it: -log D_z(E(I)), whose slope does not vanish where D_z is sure.

    Args:
        codes: (N,) logits of latent codes.
    """
    return F.softplus(-codes).mean()


def moment_loss(codes: Tensor) -> Tensor:
    """Return how far the moments of a batch of codes are from N(0, 1): of no equation.

    It is the divergence of a Gaussian with the batch's mean and variance from the prior, as a mean
    over dimensions, and the mean square of the correlations between them, which noise of a batch
    of N alone raises by 1 / N.

    Args:
        codes: (N, L), N at least 2.
    """
    centred = codes - codes.mean(0)
    variance = centred.square().mean(0).clamp(min=LEAST_VARIANCE)
    divergence = 0.5 * (codes.mean(0).square() + variance - 1 - variance.log())
    scaled = centred / variance.sqrt()
    together = scaled.T @ scaled / len(codes)
    return divergence.mean() + (together - torch.eye(len(together)).to(together)).square().mean()


def units_loss(logits: Tensor, units: Tensor) -> Tensor:
    """Eq. 3: the mean over units, and pictures, of the cross entropy with the rounded intensity.

    Args:
        logits: (N, 17, 6).
        units: (N, 17) intensities 0 to 5.
    """
    return F.cross_entropy(logits.float().flatten(0, 1), levels_of(units).flatten())


def identity_loss(logits: Tensor, person: Tensor) -> Tensor:
    """Eq. 4: cross entropy of (N, people) logits with (N,) numbers of people."""
    return F.cross_entropy(logits.float(), person)


def reconstruction_loss(rebuilt: Tensor, real: Tensor, structure: bool = True) -> Tensor:
    """Eq. 6: the mean absolute difference and 1 - MS-SSIM.

    Args:
        rebuilt: (N, 3, S, S) in [-1, 1].
        real: the photos.
        structure: False leaves MS-SSIM out (4.4).
    """
    loss = F.l1_loss(rebuilt.float(), real)
    return loss + (1 - ms_ssim(rebuilt, real)).mean() if structure else loss


def interpolate(source: Tensor, target: Tensor, alpha: float | Tensor) -> Tensor:
    """Eq. 8: return the way from source to target at alpha in [0, 1].

    Args:
        source: (N, 17) units, or any codes.
        target: of the same shape.
        alpha: a number, or a tensor that is broadcast.
    """
    return source + alpha * (target - source)
