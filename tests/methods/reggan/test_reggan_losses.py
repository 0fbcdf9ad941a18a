import pytest
import torch

from faceedit.methods.fields.discriminator import (
    Judgement,
    PyramidDiscriminator,
)
from faceedit.methods.reggan.losses import generator_losses
from faceedit.methods.reggan.recipe import LossWeights, RegGANRecipe
from faceedit.nn.perceptual import PerceptualLoss


def judged(features, logits):
    return [Judgement([torch.full((1, 2), features)], torch.full((1, 1, 2, 2), logits))]


def test_recipe_holds_the_papers_values():
    recipe = RegGANRecipe()
    assert recipe.weights == LossWeights(100, 1, 10, 1)
    assert recipe.betas == (0.5, 0.999)
    assert recipe.batch_size == 1
    assert recipe.receptive_field == 5


def test_objective_golden_values():
    fake, real = torch.zeros(1, 3, 4, 4), torch.full((1, 3, 4, 4), 0.5)
    losses = generator_losses(
        fake,
        real,
        judged(1.0, -2.0),
        judged(1.25, 3.0),
        PerceptualLoss(lambda image: [3 * image]),
    )
    assert losses.pixel.item() == 0.5
    assert losses.adversarial.item() == 2.0
    assert losses.feature_matching.item() == 0.25
    assert losses.perceptual.item() == 1.5
    assert losses.total.item() == pytest.approx(100 * 0.5 + 2.0 + 10 * 0.25 + 1.5)


def test_weights_switch_terms_off():
    fake, real = torch.zeros(1, 3, 4, 4), torch.ones(1, 3, 4, 4)
    losses = generator_losses(
        fake, real, judged(1.0, -2.0), judged(2.0, 3.0), None, LossWeights(1, 0, 0, 0)
    )
    assert losses.perceptual.item() == 0
    assert losses.total.item() == 1.0


def test_feature_matching_is_zero_for_equal_images():
    network = PyramidDiscriminator(width=4)
    image = torch.rand(1, 3, 64, 64)
    losses = generator_losses(image, image, network(image), network(image), None)
    assert losses.feature_matching.item() == 0
    assert losses.pixel.item() == 0
