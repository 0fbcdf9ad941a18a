"""Hyper-parameters of LSSL; defaults are the paper's, with the section they come from."""

import dataclasses
from dataclasses import dataclass
from typing import Literal, get_args

from faceedit.methods.pictures.networks import check_size
from faceedit.ranges import Ranged, ranged

Goal = Literal["attributes", "frontal"]
"""Fig. 3a: attributes of photos are changed. Fig. 3b: simulated frontal faces become realistic."""


@dataclass(frozen=True)
class LossWeights(Ranged):
    """Weights of the terms of Eq. 1 and 7 (section 4)."""

    adversarial: float = ranged(0.0, 1e6, default=1.0)  # of Eq. 1 (Eq. 7: 1)
    penalty: float = ranged(0.0, 1e6, default=10.0)  # lambda_gp of Eq. 1
    classes: float = ranged(0.0, 1e6, default=1.0)  # lambda_cls, of Eq. 2 and 3
    identity: float = ranged(0.0, 1e6, default=10.0)  # lambda_id, of Eq. 4
    parsing: float = ranged(0.0, 1e6, default=10.0)  # lambda_p, of Eq. 5
    bidirectional: float = ranged(0.0, 1e6, default=10.0)  # lambda_bi, of Eq. 6


@dataclass(frozen=True)
class LSSLRecipe(Ranged):
    """How the ``paper`` profile is trained.

    A pass shows D each picture once: five turns of D are one step.
    """

    goal: Goal = "attributes"  # or "frontal" (3.2)
    size: int = ranged(32, 1024, default=128)  # pixels a side (4)
    width: int = ranged(1, 128, default=64)  # channels of G's first convolution (4.1)
    blocks: int = ranged(0, 64, default=6)  # residual blocks (4.1)
    critic_width: int = ranged(1, 256, default=64)  # channels of D's first convolution (4.1)
    parser_width: int = ranged(1, 128, default=16)  # channels of P at the picture's size
    parser_steps: int = ranged(1, 1_000_000, default=2000)  # of P, before the first of the others
    batch_size: int = ranged(1, 4096, default=8)  # pictures a turn (4)
    epochs: int = ranged(1, 100_000, default=200)  # passes over the pictures
    constant_epochs: int = ranged(1, 100_000, default=100)  # of them before the rate falls (4)
    critic_turns: int = ranged(1, 100, default=5)  # of D for each of G (4)
    learning_rate: float = ranged(1e-9, 1.0, default=1e-4)  # of Adam for both (4)
    betas: tuple[float, float] = ranged(0.0, 0.999999, default=(0.5, 0.999))  # of Adam (4)
    weights: LossWeights = dataclasses.field(default_factory=LossWeights)  # of the losses (4)
    side: bool = True  # False: no side image (Table 1), as the next two
    bidirectional: bool = True  # False leaves Eq. 6 out
    parsing: bool = True  # False leaves Eq. 5 out

    def __post_init__(self) -> None:
        super().__post_init__()
        check_size(self.size)
        if self.goal not in get_args(Goal):
            raise ValueError(f"goal is {self.goal!r}, not one of {', '.join(get_args(Goal))}")

    @property
    def side_channels(self) -> int:
        """Channels of s: of a heat map, or of a photo."""
        return (3 if self.goal == "frontal" else 1) if self.side else 0

    @property
    def critic_channels(self) -> int:
        """Channels that D sees: those of the pair; with the goal ``frontal`` a single picture."""
        return 3 if self.goal == "frontal" else 3 + self.side_channels
