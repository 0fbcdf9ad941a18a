"""SeCGAN's ``paper`` profile, and its baselines, as the rest of the program sees them."""

import math
from collections.abc import Sequence
from typing import Self

import torch
from torch import Tensor, nn

from faceedit.compose.mask import Region
from faceedit.faces.align import Crop
from faceedit.methods.base import check_target
from faceedit.methods.fields.method import fitting
from faceedit.methods.pictures.backbones import make_generator
from faceedit.methods.pictures.masks import one_hot
from faceedit.methods.pictures.method import PictureMethod
from faceedit.methods.secgan.vector import NAMES, difference_of, rgb_shape
from faceedit.nn.loading import build_network
from faceedit.numerics import FULL, Numerics, check_answer
from faceedit.recognisers.appearance import AppearanceRecogniser
from faceedit.registry import Checkpoint, open_registry
from faceedit.targets import Part, Target


class RgbSeCGAN(PictureMethod):
    """The ``paper`` profile; see `methods.base.Method`. The semantic branch has had its day.

    Args:
        generator: of the RGB branch, trained, on its device.
        labels: a key of `vector.NAMES`.
        size: side of its pictures in pixels.
        parser: of pictures, for a generator that is shown masks, too.
        numerics: how it computes.
        name: the method.
    """

    def __init__(
        self,
        generator: nn.Module,
        labels: str,
        size: int,
        parser: AppearanceRecogniser | None = None,
        numerics: Numerics = FULL,
        name: str = "secgan",
    ):
        super().__init__(generator, NAMES[labels], size)
        self.generator, self.labels, self.parser = generator, labels, parser
        self.numerics, self.name = numerics, name

    @classmethod
    def load(cls, checkpoint: Checkpoint, device: torch.device, numerics: Numerics = FULL) -> Self:
        """Build the method from its checkpoint.

        Raises:
            WeightsError: the architecture is out of range, the tensors do not fit it, or it needs
                the parser, whose weights are missing.
        """
        with fitting(checkpoint):
            values = dict(checkpoint.architecture)
            backbone, labels = values.pop("backbone"), values["labels"]
            shape = rgb_shape(**values)
            generator = build_network(lambda: make_generator(backbone, shape), checkpoint.tensors)
        parser = None
        if shape.extra:
            parser = AppearanceRecogniser.load(open_registry().checkpoint("appearance"), device)
        generator = generator.to(device)
        return cls(generator, labels, shape.size, parser, numerics, checkpoint.method)

    def strength_of(self, target: Target) -> float:
        """See `PictureMethod.strength_of`."""
        check_target(self, target)
        return target.strength

    def region_of(self, target: Target) -> Region:
        """Return the face, or the head where attributes change."""
        return "head" if Part.ATTRIBUTES in target.parts else "face"

    def paint(self, pictures: Tensor, target: Target, crops: Sequence[Crop]) -> Tensor:
        """See `PictureMethod.paint`."""
        difference = difference_of(target, self.labels).to(self.device)
        return self.translate(pictures, difference.expand(len(pictures), -1))

    def translate(self, pictures: Tensor, difference: Tensor) -> Tensor:
        """Return x_out of (N, 3, S, S) pictures and (N, K) difference vectors, as `paint` does."""
        given = pictures
        if self.parser is not None:
            given = torch.cat([pictures, one_hot(self.parser.parse(pictures))], 1)
        with self.numerics.autocast(self.device):
            answer = self.generator(given, difference).float()
        check_answer(math.inf, picture=answer)
        return torch.tanh(answer)
