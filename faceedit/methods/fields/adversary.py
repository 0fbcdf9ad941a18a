"""The last stage of a training: a critic of shading (section III-E of RegGAN, Eq. 12, 13 and 15).

The paper's discriminators judge pictures. Here the picture is the photo's own, whatever the network
says; what can look wrong is how skin is shaded. So they judge log ratios, together with the photo
that these lie on.
"""

import torch
from torch import Tensor, nn

from faceedit.methods.fields.discriminator import PyramidDiscriminator, discriminator_loss
from faceedit.methods.fields.generator import RATIO_UNIT
from faceedit.methods.fields.recipe import AdversaryRecipe
from faceedit.nn.losses import feature_distance, hinge_generator_loss
from faceedit.training.task import Batch


def make_critic(recipe: AdversaryRecipe) -> PyramidDiscriminator:
    """Return untrained discriminators of what `judged` gives."""
    return PyramidDiscriminator(6, recipe.width, recipe.scales)


def judged(log_ratio: Tensor, batch: Batch) -> Tensor:
    """Return what is judged: the moved photo and log ratios where they count, (N, 6, 128, 128).

    Args:
        log_ratio: (N, 3, 128, 128).
        batch: of `samples.FieldSamples`.
    """
    return torch.cat([batch["moved"] * 2 - 1, log_ratio * batch["trusted"] / RATIO_UNIT], 1)


def critic_losses(critic: nn.Module, said: Tensor, batch: Batch) -> dict[str, Tensor]:
    """Eq. 15: tell predicted log ratios from the studio's.

    Args:
        critic: of `make_critic`.
        said: (N, 3, 128, 128) predicted, without gradient.
        batch: what is true.
    """
    false, true = critic(judged(said, batch)), critic(judged(batch["log_ratio"], batch))
    return {"total": discriminator_loss(false, true)}


def adversarial_losses(
    critic: nn.Module, said: Tensor, batch: Batch, recipe: AdversaryRecipe
) -> dict[str, Tensor]:
    """Eq. 12 and 13 of predicted log ratios; arguments as in `critic_losses`."""
    false = critic(judged(said, batch))
    with torch.no_grad():
        true = critic(judged(batch["log_ratio"], batch))
    adversarial = hinge_generator_loss([one.logits for one in false])
    matching = feature_distance(
        [feature for one in false for feature in one.features],
        [feature for one in true for feature in one.features],
    )
    return {
        "adversarial": adversarial,
        "matching": matching,
        "total": recipe.weight * adversarial + recipe.matching * matching,
    }
