"""EGGAN as the rest of the program sees it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from faceedit.compose.edit import Edit
from faceedit.faces.align import Crop
from faceedit.faces.topology import eye_distance
from faceedit.methods.eggan import DESCRIPTOR
from faceedit.methods.eggan.condition import SPEC, condition_of
from faceedit.methods.eggan.follow import follow, is_meant
from faceedit.methods.eggan.generator import EGGANGenerator
from faceedit.methods.eggan.paper_method import RgbEGGAN
from faceedit.methods.fields.method import FieldMethod
from faceedit.numerics import FULL, Numerics
from faceedit.registry import Checkpoint
from faceedit.targets import ACTION_UNITS, Landmarks, Part, Target, UnitChange

SHEET_INTENSITY = 4.0
DARKEST = 0.03
"""Added to display values before the logarithm."""
ABOUT = 0.16
"""Eye distances about a pixel that are its surroundings."""
FREE = 0.08
"""Log ratio by which skin may lighten whatever lies about it."""


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

    def edit(self, crops: Sequence[Crop], target: Target) -> list[Edit]:
        """See `FieldMethod.edit`; what falls lifts no fold beyond the skin about it.

        Landmarks move the face that they are of.
        """
        if Part.LANDMARKS in target.parts:
            (term,) = (one for one in target.terms if isinstance(one, Landmarks))
            return [self._follow(crop, term) for crop in crops]
        return self._lifted(super().edit(crops, target), crops, condition_of(target))

    def _follow(self, crop: Crop, term: Landmarks) -> Edit:
        with torch.inference_mode():
            condition, faces = follow(self.generator.shape_layer, crop, term)
        (edit,) = self._lifted(self.edit_moved([crop], condition, faces), [crop], condition)
        return edit if is_meant(crop, term) else edit.scaled(0.0)

    @staticmethod
    def _lifted(edits: list[Edit], crops: Sequence[Crop], condition: Tensor) -> list[Edit]:
        risen, fallen = (part.sum() for part in SPEC.parts(condition[None]).chunk(2, 1))
        if not fallen:
            return edits
        share = float(fallen / (risen + fallen))
        return [
            replace(edit, log_ratio=lift_no_further(edit, crop, share))
            for edit, crop in zip(edits, crops, strict=True)
        ]

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


def lift_no_further(edit: Edit, crop: Crop, share: float) -> np.ndarray:
    """Return an edit's log ratio, lightening what is darker than the skin about it, and no more.

    A smile leaves folds that differ from person to person; where a photo shows none, what would
    lift one leaves a bright scar.

    Args:
        edit: with a flow and a log ratio of one size.
        crop: the face before.
        share: 0 leaves the ratio, 1 bounds it.
    """
    size = edit.log_ratio.shape[0]
    pixels = cv2.resize(crop.pixels.mean(2), (size, size), interpolation=cv2.INTER_AREA)
    ratio = np.float32(size / edit.size)
    x = edit.flow[..., 0] * ratio + np.arange(size, dtype=np.float32)
    y = edit.flow[..., 1] * ratio + np.arange(size, dtype=np.float32)[:, None]
    moved = cv2.remap(pixels, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    unit = eye_distance(crop.landmarks) * size / crop.size
    tone = np.log(moved + np.float32(DARKEST))
    about = cv2.GaussianBlur(tone, (0, 0), ABOUT * unit)
    most = np.maximum(about - tone, 0) + np.float32(FREE)
    most = cv2.GaussianBlur(most, (0, 0), 0.02 * unit)[..., None]
    over = np.maximum(edit.log_ratio - most, 0)
    return edit.log_ratio - np.float32(share) * over
