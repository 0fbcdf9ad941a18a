"""LEGAN as the rest of the program sees it."""

import math
from collections.abc import Sequence
from typing import Self

import numpy as np
import torch

from faceedit.compose.edit import LARGEST_RATIO, Edit
from faceedit.errors import UsageError
from faceedit.faces.align import Crop
from faceedit.faces.landmark_maps import draw_landmark_maps
from faceedit.methods.fields.method import fitting, to_tensor
from faceedit.methods.legan import DESCRIPTOR
from faceedit.methods.legan.light_network import MAPS_SIZE, SIZE, LightNetwork, Surface
from faceedit.methods.legan.paper_method import RgbLEGAN
from faceedit.methods.legan.read_light import read_light
from faceedit.methods.legan.relight import as_light, relight
from faceedit.nn.folding import fold_norms
from faceedit.nn.loading import build_network
from faceedit.numerics import FULL, Numerics, check_answer
from faceedit.registry import Checkpoint
from faceedit.targets import LightChange, Target


class LEGAN:
    """The ``fast`` profile; see `methods.base.Method`.

    Args:
        network: trained, on its device.
    """

    name = DESCRIPTOR.name
    profile = "fast"
    crop_size = SIZE
    wide = True
    targets = DESCRIPTOR.targets

    def __init__(self, network: LightNetwork):
        self.network = network.eval().requires_grad_(False)
        self.device = next(network.parameters()).device

    @classmethod
    def load(cls, checkpoint: Checkpoint, device: torch.device, numerics: Numerics = FULL) -> Self:
        """Build the method from its checkpoint.

        Args:
            checkpoint: of this profile.
            device: where it runs.
            numerics: how the network computes.

        Raises:
            WeightsError: the architecture is out of range, or the tensors do not fit it.
        """
        with fitting(checkpoint):
            network = build_network(
                lambda: LightNetwork.from_architecture(checkpoint.architecture), checkpoint.tensors
            )
        fold_norms(network.eval())
        network.numerics = numerics
        network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        return cls(network.to(device))

    def edit(self, crops: Sequence[Crop], target: Target) -> list[Edit]:
        """Edit a batch of wide crops; see `methods.base.Method.edit`.

        Raises:
            UsageError: the target asks for anything but light.
            NetworkError: the network's answer is not finite or beyond all measure.
        """
        changes = [one for one in target.terms if isinstance(one, LightChange)]
        if len(changes) != len(target.terms):
            raise UsageError(f"legan (fast) knows light, not {target}")
        (change,) = changes
        if not crops:
            return []
        surfaces = self.look(crops)
        return [
            relight(
                crop, Surface(*(part[i] for part in surfaces)), as_light(change), change.strength
            )
            for i, crop in enumerate(crops)
        ]

    def read_light(self, crop: Crop) -> LightChange:
        """Say in which light a face stands, from a wide (256, 256) crop.

        Raises:
            NetworkError: the network's answer is not finite or beyond all measure.
        """
        return read_light(crop, Surface(*(part[0] for part in self.look([crop]))))

    def look(self, crops: Sequence[Crop]) -> Surface:
        """Return what stands in the light, for (256, 256) wide crops.

        Raises:
            NetworkError: the network's answer is not finite or beyond all measure.
        """
        pictures = to_tensor(np.stack([crop.pixels for crop in crops]), self.device) * 2 - 1
        drawn = [draw_landmark_maps(crop.landmarks, SIZE, MAPS_SIZE) for crop in crops]
        with torch.inference_mode():
            found = self.network(pictures, to_tensor(np.stack(drawn), self.device))
        check_answer(math.inf, normals=found.normals, skin=found.skin, matte=found.matte)
        check_answer(100.0, height=found.height)
        check_answer(LARGEST_RATIO, shading=found.shading)
        return found


def load(
    checkpoint: Checkpoint, device: torch.device, numerics: Numerics = FULL
) -> LEGAN | RgbLEGAN:
    """Build the method from its checkpoint, of either profile; see `LEGAN.load`."""
    kind = RgbLEGAN if checkpoint.profile == RgbLEGAN.profile else LEGAN
    return kind.load(checkpoint, device, numerics)
