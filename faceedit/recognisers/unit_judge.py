"""A second reader of action units, for judging alone: no edit and no loss looks at it."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from torch import Tensor, nn

from faceedit.ranges import check_ranges
from faceedit.recognisers.base import Recogniser, window
from faceedit.targets import ACTION_UNITS, MAX_INTENSITY

EXPANSION = 4
"""Channels within a block over those of its input."""


class UnitJudge(Recogniser[Tensor, np.ndarray]):
    """Inverted residuals (Sandler et al. 2018) on the face in colour.

    The expression recogniser, which edits start from, is a plain residual network on grey faces
    and landmarks; this one shares neither architecture nor training people with it.

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
        widths: Sequence[int] = (24, 40, 80, 160),
        size: int = 112,
        dropout: float = 0.3,
    ):
        super().__init__()
        check_ranges(widths=(widths, 1, 512), size=(size, 32, 512), dropout=(dropout, 0.0, 0.9))
        self.widths, self.size = tuple(widths), size
        self.stem = nn.Sequential(
            nn.Conv2d(3, widths[0], 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(widths[0]),
            nn.SiLU(inplace=True),
        )
        before = [widths[0], *widths[:-1]]
        blocks: list[nn.Module] = []
        for number, (inner, outer) in enumerate(zip(before, widths, strict=True)):
            blocks += [_Block(inner, outer, 1 if number == 0 else 2), _Block(outer, outer, 1)]
        self.blocks = nn.Sequential(*blocks)
        self.leave = nn.Sequential(
            nn.Conv2d(widths[-1], 2 * widths[-1], 1, bias=False),
            nn.BatchNorm2d(2 * widths[-1]),
            nn.SiLU(inplace=True),
        )
        self.dropout = nn.Dropout(dropout)
        self.units = nn.Linear(2 * widths[-1], len(ACTION_UNITS))

    @property
    def architecture(self) -> dict[str, Any]:
        """Widths and size."""
        return {"widths": list(self.widths), "size": self.size}

    def forward(self, crops: Tensor) -> Tensor:
        """(N, 3, S, S) aligned crops, RGB in [-1, 1], to (N, 17) intensities 0 to 5."""
        return self.judge(window(crops, self.size))

    def judge(self, pictures: Tensor) -> Tensor:
        """(N, 3, size, size) framed faces in [-1, 1] to (N, 17) intensities."""
        x = self.leave(self.blocks(self.stem(pictures)))
        return MAX_INTENSITY * self.units(self.dropout(x.mean((2, 3)))).sigmoid()

    def readings(self, output: Tensor) -> list[np.ndarray]:
        """Return (17,) intensities of each crop, in the order of `targets.ACTION_UNITS`."""
        return list(output.float().cpu().numpy())


class _Block(nn.Module):
    """Wider, depthwise, narrower, beside a shortcut where the shape stays."""

    def __init__(self, inner: int, outer: int, stride: int):
        super().__init__()
        wide = EXPANSION * inner
        self.body = nn.Sequential(
            nn.Conv2d(inner, wide, 1, bias=False),
            nn.BatchNorm2d(wide),
            nn.SiLU(inplace=True),
            nn.Conv2d(wide, wide, 3, stride=stride, padding=1, groups=wide, bias=False),
            nn.BatchNorm2d(wide),
            nn.SiLU(inplace=True),
            nn.Conv2d(wide, outer, 1, bias=False),
            nn.BatchNorm2d(outer),
        )
        self.keeps = stride == 1 and inner == outer

    def forward(self, x: Tensor) -> Tensor:
        """(N, inner, H, W) to (N, outer, H / stride, W / stride)."""
        return x + self.body(x) if self.keeps else self.body(x)
