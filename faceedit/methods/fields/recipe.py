"""Hyper-parameters that trainings of composed methods share; a method's recipe adds its own.

Each number stands with its range; to make a recipe with one outside it is a ValueError.
"""

import dataclasses
from dataclasses import dataclass

from faceedit.ranges import Ranged, ranged


@dataclass(frozen=True)
class FieldWeights(Ranged):
    """Weights of the terms of `losses.field_losses`, found by trial on the studio's pairs."""

    flow: float = ranged(0.0, 1e6, default=1.0)  # error in units of `generator.FLOW_UNIT`
    log_ratio: float = ranged(0.0, 1e6, default=4.0)  # error in units of `generator.RATIO_UNIT`
    edges: float = ranged(0.0, 1e6, default=2.0)  # error of its slopes, which keeps folds sharp
    tone: float = ranged(0.0, 1e6, default=0.3)  # error of the teeth's log colour
    eyeglasses: float = ranged(0.0, 1e6, default=0.3)  # cross entropy of spectacles


@dataclass(frozen=True)
class FieldRecipe(Ranged):
    """How a network learns fields, whatever they are of."""

    steps: int = ranged(1, 10_000_000)  # updates of the network
    batch_size: int = ranged(1, 4096)  # samples a step
    learning_rate: float = ranged(1e-9, 1.0)  # of Adam at its highest; it falls by a cosine
    warm_up: int = ranged(0, 10_000_000)  # steps over which the rate rises
    average_decay: float = ranged(0.0, 0.999999)  # of the averaged weights, kept a step
    validate_every: int = ranged(0, 10_000_000)  # steps
    betas: tuple[float, float] = ranged(0.0, 0.999999, default=(0.9, 0.99))  # of Adam
    largest_gradient: float = ranged(1e-6, 1e6, default=2.0)  # norm to which longer ones are cut
    weights: FieldWeights = dataclasses.field(default_factory=FieldWeights)


@dataclass(frozen=True)
class AdversaryRecipe(Ranged):
    """How the critic of shading is made, and what it weighs."""

    begins: float = ranged(0.0, 1.0, default=0.6)  # share of the steps before it; 1: never
    weight: float = ranged(0.0, 1e6, default=0.05)  # of the hinge loss against the field losses
    matching: float = ranged(0.0, 1e6, default=0.5)  # of matching its features
    width: int = ranged(1, 1024, default=24)  # channels of each discriminator's first layer
    scales: int = ranged(1, 6, default=2)  # discriminators; a third would see 32 pixels
    learning_rate: float = ranged(1e-9, 1.0, default=4e-4)  # of Adam


@dataclass(frozen=True)
class PairsRecipe(FieldRecipe):
    """How a network learns fields from pairs."""

    steps: int = ranged(1, 10_000_000, default=8000)
    batch_size: int = ranged(1, 4096, default=16)
    learning_rate: float = ranged(1e-9, 1.0, default=1.5e-3)
    warm_up: int = ranged(0, 10_000_000, default=50)
    average_decay: float = ranged(0.0, 0.999999, default=0.995)
    validate_every: int = ranged(0, 10_000_000, default=1000)
    components: int = ranged(1, 1434, default=160)  # of shape, that the shape layer is linear in
    refit: bool = False  # True solves the closed-form layers anew after --from
    adversary: AdversaryRecipe = dataclasses.field(default_factory=AdversaryRecipe)
    attention: bool = True  # False leaves the attention units out (RegGAN's Table II)
    latent_blocks: int = ranged(0, 64, default=10)  # latent attention blocks; 0 is in Table II


@dataclass(frozen=True)
class TuneRecipe(FieldRecipe):
    """How trained weights go on learning from a user's photos.

    A sample is a real pair with a rehearsal, so that a step sees twice `batch_size`.
    """

    steps: int = ranged(1, 10_000_000, default=200)
    batch_size: int = ranged(1, 4096, default=8)
    learning_rate: float = ranged(1e-9, 1.0, default=1e-4)
    warm_up: int = ranged(0, 10_000_000, default=20)
    average_decay: float = ranged(0.0, 0.999999, default=0.98)
    validate_every: int = ranged(0, 10_000_000, default=100)
    shape_ridge: float = ranged(1e-9, 1e9, default=30.0)  # of the shape layer's change (Eq. 6)
    rehearsals: int = ranged(0, 64, default=4)  # other targets that each photo is rehearsed for
    kept: float = ranged(0.0, 1e6, default=1.0)  # weight of the rehearsals


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
