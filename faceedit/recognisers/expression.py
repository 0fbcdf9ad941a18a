"""Which expression a face shows, and how strongly."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from faceedit.nn.residual import ResidualEncoder
from faceedit.ranges import check_ranges
from faceedit.recognisers.base import Recogniser, grey, window
from faceedit.targets import EXPRESSIONS

GREY_SPREAD = 0.04
"""Added to a picture's own spread, so that a blank one stays blank."""
STRONGEST = 3.0


class ExpressionOutput(NamedTuple):
    """What the network says of N crops.

    Attributes:
        logits: (N, 8) of the expressions in the order of `targets.EXPRESSIONS`; their softmax is
            the probability.
        strength: (N,) 0 (none) to 3 (extreme), 2 being clear.
    """

    logits: Tensor
    strength: Tensor


@dataclass(frozen=True)
class ExpressionReading:
    """What one face shows.

    Attributes:
        probabilities: (8,) in the order of `targets.EXPRESSIONS`.
        strength: 0 to 3.
    """

    probabilities: np.ndarray
    strength: float

    @property
    def name(self) -> str:
        """The likeliest expression."""
        return EXPRESSIONS[int(self.probabilities.argmax())]


class ExpressionRecogniser(Recogniser[ExpressionOutput, ExpressionReading]):
    """A residual network on the grey face between brows and chin.

    It plays the ResNet-18 of RegGAN's ECS (section IV) in a size that fits; colour, brightness and
    contrast of the picture do not matter to it.

    Args:
        widths: channels of the stages; each halves the resolution of the one before.
        size: side in pixels of the square that it sees.
        dropout: of the features, in training.

    Raises:
        ValueError: a number is out of range.
    """

    name: ClassVar[str] = "expression"

    def __init__(
        self,
        widths: Sequence[int] = (16, 32, 96, 192),
        size: int = 96,
        dropout: float = 0.3,
    ):
        super().__init__()
        check_ranges(widths=(widths, 1, 512), size=(size, 32, 512), dropout=(dropout, 0.0, 0.9))
        self.widths, self.size = tuple(widths), size
        self.encoder = ResidualEncoder(1, widths)
        self.dropout = nn.Dropout(dropout)
        self.expressions = nn.Linear(widths[-1], len(EXPRESSIONS))
        self.strength = nn.Linear(widths[-1], 1)
        self.bias: Tensor
        self.register_buffer("bias", torch.zeros(len(EXPRESSIONS)))

    @property
    def architecture(self) -> dict[str, Any]:
        """Widths and size."""
        return {"widths": list(self.widths), "size": self.size}

    def forward(self, crops: Tensor) -> ExpressionOutput:
        """(N, 3, S, S) aligned crops, RGB in [-1, 1], to what they show."""
        return self.judge(self.features(grey(window(crops, self.size))))

    def features(self, pictures: Tensor) -> Tensor:
        """(N, 1, size, size) grey pictures of any range to (N, widths[-1])."""
        mean = pictures.mean((2, 3), keepdim=True)
        spread = pictures.std((2, 3), keepdim=True)
        return self.encoder((pictures - mean) / (spread + GREY_SPREAD))[-1].mean((2, 3))

    def judge(self, features: Tensor) -> ExpressionOutput:
        """Say what (N, widths[-1]) features mean."""
        features = self.dropout(features)
        return ExpressionOutput(
            self.expressions(features) + self.bias,
            STRONGEST * torch.sigmoid(self.strength(features)[:, 0]),
        )

    def readings(self, output: ExpressionOutput) -> list[ExpressionReading]:
        """Return one reading per crop."""
        columns = (output.logits.softmax(1), output.strength)
        rows = zip(*(column.float().cpu().numpy() for column in columns), strict=True)
        return [ExpressionReading(p, float(s)) for p, s in rows]
