"""EGGAN's ``paper`` profile as the rest of the program sees it: a network that paints the crop."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from faceedit.compose.edit import Edit, RasterPaint
from faceedit.errors import UsageError
from faceedit.faces.align import Crop
from faceedit.methods.base import check_target
from faceedit.methods.eggan.networks import PaperNetworks, expected_units
from faceedit.methods.fields.method import fitting, to_tensor
from faceedit.nn.loading import build_network
from faceedit.numerics import FULL, Numerics, check_answer
from faceedit.registry import Checkpoint
from faceedit.targets import ACTION_UNITS, Target
from faceedit.targets.units import MAX_INTENSITY

ONSET = 0.15
"""Strength below which the picture fades into the photo."""


class RgbEGGAN:
    """The ``paper`` profile; see `methods.base.Method`.

    Args:
        networks: trained, on their device.
        numerics: how they compute.
    """

    name = "eggan"
    profile = "paper"
    targets = tuple(f"au={unit}" for unit in ACTION_UNITS)

    def __init__(self, networks: PaperNetworks, numerics: Numerics = FULL):
        self.networks = networks.eval().requires_grad_(False)
        self.networks.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.device = next(networks.parameters()).device
        self.crop_size, self.numerics = networks.size, numerics

    @classmethod
    def load(
        cls, checkpoint: Checkpoint, device: torch.device, numerics: Numerics = FULL
    ) -> "RgbEGGAN":
        """Build the method from its checkpoint.

        Raises:
            WeightsError: the architecture is out of range, or the tensors do not fit it.
        """
        values = checkpoint.architecture
        with fitting(checkpoint):
            networks = build_network(
                lambda: PaperNetworks(values["size"], values["latent"], values["width"]),
                checkpoint.tensors,
            )
        return cls(networks.to(device), numerics)

    def edit(self, crops: Sequence[Crop], target: Target) -> list[Edit]:
        """Edit a batch of crops of `crop_size`; see `methods.base.Method.edit`.

        Raises:
            UsageError: the target asks for one side of a face.
            NetworkError: a network's answer is not finite.
        """
        check_target(self, target)
        check_sides(target)
        if not crops:
            return []
        networks = self.networks
        x = to_tensor(np.stack([crop.pixels for crop in crops]), self.device) * 2 - 1
        x = x.contiguous(memory_format=torch.channels_last)
        with torch.inference_mode(), self.numerics.autocast(self.device):
            read, latent = networks.expression(x), networks.encoder(x)
            check_answer(math.inf, units=read.float(), latent=latent.float())
            answer = networks.generator.answer(latent, changed_units(expected_units(read), target))
            check_answer(math.inf, picture=answer.float())
        made = (torch.tanh(answer.float()) + 1) / 2
        pictures = made.permute(0, 2, 3, 1).cpu().numpy()
        size = self.crop_size
        strength = sum(term.strength for term in target.units if term.changes)
        opacity = np.full((size, size), min(1.0, strength / ONSET), np.float32)
        still = np.zeros((2, 2, 3), np.float32)
        return [
            Edit(still[..., :2], still, opacity, RasterPaint(np.ascontiguousarray(p), size), size)
            for p in pictures
        ]


def changed_units(shown: Tensor, target: Target) -> Tensor:
    """Return the intensities that a target asks of faces.

    Args:
        shown: (N, 17) intensities 0 to 5 of the faces.
        target: absolute changes set a unit, relative ones add to it; strength goes so far from
            what is shown, and beyond 1 as much further.

    Returns:
        (N, 17) in 0 to 5.
    """
    asked = shown.clone()
    for term in target.units:
        place = ACTION_UNITS.index(term.unit)
        way = term.intensity if term.relative else term.intensity - shown[:, place]
        asked[:, place] += term.strength * way
    return asked.clamp(0.0, MAX_INTENSITY)


def check_sides(target: Target) -> None:
    """Refuse units of one side: the paper's vector has one number for both.

    Raises:
        UsageError: there is one.
    """
    sided = [str(term) for term in target.units if term.side]
    if sided:
        raise UsageError(
            f"eggan (paper) moves both sides of a face alike: write {', '.join(sided)} without "
            "left: or right:"
        )
