"""LEGAN's ``paper`` profile as the rest of the program sees it: a network that paints the crop."""

import math
from collections.abc import Sequence
from typing import Self

import torch
from torch import Tensor

from faceedit.compose.mask import Region
from faceedit.faces.align import Crop
from faceedit.methods.base import check_target
from faceedit.methods.fields.method import fitting
from faceedit.methods.legan.networks import TARGETS, Generator
from faceedit.methods.pictures.method import PictureMethod
from faceedit.nn.loading import build_network
from faceedit.numerics import FULL, Numerics, check_answer
from faceedit.registry import Checkpoint
from faceedit.targets import Part, Target


class RgbLEGAN(PictureMethod):
    """The ``paper`` profile; see `methods.base.Method`.

    Args:
        generator: trained, on its device.
        numerics: how it computes.
    """

    name = "legan"

    def __init__(self, generator: Generator, numerics: Numerics = FULL):
        super().__init__(generator, TARGETS, generator.size)
        self.generator, self.numerics = generator, numerics

    @classmethod
    def load(cls, checkpoint: Checkpoint, device: torch.device, numerics: Numerics = FULL) -> Self:
        """Build the method from its checkpoint.

        Raises:
            WeightsError: the architecture is out of range, or the tensors do not fit it.
        """
        with fitting(checkpoint):
            generator = build_network(
                lambda: Generator(**checkpoint.architecture), checkpoint.tensors
            )
        return cls(generator.to(device), numerics)

    def strength_of(self, target: Target) -> float:
        """See `PictureMethod.strength_of`."""
        check_target(self, target)
        return target.strength

    def region_of(self, target: Target) -> Region:
        """Return the face, or the person where the light changes."""
        return "person" if Part.LIGHT in target.parts else "face"

    def paint(self, pictures: Tensor, target: Target, crops: Sequence[Crop]) -> Tensor:
        """See `PictureMethod.paint`."""
        condition = condition_of(target).to(self.device).expand(len(pictures), -1)
        with self.numerics.autocast(self.device):
            answer = self.generator.answer(pictures, condition).float()
        check_answer(math.inf, picture=answer)
        return torch.tanh(answer)


def condition_of(target: Target) -> Tensor:
    """Return the (28,) strengths of a target's terms, in the order of `TARGETS`.

    Of a part that it does not name all are 0: the face keeps its expression, or its light.
    """
    condition = torch.zeros(len(TARGETS))
    for term in target.terms:
        condition[TARGETS.index(term.name)] = term.strength
    return condition
