"""Hyper-parameters of RegGAN; defaults are the paper's, with the section they come from.

Each number stands with its range; to make a recipe with one outside it is a ValueError.
"""

import dataclasses
from dataclasses import dataclass

from faceedit.methods.reggan.field_losses import FieldWeights
from faceedit.ranges import Ranged, ranged


@dataclass(frozen=True)
class LossWeights(Ranged):
    """Weights of the four terms of Eq. 10 (section IV-B).

    Attributes:
        pixel: lambda_pix.
        adversarial: lambda_adv.
        feature_matching: lambda_fm.
        perceptual: lambda_per.
    """

    pixel: float = ranged(0.0, 1e6, default=100.0)
    adversarial: float = ranged(0.0, 1e6, default=1.0)
    feature_matching: float = ranged(0.0, 1e6, default=10.0)
    perceptual: float = ranged(0.0, 1e6, default=1.0)


@dataclass(frozen=True)
class LayerRecipe(Ranged):
    """How an expression layer is solved (Eq. 6).

    Attributes:
        field: side r of the receptive field.
        ridge: lambda_Reg, for images in [-1, 1].
    """

    field: int = ranged(1, 15, default=5)
    ridge: float = ranged(1e-9, 1e9, default=30.0)


@dataclass(frozen=True)
class RegGANRecipe(Ranged):
    """How a RegGAN is trained.

    Attributes:
        field: side r of the receptive field (IV-B: 5).
        ridge: lambda_Reg of Eq. 6 for images in [-1, 1]. The paper names no value; of 0.01 to 100
            this was best on people left out, fitted on 79 neutral and happy pairs at 128 px.
        recoloured: share of samples in another photo's colours (IV-C: ten copies of each image).
        batch_size: pairs a step of the refinement network (IV-B: 1).
        epochs: passes over the pairs, both ways; the paper names no number.
        learning_rate: of Adam, for generator and discriminators; the paper names no value, this is
            pix2pixHD's.
        betas: of Adam (IV-B: 0.5, 0.999).
        weights: of the losses (IV-B).
        discriminator_width: channels of each discriminator's first layer (pix2pixHD's: 64).
        discriminator_scales: number of discriminators (III-E: three).
        spectral_norm: use spectral normalisation in the discriminators (the paper names none).
        size: side of the pictures in pixels; the paper's are of 400. Tables of pairs keep targets
            at 128.
        attention: False leaves the attention units out (Table II).
        latent_blocks: number of latent attention blocks (III-D: ten; 0 is Table II's ablation).
        vgg: file of VGG-19 weights for Eq. 14; "" compares features of the face mesh network.
    """

    field: int = ranged(1, 15, default=5)
    ridge: float = ranged(1e-9, 1e9, default=3.0)
    recoloured: float = ranged(0.0, 1.0, default=10 / 11)
    batch_size: int = ranged(1, 4096, default=1)
    epochs: int = ranged(1, 100_000, default=100)
    learning_rate: float = ranged(1e-9, 1.0, default=2e-4)
    betas: tuple[float, float] = ranged(0.0, 0.999999, default=(0.5, 0.999))
    weights: LossWeights = dataclasses.field(default_factory=LossWeights)
    discriminator_width: int = ranged(1, 1024, default=64)
    discriminator_scales: int = ranged(1, 6, default=3)
    spectral_norm: bool = False
    size: int = ranged(16, 1024, default=128)
    attention: bool = True
    latent_blocks: int = ranged(0, 64, default=10)
    vgg: str = ""

    @property
    def layer(self) -> "LayerRecipe":
        """How its expression layers are solved."""
        return LayerRecipe(self.field, self.ridge)


@dataclass(frozen=True)
class Amplitudes(Ranged):
    """The studio's amplitude that strength 1 of each expression stands for.

    At these a person names the studio's pictures clearly and our recogniser nearly always, while
    the identity network still knows the person (0.80 for the widest, surprised).
    """

    happy: float = ranged(0.0, 3.0, default=1.3)
    sad: float = ranged(0.0, 3.0, default=1.2)
    angry: float = ranged(0.0, 3.0, default=1.1)
    surprised: float = ranged(0.0, 3.0, default=1.1)
    disgusted: float = ranged(0.0, 3.0, default=1.2)
    afraid: float = ranged(0.0, 3.0, default=1.25)
    contemptuous: float = ranged(0.0, 3.0, default=1.3)


@dataclass(frozen=True)
class FieldRecipe(Ranged):
    """How the network of the ``fast`` profile learns fields, whatever they are of.

    Attributes:
        steps: updates of the network.
        batch_size: samples a step.
        learning_rate: of Adam at its highest; it rises over `warm_up` steps and falls by a cosine.
        warm_up: steps.
        average_decay: share of the past that each step keeps in the averaged weights.
        validate_every: steps.
        betas: of Adam.
        largest_gradient: norm to which longer gradients are cut.
        weights: of the field losses.
    """

    steps: int = ranged(1, 10_000_000)
    batch_size: int = ranged(1, 4096)
    learning_rate: float = ranged(1e-9, 1.0)
    warm_up: int = ranged(0, 10_000_000)
    average_decay: float = ranged(0.0, 0.999999)
    validate_every: int = ranged(0, 10_000_000)
    betas: tuple[float, float] = ranged(0.0, 0.999999, default=(0.9, 0.99))
    largest_gradient: float = ranged(1e-6, 1e6, default=2.0)
    weights: FieldWeights = dataclasses.field(default_factory=FieldWeights)


@dataclass(frozen=True)
class AdversaryRecipe(Ranged):
    """How the ``fast`` profile's critic of folds is made, and what it weighs.

    Attributes:
        begins: share of the steps after which it begins, while rates are still high; 1 leaves it
            out.
        weight: of Eq. 12 against the field losses.
        matching: of Eq. 13.
        width: channels of each discriminator's first layer.
        scales: number of discriminators; the third of the paper's would see 32 pixels.
        learning_rate: of Adam.
    """

    begins: float = ranged(0.0, 1.0, default=0.6)
    weight: float = ranged(0.0, 1e6, default=0.05)
    matching: float = ranged(0.0, 1e6, default=0.5)
    width: int = ranged(1, 1024, default=24)
    scales: int = ranged(1, 6, default=2)
    learning_rate: float = ranged(1e-9, 1.0, default=4e-4)


@dataclass(frozen=True)
class FastRecipe(FieldRecipe):
    """How the ``fast`` profile is trained; nothing of it is in the paper.

    Attributes:
        amplitudes: what strength 1 means.
        components: of shape, that the shape layer is linear in.
        shape_ridge: its weight of Eq. 6.
        layer: how the expression layers are solved.
        textures: of teeth, to begin with; those that explain few smiles are dropped.
        adversary: the stage after known fields.
        attention: False leaves the attention units out (Table II).
        latent_blocks: number of latent attention blocks; 0 is Table II's ablation.
    """

    steps: int = ranged(1, 10_000_000, default=8000)
    batch_size: int = ranged(1, 4096, default=16)
    learning_rate: float = ranged(1e-9, 1.0, default=1.5e-3)
    warm_up: int = ranged(0, 10_000_000, default=50)
    average_decay: float = ranged(0.0, 0.999999, default=0.995)
    validate_every: int = ranged(0, 10_000_000, default=1000)
    amplitudes: Amplitudes = dataclasses.field(default_factory=Amplitudes)
    components: int = ranged(1, 1434, default=160)
    shape_ridge: float = ranged(1e-9, 1e9, default=10.0)
    layer: LayerRecipe = dataclasses.field(default_factory=LayerRecipe)
    textures: int = ranged(1, 64, default=6)
    adversary: AdversaryRecipe = dataclasses.field(default_factory=AdversaryRecipe)
    attention: bool = True
    latent_blocks: int = ranged(0, 64, default=10)


@dataclass(frozen=True)
class TuneRecipe(FieldRecipe):
    """How trained weights go on learning from a user's photos.

    A sample is a real pair with a rehearsal, so that a step sees twice `batch_size`.

    Attributes:
        shape_ridge: weight of the shape layer's change against the sum over pairs (Eq. 6).
        rehearsals: other targets that each photo is rehearsed for.
        kept: weight of the rehearsals.
    """

    steps: int = ranged(1, 10_000_000, default=200)
    batch_size: int = ranged(1, 4096, default=8)
    learning_rate: float = ranged(1e-9, 1.0, default=1e-4)
    warm_up: int = ranged(0, 10_000_000, default=20)
    average_decay: float = ranged(0.0, 0.999999, default=0.98)
    validate_every: int = ranged(0, 10_000_000, default=100)
    shape_ridge: float = ranged(1e-9, 1e9, default=30.0)
    rehearsals: int = ranged(0, 64, default=4)
    kept: float = ranged(0.0, 1e6, default=1.0)
