"""A small executor for the converted face networks.

A converted network is a list of steps ``[operator, inputs, output, options]``, kept as JSON in the
weights file's metadata; values are numbered, and a step's parameters are named after its output
(``"5.weight"``). The operators are those of `OPERATORS`, and each is one function of this module or
of `attention`. Values are (N, C, H, W), kept channels-last in memory.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from faceedit.errors import WeightsError
from faceedit.faces.find import attention
from faceedit.faces.find.graph_shapes import Step, check_steps
from faceedit.ranges import check_ranges
from faceedit.registry import load_checkpoint
from faceedit.untrusted import parse_json


def _activate(x: Tensor, activation: str | None, slope: Tensor | None) -> Tensor:
    if activation == "relu":
        return x.relu_()
    if slope is not None:
        return functional.prelu(x, slope)
    return x


def conv(
    x: Tensor,
    *,
    weight: Tensor,
    bias: Tensor,
    stride: int,
    padding: Sequence[int],
    groups: int,
    activation: str | None = None,
    slope: Tensor | None = None,
) -> Tensor:
    """Convolution with its activation; ``padding`` is (left, right, top, bottom)."""
    left, right, top, bottom = padding
    if left != right or top != bottom:
        # TensorFlow's SAME padding at stride 2 puts the odd pixel at the far side.
        x = functional.pad(x, (left, right, top, bottom))
        left = top = 0
    x = functional.conv2d(x, weight, bias, stride, (top, left), 1, groups)
    return _activate(x, activation, slope)


def add(
    a: Tensor, b: Tensor, *, activation: str | None = None, slope: Tensor | None = None
) -> Tensor:
    """Sum of two values with its activation."""
    return _activate(a + b, activation, slope)


def max_pool(x: Tensor, *, size: int, stride: int) -> Tensor:
    """Largest value of each window."""
    return functional.max_pool2d(x, size, stride)


def pad_channels(x: Tensor, *, count: int) -> Tensor:
    """Append channels of zeros."""
    return functional.pad(x, (0, 0, 0, 0, 0, count))


def concat(*values: Tensor, axis: int) -> Tensor:
    """Join along an axis (after `rows`: 1 is the axis of anchors)."""
    return torch.cat(values, axis)


def resize(x: Tensor, *, size: Sequence[int]) -> Tensor:
    """Bilinear resize between pixel centres at halves."""
    return functional.interpolate(x, tuple(size), mode="bilinear", align_corners=False)


def depth_to_space(x: Tensor, *, block: int) -> Tensor:
    """Spread channels over blocks of pixels.

    The channel order is (row, column, channel); ``pixel_shuffle`` has (channel, row, column).
    """
    n, channels, height, width = x.shape
    kept = channels // block**2
    x = x.reshape(n, block, block, kept, height, width).permute(0, 3, 4, 1, 5, 2)
    return x.reshape(n, kept, height * block, width * block)


def rows(x: Tensor, *, width: int) -> Tensor:
    """(N, C, H, W) to (N, H·W·C / width, width), read pixel by pixel."""
    return x.permute(0, 2, 3, 1).reshape(len(x), -1, width)


OPERATORS: Mapping[str, Callable[..., Tensor]] = {
    "conv": conv,
    "add": add,
    "max_pool": max_pool,
    "pad_channels": pad_channels,
    "concat": concat,
    "resize": resize,
    "depth_to_space": depth_to_space,
    "rows": rows,
    "region": attention.region,
    "sample": attention.sample,
    "to_mesh": attention.to_mesh,
}


@dataclass(frozen=True)
class Call:
    """A step ready to run.

    Attributes:
        operator: takes the inputs; parameters and options are bound.
        inputs: numbers of the values it takes.
        output: number of the value it makes.
        finished: numbers of the values that nobody reads after it.
    """

    operator: Callable[..., Tensor]
    inputs: tuple[int, ...]
    output: int
    finished: tuple[int, ...]


class GraphModule(nn.Module):
    """A network run step by step. Several threads may run it at once.

    Args:
        architecture: ``size`` of the square input, ``range`` of its values, ``input``, named
            ``outputs`` and ``steps``.
        tensors: parameters by name, any float dtype; they are kept in float32.

    Raises:
        WeightsError: a number is out of range, or a step cannot run: it needs an operator, a value
            or a tensor that is not there or does not fit.
    """

    def __init__(self, architecture: Mapping[str, Any], tensors: Mapping[str, Tensor]):
        super().__init__()
        try:
            self._read(architecture)
            unknown = {step.operator for step in self.steps} - set(OPERATORS)
            if unknown:
                raise WeightsError(f"operators of a newer faceedit: {', '.join(sorted(unknown))}")
            shapes = self._keep(tensors)
            check_steps(self.steps, (self.input, self.size), self.outputs, shapes)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise WeightsError(f"this is no architecture of a face network: {error}") from error
        self._calls: dict[frozenset[int], list[Call]] = {}

    def _read(self, architecture: Mapping[str, Any]) -> None:
        low, high = architecture["range"]
        check_ranges(size=(architecture["size"], 16, 512), range=((low, high), -1e3, 1e3))
        self.size: int = architecture["size"]
        self.range = (float(low), float(high))
        self.input = int(architecture["input"])
        self.outputs: dict[str, int] = dict(architecture["outputs"])
        self.steps = [
            Step(name, tuple(inputs), output, options)
            for name, inputs, output, options in architecture["steps"]
        ]

    def _keep(self, tensors: Mapping[str, Tensor]) -> dict[int, dict[str, tuple[int, ...]]]:
        """Register the parameters, and return their shapes by the outputs of their steps."""
        shapes: dict[int, dict[str, tuple[int, ...]]] = {}
        for name, tensor in tensors.items():
            output, kind = name.split(".")
            if kind not in ("weight", "bias", "slope"):
                raise ValueError(f"nothing has a {kind!r}")
            layout = torch.channels_last if tensor.ndim == 4 else torch.contiguous_format
            value = tensor.float().contiguous(memory_format=layout)
            self.register_buffer(_buffer_name(int(output), kind), value)
            shapes.setdefault(int(output), {})[kind] = tuple(tensor.shape)
        self._parameter_names = {output: list(kinds) for output, kinds in shapes.items()}
        return shapes

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> Self:
        """Build from the content of a safetensors file.

        Raises:
            WeightsError: the metadata holds no architecture.
        """
        try:
            architecture = parse_json(metadata["architecture"])
        except (KeyError, ValueError) as error:
            raise WeightsError(f"no architecture in the weights' metadata: {error}") from error
        return cls(architecture, tensors)

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Build from a safetensors file.

        Raises:
            WeightsError: the file is missing or not a converted face network.
        """
        checkpoint = load_checkpoint(path)
        return cls.from_tensors(checkpoint.tensors, checkpoint.metadata)

    @property
    def device(self) -> torch.device:
        """Where the parameters are."""
        return next(self.buffers()).device

    def prepare(self, squares: Sequence[np.ndarray]) -> Tensor:
        """The input for pictures.

        Args:
            squares: (size, size, 3) uint8 RGB each.

        Returns:
            (N, 3, size, size) float32 in `range`, on the network's device.
        """
        low, high = self.range
        batch = torch.from_numpy(np.stack(squares)).to(self.device)
        return batch.permute(0, 3, 1, 2).float() * ((high - low) / 255) + low

    def forward(self, x: Tensor, outputs: Collection[str] | None = None) -> dict[str, Tensor]:
        """Run the network.

        Args:
            x: (N, 3, size, size) float32 in `range`.
            outputs: names of the wanted outputs, all by default; steps that only others need
                are left out.

        Returns:
            The outputs by name.
        """
        names = self.outputs if outputs is None else outputs
        wanted = {name: self.outputs[name] for name in names}
        numbers = frozenset(wanted.values())
        calls = self._calls.get(numbers)
        if calls is None:
            calls = self._calls[numbers] = self._bind(numbers)
        values = {self.input: x.contiguous(memory_format=torch.channels_last)}
        for call in calls:
            values[call.output] = call.operator(*[values[number] for number in call.inputs])
            for number in call.finished:
                del values[number]
        return {name: values[number] for name, number in wanted.items()}

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        # Calls hold the buffers, which a move to another device replaces.
        self._calls = {}
        return super()._apply(fn, recurse)

    def _bind(self, wanted: Collection[int]) -> list[Call]:
        """The steps that some values need, ready to run."""
        needed = set(wanted)
        calls: list[Call] = []
        for step in reversed(self.steps):
            if step.output not in needed:
                continue
            finished = tuple(
                number for number in dict.fromkeys(step.inputs) if number not in needed
            )
            needed.update(finished)
            parameters = {
                kind: getattr(self, _buffer_name(step.output, kind))
                for kind in self._parameter_names.get(step.output, ())
            }
            operator = partial(OPERATORS[step.operator], **parameters, **step.options)
            calls.append(Call(operator, step.inputs, step.output, finished))
        return calls[::-1]


def _buffer_name(output: int, kind: str) -> str:
    return f"value{output}_{kind}"
