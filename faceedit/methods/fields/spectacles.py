"""A small network that sees whether spectacles are worn: frames are too thin for the generator."""

import torch
from torch import Tensor, nn

WIDTHS = (16, 24, 32, 48)
_FLAT = 0.02
"""Contrast below which a strip is not stretched further."""


class SpectaclesHead(nn.Module):
    """Convolutions on the strip about both eyes, whatever its light."""

    def __init__(self):
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in zip((3, *WIDTHS), WIDTHS, strict=False):
            stride = 1 if before == 3 else 2
            layers += [
                nn.Conv2d(before, after, 3, stride, 1, bias=False),
                nn.BatchNorm2d(after),
                nn.ReLU(),
            ]
        self.features = nn.Sequential(*layers)
        self.answer = nn.Linear(2 * WIDTHS[-1], 1)

    def forward(self, strip: Tensor) -> Tensor:
        """Return (N,) logits of (N, 3, 32, 96) strips in [0, 1]; see `compose.eye_strip`."""
        mean, spread = strip.mean((1, 2, 3), keepdim=True), strip.std((1, 2, 3), keepdim=True)
        seen = self.features((strip - mean) / (spread + _FLAT))
        # A frame may be seen in one place only.
        pooled = torch.cat([seen.mean((2, 3)), seen.amax((2, 3))], 1)
        return self.answer(pooled)[:, 0].float()
