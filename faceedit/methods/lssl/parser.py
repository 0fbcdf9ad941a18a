"""P of Eq. 5: a U-Net (Ronneberger et al. 2015) of depthwise blocks, for lips, eyes and skin.

The paper's is trained on Helen, whose photos do not allow weights to be shared. Here it learns from
what `appearance` parses in the training's own portraits, before the first step, and stays fixed.
"""

from collections.abc import Callable, Iterable
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faceedit.ranges import check_ranges
from faceedit.regions import Region

PARTS = ("rest", "skin", "eyes", "lips")
_PART_OF = {
    Region.SKIN: 1, Region.NOSE: 1, Region.BROWS: 1, Region.EYES: 2, Region.LIPS: 3,
}  # fmt: skip
EXPANSION = 4
"""Times as many channels as its input has a depthwise convolution, half of MobileNetV2's six."""
LEVELS = 4
RATE = 2e-3
"""Of Adam, falling to zero."""


class DepthwiseBlock(nn.Module):
    """An inverted residual block (Sandler et al. 2018).

    Args:
        inner: channels of the input.
        outer: channels of the output.
        stride: of the depthwise convolution.
    """

    def __init__(self, inner: int, outer: int, stride: int = 1):
        super().__init__()
        middle = EXPANSION * inner
        self.adds = stride == 1 and inner == outer
        self.body = nn.Sequential(
            nn.Conv2d(inner, middle, 1, bias=False),
            nn.BatchNorm2d(middle),
            nn.ReLU6(inplace=True),
            nn.Conv2d(middle, middle, 3, stride, 1, groups=middle, bias=False),
            nn.BatchNorm2d(middle),
            nn.ReLU6(inplace=True),
            nn.Conv2d(middle, outer, 1, bias=False),
            nn.BatchNorm2d(outer),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, inner, H, W) to (N, outer, H / stride, W / stride)."""
        return x + self.body(x) if self.adds else self.body(x)


class PartParser(nn.Module):
    """P: pictures to logits of `PARTS`.

    Args:
        width: channels at the picture's size; each of four levels below has twice as many.

    Raises:
        ValueError: a number is out of range.
    """

    def __init__(self, width: int = 16):
        super().__init__()
        check_ranges(width=(width, 1, 128))
        widths = [width << i for i in range(LEVELS + 1)]
        self.first = DepthwiseBlock(3, width)
        self.down = nn.ModuleList(
            nn.Sequential(DepthwiseBlock(a, b, 2), DepthwiseBlock(b, b))
            for a, b in pairwise(widths)
        )
        self.up = nn.ModuleList(DepthwiseBlock(a + b, a) for a, b in pairwise(widths))
        self.last = nn.Conv2d(width, len(PARTS), 1)

    def forward(self, pictures: Tensor) -> Tensor:
        """(N, 3, S, S) in [-1, 1], S a multiple of 16, to (N, 4, S, S)."""
        levels = [self.first(pictures)]
        for layer in self.down:
            levels.append(layer(levels[-1]))
        x = levels.pop()
        for layer, level in zip(reversed(self.up), reversed(levels), strict=True):
            x = layer(torch.cat([level, F.interpolate(x, scale_factor=2.0)], 1))
        return self.last(x)


def parts_of(regions: Tensor) -> Tensor:
    """(N, 12, S, S) probabilities of `regions.Region` to (N, 4, S, S) of `PARTS`."""
    number = [_PART_OF.get(region, 0) for region in Region]
    chances = regions.new_zeros(len(regions), len(PARTS), *regions.shape[2:])
    return chances.index_add(1, torch.tensor(number, device=regions.device), regions)


def train_parser(
    batches: Iterable[tuple[Tensor, Tensor]],
    teach: Callable[[Tensor], Tensor],
    parser: PartParser,
    steps: int,
) -> PartParser:
    """Return the parser when it has learned.

    Args:
        batches: for each step (N, 3, S, S) pictures to learn from, and the same in normal light.
        teach: makes (N, 4, S, S) probabilities of `PARTS` of the latter.
        parser: to train.
        steps: how many batches there are.
    """
    optimiser = torch.optim.Adam(parser.parameters(), RATE)
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for pictures, lit in batches:
        with torch.no_grad():
            wanted = teach(lit).argmax(1)
        optimiser.zero_grad()
        F.cross_entropy(parser(pictures), wanted).backward()
        optimiser.step()
        fall.step()
    return parser.eval()
