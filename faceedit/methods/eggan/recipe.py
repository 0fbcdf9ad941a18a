"""Hyper-parameters of EGGAN; defaults are the paper's, with the section they come from."""

import dataclasses
from dataclasses import dataclass

from faceedit.methods.fields.recipe import PairsRecipe
from faceedit.ranges import Ranged, ranged


@dataclass(frozen=True)
class LossWeights(Ranged):
    """Weights of the terms of Eq. 7 (section 4.1)."""

    units: float = ranged(0.0, 1e6, default=100.0)  # lambda_au
    identity: float = ranged(0.0, 1e6, default=60.0)  # lambda_id
    perceptual: float = ranged(0.0, 1e6, default=20.0)  # lambda_per
    reconstruction: float = ranged(0.0, 1e6, default=100.0)  # lambda_rec
    penalty: float = ranged(0.0, 1e6, default=20.0)  # lambda_gp
    image: float = ranged(0.0, 1e6, default=1.0)  # of the image adversary (Eq. 7: 1)
    latent: float = ranged(0.0, 1e6, default=1.0)  # of the latent adversary (Eq. 7: 1)
    moments: float = ranged(0.0, 1e6, default=10.0)  # beside it, of the codes' (the paper has none)


@dataclass(frozen=True)
class EGGANRecipe(Ranged):
    """How the ``paper`` profile is trained.

    The paper names no length of the latent code, no widths of G, D_img and the classifiers, no
    moments of Adam, no numbers of turns, and not how C_id is trained. RaFD has 67 people in 8
    expressions each; of ours nearly all have one photo, so C_id learns from changed copies.

    E follows the prior in a turn of its own, as the adversarial autoencoder [10] does: beside
    terms that weigh 100, Eq. 1 would not be felt. Few photos teach D_z little, so E's codes are
    also held to the prior's moments, and both see more photos than a step's 8. What is measured
    and exported of E and G is the average of their last weights, which jitter less.
    """

    size: int = ranged(32, 1024, default=128)  # pixels a side (4.1)
    latent: int = ranged(1, 4096, default=128)  # numbers in a code (the paper names none)
    width: int = ranged(1, 256, default=16)  # of G's last block and the classifiers' first (none)
    critic_width: int = ranged(1, 512, default=32)  # of D_img's first convolution (none)
    batch_size: int = ranged(2, 4096, default=8)  # photos a step (4.1)
    epochs: int = ranged(1, 100_000, default=400)  # passes over the photos (4.1: on RaFD)
    learning_rate: float = ranged(1e-9, 1.0, default=1e-4)  # of E, G, D_z and D_img (4.1)
    expression_rate: float = ranged(1e-9, 1.0, default=2e-4)  # of C_exp (4.1)
    falls_from: float = ranged(0.0, 1.0, default=0.5)  # share of steps; linear from there (4.1)
    betas: tuple[float, float] = ranged(0.0, 0.999999, default=(0.5, 0.999))  # of Adam (none)
    weights: LossWeights = dataclasses.field(default_factory=LossWeights)  # of the losses (4.1)
    latent_turns: int = ranged(1, 100, default=2)  # of D_z and of E after it, a step (none)
    latent_batch: int = ranged(2, 4096, default=64)  # photos whose codes D_z sees (none: 8)
    identity_steps: int = ranged(0, 1_000_000, default=1000)  # of C_id, beforehand (3.3; none)
    identity_batch: int = ranged(1, 4096, default=32)  # photos in each (none)
    identity_rate: float = ranged(1e-9, 1.0, default=1e-3)  # of Adam for C_id (none)
    perceptual: bool = True  # False leaves Eq. 5 out (4.4: E_wtP)
    identity: bool = True  # False leaves Eq. 4 out (4.4: E_wtI)
    ms_ssim: bool = True  # False leaves MS-SSIM out of Eq. 6 (4.4: E_wtS)
    vgg: str = ""  # file of VGG-19 for Eq. 5; "" compares features of the face mesh network

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.size & (self.size - 1):
            raise ValueError(f"size is {self.size}, which is no power of two")


@dataclass(frozen=True)
class FastRecipe(PairsRecipe):
    """How the ``fast`` profile is trained."""

    components: int = ranged(1, 1434, default=64)  # of shape, that displacements are linear in
    shape_ridge: float = ranged(1e-9, 1e9, default=3.0)  # of the unit layer (Eq. 6 of RegGAN)
    latent: int = ranged(0, 1024, default=64)  # numbers in E's code; 0 leaves E and D_z out
    prior_weight: float = ranged(0.0, 1e6, default=0.02)  # of Eq. 1 for E
    moment_weight: float = ranged(0.0, 1e6, default=0.2)  # of the codes' moments, as in `paper`
    prior_rate: float = ranged(1e-9, 1.0, default=1e-4)  # of Adam for D_z (4.1)
