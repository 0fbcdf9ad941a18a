"""EGGAN's ``paper`` profile as the rest of the program sees it: a network that paints the crop."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from faceedit.errors import UsageError
from faceedit.faces.align import Crop
from faceedit.methods.base import check_target
from faceedit.methods.eggan.networks import PaperNetworks, expected_units
from faceedit.methods.fields.method import fitting
from faceedit.methods.pictures.method import PictureMethod
from faceedit.nn.loading import build_network
from faceedit.numerics import FULL, Numerics, check_answer
from faceedit.registry import Checkpoint
from faceedit.targets import ACTION_UNITS, Target
from faceedit.targets.units import MAX_INTENSITY

TARGETS = tuple(f"au={unit}" for unit in ACTION_UNITS)


class RgbEGGAN(PictureMethod):
    """The ``paper`` profile; see `methods.base.Method`.

    Args:
        networks: trained, on their device.
        numerics: how they compute.
    """

    name = "eggan"

    def __init__(self, networks: PaperNetworks, numerics: Numerics = FULL):
        super().__init__(networks, TARGETS, networks.size)
        networks.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.networks, self.numerics = networks, numerics

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

    def strength_of(self, target: Target) -> float:
        """See `PictureMethod.strength_of`."""
        check_target(self, target)
        check_sides(target)
        return sum(term.strength for term in target.units if term.changes)

    def paint(self, pictures: Tensor, target: Target, crops: Sequence[Crop]) -> Tensor:
        """See `PictureMethod.paint`."""
        networks = self.networks
        with self.numerics.autocast(self.device):
            read, latent = networks.expression(pictures), networks.encoder(pictures)
            check_answer(math.inf, units=read.float(), latent=latent.float())
            answer = networks.generator.answer(latent, changed_units(expected_units(read), target))
        check_answer(math.inf, picture=answer.float())
        return torch.tanh(answer.float())


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
