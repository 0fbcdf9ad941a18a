"""LSSL's ``paper`` profile as the rest of the program sees it."""

import math
from collections.abc import Sequence
from typing import Self

import numpy as np
import torch
from torch import Tensor

from faceedit.compose.mask import Region
from faceedit.errors import UsageError
from faceedit.faces.align import Crop
from faceedit.faces.pose import head_pose
from faceedit.methods.base import check_target
from faceedit.methods.fields.method import fitting
from faceedit.methods.lssl.networks import Generator
from faceedit.methods.lssl.pairs import make_pair
from faceedit.methods.lssl.vector import GROUPS, TARGETS, asked_vector, vector_of
from faceedit.methods.pictures.method import PictureMethod
from faceedit.nn.loading import build_network
from faceedit.numerics import FULL, Numerics, check_answer
from faceedit.recognisers.expression import ExpressionRecogniser
from faceedit.registry import Checkpoint, open_registry
from faceedit.targets import Part, Target


class RgbLSSL(PictureMethod):
    """The ``paper`` profile; see `methods.base.Method`.

    An attribute vector names all attributes. What a target leaves open stays as it is: expressions
    are read by a recogniser, angles from the landmarks, and light is taken for normal.

    Args:
        generator: trained, on its device.
        reader: of expressions.
        goal: that it was trained for, see `recipe.Goal`.
        numerics: how it computes.
    """

    name = "lssl"

    def __init__(
        self,
        generator: Generator,
        reader: ExpressionRecogniser,
        goal: str = "attributes",
        numerics: Numerics = FULL,
    ):
        super().__init__(generator, TARGETS, generator.size)
        self.generator, self.reader, self.goal, self.numerics = generator, reader, goal, numerics

    @classmethod
    def load(cls, checkpoint: Checkpoint, device: torch.device, numerics: Numerics = FULL) -> Self:
        """Build the method from its checkpoint.

        Raises:
            WeightsError: the architecture is out of range, the tensors do not fit it, or the
                recogniser's weights are missing.
        """
        with fitting(checkpoint):
            values = dict(checkpoint.architecture)
            goal = values.pop("goal")
            generator = build_network(lambda: Generator(**values), checkpoint.tensors)
        reader = ExpressionRecogniser.load(open_registry().checkpoint("expression"), device)
        return cls(generator.to(device), reader, goal, numerics)

    def strength_of(self, target: Target) -> float:
        """See `PictureMethod.strength_of`."""
        check_target(self, target)
        for yaw in (-30.0, 30.0):
            self._check_angle(asked_vector(target, vector_of(0, 0, yaw), yaw), target)
        return target.strength

    def region_of(self, target: Target) -> Region:
        """Return the face; the person where the light changes, the crop where a head turns."""
        if Part.TURN in target.parts or self.goal == "frontal":
            return "crop"
        return "person" if Part.LIGHT in target.parts else "face"

    def paint(self, pictures: Tensor, target: Target, crops: Sequence[Crop]) -> Tensor:
        """See `PictureMethod.paint`."""
        pairs, vectors = [], []
        shown = self.reader(pictures).logits.argmax(1).tolist()
        side = bool(self.generator.side)
        for crop, expression in zip(crops, shown, strict=True):
            yaw = head_pose(crop.landmarks).yaw
            pairs.append(make_pair(crop.pixels, crop.landmarks, self.goal, side))
            vectors.append(asked_vector(target, vector_of(expression, 0, yaw), yaw))
        y = torch.from_numpy(np.stack(vectors)).to(self.device)
        with self.numerics.autocast(self.device):
            latent = self.generator.encode(torch.stack(pairs).to(self.device))
            answer = self.generator.answer(latent, y)[:, :3].float()
        check_answer(math.inf, picture=answer)
        return torch.tanh(answer)

    def _check_angle(self, y: np.ndarray, target: Target) -> None:
        """Refuse what a network that straightens heads cannot make.

        Raises:
            UsageError: it would leave the head looking aside.
        """
        if self.goal == "frontal" and not y[GROUPS[0] + GROUPS[1]]:
            raise UsageError(f"this network straightens heads: ask for turn=to=0, not for {target}")
