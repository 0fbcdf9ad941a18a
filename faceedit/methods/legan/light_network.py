"""The hourglass of light: what a person's surface is and how it is lit (LEGAN's mask Ml).

In the paper an hourglass draws the mask of light from a photo and the wanted light (Table 8), which
ties it to the lights of its training. This one says how the photo is lit and what stands in the
light; what any other light does to that is then computed, see `relit`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faceedit.faces.landmark_maps import CHANNELS
from faceedit.nn.parsing import ParsingDecoder
from faceedit.nn.residual import ResidualEncoder
from faceedit.numerics import FULL
from faceedit.ranges import Ranged, ranged

SIZE = 256
"""Side of the wide crops that it sees, and of what it says."""
MAPS_SIZE = 128
"""Side at which landmark maps are drawn for it."""
HEIGHT_UNIT = 4.0
"""Centimetres that 1 stands for."""


@dataclass(frozen=True)
class LightConfig(Ranged):
    """What shapes a `LightNetwork`.

    Attributes:
        widths: channels of the encoder's stages, finest first.
        inner: channels of the decoder's steps, coarsest first, one fewer.
    """

    widths: tuple[int, ...] = ranged(1, 1024, default=(24, 48, 96, 128, 160))
    inner: tuple[int, ...] = ranged(1, 1024, default=(96, 80, 64, 40))

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.inner) != len(self.widths) - 1 or not 2 <= len(self.widths) <= 7:
            raise ValueError("there are two to seven widths, and one inner fewer")


class Surface(NamedTuple):
    """What is said of N pictures.

    Attributes:
        normals: (N, 3, S, S) unit: x right, y up, z to the camera.
        height: (N, 1, S, S) depth in `HEIGHT_UNIT`, larger nearer the camera.
        skin: (N, 1, S, S) logits, how far the surface is a face's.
        matte: (N, 1, S, S) logits of the person's opacity.
        shading: (N, 3, S, S) log ratio of the picture to the person in even light.
    """

    normals: Tensor
    height: Tensor
    skin: Tensor
    matte: Tensor
    shading: Tensor


_CHANNELS = (3, 1, 1, 1, 3)
MATTE = 3


class LightNetwork(nn.Module):
    """A residual encoder and a U-Net's way up.

    Args:
        config: its widths.
    """

    def __init__(self, config: LightConfig | None = None):
        super().__init__()
        self.config = config or LightConfig()
        self.encoder = ResidualEncoder(3 + len(CHANNELS), self.config.widths)
        self.decoder = ParsingDecoder(self.config.widths, self.config.inner, 3, sum(_CHANNELS))
        self.numerics = FULL

    def architecture(self) -> dict[str, Any]:
        """Return what `from_architecture` needs, as JSON."""
        return {"widths": list(self.config.widths), "inner": list(self.config.inner)}

    @classmethod
    def from_architecture(cls, values: Mapping[str, Sequence[int]]) -> "LightNetwork":
        """Build the network that `architecture` described."""
        return cls(LightConfig(tuple(values["widths"]), tuple(values["inner"])))

    def forward(self, pictures: Tensor, maps: Tensor) -> Surface:
        """Look at wide crops.

        Args:
            pictures: (N, 3, S, S) RGB in [-1, 1], S a multiple of 2 to the number of widths.
            maps: (N, 12, S / 2, S / 2) in [0, 1], `landmark_maps` of the same.
        """
        with self.numerics.autocast(pictures.device):
            large = F.interpolate(maps, pictures.shape[-2:], mode="bilinear")
            seen = torch.cat([pictures, large], 1).contiguous(memory_format=torch.channels_last)
            found = self.decoder(pictures, self.encoder(seen))
        normals, height, skin, matte, shading = (
            part if at == MATTE else _smooth(part)
            for at, part in enumerate(found.float().split(_CHANNELS, 1))
        )
        # Most surfaces face the camera.
        front = normals.new_tensor([0.0, 0.0, 1.0]).view(1, 3, 1, 1)
        return Surface(F.normalize(normals + front, dim=1), height, skin, matte, shading)


def _smooth(part: Tensor) -> Tensor:
    """Return what is known at half the size, where all but the matte is taught."""
    return F.interpolate(F.avg_pool2d(part, 2), scale_factor=2.0, mode="bilinear")
