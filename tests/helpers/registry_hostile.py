"""Weights, cards and settings as an attacker would write them; also for scripts that attack.

Nothing here is dangerous to write: files are small, or sparse, or links.
"""

import hashlib
import json
import os
import struct
from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np

CARD = """
[checkpoints.{name}]
method = "{method}"
profile = "{profile}"
file = "{file}"
sha256 = "{sha256}"
size = {size}
crop_size = 256
head = "none"
data = "made up"
licence = "CC0"
{more}
"""
"""A card that fits whatever file it is for: hashes protect nobody from who writes them."""

_DTYPES = {"float16": "F16", "float32": "F32", "float64": "F64", "int64": "I64", "uint8": "U8"}


def raw(header: bytes, data: bytes = b"", length: int | None = None) -> bytes:
    """A safetensors file of any header, or one that claims another length."""
    return struct.pack("<Q", len(header) if length is None else length) + header + data


def safetensors(
    tensors: Mapping[str, np.ndarray],
    architecture: Any,
    method: str = "reggan",
    profile: str = "fast",
    dtype: str | None = None,
) -> bytes:
    """A file that names what it is; an architecture that is text stands there as it is.

    ``dtype`` is written for the numbers instead of their own, bf16 for example.
    """
    about = architecture if isinstance(architecture, str) else json.dumps(architecture)
    header: dict[str, Any] = {
        "__metadata__": {"method": method, "profile": profile, "architecture": about}
    }
    data = b""
    for name, values in tensors.items():
        held = values.tobytes()
        header[name] = {
            "dtype": dtype or _DTYPES[str(values.dtype)],
            "shape": list(values.shape),
            "data_offsets": [len(data), len(data) + len(held)],
        }
        data += held
    return raw(json.dumps(header).encode(), data)


def write_card(folder: Path, file: Path, method: str, profile: str, more: str = "") -> None:
    """Add a card to a folder's registry that fits a file as it is."""
    data = file.read_bytes()
    with (folder / "registry.toml").open("a") as registry:
        registry.write(
            CARD.format(
                name=file.stem,
                method=method,
                profile=profile,
                file=file.name,
                sha256=hashlib.sha256(data).hexdigest(),
                size=len(data),
                more=more,
            )
        )


def spoilt(source: Path, target: Path, change: Callable[[dict[str, Any], dict], None]) -> Path:
    """Write a copy of a checkpoint after ``change(tensors, architecture)``, in torch's tensors."""
    from faceedit.registry import load_checkpoint, write_checkpoint

    checkpoint = load_checkpoint(source)
    tensors, architecture = dict(checkpoint.tensors), deepcopy(checkpoint.architecture)
    change(tensors, architecture)
    write_checkpoint(
        target,
        tensors,
        method=checkpoint.method,
        profile=checkpoint.profile,
        architecture=architecture,
    )
    return target


def fill(start: str, value: float, single: bool = False) -> Callable[[dict[str, Any], dict], None]:
    """For `spoilt`: set the tensors whose names begin so, or one number of each."""

    def change(tensors: dict[str, Any], architecture: dict) -> None:
        found = [k for k, v in tensors.items() if k.startswith(start) and v.is_floating_point()]
        assert found, start
        for name in found:
            tensors[name] = tensors[name].float()
            (tensors[name].view(-1)[:1] if single else tensors[name]).fill_(value)

    return change


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _link(to: str) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(to)


def _sparse(size: int) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with path.open("wb") as file:
            file.truncate(size)

    return write


NO_FILES: dict[str, Callable[[Path], None]] = {
    "a pipe": _fifo,
    "a link to /dev/zero": _link("/dev/zero"),
    "a link to /dev/tty": _link("/dev/tty"),
    "a folder": Path.mkdir,
    "three sparse gigabytes": _sparse(3 << 30),
}
"""What may lie where a card, a registry or a checkpoint is looked for; each writes itself."""


def _with(**metadata: str) -> bytes:
    about = {"method": "reggan", "profile": "fast", "architecture": "{}", **metadata}
    return raw(json.dumps({"__metadata__": about}).encode())


def _tensor(**said: Any) -> bytes:
    about = {"method": "reggan", "profile": "fast", "architecture": "{}"}
    tensor = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4], **said}
    return raw(json.dumps({"__metadata__": about, "w": tensor}).encode(), bytes(4))


DAMAGED: dict[str, bytes] = {
    "header of 2^63 bytes": raw(b"{}", length=1 << 63),
    "header of 5 MB": raw(b"{}" + b" " * 5_000_000),
    "deep header": raw(b'{"a":' * 100_000),
    "deep lists": raw(b'{"a":' + b"[" * 900 + b"]" * 900 + b"}"),
    "NaN in the header": raw(b'{"__metadata__":{"method":"a"},"w":{"data_offsets":[0,NaN]}}'),
    "infinity in the header": raw(b'{"w":{"data_offsets":[0,1e999]}}'),
    "number of 100,000 digits": raw(b'{"w":{"data_offsets":[0,' + b"9" * 100_000 + b"]}}"),
    "deep architecture": _with(architecture='{"a":' + "[" * 90_000 + "]" * 90_000 + "}"),
    "NaN in the architecture": _with(architecture='{"components": NaN}'),
    "1e999 in the architecture": _with(architecture='{"components": 1e999}'),
    "escapes in the method": _with(method="reg\x1b]0;owned\x07gan"),
    "method of a megabyte": _with(method="r" * 1_000_000),
    "negative offset": _tensor(data_offsets=[0, -4]),
    "offsets that go back": _tensor(data_offsets=[4, 0]),
    "overflowing shape": _tensor(shape=[1 << 62, 1 << 62]),
    "shape of text": _tensor(shape=["a"]),
    "unknown numbers": _tensor(dtype="F7"),
}
"""Files that are no checkpoints, by what is wrong with them."""

BIT_PATTERNS: dict[str, tuple[str, bytes]] = {
    "half NaN": ("F16", b"\x00\x7e"),
    "half infinity": ("F16", b"\x00\x7c"),
    "half minus infinity": ("F16", b"\x00\xfc"),
    "bf16 infinity": ("BF16", b"\x80\x7f"),
    "float NaN": ("F32", b"\x00\x00\xc0\x7f"),
    "float infinity": ("F32", b"\x00\x00\x80\x7f"),
    "double beyond floats": ("F64", struct.pack("<d", 1e300)),
    "complex numbers": ("C64", bytes(8)),
    "numbers of 8 bits": ("F8_E4M3", b"\x7f"),
}
"""Numbers that no network computes with: their kind in a file, and their bytes."""


def not_finite(kind: str, pattern: bytes, count: int = 8) -> bytes:
    """A sound file but for its last number, in a tensor called ``spoilt``."""
    zeros = bytes(len(pattern) * (count - 1))
    data = zeros + pattern
    header = {
        "__metadata__": {"method": "reggan", "profile": "fast", "architecture": "{}"},
        "spoilt": {"dtype": kind, "shape": [count], "data_offsets": [0, len(data)]},
    }
    return raw(json.dumps(header).encode(), data)


REFINEMENT: dict[str, tuple[Any, ...]] = {
    "latent_blocks": (200_000, -1, 1.5, True, "ten"),
    "stem_channels": (10**9, 0, -32),
    "in_channels": (10**9, -1),
    "out_channels": (10**9, -1),
    "widths": ([10**9, 80, 96], [64, 80], [64, 80, -96], [64] * 1000, [64, 80, 96.5]),
    "hourglass_depth": (10**6, 0, -1),
    "hourglass_channels": (10**9, 0),
    "norm": ("x" * 10, 3),
    "attention_map": ("none",),
    "activation": ("relu",),
    "skips": ("yes",),
}
"""Values that no refinement network of RegGAN has, by its fields."""
GENERATOR: dict[str, tuple[Any, ...]] = {
    "components": (10**9, 0, -1, 1.5, "many"),
    "field": (10**6, 4, -5, 0),
    "refinement": (None, [], "x", {}),
}
"""The same of the ``fast`` profile's own fields."""
PAPER: dict[str, tuple[Any, ...]] = {
    "size": (10**7, 0, -8, 129, 64.0),
    "field": (10**6, 4, -5),
    "targets": (["happy"] * 9, ["smug"], ["happy", "happy"], 7),
}
"""The same of the ``paper`` profile's."""
RECOGNISERS: dict[str, dict[str, tuple[Any, ...]]] = {
    "expression": {
        "widths": ([10**9] * 4, [], [16, -32, 96, 192], [16] * 1000),
        "size": (10**7, 0, -96, 96.5),
        "dropout": (2.0, -1.0),
    },
    "appearance": {
        "size": (10**7, 0, -128, 100),
        "looks_size": (10**7, 0, 50),
        "parser_widths": ([10**9] * 4, [16, 32]),
        "inner": ([10**9] * 3, [-1] * 3),
        "widths": ([10**9] * 4, [0] * 4),
        "zone_width": (10**9, -1),
        "dropout": (2.0,),
    },
    "identity": {
        "dimensions": (10**12, -2),
        "widths": ([10**9, 96], [64]),
        "levels": (40, 0),
        "grid": (10**6, 0, 13),
        "dropout": (1.5,),
    },
    "naturalness": {
        "width": (10**9, 0),
        "widest": (10**12, -1),
        "features": (10**12, 0),
        "masked": ("no", 3),
    },
}
"""The same of each recogniser's."""

TOML: dict[str, bytes] = {
    "deep lists": b"a = " + b"[" * 50_000 + b"]" * 50_000,
    "lists of 100 levels": b"a = " + b"[" * 100 + b"]" * 100,
    "deep tables": b"a = " + b"{b=" * 5_000 + b"1" + b"}" * 5_000,
    "key of 200,000 parts": b"a." * 200_000 + b"a = 1",
    "key of 100 parts": b"a." * 100 + b"a = 1",
    "table of 100,000 parts": b"[" + b"a." * 100_000 + b"a]",
    "not a number": b"a = nan",
    "infinity": b"a = -inf",
    "number of 100,000 digits": b"a = " + b"9" * 100_000,
    "two megabytes": b"# " + b"x" * 2_000_000,
    "no text": b"a = '\xff\xfe'",
    "NUL": b"a = '\x00'",
}
"""Settings that are refused whoever reads them."""

ESCAPES = "\x1b]0;owned\x07\x1b[31m\x9b2J\r\u202egnp.exe\u200b\u2066\udcff\x08\x7f"
"""What a terminal would obey, what turns text round, and what cannot be seen."""


def _of(operator: str, **options: Any) -> Callable[[dict], object]:
    """Change the options of the first step of a kind."""

    def change(architecture: dict) -> None:
        next(step for step in architecture["steps"] if step[0] == operator)[3].update(options)

    return change


def _inserted(*steps: list) -> Callable[[dict], object]:
    return lambda architecture: architecture["steps"].extend(steps)


FACE_NETWORKS: dict[str, Callable[[dict], object]] = {
    "huge input": lambda a: a.update(size=10**7),
    "no input": lambda a: a.update(size=0),
    "size of text": lambda a: a.update(size="many"),
    "range of no numbers": lambda a: a.update(range=[0, "x"]),
    "range of three": lambda a: a.update(range=[0, 1, 2]),
    "huge range": lambda a: a.update(range=[0, 1e30]),
    "steps of nothing": lambda a: a.update(steps=[[]]),
    "no steps": lambda a: a.update(steps=None),
    "many steps": _inserted(*[["add", [0, 0], 10**6 + i, {}] for i in range(5000)]),
    "stride 0": _of("conv", stride=0),
    "huge stride": _of("conv", stride=10**9),
    "huge padding": _of("conv", padding=[10**9] * 4),
    "negative padding": _of("conv", padding=[-9, 0, 0, 0]),
    "no groups": _of("conv", groups=0),
    "many groups": _of("conv", groups=7),
    "another activation": _of("conv", activation="softmax"),
    "another option": _of("conv", dilation=4),
    "huge channels": _inserted(["pad_channels", [0], 10**6, {"count": 10**10}]),
    "huge resize": _inserted(["resize", [0], 10**6, {"size": [10**6, 10**6]}]),
    "much memory": _inserted(
        *[["resize", [0], 10**6 + i, {"size": [512, 512]}] for i in range(1000)]
    ),
    "huge pool": _of("max_pool", size=10**6),
    "points that are not there": _of("region", points=[10**6]),
    "no points": _of("region", points=[]),
    "region of no scale": _of("region", scale=0.0),
    "huge region": _of("region", size=10**6),
    "values that are not there": _inserted(["add", [10**6, 0], 10**6 + 1, {}]),
    "values made twice": _inserted(["add", [0, 0], 0, {}]),
    "value of itself": _inserted(["add", [10**6, 10**6], 10**6, {}]),
    "unlike sums": _inserted(["add", [0, 186], 10**6, {}]),
    "outputs that are not there": lambda a: a["outputs"].update(mesh=10**6),
    "unknown operator": _inserted(["eval", [0], 10**6, {"code": "1"}]),
    "options of text": _inserted(["add", [0, 0], 10**6, "x"]),
}
"""Changes of the face mesh's architecture after which it must not be run."""
