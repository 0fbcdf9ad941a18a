"""The network that corrects what geometry gets wrong about a turned head."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faceedit.faces.landmark_maps import CHANNELS
from faceedit.methods.lssl.window import SIDE
from faceedit.nn.parsing import ParsingDecoder
from faceedit.nn.residual import ResidualEncoder
from faceedit.numerics import FULL
from faceedit.ranges import Ranged, ranged

FARTHEST, LARGEST = 12.0, 0.8
"""Pixels of the window by which anything is moved, and log ratio by which it is lit."""
DEGREES = 25.0
"""Of a turn that 1 stands for."""
FLOW_STEP, RATIO_STEP = 4, 2
"""Pixels a side for one of the flow and of the log ratio: both are smooth."""
FADE = 8
"""Pixels along the window's border over which nothing changes any more."""


@dataclass(frozen=True)
class TurnConfig(Ranged):
    """What shapes a `TurnNetwork`.

    Attributes:
        widths: channels of the encoder's stages, finest first.
        inner: channels of the decoder's steps, coarsest first, one fewer.
    """

    widths: tuple[int, ...] = ranged(1, 1024, default=(24, 48, 96, 128))
    inner: tuple[int, ...] = ranged(1, 1024, default=(96, 64, 40))

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.inner) != len(self.widths) - 1 or not 2 <= len(self.widths) <= 5:
            raise ValueError("there are two to five widths, and one inner fewer")


class Correction(NamedTuple):
    """What is to be done to N windows: out = warp(I, F)·exp(R).

    Attributes:
        flow: (N, 2, 40, 40) F, x and y in pixels of the window.
        log_ratio: (N, 3, 80, 80) R.
    """

    flow: Tensor
    log_ratio: Tensor


class TurnNetwork(nn.Module):
    """A residual encoder and a U-Net's way up.

    Args:
        config: its widths.
    """

    def __init__(self, config: TurnConfig | None = None):
        super().__init__()
        self.config = config or TurnConfig()
        self.encoder = ResidualEncoder(3 + len(CHANNELS) + 2, self.config.widths)
        self.decoder = ParsingDecoder(self.config.widths, self.config.inner, 3, 2 + 3)
        # Near the identity.
        nn.init.normal_(self.decoder.last.weight, std=1e-2)
        nn.init.zeros_(self.decoder.last.bias)  # pyright: ignore[reportArgumentType]
        self.numerics = FULL

    def architecture(self) -> dict[str, Any]:
        """Return what `from_architecture` needs, as JSON."""
        return {"widths": list(self.config.widths), "inner": list(self.config.inner)}

    @classmethod
    def from_architecture(cls, values: Mapping[str, Sequence[int]]) -> "TurnNetwork":
        """Build the network that `architecture` described."""
        return cls(TurnConfig(tuple(values["widths"]), tuple(values["inner"])))

    def forward(self, pictures: Tensor, maps: Tensor, turns: Tensor) -> Correction:
        """Look at windows of heads that were turned.

        Args:
            pictures: (N, 3, 160, 160) RGB in [0, 1].
            maps: (N, 12, 40, 40) in [0, 1], `window_maps` of the turned heads.
            turns: (N, 2) degrees by which they were turned, yaw and pitch.
        """
        with self.numerics.autocast(pictures.device):
            large = F.interpolate(maps, pictures.shape[-2:], mode="bilinear")
            planes = (turns / DEGREES)[..., None, None].expand(-1, -1, *pictures.shape[-2:])
            signed = pictures * 2 - 1
            seen = torch.cat([signed, large, planes], 1)
            seen = seen.contiguous(memory_format=torch.channels_last)
            found = self.decoder(signed, self.encoder(seen)).float()
        steps = torch.arange(SIDE, dtype=found.dtype, device=found.device)
        rise = (torch.minimum(steps, SIDE - 1 - steps) / FADE).clamp(max=1)
        flow, ratio = (found * torch.minimum(rise, rise[:, None])).split((2, 3), 1)
        return Correction(
            F.avg_pool2d(FARTHEST * torch.tanh(flow / 3), FLOW_STEP),
            F.avg_pool2d(LARGEST * torch.tanh(ratio), RATIO_STEP),
        )


def corrected(pictures: Tensor, correction: Correction) -> Tensor:
    """Return windows after a correction, (N, 3, 160, 160).

    Args:
        pictures: (N, 3, 160, 160) in [0, 1].
        correction: of them.
    """
    side = pictures.shape[-1]
    flow, ratio = (F.interpolate(one, (side, side), mode="bilinear") for one in correction)
    steps = torch.arange(side, device=flow.device, dtype=flow.dtype)
    at = torch.stack([steps.expand(side, side), steps[:, None].expand(side, side)])
    grid = ((at + flow) * 2 + 1) / side - 1
    moved = F.grid_sample(pictures, grid.movedim(1, -1), padding_mode="border", align_corners=False)
    return moved * torch.exp(ratio)
