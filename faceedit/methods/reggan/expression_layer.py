"""The expression layer G_E of RegGAN (section III-C): one ridge regression per pixel and channel.

The normal equations of Eq. 6 are never stored per pixel. An entry of X^T X is a sum over pairs of
the product of two input pixels a fixed offset apart, and neighbouring receptive fields share most
of these, so one map of sums per offset holds them all: for r = 5, 41 maps in place of 351 numbers
per pixel. At 256x256x3 that is 0.11 GB for any number of pairs, and solving a few rows at a time
keeps the peak 0.3 GB above what torch itself takes.
"""

from itertools import product

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from faceedit.ranges import check_ranges

STRIP_SYSTEMS = 8192
MAX_RECEPTIVE_FIELD = 15
"""Largest side of a receptive field."""


class ExpressionLayer(nn.Module):
    """A learned r x r receptive field and a bias for every pixel of every channel.

    A new layer is the identity. Half-precision storage (``layer.half()``) works with inputs of any
    floating type: the weights are cast to the input's type when applied.
    The layer is fastest when left in contiguous memory: channels_last slows it several times.

    Args:
        size: side S of the images.
        channels: channels of the images, each with receptive fields of its own.
        receptive_field: its side r, odd.

    Attributes:
        weight: (channels, r * r, S, S); that of pixel (y, x) is ``weight[c, :, y, x]``, row
            by row from its top left.
        bias: (channels, S, S).
    """

    weight: Tensor
    bias: Tensor

    def __init__(self, size: int, channels: int = 3, receptive_field: int = 5):
        super().__init__()
        _check_receptive_field(receptive_field)
        self.receptive_field = receptive_field
        weight = torch.zeros(channels, receptive_field**2, size, size)
        weight[:, receptive_field**2 // 2] = 1.0
        self.register_buffer("weight", weight)
        self.register_buffer("bias", torch.zeros(channels, size, size))

    def forward(self, x: Tensor) -> Tensor:
        """Apply the receptive fields; pixels outside the image count as absent (zero).

        Args:
            x: (N, C, S, S) float, in the range the layer was fitted in.

        Returns:
            (N, C, S, S), not clipped.
        """
        size = x.shape[-1]
        padded = F.pad(x, [self.receptive_field // 2] * 4).contiguous()
        weight = self.weight.to(x.dtype)
        out = self.bias.to(x.dtype).expand_as(x).contiguous()
        # A sum of shifted products: unfolding would first write r * r copies of the batch.
        for k, (dy, dx) in enumerate(product(range(self.receptive_field), repeat=2)):
            out = torch.addcmul(out, padded[..., dy : dy + size, dx : dx + size], weight[:, k])
        return out


class ExpressionLayerFitter:
    """Accumulates pairs of images and solves Eq. 6 for every pixel and channel.

    Receptive fields at the border see only the pixels that exist: an absent pixel is a zero column
    of X in Eq. 4, to which the ridge gives the weight zero.

    Args:
        size: side S of the images.
        channels: channels of the images, regressed separately.
        receptive_field: its side r, odd (IV-B: 5).
        ridge: lambda_Reg of Eq. 6, on weights and bias alike. The paper names no value. It weighs
            against a sum over pairs, so what it does depends on their number and range.

    Raises:
        ValueError: if ``receptive_field`` is even or ``ridge`` is not positive.
    """

    def __init__(self, size: int, channels: int = 3, receptive_field: int = 5, ridge: float = 1.0):
        _check_receptive_field(receptive_field)
        if ridge <= 0:
            raise ValueError(f"ridge must be positive, not {ridge}")
        self.size, self.channels = size, channels
        self.receptive_field, self.ridge = receptive_field, ridge
        self.pairs = 0
        self._side = size + receptive_field - 1
        # One offset of each pair (d, -d): x(q) x(q + d) is the other one's map, moved.
        self._offsets = [
            (dy, dx)
            for dy, dx in product(
                range(receptive_field), range(1 - receptive_field, receptive_field)
            )
            if dy > 0 or dx >= 0
        ]
        shape = (channels, self._side**2)
        double = torch.float64
        self._products = torch.zeros(len(self._offsets), *shape, dtype=double)
        self._sums = torch.zeros(shape, dtype=double)
        self._cross = torch.zeros(receptive_field**2, *shape, dtype=double)
        self._targets = torch.zeros(shape, dtype=double)

    @torch.no_grad()
    def add(self, inputs: Tensor, targets: Tensor) -> None:
        """Add pairs to the normal equations; all pairs must share one range, such as [-1, 1].

        Args:
            inputs: (N, C, S, S) images before.
            targets: (N, C, S, S) the same people after, aligned.

        Raises:
            ValueError: if a shape is not (N, C, S, S).
        """
        expected = (self.channels, self.size, self.size)
        for name, batch in (("inputs", inputs), ("targets", targets)):
            if batch.shape[1:] != expected or len(batch) != len(inputs):
                raise ValueError(f"{name} must be (N, {expected}), not {tuple(batch.shape)}")
        reach, side = self.receptive_field // 2, self._side
        # Pair by pair, what is being multiplied stays in the processor's cache. Rows are joined end
        # to end: where an offset runs over a row's end it writes sums that nobody reads.
        for image, target in zip(inputs, targets, strict=True):
            x = F.pad(image.double(), [reach] * 4).flatten(1)
            t = F.pad(target.double(), [0, 2 * reach, 0, 2 * reach]).flatten(1)
            end = x.shape[1]
            for total, (dy, dx) in zip(self._products, self._offsets, strict=True):
                step = dy * side + dx
                total[:, : end - step].addcmul_(x[:, : end - step], x[:, step:])
            for total, (dy, dx) in zip(self._cross, self._taps(), strict=True):
                step = dy * side + dx
                total[:, : end - step].addcmul_(x[:, step:], t[:, : end - step])
            self._sums += x
            self._targets += t
        self.pairs += len(inputs)

    @torch.no_grad()
    def solve(self) -> ExpressionLayer:
        """Solve Eq. 6 in float64 with all pairs added so far; more may be added afterwards.

        Returns:
            The layer that minimises the regularised loss, in float32.

        Raises:
            ValueError: if no pair was added.
        """
        if self.pairs == 0:
            raise ValueError("no pairs were added")
        layer = ExpressionLayer(self.size, self.channels, self.receptive_field)
        rows = max(1, STRIP_SYSTEMS // (self.size * self.channels))
        for top in range(0, self.size, rows):
            strip = slice(top, min(top + rows, self.size))
            matrix, right = self._systems(strip)
            factor = torch.linalg.cholesky(matrix)
            solution = torch.cholesky_solve(right.unsqueeze(-1), factor).squeeze(-1).float()
            layer.weight[:, :, strip] = solution[..., :-1].movedim(-1, 1)
            layer.bias[:, strip] = solution[..., -1]
        return layer

    def _systems(self, strip: slice) -> tuple[Tensor, Tensor]:
        """Matrices (C, rows, S, r*r+1, r*r+1) and right sides (C, rows, S, r*r+1) of Eq. 6."""
        taps = self._taps()
        maps = dict(zip(self._offsets, self._products, strict=True))
        n, rows = len(taps), strip.stop - strip.start
        shape = (self.channels, rows, self.size)
        matrix = torch.empty(*shape, n + 1, n + 1, dtype=torch.float64)
        right = torch.empty(*shape, n + 1, dtype=torch.float64)

        def at(total: Tensor, tap: tuple[int, int]) -> Tensor:
            y, x = strip.start + tap[0], tap[1]
            image = total.view(self.channels, self._side, self._side)
            return image[:, y : y + rows, x : x + self.size]

        for i, tap in enumerate(taps):
            for j in range(i, n):
                offset = (taps[j][0] - tap[0], taps[j][1] - tap[1])
                matrix[..., i, j] = matrix[..., j, i] = at(maps[offset], tap)
            matrix[..., i, n] = matrix[..., n, i] = at(self._sums, tap)
            right[..., i] = at(self._cross[i], (0, 0))
        matrix[..., n, n] = self.pairs
        right[..., n] = at(self._targets, (0, 0))
        matrix.diagonal(dim1=-2, dim2=-1).add_(self.ridge)
        return matrix, right

    def _taps(self) -> list[tuple[int, int]]:
        """Places in the receptive field, row by row, from its top left."""
        side = range(self.receptive_field)
        return [(y, x) for y in side for x in side]


def _check_receptive_field(receptive_field: int) -> None:
    check_ranges(receptive_field=(receptive_field, 1, MAX_RECEPTIVE_FIELD))
    if receptive_field % 2 == 0:
        raise ValueError(f"the receptive field's side must be odd, not {receptive_field}")
