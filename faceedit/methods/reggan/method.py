"""RegGAN as the rest of the program sees it."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from faceedit.compose.edit import Edit, RasterPaint
from faceedit.faces.align import Crop
from faceedit.methods.fields.method import FieldMethod, fitting, for_edits, to_tensor
from faceedit.methods.reggan.condition import SPEC, block_shares, strengths_of
from faceedit.methods.reggan.generator import RegGANGenerator
from faceedit.methods.reggan.rgb_generator import RgbGenerator
from faceedit.nn.loading import build_network
from faceedit.numerics import FULL, Numerics, check_answer
from faceedit.registry import Checkpoint
from faceedit.targets import EXPRESSIONS, Expression, Target

ONSET = 0.15
"""Strength of the ``paper`` profile below which its picture fades into the photo."""


def load(
    checkpoint: Checkpoint, device: torch.device, numerics: Numerics = FULL
) -> "RegGAN | RgbRegGAN":
    """Build the method from its checkpoint.

    Args:
        checkpoint: of either profile.
        device: where it runs.
        numerics: how the refinement network computes; what comes before and after it is always
            in 32 bits.

    Raises:
        WeightsError: the architecture is out of range, or the tensors do not fit it.
    """
    if checkpoint.profile != RgbRegGAN.profile:
        return RegGAN.load(checkpoint, device, numerics)
    with fitting(checkpoint):
        values = checkpoint.architecture
        rgb = build_network(lambda: RgbGenerator.from_architecture(values), checkpoint.tensors)
    for_edits(rgb.refinement, numerics)
    rgb.numerics = numerics
    return RgbRegGAN(rgb.to(device))


class RegGAN(FieldMethod):
    """The ``fast`` profile; see `methods.base.Method`."""

    name = "reggan"
    targets: tuple[str, ...] = EXPRESSIONS
    spec = SPEC

    @classmethod
    def condition_of(cls, target: Target) -> Tensor:
        """Return the (9,) shares of `condition.BLOCKS` that a target asks for.

        Raises:
            UsageError: it names an expression without weights.
        """
        return block_shares(strengths_of(target)[None])[0]

    @classmethod
    def sheet_targets(cls) -> Mapping[str, Target]:
        """Return every expression in full."""
        return {name: Target((Expression(name, 1.0),)) for name in EXPRESSIONS}

    @classmethod
    def build_generator(cls, architecture: Mapping[str, Any]) -> RegGANGenerator:
        """Return the generator that a checkpoint's architecture describes."""
        return RegGANGenerator.from_architecture(dict(architecture))


class RgbRegGAN:
    """The ``paper`` profile, whose network paints the whole crop; see `methods.base.Method`.

    Args:
        generator: trained, on its device.
    """

    name = "reggan"
    profile = "paper"

    def __init__(self, generator: RgbGenerator):
        self.generator = generator.eval().requires_grad_(False)
        self.generator.refinement.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.device = next(generator.parameters()).device
        self.targets, self.crop_size = generator.targets, generator.size

    def edit(self, crops: Sequence[Crop], target: Target) -> list[Edit]:
        """Edit a batch of crops of `crop_size`; see `methods.base.Method.edit`.

        Raises:
            NetworkError: the network's answer is not finite.
        """
        strengths = strengths_of(target, self.targets)
        if not crops:
            return []
        x = to_tensor(np.stack([crop.pixels for crop in crops]), self.device) * 2 - 1
        with torch.inference_mode():
            answer = self.generator.answer(x, strengths.to(self.device).expand(len(crops), -1))
            check_answer(math.inf, picture=answer)
            refined = self.generator.refinement.activate(answer)
        pictures = ((refined.float() + 1) / 2).clamp(0, 1).permute(0, 2, 3, 1).cpu().numpy()
        size = self.crop_size
        opacity = np.full((size, size), min(1.0, float(strengths.sum()) / ONSET), np.float32)
        still = np.zeros((2, 2, 3), np.float32)
        return [
            Edit(still[..., :2], still, opacity, RasterPaint(np.ascontiguousarray(p), size), size)
            for p in pictures
        ]
