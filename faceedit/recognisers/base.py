"""What every recogniser is: crops in, typed readings out, differentiable, kept in one file."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faceedit.errors import WeightsError
from faceedit.faces.align import Crop
from faceedit.nn.loading import build_network
from faceedit.numerics import check_answer
from faceedit.registry import Checkpoint, write_checkpoint
from faceedit.tones import LUMA

METHOD = "recogniser"
"""The method that all their checkpoints name; the profile is the recogniser's name."""

LARGEST = 1e6
"""Magnitude that nothing a recogniser says comes near."""

Output = TypeVar("Output")
Reading = TypeVar("Reading")


class Recogniser(nn.Module, ABC, Generic[Output, Reading]):
    """A network that looks at aligned crops (`faces.align`) of any size.

    `forward` is differentiable, for losses; `read` is for people, and may look more than once.

    Attributes:
        name: of the recogniser, the profile of its checkpoint.
        crop_size: side of the crops that `read` expects to be given; others are resampled.
    """

    name: ClassVar[str]
    crop_size: ClassVar[int] = 256

    @property
    @abstractmethod
    def architecture(self) -> dict[str, Any]:
        """The keyword arguments that build the network again; JSON."""

    @abstractmethod
    def forward(self, crops: Tensor) -> Output:
        """(N, 3, S, S) aligned crops, RGB in [-1, 1], to tensors of N rows."""
        raise NotImplementedError

    @abstractmethod
    def readings(self, output: Output) -> list[Reading]:
        """Return the output of `forward` as one typed reading per crop."""

    def describe(self, crops: Tensor) -> Output:
        """Like `forward`, as carefully as `read` looks; the same where a subclass says no more."""
        return self(crops)

    def answer(self, pictures: Tensor, crops: Sequence[Crop]) -> Output:
        """Return what `read` makes readings of; see `describe`.

        Args:
            pictures: (N, 3, S, S) of the crops.
            crops: with all that is known beside the pictures.
        """
        return self.describe(pictures)

    @torch.inference_mode()
    def read(self, crops: Sequence[Crop], batch: int = 32) -> list[Reading]:
        """Look at faces.

        Args:
            crops: of any sizes.
            batch: so many at a time.

        Returns:
            One reading per crop, in order.

        Raises:
            NetworkError: the network's answer is not finite.
        """
        device = next(self.parameters()).device
        found: list[Reading] = []
        for start in range(0, len(crops), batch):
            x = to_batch(crops[start : start + batch], self.crop_size).to(device)
            x = x.contiguous(memory_format=torch.channels_last)
            output = self.answer(x, crops[start : start + batch])
            check_answer(LARGEST, **_parts(self.name, output))
            found += self.readings(output)
        return found

    @classmethod
    def load(cls, checkpoint: Checkpoint, device: torch.device | str = "cpu") -> Self:
        """Build the network of a checkpoint, frozen and in evaluation mode.

        Raises:
            WeightsError: the checkpoint is of another network, or of another version of it.
        """
        if (checkpoint.method, checkpoint.profile) != (METHOD, cls.name):
            raise WeightsError(
                f"these are weights of {checkpoint.method} {checkpoint.profile}, "
                f"not of {METHOD} {cls.name}"
            )
        try:
            network = build_network(lambda: cls(**checkpoint.architecture), checkpoint.tensors)
        except (TypeError, ValueError, RuntimeError) as error:
            raise WeightsError(
                f"weights of {METHOD} {cls.name} that this version does not read: {error}"
            ) from error
        network.to(device)
        network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        return network.eval().requires_grad_(False)

    def save(self, path: Path, half: bool = True) -> str:
        """Write the network, whole or not at all; returns the file's sha256.

        Args:
            path: a safetensors file.
            half: keep floating point numbers in 16 bits.

        Raises:
            WeightsError: the file cannot be written.
        """
        tensors = self.state_dict()
        if half:
            tensors = {k: v.half() if v.is_floating_point() else v for k, v in tensors.items()}
        return write_checkpoint(
            path, tensors, method=METHOD, profile=self.name, architecture=self.architecture
        )


def _parts(name: str, output: Any) -> dict[str, Tensor]:
    """Return an output's tensors by what they are."""
    if isinstance(output, Tensor):
        return {name: output}
    return {f"{name}, {part}": tensor for part, tensor in output._asdict().items()}


def to_batch(crops: Sequence[Crop], size: int) -> Tensor:
    """Return crops as (N, 3, size, size) float32 RGB in [-1, 1]."""
    planes = []
    for crop in crops:
        x = torch.from_numpy(np.ascontiguousarray(crop.pixels.transpose(2, 0, 1)))[None]
        planes.append(resample(x, size))
    return torch.cat(planes) * 2 - 1 if planes else torch.zeros(0, 3, size, size)


def resample(x: Tensor, size: int) -> Tensor:
    """Return (N, C, H, W) as (N, C, size, size), low-pass filtered where that is smaller."""
    if x.shape[-2:] == (size, size):
        return x
    return F.interpolate(
        x, (size, size), mode="bilinear", align_corners=False, antialias=x.shape[-1] > size
    )


FACE_WINDOW = (9 / 64, 11 / 64, 55 / 64, 57 / 64)
"""Left, top, right and bottom of the face without most of the hair, as shares of a crop's side.

About two distances of the outer eye corners wide, brows to chin.
"""


def window(
    crops: Tensor, size: int, box: tuple[float, float, float, float] = FACE_WINDOW
) -> Tensor:
    """Cut the same part out of all crops.

    Args:
        crops: (N, C, S, S) of any S; boxes are rounded to whole pixels, and those above come out
            even for multiples of 64.
        size: side of the result.
        box: left, top, right and bottom as shares of S.

    Returns:
        (N, C, size, size).
    """
    side = crops.shape[-1]
    left, top, right, bottom = (round(edge * side) for edge in box)
    return resample(crops[..., top:bottom, left:right], size)


def grey(x: Tensor) -> Tensor:
    """(N, 3, H, W) display RGB to (N, 1, H, W), by the weights of Rec. 601."""
    red, green, blue = LUMA.tolist()
    return x[:, :1] * red + x[:, 1:2] * green + x[:, 2:] * blue
