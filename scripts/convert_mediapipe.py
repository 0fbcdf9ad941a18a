"""Convert MediaPipe's face networks from its PyPI wheel to safetensors.

    python scripts/convert_mediapipe.py mediapipe-0.10.21-cp311-...whl weights/

Needs numpy and safetensors. The weights are stored in half precision in the wheel and stay so, bit
for bit. The graph goes into the metadata as the list of steps that `faceedit.faces.find.graph`
runs: constants are folded, activations and paddings are joined to the operator they belong to,
and operators that do nothing are dropped. safetensors orders a file's metadata anew in every run,
so a file's own sha256 differs between runs while its content does not.
"""

import argparse
import hashlib
import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file
from tflite import Model, Operator, Table, read_model

ACTIVATIONS = {0: None, 1: "relu"}
SAME = 0


@dataclass(frozen=True)
class Network:
    """What to convert, and what the file cannot say about itself."""

    profile: str
    member: str
    size: int
    value_range: tuple[float, float]
    outputs: dict[str, str]


NETWORKS = (
    Network(
        profile="blazeface-short",
        member="mediapipe/modules/face_detection/face_detection_short_range.tflite",
        size=128,
        value_range=(-1.0, 1.0),
        outputs={"boxes": "regressors", "scores": "classificators"},
    ),
    Network(
        profile="blazeface-full",
        member="mediapipe/modules/face_detection/face_detection_full_range_sparse.tflite",
        size=192,
        value_range=(-1.0, 1.0),
        outputs={"boxes": "Identity", "scores": "Identity_1"},
    ),
    Network(
        profile="attention-mesh",
        member="mediapipe/modules/face_landmark/face_landmark_with_attention.tflite",
        size=192,
        value_range=(0.0, 1.0),
        outputs={
            "mesh": "output_mesh_identity",
            "lips": "output_lips",
            "left_eye": "output_left_eye",
            "right_eye": "output_right_eye",
            "left_iris": "output_left_iris",
            "right_iris": "output_right_iris",
            "presence": "conv_faceflag",
        },
    ),
)


@dataclass
class Step:
    """One step of the converted graph; ``faceedit.faces.find.graph`` documents the operators."""

    op: str
    inputs: list[int]
    output: int
    options: dict[str, Any] = field(default_factory=dict)
    tensors: dict[str, np.ndarray] = field(default_factory=dict)


class Converter:
    """Turns tflite operators into steps, folding what needs no step of its own."""

    def __init__(self, model: Model):
        self.model = model
        self.constants = dict(model.constants)
        self.steps: list[Step] = []
        self.same: dict[int, int] = {}
        self.pads: dict[int, tuple[int, list[int]]] = {}
        self.scales: dict[int, tuple[int, float]] = {}
        self.uses: dict[int, int] = {}
        for number in [i for op in model.operators for i in op.inputs] + model.outputs:
            self.uses[number] = self.uses.get(number, 0) + 1

    def run(self) -> list[Step]:
        """All steps, in order."""
        for operator in self.model.operators:
            getattr(self, f"_{operator.name.lower()}")(operator)
        return self.steps

    def value(self, number: int) -> int:
        """The value a tensor number stands for, past operators that do nothing."""
        while number in self.same:
            number = self.same[number]
        return number

    def _emit(self, op: str, operator: Operator, inputs: int = 1, **options: Any) -> Step:
        kept = {key: value for key, value in options.items() if value is not None}
        numbers = [self.value(number) for number in operator.inputs[:inputs]]
        step = Step(op, numbers, operator.outputs[0], kept)
        self.steps.append(step)
        return step

    def _constant_moves_on(self, operator: Operator) -> None:
        self.constants[operator.outputs[0]] = self.constants[operator.inputs[0]]

    # DENSIFY's work is done by the reader.
    _densify = _constant_moves_on
    _dequantize = _constant_moves_on

    def _conv_2d(self, operator: Operator) -> None:
        weight = self.constants[operator.inputs[1]].transpose(0, 3, 1, 2)
        self._convolution(operator, weight, groups=1, activation=3)

    def _depthwise_conv_2d(self, operator: Operator) -> None:
        weight = self.constants[operator.inputs[1]].transpose(3, 0, 1, 2)
        self._convolution(operator, weight, groups=weight.shape[0], activation=4)

    def _convolution(
        self, operator: Operator, weight: np.ndarray, groups: int, activation: int
    ) -> None:
        source = self.value(operator.inputs[0])
        stride, padding = _window(operator, self.model.shapes[source], weight.shape[-1])
        if source in self.pads:
            source, padding = self.pads[source]
        step = self._emit(
            "conv",
            operator,
            stride=stride,
            padding=padding,
            groups=groups,
            activation=ACTIVATIONS[_options(operator).byte(activation)],
        )
        step.inputs = [source]
        bias = self.constants[operator.inputs[2]]
        assert weight.dtype == bias.dtype == np.float16
        step.tensors = {"weight": weight, "bias": bias}

    def _max_pool_2d(self, operator: Operator) -> None:
        size = _options(operator).integer(3)
        stride, padding = _window(operator, self.model.shapes[operator.inputs[0]], size)
        assert not any(padding)
        self._emit("max_pool", operator, size=size, stride=stride)

    def _pad(self, operator: Operator) -> None:
        batch, rows, columns, channels = self.constants[operator.inputs[1]].tolist()
        assert batch == [0, 0]
        if any(channels):
            assert not any(rows + columns + channels[:1])
            self._emit("pad_channels", operator, count=channels[1])
        else:
            # Only convolutions follow these; they pad by themselves.
            self.pads[operator.outputs[0]] = (self.value(operator.inputs[0]), columns + rows)

    def _add(self, operator: Operator) -> None:
        options = operator.options
        activation = ACTIVATIONS[options.byte(0) if options else 0]
        self._emit("add", operator, inputs=2, activation=activation)

    def _relu(self, operator: Operator) -> None:
        self._activation(operator, "relu")

    def _prelu(self, operator: Operator) -> None:
        step = self._activation(operator, "prelu")
        step.tensors["slope"] = self.constants[operator.inputs[1]].reshape(-1)

    def _activation(self, operator: Operator, name: str) -> Step:
        source = operator.inputs[0]
        for step in reversed(self.steps):
            joins = step.op in ("conv", "add") and "activation" not in step.options
            if step.output == source and joins and self.uses[source] == 1:
                step.output = operator.outputs[0]
                step.options["activation"] = name
                return step
        return self._emit(name, operator)

    def _concatenation(self, operator: Operator) -> None:
        self._emit(
            "concat", operator, inputs=len(operator.inputs), axis=_options(operator).integer(0)
        )

    def _resize_bilinear(self, operator: Operator) -> None:
        options = _options(operator)
        assert options.byte(3) and not options.byte(2)
        self._emit("resize", operator, size=self.constants[operator.inputs[1]].tolist())

    def _depth_to_space(self, operator: Operator) -> None:
        self._emit("depth_to_space", operator, block=_options(operator).integer(0))

    def _reshape(self, operator: Operator) -> None:
        shape = self.model.shapes[operator.outputs[0]]
        if len(self.model.shapes[operator.inputs[0]]) == 4:
            self._emit("rows", operator, width=shape[-1])
        else:
            self.same[operator.outputs[0]] = operator.inputs[0]

    def _strided_slice(self, operator: Operator) -> None:
        begin, end, strides = (self.constants[number].tolist() for number in operator.inputs[1:])
        assert end == self.model.shapes[operator.inputs[0]]
        assert not any(begin) and set(strides) == {1}
        self.same[operator.outputs[0]] = operator.inputs[0]

    def _mul(self, operator: Operator) -> None:
        factor = self.constants[operator.inputs[1]].astype(np.float32)
        if factor.shape == (1, 4, 4):
            # Scales a matrix between grids: its shift by s, nothing else that is read.
            scale = float(factor[0, 0, 3])
            assert (factor[0, :2] == [1, 1, scale, scale]).all()
        else:
            scale = factor.item()
        self.scales[operator.outputs[0]] = (self.value(operator.inputs[0]), scale)

    def _landmarks2transformmatrix(self, operator: Operator) -> None:
        custom = operator.custom
        assert custom["output_width"] == custom["output_height"]
        assert custom["scale_x"] == custom["scale_y"]
        assert custom["target_rotation_radians"] == 0
        source, scale = self.scales[operator.inputs[0]]
        step = self._emit(
            "region",
            operator,
            points=custom["subset_idxs"],
            left=custom["left_rotation_idx"],
            right=custom["right_rotation_idx"],
            margin=custom["scale_x"],
            size=custom["output_width"],
            scale=scale,
        )
        step.inputs = [source]

    def _transformtensorbilinear(self, operator: Operator) -> None:
        self._emit("sample", operator, inputs=2, size=operator.custom["output_width"])

    def _transformlandmarks(self, operator: Operator) -> None:
        matrix, scale = self.scales[operator.inputs[1]]
        step = self._emit("to_mesh", operator, scale=scale)
        step.inputs = [self.value(operator.inputs[0]), matrix]


def _options(operator: Operator) -> Table:
    assert operator.options is not None
    return operator.options


def _window(operator: Operator, shape: list[int], size: int) -> tuple[int, list[int]]:
    """Stride and padding (left, right, top, bottom) of a convolution or pool."""
    options = _options(operator)
    stride = options.integer(1)
    assert stride == options.integer(2)
    if options.byte(0) != SAME:
        return stride, [0, 0, 0, 0]
    padding = []
    for length in (shape[2], shape[1]):
        total = max((-(-length // stride) - 1) * stride + size - length, 0)
        padding += [total // 2, total - total // 2]
    return stride, padding


def convert(network: Network, data: bytes, source: str) -> tuple[dict[str, Any], dict[str, str]]:
    """Tensors and metadata of one converted network.

    Args:
        network: which.
        data: its tflite file.
        source: where the file is from.
    """
    model = read_model(data)
    converter = Converter(model)
    steps = converter.run()
    numbers = {model.names[number]: converter.value(number) for number in model.outputs}
    architecture = {
        "size": network.size,
        "range": network.value_range,
        "input": model.inputs[0],
        "outputs": {name: numbers[theirs] for name, theirs in network.outputs.items()},
        "steps": [[step.op, step.inputs, step.output, step.options] for step in steps],
    }
    tensors = {
        f"{step.output}.{name}": np.ascontiguousarray(tensor)
        for step in steps
        for name, tensor in step.tensors.items()
    }
    metadata = {
        "method": "faces",
        "profile": network.profile,
        "architecture": json.dumps(architecture, separators=(",", ":")),
        "source": source,
        "source_sha256": hashlib.sha256(data).hexdigest(),
        "licence": "Apache-2.0",
        "copyright": "The MediaPipe Authors",
    }
    return tensors, metadata


def main() -> None:
    """Convert every network of a wheel."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("out_dir", type=Path)
    arguments = parser.parse_args()
    arguments.out_dir.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(arguments.wheel) as wheel:
        for network in NETWORKS:
            data = wheel.read(network.member)
            source = f"{arguments.wheel.name}:{network.member}"
            tensors, metadata = convert(network, data, source)
            target = arguments.out_dir / f"{network.profile}.safetensors"
            save_file(tensors, target, metadata)
            # safetensors lets only the owner read; what is packaged is for everybody.
            target.chmod(0o644)
            count = sum(tensor.size for tensor in tensors.values())
            digest = hashlib.sha256(target.read_bytes()).hexdigest()
            print(f"{target}: {count} numbers, {target.stat().st_size} bytes, sha256 {digest}")


if __name__ == "__main__":
    main()
