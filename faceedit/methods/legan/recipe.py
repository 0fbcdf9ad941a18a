"""Hyper-parameters of LEGAN; defaults are the paper's, with the section they come from."""

import dataclasses
from dataclasses import dataclass

from faceedit.methods.fields.recipe import Amplitudes
from faceedit.methods.pictures.networks import Upsampling, check_size, check_upsampling
from faceedit.ranges import Ranged, ranged


@dataclass(frozen=True)
class LossWeights(Ranged):
    """Weights of the terms of Eq. 7 (section 5)."""

    adversarial: float = ranged(0.0, 1e6, default=1.0)  # of Eq. 2 (Eq. 7: 1)
    penalty: float = ranged(0.0, 1e6, default=10.0)  # lambda_gp of Eq. 2
    classes: float = ranged(0.0, 1e6, default=20.0)  # lambda_1, of Eq. 3
    reconstruction: float = ranged(0.0, 1e6, default=10.0)  # lambda_2, of Eq. 5
    identity: float = ranged(0.0, 1e6, default=10.0)  # lambda_3, of Eq. 4
    quality: float = ranged(0.0, 1e6, default=0.5)  # lambda_4, of Eq. 6
    variation: float = ranged(0.0, 1e6, default=1e-7)  # lambda_5, of the total variation


@dataclass(frozen=True)
class LEGANRecipe(Ranged):
    """How the ``paper`` profile is trained.

    Multi-PIE's pictures are all photos with known light. Of ours a light is known where the studio
    made it; `photos` says how often a picture is one as it was taken, which is what edits begin
    with. A pass shows D each picture once: five turns of D are one step.
    """

    size: int = ranged(16, 1024, default=128)  # pixels a side (5)
    width: int = ranged(1, 256, default=64)  # channels of an hourglass's conv0 (Tables 7 to 9)
    blocks: int = ranged(0, 64, default=6)  # residual blocks of each (Tables 7 to 9)
    upsampling: Upsampling = "shuffle"  # or "transposed", "bilinear" (13, Table 12)
    critic_width: int = ranged(1, 256, default=64)  # channels of D's conv0 (Table 10)
    batch_size: int = ranged(1, 4096, default=10)  # pictures a turn (5)
    epochs: int = ranged(1, 100_000, default=100)  # passes over the pictures (5)
    critic_turns: int = ranged(1, 100, default=5)  # of D for each of G (5)
    learning_rate: float = ranged(1e-9, 1.0, default=1e-4)  # of Adam for both (5)
    betas: tuple[float, float] = ranged(0.0, 0.999999, default=(0.5, 0.999))  # of Adam (5)
    weights: LossWeights = dataclasses.field(default_factory=LossWeights)  # of the losses (5)
    wanted_quality: float = ranged(5.0, 10.0, default=8.0)  # q of Eq. 6 (14, Table 13)
    photos: float = ranged(0.0, 1.0, default=0.5)  # share of photos as taken (the paper: all)
    recoloured: float = ranged(0.0, 1.0, default=1 / 3)  # share of pictures (5: one of three)
    balanced: float = ranged(0.0, 1.0, default=1 / 3)  # share, of other white balance (5)
    amplitudes: Amplitudes = dataclasses.field(default_factory=Amplitudes)  # what strength 1 means
    disentangled: bool = True  # False: one hourglass for all (12, Table 11), as the next five
    adversarial: bool = True  # False leaves Eq. 2 out
    classification: bool = True  # False leaves Eq. 3 out
    reconstruction: bool = True  # False leaves Eq. 5 out
    quality: bool = True  # False leaves Eq. 6 out
    identity: bool = True  # False leaves Eq. 4 out

    def __post_init__(self) -> None:
        super().__post_init__()
        check_size(self.size)
        check_upsampling(self.upsampling)
        if self.recoloured + self.balanced > 1:
            raise ValueError("recoloured and balanced are shares of the pictures, together up to 1")
