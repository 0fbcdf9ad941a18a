"""Which action units a face shows, and how strongly: a reader for edits, a judge of edits."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

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
from faceedit.targets import ACTION_UNITS, MAX_INTENSITY

GREY_SPREAD = 0.04
"""Added to a picture's own spread, so that a blank one stays blank."""

NOSE_AND_CHIN = (1, 2, 4, 48, 64, 98, 327, 278, 294, 129, 358, 152, 175, 199, 205, 425, 50, 280)
SHAPE_POINTS = (
    *EYES[0], *EYES[1], *BROWS[0], *BROWS[1], *OUTER_LIPS, *UPPER_INNER_LIP, *LOWER_INNER_LIP,
    *NOSE_AND_CHIN,
)  # fmt: skip
"""Landmarks that tell of action units."""


class UnitRecogniser(Recogniser[Tensor, np.ndarray]):
    """Reads action units.

    Attributes:
        size: side in pixels of the square that it sees.
        width: of what `features` returns.
    """

    size: int
    width: int

    @abstractmethod
    def features(self, pictures: Tensor) -> Tensor:
        """(N, 3, size, size) RGB in [-1, 1], framed as `base.FACE_WINDOW`, to (N, width)."""
        raise NotImplementedError

    @abstractmethod
    def judge(
        self, features: Tensor, landmarks: Tensor | None = None, known: Tensor | None = None
    ) -> Tensor:
        """Say what features mean.

        Args:
            features: (N, width) of `features`.
            landmarks: (N, 478, 2 or 3) in pixels of any scale; None where they are not known.
            known: (N,) 0 where a face's landmarks are to be left out.

        Returns:
            (N, 17) intensities 0 to 5 in the order of `targets.ACTION_UNITS`.
        """
        raise NotImplementedError

    def forward(self, crops: Tensor, landmarks: Tensor | None = None) -> Tensor:
        """(N, 3, S, S) aligned crops, RGB in [-1, 1], and their landmarks; see `judge`."""
        return self.judge(self.features(window(crops, self.size)), landmarks)

    def answer(self, pictures: Tensor, crops: Sequence[Crop]) -> Tensor:
        """See `Recogniser.answer`."""
        landmarks = np.stack([crop.landmarks[:, :2] for crop in crops]).astype(np.float32)
        return self(pictures, torch.from_numpy(landmarks).to(pictures.device))

    def readings(self, output: Tensor) -> list[np.ndarray]:
        """Return (17,) intensities of each crop, in the order of `targets.ACTION_UNITS`."""
        return list(output.float().cpu().numpy())


class UnitReader(UnitRecogniser):
    """A residual network on the grey face, beside its landmarks.

    It is the AU detector of EGGAN in a size that fits; like OpenFace (Baltrušaitis et al. 2018) it
    looks at appearance and shape. Colour, brightness and contrast of the picture do not matter.

    Args:
        widths: channels of the stages; each halves the resolution of the one before.
        size: side in pixels of the square that it sees.
        hidden: features of the landmarks, and of both together.
        dropout: of the features, in training.

    Raises:
        ValueError: a number is out of range.
    """

    name: ClassVar[str] = "units"

    def __init__(
        self,
        widths: Sequence[int] = (16, 32, 96, 192),
        size: int = 96,
        hidden: int = 96,
        dropout: float = 0.3,
    ):
        super().__init__()
        check_ranges(widths=(widths, 1, 512), size=(size, 32, 512), hidden=(hidden, 1, 1024))
        check_ranges(dropout=(dropout, 0.0, 0.9))
        self.widths, self.size, self.hidden = tuple(widths), size, hidden
        self.width = widths[-1]
        self.encoder = ResidualEncoder(1, widths)
        self.dropout = nn.Dropout(dropout)
        self.shape = nn.Sequential(
            nn.BatchNorm1d(2 * len(SHAPE_POINTS)),
            nn.Linear(2 * len(SHAPE_POINTS), hidden),
            nn.ReLU(),
        )
        self.units = nn.Sequential(
            nn.Linear(widths[-1] + hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, len(ACTION_UNITS)),
        )

    @property
    def architecture(self) -> dict[str, Any]:
        """Widths, size and features of the landmarks."""
        return {"widths": list(self.widths), "size": self.size, "hidden": self.hidden}

    def features(self, pictures: Tensor) -> Tensor:
        """See `UnitRecogniser.features`."""
        x = grey(pictures)
        x = (x - x.mean((2, 3), keepdim=True)) / (x.std((2, 3), keepdim=True) + GREY_SPREAD)
        return self.encoder(x)[-1].mean((2, 3))

    def judge(
        self, features: Tensor, landmarks: Tensor | None = None, known: Tensor | None = None
    ) -> Tensor:
        """See `UnitRecogniser.judge`."""
        features = self.dropout(features)
        shape = features.new_zeros(len(features), self.hidden)
        if landmarks is not None:
            shape = self.shape(face_shape(landmarks).to(features.dtype))
            shape = shape if known is None else shape * known[:, None]
        return MAX_INTENSITY * self.units(torch.cat([features, shape], 1)).sigmoid()


class UnitJudge(UnitRecogniser):
    """Plain convolutions on the face in colour (Simonyan and Zisserman 2015); no landmarks.

    For judging alone: no edit starts from what it says and no loss looks at it. It shares neither
    architecture nor seed nor training pictures with the reader.

    Args:
        widths: channels of the stages; each halves the resolution of the one before.
        size: side in pixels of the square that it sees.
        dropout: of the features, in training.

    Raises:
        ValueError: a number is out of range.
    """

    name: ClassVar[str] = "unit-judge"

    def __init__(
        self,
        widths: Sequence[int] = (24, 48, 96, 192),
        size: int = 112,
        dropout: float = 0.3,
    ):
        super().__init__()
        check_ranges(widths=(widths, 1, 512), size=(size, 32, 512), dropout=(dropout, 0.0, 0.9))
        self.widths, self.size = tuple(widths), size
        layers: list[nn.Module] = []
        for inner, outer in zip((3, *widths[:-1]), widths, strict=True):
            layers += [_convolution(inner, outer, 2), _convolution(outer, outer, 1)]
        self.layers = nn.Sequential(*layers)
        self.dropout = nn.Dropout(dropout)
        self.width = widths[-1] * (size >> len(widths)) ** 2
        self.units = nn.Linear(self.width, len(ACTION_UNITS))

    @property
    def architecture(self) -> dict[str, Any]:
        """Widths and size."""
        return {"widths": list(self.widths), "size": self.size}

    def features(self, pictures: Tensor) -> Tensor:
        """See `UnitRecogniser.features`."""
        return self.layers(pictures).flatten(1)

    def judge(
        self, features: Tensor, landmarks: Tensor | None = None, known: Tensor | None = None
    ) -> Tensor:
        """See `UnitRecogniser.judge`; landmarks are not looked at."""
        return MAX_INTENSITY * self.units(self.dropout(features)).sigmoid()


def face_shape(landmarks: Tensor) -> Tensor:
    """Return where `SHAPE_POINTS` lie, from the eyes' middle in eye distances, (N, 2 P).

    Args:
        landmarks: (N, 478, 2 or 3) in pixels of upright faces.
    """
    right, left = (landmarks[:, i, :2].float() for i in OUTER_EYE_CORNERS)
    unit = (left - right).norm(dim=1).clamp(min=1e-3)[:, None, None]
    points = landmarks[:, list(SHAPE_POINTS), :2].float()
    return ((points - (right + left)[:, None] / 2) / unit).flatten(1)


def _convolution(inner: int, outer: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inner, outer, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(outer),
        nn.ReLU(inplace=True),
    )
