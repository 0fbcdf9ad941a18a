"""PReLU that trains fast on a CPU in channels_last memory."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable


class PReLU(nn.PReLU):
    """``torch.nn.PReLU`` with one slope per channel, and the same values and gradients.

    In channels_last memory torch walks a PReLU in runs of one pixel's channels, which made it a
    third of a training step. Training on a CPU here takes whole rows of the image at once, two to
    four times as fast. Second derivatives are not available on that path.

    Args:
        channels: number of channels.
    """

    def __init__(self, channels: int):
        super().__init__(channels)

    def forward(self, input: Tensor) -> Tensor:
        """(N, C, H, W) to the same shape."""
        whole_rows = (
            self.training
            and input.device.type == "cpu"
            and input.is_contiguous(memory_format=torch.channels_last)
        )
        if whole_rows:
            return _RowwisePReLU.apply(input, self.weight)  # pyright: ignore[reportReturnType]
        return super().forward(input)


class _RowwisePReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, slope: Tensor) -> Tensor:
        ctx.save_for_backward(x, slope)
        rows = _rows(x)
        out = torch.addcmul(rows.clamp_min(0), rows.clamp_max(0), _tiled(slope, x))
        return _images(out, x)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:  # pyright: ignore
        x, slope = ctx.saved_tensors
        rows, grad_rows = _rows(x), _rows(grad)
        above = torch.ops.aten.threshold_backward(grad_rows, rows, 0)
        below = grad_rows - above
        # A product with ones sums in float32 also in bfloat16, faster than a sum over rows.
        ones = torch.ones(1, len(rows), dtype=x.dtype)
        per_column = (ones @ (below * rows)).float()
        grad_slope = per_column.view(x.shape[3], x.shape[1]).sum(0).to(slope.dtype)
        return _images(above.addcmul_(below, _tiled(slope, x)), x), grad_slope


def _rows(x: Tensor) -> Tensor:
    """Rows of all images, (N * H, W * C), as a view of channels_last memory."""
    n, c, h, w = x.shape
    return x.permute(0, 2, 3, 1).reshape(n * h, w * c)


def _images(rows: Tensor, like: Tensor) -> Tensor:
    n, c, h, w = like.shape
    return rows.view(n, h, w, c).permute(0, 3, 1, 2)


def _tiled(slope: Tensor, x: Tensor) -> Tensor:
    """The slopes of one row, (W * C,)."""
    return slope.to(x.dtype).repeat(x.shape[3])
