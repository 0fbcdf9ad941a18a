"""RegGAN as the rest of the program sees it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from faceedit.compose.edit import Edit
from faceedit.compose.mouth.traits import traits_of
from faceedit.faces.align import Crop
from faceedit.faces.pose import head_pose
from faceedit.methods.fields.method import FieldMethod, fitting, for_edits
from faceedit.methods.fields.mirrored import mirror_crop, mirror_edit
from faceedit.methods.pictures.method import PictureMethod
from faceedit.methods.reggan.anatomy import settled
from faceedit.methods.reggan.condition import SPEC, block_shares, strengths_of
from faceedit.methods.reggan.generator import RegGANGenerator
from faceedit.methods.reggan.in_manner import SMIRK, manners_for, move_in_manner
from faceedit.methods.reggan.rgb_generator import RgbGenerator
from faceedit.nn.loading import build_network
from faceedit.numerics import FULL, Numerics, check_answer
from faceedit.registry import Checkpoint
from faceedit.targets import EXPRESSIONS, Expression, Target
from faceedit.targets.expressions import ONE_SIDED

SMIRK_SHADE = 0.7
"""Of the shadow beside a corner that smirks, which would be a bruise."""
LOOKS_ASIDE = 8.0
"""Degrees from which on a head looks aside."""


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

    def edit(self, crops: Sequence[Crop], target: Target) -> list[Edit]:
        """See `FieldMethod.edit`; the network knows one-sided expressions on the person's left."""
        sides = [one.side for one in target.expressions if one.name in ONE_SIDED and one.changes]
        turned = [any((side or _side_of(crop)) == "right" for side in sides) for crop in crops]
        seen = [mirror_crop(c) if turn else c for c, turn in zip(crops, turned, strict=True)]
        edits = self._edit(seen, target)
        return [mirror_edit(e) if turn else e for e, turn in zip(edits, turned, strict=True)]

    def _edit(self, crops: Sequence[Crop], target: Target) -> list[Edit]:
        asked = self.generator.calibrated(self.condition_of(target))
        if not crops:
            return []
        landmarks = np.stack([crop.landmarks for crop in crops]).astype(np.float32)
        given = torch.from_numpy(landmarks).to(self.device)
        manners = [manners_for(crop.landmarks, target) for crop in crops]
        with torch.inference_mode():
            faces = move_in_manner(self.generator.shape_layer, given, asked, manners)
            edits = self.edit_moved(crops, asked, settled(given, faces))
        shade = 1 - (1 - SMIRK_SHADE) * float(asked[SMIRK] / asked.sum().clamp(min=1e-6))
        return [replace(edit, log_ratio=shade * edit.log_ratio) for edit in edits]

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


def _side_of(crop: Crop) -> str:
    """Return the side of the person on which a face smirks that was not told.

    Of a head that looks aside it is the one that is seen.
    """
    yaw = head_pose(crop.landmarks).yaw
    way = yaw if abs(yaw) > LOOKS_ASIDE else traits_of(crop.landmarks).smirk
    return "right" if way > 0 else "left"


class RgbRegGAN(PictureMethod):
    """The ``paper`` profile; see `methods.base.Method`.

    Args:
        generator: trained, on its device.
    """

    name = "reggan"

    def __init__(self, generator: RgbGenerator):
        super().__init__(generator, generator.targets, generator.size)
        generator.refinement.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.generator = generator

    def strength_of(self, target: Target) -> float:
        """See `PictureMethod.strength_of`."""
        return float(strengths_of(target, self.targets).sum())

    def paint(self, pictures: Tensor, target: Target, crops: Sequence[Crop]) -> Tensor:
        """See `PictureMethod.paint`."""
        strengths = strengths_of(target, self.targets).to(self.device).expand(len(pictures), -1)
        answer = self.generator.answer(pictures, strengths)
        check_answer(math.inf, picture=answer)
        return self.generator.refinement.activate(answer)
