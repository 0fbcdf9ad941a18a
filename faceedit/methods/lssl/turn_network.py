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

FARTHEST = 24.0
"""Pixels of the window by which anything is moved."""
DEGREES = 25.0
"""Of a turn that 1 stands for."""
FOLDED = 4
"""Pixels a side for one of the flow: it is smooth."""
FADE = 16
"""Pixels along the window's border over which nothing changes any more."""
SELDOM = -3.0
"""Logit of the opacity that an untrained network gives."""


@dataclass(frozen=True)
class TurnConfig(Ranged):
    """What shapes a `TurnNetwork`.

    Attributes:
        widths: channels of the encoder's stages, finest first.
        inner: channels of the decoder's steps, coarsest first, one fewer.
    """

    widths: tuple[int, ...] = ranged(1, 1024, default=(32, 64, 112, 176, 256))
    inner: tuple[int, ...] = ranged(1, 1024, default=(160, 112, 80, 48))

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.inner) != len(self.widths) - 1 or not 2 <= len(self.widths) <= 6:
            raise ValueError("there are two to six widths, and one inner fewer")


class Correction(NamedTuple):
    """What is to be done to N windows: out = A·P + (1 - A)·warp(I, F).

    Attributes:
        flow: (N, 2, 80, 80) F, x and y in pixels of the window.
        paint: (N, 3, 320, 320) P in [0, 1].
        opacity: (N, 1, 320, 320) A in [0, 1].
    """

    flow: Tensor
    paint: Tensor
    opacity: Tensor


class TurnNetwork(nn.Module):
    """A residual encoder and a U-Net's way up.

    Args:
        config: its widths.
    """

    fade: Tensor

    def __init__(self, config: TurnConfig | None = None):
        super().__init__()
        self.config = config or TurnConfig()
        self.encoder = ResidualEncoder(3 + len(CHANNELS) + 2, self.config.widths)
        self.decoder = ParsingDecoder(self.config.widths, self.config.inner, 3, 2 + 3 + 1)
        last = self.decoder.last
        nn.init.normal_(last.weight, std=1e-2)
        assert last.bias is not None
        with torch.no_grad():
            last.bias.zero_()[-4:] = SELDOM  # unfolds to four pixels
        steps = torch.arange(SIDE, dtype=torch.float32)
        rise = (torch.minimum(steps, SIDE - 1 - steps) / FADE).clamp(max=1)
        fade = torch.minimum(rise[None], rise[:, None])[None, None]
        self.register_buffer("fade", fade, persistent=False)
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
            pictures: (N, 3, 320, 320) RGB in [0, 1].
            maps: (N, 12, 80, 80) in [0, 1], `window_maps` of the turned heads.
            turns: (N, 2) degrees by which they were turned, yaw and pitch.
        """
        with self.numerics.autocast(pictures.device):
            large = F.interpolate(maps, pictures.shape[-2:], mode="bilinear")
            planes = (turns / DEGREES)[..., None, None].expand(-1, -1, *pictures.shape[-2:])
            signed = pictures * 2 - 1
            seen = torch.cat([signed, large, planes], 1)
            seen = seen.contiguous(memory_format=torch.channels_last)
            found = self.decoder(signed, self.encoder(seen)).float()
        flow, paint, opacity = found.split((2, 3, 1), 1)
        flow = F.avg_pool2d(FARTHEST * torch.tanh(flow / 3) * self.fade, 2 * FOLDED)
        flow = F.interpolate(flow, scale_factor=2.0, mode="bilinear")
        return Correction(flow, torch.sigmoid(paint), torch.sigmoid(opacity) * self.fade)


def corrected(pictures: Tensor, correction: Correction) -> Tensor:
    """Return windows after a correction, (N, 3, 320, 320) in [0, 1].

    Args:
        pictures: (N, 3, 320, 320) in [0, 1].
        correction: of them.
    """
    side = pictures.shape[-1]
    flow = F.interpolate(correction.flow, (side, side), mode="bilinear")
    steps = torch.arange(side, device=flow.device, dtype=flow.dtype)
    at = torch.stack([steps.expand(side, side), steps[:, None].expand(side, side)])
    grid = ((at + flow) * 2 + 1) / side - 1
    # Bicubic, as photos are: a blur would teach the paint to sharpen.
    moved = F.grid_sample(
        pictures, grid.movedim(1, -1), "bicubic", padding_mode="border", align_corners=False
    )
    return moved + correction.opacity * (correction.paint - moved)
