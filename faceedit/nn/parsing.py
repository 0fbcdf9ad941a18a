"""From the levels of an encoder to one map per class: a small U-Net's way up."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faceedit.nn.residual import ResidualEncoder


class ParsingDecoder(nn.Module):
    """Turn the levels of `nn.residual.ResidualEncoder` into class logits for every pixel.

    The last step works at half the picture's resolution, beside the picture itself folded to that
    size, and unfolds four logits a class there (Shi et al. 2016, sub-pixel convolution), so no
    convolution runs at full size.

    Args:
        widths: channels of the encoder's levels, finest first.
        inner: channels after each step up, coarsest first, one fewer than `widths`.
        channels: of the picture.
        classes: how many.
    """

    def __init__(self, widths: Sequence[int], inner: Sequence[int], channels: int, classes: int):
        super().__init__()
        skips = list(widths[-2::-1])
        skips[-1] += 4 * channels
        below = [inner[0], *inner[:-1]]
        self.top = _convolution(widths[-1], inner[0], 1)
        self.steps = nn.ModuleList(
            _convolution(b + skip, out, 3) for b, skip, out in zip(below, skips, inner, strict=True)
        )
        self.last = nn.Conv2d(inner[-1], 4 * classes, 1)

    def forward(self, pictures: Tensor, levels: Sequence[Tensor]) -> Tensor:
        """Label pixels.

        Args:
            pictures: (N, channels, S, S), S a multiple of 2 to the number of levels.
            levels: (N, widths[i], S / 2^(i + 1), ...) of the same pictures.

        Returns:
            (N, classes, S, S) logits.
        """
        x = self.top(levels[-1])
        for i, step in enumerate(self.steps):
            skip = levels[-2 - i]
            parts = [F.interpolate(x, skip.shape[-2:], mode="bilinear"), skip]
            if i == len(self.steps) - 1:
                # Beside channels_last levels anything else would turn all of them round.
                folded = F.pixel_unshuffle(pictures, 2)
                parts.append(folded.contiguous(memory_format=torch.channels_last))
            x = step(torch.cat(parts, 1))
        return F.pixel_shuffle(self.last(x), 2)


class Parser(nn.Module):
    """Encoder and decoder: pictures to class logits.

    Args:
        widths: channels of the encoder's stages, finest first.
        inner: channels of the decoder's steps, coarsest first, one fewer than `widths`.
        classes: how many.
    """

    def __init__(self, widths: Sequence[int], inner: Sequence[int], classes: int):
        super().__init__()
        self.encoder = ResidualEncoder(3, widths)
        self.decoder = ParsingDecoder(widths, inner, 3, classes)

    def forward(self, pictures: Tensor) -> Tensor:
        """(N, 3, S, S) RGB in [-1, 1] to (N, classes, S, S) logits.

        S is a multiple of 2 to the number of `widths`.
        """
        return self.decoder(pictures, self.encoder(pictures))


def _convolution(inner: int, outer: int, kernel: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inner, outer, kernel, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outer),
        nn.ReLU(inplace=True),
    )
