"""Hyper-parameters of SeCGAN; defaults are the paper's, with the section they come from."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from faceedit.methods.pictures.backbones import Backbone, check_backbone
from faceedit.methods.pictures.networks import check_size
from faceedit.methods.secgan.labels import LABEL_SETS, LabelSet
from faceedit.ranges import Ranged, ranged

Variant = Literal["secgan", "concat", "baseline"]
"""The method; its generator shown the mask beside the picture, without a semantic branch (4.5); or
the backbone alone."""
VARIANTS: tuple[Variant, ...] = get_args(Variant)


@dataclass(frozen=True)
class LossWeights(Ranged):
    """Weights of the terms of Eq. 13 to 16, for both branches.

    Where the paper names none, they are those of StarGAN's and AttGAN's own programs.
    """

    adversarial: float = ranged(0.0, 1e6, default=1.0)  # of Eq. 1, 2, 6 and 7 (Eq. 13 to 16: 1)
    penalty: float = ranged(0.0, 1e6, default=10.0)  # lambda_gp
    judged: float = ranged(0.0, 1e6, default=1.0)  # lambda_cls of Eq. 3 and 8
    classes: float = ranged(0.0, 1e6, default=1.0)  # lambda_cls of Eq. 4 and 9
    reconstruction: float = ranged(0.0, 1e6, default=10.0)  # lambda_rec
    consistency: float = ranged(0.0, 1e6, default=0.01)  # lambda_sc (4.5, Fig. 3)


@dataclass(frozen=True)
class SeCGANRecipe(Ranged):
    """How the ``paper`` profile is trained; defaults are those of the StarGAN backbone.

    The paper counts turns of D; a step is `critic_turns` of them and one of G.
    """

    backbone: Backbone = "stargan"  # of both branches; or "attgan" (4.2)
    variant: Variant = "secgan"  # or "concat", "baseline" (4.5)
    labels: LabelSet = "attributes"  # 13; or "expressions", 8 (4.1)
    size: int = ranged(16, 1024, default=128)  # pixels a side (4.1)
    width: int = ranged(1, 256, default=64)  # channels of a generator's first convolution (A.2)
    blocks: int = ranged(0, 64, default=6)  # residual blocks of StarGAN's generator (Table 2)
    critic_width: int = ranged(1, 256, default=64)  # of a discriminator's first convolution (A.2)
    batch_size: int = ranged(1, 4096, default=16)  # photos a turn (4.3)
    steps: int = ranged(1, 10_000_000, default=40_000)  # 200,000 turns of D (4.3)
    critic_turns: int = ranged(1, 100, default=5)  # of D for each of G (4.3)
    learning_rate: float = ranged(1e-9, 1.0, default=1e-4)  # of Adam for all (4.3)
    falls: Literal["linear", "exponential"] = "linear"  # from half of the steps on (4.3)
    betas: tuple[float, float] = ranged(0.0, 0.999999, default=(0.5, 0.999))  # of Adam (4.3)
    weights: LossWeights = dataclasses.field(default_factory=LossWeights)  # of the losses (4.3)
    validate_every: int = ranged(0, 10_000_000, default=1000)  # steps, with a sheet

    def __post_init__(self) -> None:
        super().__post_init__()
        check_size(self.size)
        check_backbone(self.backbone)
        for name, known in (("variant", VARIANTS), ("labels", tuple(LABEL_SETS))):
            if getattr(self, name) not in known:
                raise ValueError(f"{name} is {getattr(self, name)!r}, not one of {known}")


def default_recipe(method: str, overrides: Mapping[str, Any]) -> SeCGANRecipe:
    """Return the paper's recipe of a method, for what a user changes of backbone and labels.

    AttGAN's program weighs the mean over labels where Eq. 3, 4, 8 and 9 have the sum.

    Args:
        method: ``secgan``, or a baseline by the name of its backbone.
        overrides: as the user wrote them; the others are laid over the recipe afterwards.
    """
    baseline = method != "secgan"
    labels = overrides.get("labels", "attributes")
    variant = "baseline" if baseline else "secgan"
    if (method if baseline else overrides.get("backbone")) != "attgan":
        return SeCGANRecipe(variant=variant)
    count = LABEL_SETS[labels].width if labels in LABEL_SETS else 1
    return SeCGANRecipe(
        backbone="attgan",
        variant=variant,
        batch_size=32,
        steps=220_000,
        learning_rate=2e-4,
        falls="exponential",
        weights=LossWeights(judged=1 / count, classes=10 / count, reconstruction=100.0),
    )
