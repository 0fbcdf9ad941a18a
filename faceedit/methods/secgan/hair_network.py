"""Which pixels of a wide crop show hair of the head, by a network that has learned from outlines.

The parser of the appearance network sees a face and what is close to it well, but neither long hair
nor hair that stands far out, which it takes for what lies behind or for clothes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faceedit.faces.align import Crop
from faceedit.faces.landmark_maps import CHANNELS, draw_landmark_maps
from faceedit.methods.fields.method import to_tensor
from faceedit.nn.parsing import ParsingDecoder
from faceedit.nn.residual import ResidualEncoder
from faceedit.numerics import check_answer

SIZE, MAPS_SIZE = 256, 128
"""Sides of the wide crops, and of their landmark maps."""


class HairNetwork(nn.Module):
    """A residual encoder and a U-Net's way up, as in `legan.light_network`.

    Args:
        widths: channels of the encoder's stages, finest first.
        inner: channels of the decoder's steps, coarsest first, one fewer.
    """

    def __init__(
        self,
        widths: Sequence[int] = (24, 48, 96, 128, 160),
        inner: Sequence[int] = (96, 80, 64, 40),
    ):
        super().__init__()
        self.encoder = ResidualEncoder(3 + len(CHANNELS), widths)
        self.decoder = ParsingDecoder(widths, inner, 3, 1)
        self.widths, self.inner = tuple(widths), tuple(inner)

    def architecture(self) -> dict[str, Any]:
        """Return what builds it again, as JSON."""
        return {"widths": list(self.widths), "inner": list(self.inner)}

    @classmethod
    def from_architecture(cls, values: Mapping[str, Sequence[int]]) -> "HairNetwork":
        """Build the network that `architecture` described."""
        return cls(values["widths"], values["inner"])

    def forward(self, pictures: Tensor, maps: Tensor) -> Tensor:
        """Look at wide crops.

        Args:
            pictures: (N, 3, 256, 256) RGB in [-1, 1], filled beyond the photo (`segment.mirrored`).
            maps: (N, 12, 128, 128) in [0, 1], `landmark_maps` of the same.

        Returns:
            (N, 1, 256, 256) logits of hair.
        """
        large = F.interpolate(maps, pictures.shape[-2:], mode="bilinear")
        seen = torch.cat([pictures, large], 1).contiguous(memory_format=torch.channels_last)
        return self.decoder(pictures, self.encoder(seen))


def hair_chance(network: HairNetwork, crop: Crop, filled: np.ndarray) -> np.ndarray:
    """Return the chance that a pixel shows hair, (256, 256) float32 in [0, 1].

    Args:
        network: on any device.
        crop: wide, of `SIZE`.
        filled: (256, 256, 3) float32 RGB in [0, 1], its pixels as `segment.mirrored` fills them.

    Raises:
        NetworkError: the network's answer is not finite.
    """
    device = next(network.parameters()).device
    maps = draw_landmark_maps(crop.landmarks, SIZE, MAPS_SIZE)
    with torch.inference_mode():
        logits = network(to_tensor(filled[None], device) * 2 - 1, to_tensor(maps[None], device))
    check_answer(np.inf, hair=logits)
    return torch.sigmoid(logits.float())[0, 0].cpu().numpy()
