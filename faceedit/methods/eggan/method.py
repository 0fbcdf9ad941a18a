"""EGGAN as the rest of the program sees it."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from faceedit.methods.eggan import DESCRIPTOR
from faceedit.methods.eggan.condition import SPEC, condition_of
from faceedit.methods.eggan.generator import EGGANGenerator
from faceedit.methods.eggan.paper_method import RgbEGGAN
from faceedit.methods.fields.method import FieldMethod
from faceedit.numerics import FULL, Numerics
from faceedit.registry import Checkpoint
from faceedit.targets import ACTION_UNITS, Target, UnitChange

SHEET_INTENSITY = 4.0


def load(
    checkpoint: Checkpoint, device: torch.device, numerics: Numerics = FULL
) -> "EGGAN | RgbEGGAN":
    """Build the method from its checkpoint.

    Args:
        checkpoint: of either profile.
        device: where it runs.
        numerics: how the large network computes.

    Raises:
        WeightsError: the architecture is out of range, or the tensors do not fit it.
    """
    kind = RgbEGGAN if checkpoint.profile == RgbEGGAN.profile else EGGAN
    return kind.load(checkpoint, device, numerics)


class EGGAN(FieldMethod):
    """The ``fast`` profile; see `methods.base.Method`.

    Changes count from a face that shows no action unit: `editing.units` makes them relative to
    what each face shows.
    """

    name = DESCRIPTOR.name
    targets = DESCRIPTOR.targets
    spec = SPEC

    @classmethod
    def condition_of(cls, target: Target) -> Tensor:
        """Return the (34,) condition of a target, see `condition.condition_of`."""
        return condition_of(target)

    @classmethod
    def sheet_targets(cls) -> Mapping[str, Target]:
        """Return every unit, strongly."""
        return {
            f"AU{unit}": Target((UnitChange(unit, SHEET_INTENSITY, relative=True),))
            for unit in ACTION_UNITS
        }

    @classmethod
    def build_generator(cls, architecture: Mapping[str, Any]) -> EGGANGenerator:
        """Return the generator that a checkpoint's architecture describes."""
        return EGGANGenerator.from_architecture(architecture)
