"""The shapes of all values of a converted network, so that one that cannot run is refused at once.

Shapes are without the batch: (C, H, W) of pictures, (K, n) after the operator `rows`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from faceedit.ranges import check_ranges

MAX_STEPS = 2000
MAX_CELLS = 1 << 26
"""Numbers in all values of a network together: 256 MB. The mesh has 5 million."""
MAX_POINTS = 478

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Step:
    """One operator applied to values already there."""

    operator: str
    inputs: tuple[int, ...]
    output: int
    options: Mapping[str, Any]


@dataclass(frozen=True)
class _Given:
    """What an operator works on: shapes of its inputs and parameters, and its options."""

    inputs: Sequence[Shape]
    parameters: Mapping[str, Shape]
    options: Mapping[str, Any]

    def picture(self, number: int = 0) -> Shape:
        """Return the (C, H, W) of an input."""
        return self._of(number, 3)

    def rows(self, number: int = 0) -> Shape:
        """Return the (K, n) of an input."""
        return self._of(number, 2)

    def _of(self, number: int, length: int) -> Shape:
        if len(self.inputs[number]) != length:
            raise ValueError(f"its input has {len(self.inputs[number])} axes, not {length}")
        return self.inputs[number]

    def take(self, **ranges: tuple[float, float]) -> list[Any]:
        """Return options, each checked against its range; there must be no others."""
        if set(self.options) - {"activation"} != set(ranges):
            raise ValueError(f"its options are {', '.join(map(str, self.options))}")
        check_ranges(**{name: (self.options[name], *ends) for name, ends in ranges.items()})
        return [self.options[name] for name in ranges]

    def activated(self, shape: Shape) -> Shape:
        """Return a shape whose activation can be computed."""
        activation = self.options.get("activation")
        if activation not in (None, "relu", "prelu"):
            raise ValueError(f"there is no activation {activation!r}")
        if activation == "prelu" and self.parameters.get("slope") not in (shape[:1], (1,)):
            raise ValueError("its slope does not fit")
        return shape


def check_steps(
    steps: Sequence[Step],
    first: tuple[int, int],
    outputs: Mapping[str, int],
    parameters: Mapping[int, Mapping[str, Shape]],
) -> None:
    """Check that a network can run, and in how much memory.

    Args:
        steps: in order.
        first: number of the network's input, and its side in pixels.
        outputs: numbers of values by name.
        parameters: shapes of the tensors of each step by its output.

    Raises:
        ValueError: a step lacks what it needs or makes too much of it; it is named.
    """
    if len(steps) > MAX_STEPS:
        raise ValueError(f"it has {len(steps)} steps where {MAX_STEPS} are allowed")
    number, side = first
    shapes: dict[int, Shape] = {number: (3, side, side)}
    cells = 0
    for at, step in enumerate(steps):
        try:
            if step.output in shapes:
                raise ValueError("its output is there already")
            inputs = [shapes[one] for one in step.inputs]
            given = _Given(inputs, parameters.get(step.output, {}), step.options)
            shape = SHAPES[step.operator](given)
            if any(length < 1 for length in shape):
                raise ValueError(f"it leaves nothing: {shape}")
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise ValueError(f"step {at} ({step.operator}) cannot run: {error}") from error
        shapes[step.output] = shape
        cells += prod(shape)
        if cells > MAX_CELLS:
            raise ValueError(f"step {at} ({step.operator}) needs more memory than is allowed")
    if lost := [name for name, number in outputs.items() if number not in shapes]:
        raise ValueError(f"no step makes the output {', '.join(lost)}")


def _conv(given: _Given) -> Shape:
    channels, height, width = given.picture()
    stride, padding, groups = given.take(stride=(1, 8), padding=(0, 16), groups=(1, 4096))
    left, right, top, bottom = padding
    outer, inner, rows, columns = given.parameters["weight"]
    if inner * groups != channels or outer % groups or given.parameters["bias"] != (outer,):
        raise ValueError(f"its weights are not for {channels} channels")
    down = (height + top + bottom - rows) // stride + 1
    across = (width + left + right - columns) // stride + 1
    return given.activated((outer, down, across))


def _add(given: _Given) -> Shape:
    first, second = given.inputs
    given.take()
    if first != second:
        raise ValueError(f"{first} and {second} cannot be added")
    return given.activated(first)


def _max_pool(given: _Given) -> Shape:
    channels, height, width = given.picture()
    size, stride = given.take(size=(1, 8), stride=(1, 8))
    return channels, (height - size) // stride + 1, (width - size) // stride + 1


def _pad_channels(given: _Given) -> Shape:
    channels, height, width = given.picture()
    (count,) = given.take(count=(1, 4096))
    return channels + count, height, width


def _concat(given: _Given) -> Shape:
    (axis,) = given.take(axis=(1, 3))
    first = given.inputs[0]
    others = {shape[: axis - 1] + shape[axis:] for shape in given.inputs}
    if axis > len(first) or len(others) != 1:
        raise ValueError("its inputs cannot be joined")
    length = sum(shape[axis - 1] for shape in given.inputs)
    return (*first[: axis - 1], length, *first[axis:])


def _resize(given: _Given) -> Shape:
    (size,) = given.take(size=(1, 512))
    height, width = size
    return given.picture()[0], height, width


def _depth_to_space(given: _Given) -> Shape:
    channels, height, width = given.picture()
    (block,) = given.take(block=(1, 8))
    if channels % block**2:
        raise ValueError(f"{channels} channels do not fill blocks of {block}")
    return channels // block**2, height * block, width * block


def _rows(given: _Given) -> Shape:
    cells = prod(given.picture())
    (width,) = given.take(width=(1, 4096))
    if cells % width:
        raise ValueError(f"{cells} numbers are no rows of {width}")
    return cells // width, width


def _region(given: _Given) -> Shape:
    count, _ = given.rows()
    points = given.options["points"]
    few = {name: value for name, value in given.options.items() if name != "points"}
    last = count - 1
    _Given((), {}, few).take(
        left=(0, last), right=(0, last), margin=(0.1, 10.0), size=(1, 256), scale=(1e-3, 1e3)
    )
    if not isinstance(points, list) or not 1 <= len(points) <= MAX_POINTS:
        raise ValueError(f"points are a list of 1 to {MAX_POINTS} numbers")
    for point in points:
        check_ranges(points=(point, 0, last))
    return 2, 3


def _sample(given: _Given) -> Shape:
    channels, height, width = given.picture()
    (size,) = given.take(size=(1, 256))
    if min(height, width) < 2 or given.rows(1) != (2, 3):
        raise ValueError("there is nothing to sample")
    return channels, size, size


def _to_mesh(given: _Given) -> Shape:
    count, two = given.rows()
    given.take(scale=(1e-3, 1e3))
    if two != 2 or given.rows(1) != (2, 3):
        raise ValueError("it maps points in two dimensions by a region")
    return count, two


SHAPES: Mapping[str, Callable[[_Given], Shape]] = {
    "conv": _conv,
    "add": _add,
    "max_pool": _max_pool,
    "pad_channels": _pad_channels,
    "concat": _concat,
    "resize": _resize,
    "depth_to_space": _depth_to_space,
    "rows": _rows,
    "region": _region,
    "sample": _sample,
    "to_mesh": _to_mesh,
}
"""What each operator of `graph.OPERATORS` makes."""
