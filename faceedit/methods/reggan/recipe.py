"""Hyper-parameters of RegGAN; defaults are the paper's, with the section they come from."""

import dataclasses
from dataclasses import dataclass

from faceedit.methods.reggan.field_losses import FieldWeights


@dataclass(frozen=True)
class LossWeights:
    """Weights of the four terms of Eq. 10 (section IV-B).

    Attributes:
        pixel: lambda_pix.
        adversarial: lambda_adv.
        feature_matching: lambda_fm.
        perceptual: lambda_per.
    """

    pixel: float = 100.0
    adversarial: float = 1.0
    feature_matching: float = 10.0
    perceptual: float = 1.0


@dataclass(frozen=True)
class RegGANRecipe:
    """How a RegGAN is trained.

    Attributes:
        field: side r of the receptive field (IV-B: 5).
        ridge: lambda_Reg of Eq. 6 for images in [-1, 1]. The paper names no value; of 0.01 to 100
            this was best on people left out, fitted on 79 neutral and happy pairs at 128 px.
        colour_copies: recoloured copies of each training image (IV-C: ten).
        batch_size: pairs a step of the refinement network (IV-B: 1).
        epochs: passes over the pairs, both ways; the paper names no number.
        learning_rate: of Adam, for generator and discriminators; the paper names no value, this is
            pix2pixHD's.
        betas: of Adam (IV-B: 0.5, 0.999).
        weights: of the losses (IV-B).
        discriminator_width: channels of each discriminator's first layer (pix2pixHD's: 64).
        discriminator_scales: number of discriminators (III-E: three).
        spectral_norm: use spectral normalisation in the discriminators (the paper names none).
    """

    field: int = 5
    ridge: float = 3.0
    colour_copies: int = 10
    batch_size: int = 1
    epochs: int = 100
    learning_rate: float = 2e-4
    betas: tuple[float, float] = (0.5, 0.999)
    weights: LossWeights = dataclasses.field(default_factory=LossWeights)
    discriminator_width: int = 64
    discriminator_scales: int = 3
    spectral_norm: bool = False


@dataclass(frozen=True)
class FastRecipe:
    """How the ``fast`` profile is trained; nothing of it is in the paper.

    Attributes:
        stage_one: field, ridge and colour copies of its expression layers.
        steps: updates with known fields.
        batch_size: samples a step.
        learning_rate: of Adam at its highest; it rises over `warm_up` steps and falls by a cosine.
        betas: of Adam.
        warm_up: steps.
        largest_gradient: norm to which longer gradients are cut.
        weights: of the field losses.
        pair_share: share of samples that carry a real photo of the same person.
        style_gap: mouth gap in eye distances from which a person's expression counts for the
            style of edits: a smile that shows its teeth.
    """

    stage_one: RegGANRecipe = dataclasses.field(
        default_factory=lambda: RegGANRecipe(colour_copies=3)
    )
    steps: int = 3000
    batch_size: int = 12
    learning_rate: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.99)
    warm_up: int = 50
    largest_gradient: float = 2.0
    weights: FieldWeights = dataclasses.field(default_factory=FieldWeights)
    pair_share: float = 0.3
    style_gap: float = 0.06
