"""A method that paints the crop as the rest of the program sees it."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from faceedit.compose.edit import Edit, RasterPaint
from faceedit.compose.mask import Region
from faceedit.faces.align import Crop
from faceedit.methods.fields.method import to_tensor
from faceedit.targets import Target

ONSET = 0.15
"""Strength below which the picture fades into the photo."""


class PictureMethod(ABC):
    """A `methods.base.Method` of the ``paper`` profile.

    Args:
        network: trained, on its device.
        targets: that it knows.
        crop_size: side of its pictures in pixels.

    Attributes:
        name: the method, a key of `catalogue.METHODS`.
    """

    name: str
    profile = "paper"
    wide = False

    def __init__(self, network: nn.Module, targets: tuple[str, ...], crop_size: int):
        network.eval().requires_grad_(False)
        self.device = next(network.parameters()).device
        self.targets, self.crop_size = targets, crop_size

    @abstractmethod
    def strength_of(self, target: Target) -> float:
        """Return how strong a target is, from 0 on.

        Raises:
            UsageError: the target asks for what the method does not know.
        """

    @abstractmethod
    def paint(self, pictures: Tensor, target: Target, crops: Sequence[Crop]) -> Tensor:
        """Return edited pictures.

        Args:
            pictures: (N, 3, S, S) in [-1, 1], those of the crops.
            target: what they are to show.
            crops: N, for networks that are shown landmarks.

        Returns:
            (N, 3, S, S) in [-1, 1].

        Raises:
            NetworkError: the network's answer is not finite.
        """

    def region_of(self, target: Target) -> Region:
        """Return what of the person a target may change; an expression changes the face."""
        return "face"

    def edit(self, crops: Sequence[Crop], target: Target) -> list[Edit]:
        """Edit a batch of crops of `crop_size`; see `methods.base.Method.edit`."""
        size, strength = self.crop_size, self.strength_of(target)
        region = self.region_of(target)
        if not crops:
            return []
        given = to_tensor(np.stack([crop.pixels for crop in crops]), self.device) * 2 - 1
        with torch.inference_mode():
            made = self.paint(given.contiguous(memory_format=torch.channels_last), target, crops)
        pictures = ((made.float() + 1) / 2).clamp(0, 1).permute(0, 2, 3, 1).cpu().numpy()
        opacity = np.full((size, size), min(1.0, strength / ONSET), np.float32)
        still = np.zeros((2, 2, 3), np.float32)
        paints = [RasterPaint(np.ascontiguousarray(picture), size) for picture in pictures]
        return [Edit(still[..., :2], still, opacity, p, size, region=region) for p in paints]
