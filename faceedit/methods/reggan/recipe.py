"""Hyper-parameters of RegGAN; defaults are the paper's, with the section they come from."""

import dataclasses
from dataclasses import dataclass

from faceedit.methods.fields.recipe import Amplitudes, PairsRecipe
from faceedit.ranges import Ranged, ranged


@dataclass(frozen=True)
class LossWeights(Ranged):
    """Weights of the four terms of Eq. 10 (section IV-B), and of a fifth that is LEGAN's."""

    pixel: float = ranged(0.0, 1e6, default=100.0)  # lambda_pix
    adversarial: float = ranged(0.0, 1e6, default=1.0)  # lambda_adv
    feature_matching: float = ranged(0.0, 1e6, default=10.0)  # lambda_fm
    perceptual: float = ranged(0.0, 1e6, default=1.0)  # lambda_per
    quality: float = ranged(0.0, 1e6, default=0.0)  # L_qual of LEGAN (0.5 there); 0 leaves it out


@dataclass(frozen=True)
class LayerRecipe(Ranged):
    """How an expression layer is solved (Eq. 6)."""

    receptive_field: int = ranged(1, 15, default=5)  # its side r
    ridge: float = ranged(1e-9, 1e9, default=30.0)  # lambda_Reg, for images in [-1, 1]


@dataclass(frozen=True)
class RegGANRecipe(Ranged):
    """How the ``paper`` profile is trained.

    The paper names no ridge; of 0.01 to 100, 3 was best on people left out, fitted on 79 neutral
    and happy pairs at 128 px. It names no number of epochs and no rate either.
    """

    receptive_field: int = ranged(1, 15, default=5)  # side r of it (IV-B: 5)
    ridge: float = ranged(1e-9, 1e9, default=3.0)  # lambda_Reg of Eq. 6 for images in [-1, 1]
    recoloured: float = ranged(0.0, 1.0, default=10 / 11)  # of samples (IV-C: ten copies of each)
    batch_size: int = ranged(1, 4096, default=1)  # pairs a step (IV-B: 1)
    epochs: int = ranged(1, 100_000, default=100)  # passes over the pairs, both ways
    learning_rate: float = ranged(1e-9, 1.0, default=2e-4)  # of Adam for both; pix2pixHD's
    betas: tuple[float, float] = ranged(0.0, 0.999999, default=(0.5, 0.999))  # of Adam (IV-B)
    weights: LossWeights = dataclasses.field(default_factory=LossWeights)  # of the losses (IV-B)
    discriminator_width: int = ranged(1, 1024, default=64)  # first layer's channels (pix2pixHD's)
    discriminator_scales: int = ranged(1, 6, default=3)  # number of discriminators (III-E: three)
    spectral_norm: bool = False  # in the discriminators (the paper names none)
    size: int = ranged(16, 1024, default=128)  # pixels a side (paper: 400); tables keep 128
    attention: bool = True  # False leaves the attention units out (Table II)
    latent_blocks: int = ranged(0, 64, default=10)  # III-D: ten; 0 is Table II's ablation
    vgg: str = ""  # file of VGG-19 for Eq. 14; "" compares features of the face mesh network

    @property
    def layer(self) -> "LayerRecipe":
        """How its expression layers are solved."""
        return LayerRecipe(self.receptive_field, self.ridge)


@dataclass(frozen=True)
class FastRecipe(PairsRecipe):
    """How the ``fast`` profile is trained; nothing of it is in the paper."""

    amplitudes: Amplitudes = dataclasses.field(default_factory=Amplitudes)  # what strength 1 means
    shape_ridge: float = ranged(1e-9, 1e9, default=10.0)  # the shape layer's weight of Eq. 6
    layer: LayerRecipe = dataclasses.field(default_factory=LayerRecipe)  # of the expression layers
