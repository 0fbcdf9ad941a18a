"""Expressions by SeCGAN's ``fast`` profile: fields that a semantic branch has taught."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch

from faceedit.methods.fields.generator import FieldGenerator
from faceedit.methods.reggan.condition import SPEC
from faceedit.methods.reggan.generator import RegGANGenerator
from faceedit.methods.reggan.method import RegGAN
from faceedit.methods.secgan import EXPRESSIVE

BEFORE, SHOWN = 24, 3
"""Planes of the input before x_E, the moved photo and the shade layer's, and those of x_E."""


class ExpressionSeCGAN(RegGAN):
    """The RGB branch, alone as for every user of the paper's; see `methods.base.Method`."""

    name = EXPRESSIVE.name

    @classmethod
    def build_generator(cls, architecture: Mapping[str, Any]) -> FieldGenerator:
        """Return the generator that a checkpoint's architecture describes."""
        return FieldGenerator.from_architecture(dict(architecture), SPEC)


@torch.no_grad()
def rgb_branch(teacher: RegGANGenerator) -> FieldGenerator:
    """Return the branch before its training: a trained `RegGAN` that is not shown x_E any more.

    Args:
        teacher: on the CPU.
    """
    config = teacher.refinement.config
    own = FieldGenerator(
        SPEC,
        teacher.components,
        replace(config, in_channels=config.in_channels - SHOWN),
        calibration=teacher.calibration,
    )
    weights = teacher.state_dict()
    stem = weights["refinement.stem.weight"]
    weights["refinement.stem.weight"] = torch.cat([stem[:, :BEFORE], stem[:, BEFORE + SHOWN :]], 1)
    own.load_state_dict({k: v for k, v in weights.items() if k in own.state_dict()})
    return own


load = ExpressionSeCGAN.load
"""Build the method from its checkpoint; see `FieldMethod.load`."""
