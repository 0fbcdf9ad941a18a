"""A reader of the few tables of a TensorFlow Lite file that a conversion needs.

A tflite file is a FlatBuffer: a table points at a vtable that says where its fields lie. Field
numbers are those of TensorFlow's ``schema.fbs``; options of custom operators are FlexBuffers.
"""

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

DTYPES = {0: np.float32, 1: np.float16, 2: np.int32}
OPERATORS = {
    0: "ADD",
    2: "CONCATENATION",
    3: "CONV_2D",
    4: "DEPTHWISE_CONV_2D",
    5: "DEPTH_TO_SPACE",
    6: "DEQUANTIZE",
    17: "MAX_POOL_2D",
    18: "MUL",
    19: "RELU",
    22: "RESHAPE",
    23: "RESIZE_BILINEAR",
    34: "PAD",
    45: "STRIDED_SLICE",
    54: "PRELU",
    124: "DENSIFY",
}
CUSTOM = 32
SPARSE_INDEX_DTYPES = {1: np.int32, 2: np.uint16, 3: np.uint8}


class Table:
    """One FlatBuffer table, read field by field."""

    def __init__(self, data: bytes, position: int):
        self.data = data
        self.position = position
        self.vtable = position - struct.unpack_from("<i", data, position)[0]
        self.vtable_size = struct.unpack_from("<H", data, self.vtable)[0]

    def _field(self, index: int) -> int | None:
        entry = 4 + 2 * index
        if entry >= self.vtable_size:
            return None
        offset = struct.unpack_from("<H", self.data, self.vtable + entry)[0]
        return self.position + offset if offset else None

    def _target(self, index: int) -> int | None:
        field = self._field(index)
        if field is None:
            return None
        return field + struct.unpack_from("<I", self.data, field)[0]

    def integer(self, index: int, default: int = 0) -> int:
        """A 32-bit integer field."""
        field = self._field(index)
        return default if field is None else struct.unpack_from("<i", self.data, field)[0]

    def byte(self, index: int, default: int = 0) -> int:
        """An 8-bit integer field (enums and booleans)."""
        field = self._field(index)
        return default if field is None else struct.unpack_from("<b", self.data, field)[0]

    def table(self, index: int) -> "Table | None":
        """A field that is a table."""
        target = self._target(index)
        return None if target is None else Table(self.data, target)

    def tables(self, index: int) -> list["Table"]:
        """A field that is a vector of tables."""
        target = self._target(index)
        if target is None:
            return []
        (count,) = struct.unpack_from("<I", self.data, target)
        starts = [target + 4 + 4 * i for i in range(count)]
        return [Table(self.data, p + struct.unpack_from("<I", self.data, p)[0]) for p in starts]

    def array(self, index: int, dtype: Any = np.int32) -> np.ndarray:
        """A field that is a vector of numbers; empty where the field is absent."""
        target = self._target(index)
        if target is None:
            return np.zeros(0, dtype)
        (count,) = struct.unpack_from("<I", self.data, target)
        return np.frombuffer(self.data, dtype, count, target + 4)

    def text(self, index: int) -> str:
        """A string field."""
        return self.array(index, np.uint8).tobytes().decode()


@dataclass(frozen=True)
class Operator:
    """One operator of the graph: its name, tensor numbers, and options."""

    name: str
    inputs: list[int]
    outputs: list[int]
    options: Table | None
    custom: dict[str, Any]


@dataclass(frozen=True)
class Model:
    """A single-subgraph tflite model.

    Attributes:
        constants: tensor number to value; half precision where the file says so, sparse ones dense.
        shapes: tensor number to shape, NHWC.
        names: tensor number to name.
    """

    operators: list[Operator]
    constants: dict[int, np.ndarray]
    shapes: dict[int, list[int]]
    names: dict[int, str]
    inputs: list[int]
    outputs: list[int]


def read_model(data: bytes) -> Model:
    """Read a tflite file.

    Args:
        data: the file.

    Raises:
        ValueError: it is not a tflite file.
    """
    if data[4:8] != b"TFL3":
        raise ValueError("not a TensorFlow Lite file")
    root = Table(data, struct.unpack_from("<I", data, 0)[0])
    codes = [_operator_name(code) for code in root.tables(1)]
    (graph,) = root.tables(2)
    buffers = root.tables(4)
    tensors = graph.tables(0)
    constants = {}
    for number, tensor in enumerate(tensors):
        raw = buffers[tensor.integer(2)].array(0, np.uint8)
        if raw.size:
            values = np.frombuffer(raw.tobytes(), DTYPES[tensor.byte(1)])
            sparsity = tensor.table(6)
            shape = tensor.array(0).tolist()
            constants[number] = _dense(values, shape, sparsity) if sparsity else values
            constants[number] = constants[number].reshape(shape)
    return Model(
        operators=[
            Operator(
                name=codes[operator.integer(0)],
                inputs=operator.array(1).tolist(),
                outputs=operator.array(2).tolist(),
                options=operator.table(4),
                custom=read_flexbuffer(operator.array(5, np.uint8).tobytes()),
            )
            for operator in graph.tables(3)
        ],
        constants=constants,
        shapes={number: tensor.array(0).tolist() for number, tensor in enumerate(tensors)},
        names={number: tensor.text(3) for number, tensor in enumerate(tensors)},
        inputs=graph.array(1).tolist(),
        outputs=graph.array(2).tolist(),
    )


def _operator_name(code: Table) -> str:
    # The wide field superseded the narrow one; files of either age fill one of them.
    number = code.integer(3) or code.byte(0)
    return code.text(1) if number == CUSTOM else OPERATORS[number]


def _dense(values: np.ndarray, shape: list[int], sparsity: Table) -> np.ndarray:
    order = sparsity.array(0).tolist()
    if order != list(range(len(shape))) or sparsity.array(1).size:
        raise ValueError("only unblocked sparse tensors in their own order of axes are known")
    levels: list[tuple[np.ndarray, np.ndarray] | int] = []
    for level in sparsity.tables(2):
        if level.byte(0) == 0:
            levels.append(level.integer(1))
            continue
        segments, indices = level.table(3), level.table(5)
        assert segments is not None and indices is not None
        levels.append(
            (
                segments.array(0, SPARSE_INDEX_DTYPES[level.byte(2)]),
                indices.array(0, SPARSE_INDEX_DTYPES[level.byte(4)]),
            )
        )
    return densify(values, shape, levels)


def densify(
    values: np.ndarray, shape: list[int], levels: list[tuple[np.ndarray, np.ndarray] | int]
) -> np.ndarray:
    """Lay sparse values out in a dense array.

    Args:
        values: the stored values, in order.
        shape: of the result.
        levels: one per axis: its size where the axis is stored whole, else (segments, indices)
            of compressed sparse rows.

    Returns:
        Array of ``shape`` and the dtype of ``values``.
    """
    out = np.zeros(shape, values.dtype)

    def walk(axis: int, at: int, where: tuple[int, ...]) -> None:
        if axis == len(levels):
            out[where] = values[at]
            return
        level = levels[axis]
        if isinstance(level, int):
            for i in range(level):
                walk(axis + 1, at * level + i, (*where, i))
            return
        segments, indices = level
        for k in range(int(segments[at]), int(segments[at + 1])):
            walk(axis + 1, k, (*where, int(indices[k])))

    walk(0, 0, ())
    return out


def read_flexbuffer(data: bytes) -> dict[str, Any]:
    """Read a FlexBuffer map of numbers and vectors of integers; empty for anything else.

    Args:
        data: the buffer; its last two bytes are the root's type and width.
    """
    if len(data) < 3 or data[-2] >> 2 != 9:
        return {}
    return _flex_value(data, len(data) - 2 - data[-1], data[-1], data[-2])


def _flex_int(data: bytes, at: int, width: int) -> int:
    return int.from_bytes(data[at : at + width], "little")


def _flex_value(data: bytes, at: int, parent_width: int, packed: int) -> Any:
    kind, width = packed >> 2, 1 << (packed & 3)
    if kind in (1, 2):
        return _flex_int(data, at, parent_width)
    if kind == 3:
        return struct.unpack_from({4: "<f", 8: "<d"}[parent_width], data, at)[0]
    start = at - _flex_int(data, at, parent_width)
    size = _flex_int(data, start - width, width)
    if kind == 11:
        return [_flex_int(data, start + i * width, width) for i in range(size)]
    if kind != 9:
        raise ValueError(f"FlexBuffer type {kind} is not known here")
    keys_at = start - 3 * width
    keys = keys_at - _flex_int(data, keys_at, width)
    key_width = _flex_int(data, start - 2 * width, width)
    result = {}
    for i in range(size):
        slot = keys + i * key_width
        text = slot - _flex_int(data, slot, key_width)
        name = data[text : data.index(0, text)].decode()
        packed_type = data[start + size * width + i]
        result[name] = _flex_value(data, start + i * width, width, packed_type)
    return result
