"""Which expression a face shows: a small residual network on grey pictures."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from faceedit.errors import WeightsError
from faceedit.faces.align import similarity
from faceedit.faces.topology import STILL, mean_shape
from faceedit.registry import load_checkpoint, write_checkpoint

METHOD, PROFILE = "expression-judge", "grey"
SIZE = 96
SIDE, CENTRE = 2.0, (0.0, 0.45)
"""Side and centre of the framed square in the mean face's frame: outer eye corners are 1 apart."""
GREY_SPREAD = 0.02
"""Added to a picture's own spread, so that a blank one stays blank."""


def frame_affine(landmarks: np.ndarray, size: int, margin: int = 0) -> np.ndarray:
    """Return the (2, 3) similarity from photo pixels to the square that the network sees.

    Only points that expressions hardly move decide it, so an open mouth changes the picture and
    not its framing; roll is undone.

    Args:
        landmarks: (478, 2 or more) mesh points in photo pixels.
        size: side of the square in pixels.
        margin: so many pixels more on every side, at the same scale.
    """
    still = list(STILL)
    scale = size / SIDE
    goal = (mean_shape()[still, :2] - CENTRE) * scale + (size - 1) / 2 + margin
    return similarity(np.asarray(landmarks)[still, :2], goal)


def frame(
    image: np.ndarray, landmarks: np.ndarray, size: int = SIZE, margin: int = 0
) -> np.ndarray:
    """Cut a face as the network sees it, in grey.

    A photo finer than the square is averaged down; beyond its edge the edge is repeated.

    Args:
        image: (H, W, 3) uint8 RGB.
        landmarks: (478, 2 or more) mesh points in photo pixels.
        size: side of the square in pixels.
        margin: so many pixels more on every side.

    Returns:
        (size + 2 margin, size + 2 margin) float32 in [0, 1].
    """
    affine = frame_affine(landmarks, size, margin)
    side = size + 2 * margin
    finer = max(1, round(1 / float(np.hypot(affine[0, 0], affine[1, 0]))))
    fine = affine * finer
    fine[:, 2] += (finer - 1) / 2
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    picture = cv2.warpAffine(
        grey,
        fine,
        (side * finer, side * finer),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    if finer > 1:
        picture = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
    return picture.astype(np.float32) / 255


class ExpressionNetwork(nn.Module):
    """A residual network from grey faces to expressions.

    Args:
        classes: how many expressions.
        widths: channels of the stages; each halves the resolution of the one before.
        dropout: of the features before the last layer.
    """

    def __init__(
        self,
        classes: int,
        widths: Sequence[int] = (16, 32, 96, 192),
        dropout: float = 0.3,
    ):
        super().__init__()
        self.widths = tuple(widths)
        self.stem = nn.Sequential(
            nn.Conv2d(1, widths[0], 5, stride=2, padding=2, bias=False),
            nn.BatchNorm2d(widths[0]),
            nn.ReLU(inplace=True),
        )
        before = [widths[0], *widths[:-1]]
        self.stages = nn.Sequential(
            *(
                nn.Sequential(Residual(a, b, 1 if i == 0 else 2), Residual(b, b, 1))
                for i, (a, b) in enumerate(zip(before, widths, strict=True))
            )
        )
        self.dropout = nn.Dropout(dropout)
        self.classes = nn.Linear(widths[-1], classes)

    def features(self, pictures: Tensor) -> Tensor:
        """(N, 1, S, S) grey pictures of any brightness and contrast to (N, widths[-1])."""
        mean = pictures.mean((2, 3), keepdim=True)
        spread = pictures.std((2, 3), keepdim=True)
        x = self.stem((pictures - mean) / (spread + GREY_SPREAD))
        return self.stages(x).mean((2, 3))

    def forward(self, pictures: Tensor) -> Tensor:
        """(N, 1, S, S) grey pictures to (N, classes) logits."""
        return self.classes(self.dropout(self.features(pictures)))


class Residual(nn.Module):
    """Two 3x3 convolutions with batch normalisation beside a shortcut (He et al. 2016).

    Args:
        inner: channels of the input.
        outer: channels of the output.
        stride: of the first convolution.
    """

    def __init__(self, inner: int, outer: int, stride: int):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inner, outer, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(outer),
            nn.ReLU(inplace=True),
            nn.Conv2d(outer, outer, 3, padding=1, bias=False),
            nn.BatchNorm2d(outer),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride > 1 or inner != outer:
            self.shortcut = nn.Sequential(
                nn.AvgPool2d(stride) if stride > 1 else nn.Identity(),
                nn.Conv2d(inner, outer, 1, bias=False),
                nn.BatchNorm2d(outer),
            )

    def forward(self, x: Tensor) -> Tensor:
        """(N, inner, H, W) to (N, outer, H / stride, W / stride)."""
        return torch.relu(self.body(x) + self.shortcut(x))


class ExpressionJudge:
    """Names the expressions of faces.

    Args:
        network: with one output per class.
        classes: names out of `targets.EXPRESSIONS`, in the network's order.
        size: side of its pictures in pixels.
    """

    def __init__(self, network: ExpressionNetwork, classes: Sequence[str], size: int = SIZE):
        self.network = network.eval()
        self.classes = tuple(classes)
        self.size = size

    @classmethod
    def load(cls, path: Path, device: torch.device | str = "cpu") -> Self:
        """Read a checkpoint that `save` wrote.

        Raises:
            WeightsError: the file is missing, damaged or no judge.
        """
        checkpoint = load_checkpoint(path, method=METHOD, profile=PROFILE)
        try:
            classes = checkpoint.architecture["classes"]
            network = ExpressionNetwork(len(classes), checkpoint.architecture["widths"])
            network.load_state_dict(checkpoint.tensors)
            size = int(checkpoint.architecture["size"])
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise WeightsError(f"{path} is no judge that this version reads: {error}") from error
        return cls(network.to(device), classes, size)

    def save(self, path: Path) -> None:
        """Write the network with the names of its classes, whole or not at all.

        Raises:
            WeightsError: the file cannot be written.
        """
        architecture = {
            "classes": list(self.classes),
            "widths": list(self.network.widths),
            "size": self.size,
        }
        tensors = self.network.state_dict()
        write_checkpoint(path, tensors, method=METHOD, profile=PROFILE, architecture=architecture)

    def face_picture(self, image: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
        """Frame a face as in training: see `frame`.

        Args:
            image: (H, W, 3) uint8 RGB.
            landmarks: (478, 2 or more) mesh points in pixels of `image`.

        Returns:
            (S, S) float32 grey in [0, 1].
        """
        return frame(image, landmarks, self.size)

    @torch.inference_mode()
    def classify(self, pictures: np.ndarray, batch: int = 64) -> np.ndarray:
        """Name expressions; the mean over each picture and its mirror image.

        Args:
            pictures: (N, S, S) float32 from `face_picture`.
            batch: so many at a time.

        Returns:
            (N, classes) float32 probabilities, all expressions being equally likely beforehand.
        """
        device = next(self.network.parameters()).device
        found = [np.zeros((0, len(self.classes)), np.float32)]
        for start in range(0, len(pictures), batch):
            part = np.ascontiguousarray(pictures[start : start + batch], dtype=np.float32)
            x = torch.from_numpy(part).to(device)[:, None]
            x = x.contiguous(memory_format=torch.channels_last)
            both = self.network(x).softmax(1) + self.network(x.flip(3)).softmax(1)
            found.append((both / 2).cpu().numpy())
        return np.concatenate(found)
