"""Which expression a face shows, how strongly, and which action units make it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from faceedit.faces.align import Crop
from faceedit.faces.topology import (
    BROWS,
    EYES,
    LOWER_INNER_LIP,
    OUTER_EYE_CORNERS,
    OUTER_LIPS,
    UPPER_INNER_LIP,
)
from faceedit.nn.residual import ResidualEncoder
from faceedit.ranges import check_ranges
from faceedit.recognisers.base import Recogniser, grey, window
from faceedit.targets import ACTION_UNITS, EXPRESSIONS

GREY_SPREAD = 0.04
"""Added to a picture's own spread, so that a blank one stays blank."""
STRONGEST = 3.0
MOST_INTENSE = 5.0


NOSE_AND_CHIN = (1, 2, 4, 48, 64, 98, 327, 278, 294, 129, 358, 152, 175, 199, 205, 425, 50, 280)
SHAPE_POINTS = (
    *EYES[0], *EYES[1], *BROWS[0], *BROWS[1], *OUTER_LIPS, *UPPER_INNER_LIP, *LOWER_INNER_LIP,
    *NOSE_AND_CHIN,
)  # fmt: skip
"""Landmarks that tell of action units."""


class ExpressionOutput(NamedTuple):
    """What the network says of N crops.

    Attributes:
        logits: (N, 8) of the expressions in the order of `targets.EXPRESSIONS`; their softmax is
            the probability.
        strength: (N,) 0 (none) to 3 (extreme), 2 being clear.
        action_units: (N, 17) intensities 0 to 5 in the order of `targets.ACTION_UNITS`.
    """

    logits: Tensor
    strength: Tensor
    action_units: Tensor


@dataclass(frozen=True)
class ExpressionReading:
    """What one face shows.

    Attributes:
        probabilities: (8,) in the order of `targets.EXPRESSIONS`.
        strength: 0 to 3.
        action_units: (17,) intensities 0 to 5 in the order of `targets.ACTION_UNITS`.
    """

    probabilities: np.ndarray
    strength: float
    action_units: np.ndarray

    @property
    def name(self) -> str:
        """The likeliest expression."""
        return EXPRESSIONS[int(self.probabilities.argmax())]


class ExpressionRecogniser(Recogniser[ExpressionOutput, ExpressionReading]):
    """A residual network on the grey face between brows and chin.

    It plays the ResNet-18 of RegGAN's ECS (section IV) and the AU detector of EGGAN in a size that
    fits; colour, brightness and contrast of the picture do not matter to it. Action units are read
    from the landmarks as well, where they are given, as OpenFace does (Baltrušaitis et al. 2018).

    Args:
        widths: channels of the stages; each halves the resolution of the one before.
        size: side in pixels of the square that it sees.
        dropout: of the features, in training.
        geometry: features of the landmarks that action units are read from, beside those of the
            picture; 0 reads them from the picture alone.

    Raises:
        ValueError: a number is out of range.
    """

    name: ClassVar[str] = "expression"

    def __init__(
        self,
        widths: Sequence[int] = (16, 32, 96, 192),
        size: int = 96,
        dropout: float = 0.3,
        geometry: int = 0,
    ):
        super().__init__()
        check_ranges(widths=(widths, 1, 512), size=(size, 32, 512), dropout=(dropout, 0.0, 0.9))
        check_ranges(geometry=(geometry, 0, 512))
        self.widths, self.size, self.geometry = tuple(widths), size, geometry
        self.encoder = ResidualEncoder(1, widths)
        self.dropout = nn.Dropout(dropout)
        self.expressions = nn.Linear(widths[-1], len(EXPRESSIONS))
        self.strength = nn.Linear(widths[-1], 1)
        self.action_units: nn.Module = nn.Linear(widths[-1], len(ACTION_UNITS))
        if geometry:
            self.shape = nn.Sequential(
                nn.BatchNorm1d(2 * len(SHAPE_POINTS)),
                nn.Linear(2 * len(SHAPE_POINTS), geometry),
                nn.ReLU(),
            )
            self.action_units = nn.Sequential(
                nn.Linear(widths[-1] + geometry, geometry),
                nn.ReLU(),
                nn.Linear(geometry, len(ACTION_UNITS)),
            )
        self.bias: Tensor
        self.register_buffer("bias", torch.zeros(len(EXPRESSIONS)))

    @property
    def architecture(self) -> dict[str, Any]:
        """Widths, size and features of the landmarks."""
        known = {"widths": list(self.widths), "size": self.size}
        return known | ({"geometry": self.geometry} if self.geometry else {})

    def forward(self, crops: Tensor, landmarks: Tensor | None = None) -> ExpressionOutput:
        """(N, 3, S, S) aligned crops, RGB in [-1, 1], to what they show.

        Args:
            crops: the faces.
            landmarks: (N, 478, 2 or 3) of them, in pixels; None reads the pictures alone.
        """
        return self.judge(self.features(grey(window(crops, self.size))), landmarks)

    def answer(self, pictures: Tensor, crops: Sequence[Crop]) -> ExpressionOutput:
        """See `Recogniser.answer`."""
        if not self.geometry:
            return self(pictures)
        landmarks = np.stack([crop.landmarks[:, :2] for crop in crops]).astype(np.float32)
        return self(pictures, torch.from_numpy(landmarks).to(pictures.device))

    def features(self, pictures: Tensor) -> Tensor:
        """(N, 1, size, size) grey pictures of any range to (N, widths[-1])."""
        mean = pictures.mean((2, 3), keepdim=True)
        spread = pictures.std((2, 3), keepdim=True)
        return self.encoder((pictures - mean) / (spread + GREY_SPREAD))[-1].mean((2, 3))

    def judge(
        self, features: Tensor, landmarks: Tensor | None = None, known: Tensor | None = None
    ) -> ExpressionOutput:
        """Say what features mean.

        Args:
            features: (N, widths[-1]) of `features`.
            landmarks: (N, 478, 2 or 3) in pixels of any scale; None where they are not known.
            known: (N,) 0 where a face's landmarks are to be left out.
        """
        features = self.dropout(features)
        seen = features
        if self.geometry:
            shape = features.new_zeros(len(features), self.geometry)
            if landmarks is not None:
                shape = self.shape(face_shape(landmarks).to(features.dtype))
                shape = shape if known is None else shape * known[:, None]
            seen = torch.cat([features, shape], 1)
        return ExpressionOutput(
            self.expressions(features) + self.bias,
            STRONGEST * torch.sigmoid(self.strength(features)[:, 0]),
            MOST_INTENSE * torch.sigmoid(self.action_units(seen)),
        )

    def readings(self, output: ExpressionOutput) -> list[ExpressionReading]:
        """Return one reading per crop."""
        columns = (output.logits.softmax(1), output.strength, output.action_units)
        rows = zip(*(column.float().cpu().numpy() for column in columns), strict=True)
        return [ExpressionReading(p, float(s), units) for p, s, units in rows]


def face_shape(landmarks: Tensor) -> Tensor:
    """Return where `SHAPE_POINTS` lie, from the eyes' middle in eye distances, (N, 2 P).

    Args:
        landmarks: (N, 478, 2 or 3) in pixels of upright faces.
    """
    right, left = (landmarks[:, i, :2].float() for i in OUTER_EYE_CORNERS)
    unit = (left - right).norm(dim=1).clamp(min=1e-3)[:, None, None]
    points = landmarks[:, list(SHAPE_POINTS), :2].float()
    return ((points - (right + left)[:, None] / 2) / unit).flatten(1)
