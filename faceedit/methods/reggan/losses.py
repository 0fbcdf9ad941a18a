"""The refinement network's objective: Eq. 10 to 15 of RegGAN."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from faceedit.methods.fields.discriminator import Judgement
from faceedit.methods.reggan.recipe import LossWeights
from faceedit.nn.losses import feature_distance, hinge_generator_loss
from faceedit.nn.perceptual import PerceptualLoss


@dataclass(frozen=True)
class GeneratorLosses:
    """The unweighted terms of Eq. 10 and their weighted sum, scalars all.

    Attributes:
        pixel: Eq. 11.
        adversarial: Eq. 12.
        feature_matching: Eq. 13.
        perceptual: Eq. 14.
        total: Eq. 10.
    """

    pixel: Tensor
    adversarial: Tensor
    feature_matching: Tensor
    perceptual: Tensor
    total: Tensor


def generator_losses(
    fake: Tensor,
    real: Tensor,
    fake_judgements: Sequence[Judgement],
    real_judgements: Sequence[Judgement],
    perceptual: PerceptualLoss | None,
    weights: LossWeights | None = None,
) -> GeneratorLosses:
    """Eq. 10 with its terms.

    The l1 norm of Eq. 11 is taken as the mean over pixels, as the code of [42] has it: the paper's
    weight of 100 is meant for that.

    Args:
        fake: (N, 3, H, W) refined images in [-1, 1].
        real: (N, 3, H, W) their targets.
        fake_judgements: of the discriminators on ``fake``, with gradient.
        real_judgements: on ``real``; no gradient flows into them.
        perceptual: the loss of Eq. 14, or None to leave it out.
        weights: of the terms; None for the paper's.
    """
    weights = weights or LossWeights()
    pixel = F.l1_loss(fake, real)
    adversarial = hinge_generator_loss([judgement.logits for judgement in fake_judgements])
    matching = feature_distance(_features(fake_judgements), _features(real_judgements))
    distance = perceptual(fake, real) if perceptual else torch.zeros_like(pixel)
    total = (
        weights.pixel * pixel
        + weights.adversarial * adversarial
        + weights.feature_matching * matching
        + weights.perceptual * distance
    )
    return GeneratorLosses(pixel, adversarial, matching, distance, total)


def _features(judgements: Sequence[Judgement]) -> list[Tensor]:
    return [feature for judgement in judgements for feature in judgement.features]
