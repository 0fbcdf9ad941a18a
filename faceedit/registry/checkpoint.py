"""Load and write checkpoints: safetensors only, whole, verified, self-describing."""

import json
import os
import struct
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from faceedit.errors import WeightsError
from faceedit.registry.header import read_header, sha256_of

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Checkpoint:
    """Weights in memory with what they are.

    Attributes:
        tensors: by name, on the CPU, in the file's own precision.
        method: the method or network that reads them.
        profile: the variant of that method.
        architecture: the parameters that build the network.
        metadata: all of the file's metadata, as it stands there.
    """

    tensors: "dict[str, torch.Tensor]"
    method: str
    profile: str
    architecture: dict
    metadata: dict[str, str]


def load_checkpoint(
    path: Path,
    expected_sha256: str | None = None,
    *,
    method: str | None = None,
    profile: str | None = None,
) -> Checkpoint:
    """Read a checkpoint after checking that it is what it should be.

    Args:
        path: a safetensors file.
        expected_sha256: the hash of its card; None for a file that has no card.
        method: refuse a file of another method.
        profile: refuse a file of another profile.

    Raises:
        WeightsError: the file is missing, damaged, foreign or not what was expected, or one of its
            tensors holds NaN or an infinity.
    """
    header = read_header(path)
    if expected_sha256 is not None:
        check_sha256(path, expected_sha256)
    for what, wanted, found in (
        ("method", method, header.method),
        ("profile", profile, header.profile),
    ):
        if wanted is not None and found != wanted:
            raise WeightsError(f"{path}: holds {what} {found!r}, not {wanted!r}")
    from safetensors.torch import load_file

    try:
        tensors = load_file(path)
    except Exception as error:  # it has several kinds for what it does not know
        raise WeightsError(f"{path}: safetensors refuses it: {error}; fetch it again") from error
    check_finite(path, tensors)
    return Checkpoint(
        tensors, header.method, header.profile, header.architecture, dict(header.metadata)
    )


def check_finite(path: Path, tensors: "Mapping[str, torch.Tensor]") -> None:
    """Check that a network can compute with a file's numbers.

    One pass over the numbers as they are stored: 8 ms for the networks of a run.

    Args:
        path: the file.
        tensors: its tensors by name.

    Raises:
        WeightsError: one holds NaN, an infinity, what is infinite in 32 bits, or numbers of a kind
            that no network here has.
    """
    import torch

    floats = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
    most = torch.finfo(torch.float32).max
    for name, tensor in tensors.items():
        if not (tensor.is_floating_point() or tensor.is_complex()) or not tensor.numel():
            continue
        if tensor.dtype not in floats:
            raise WeightsError(f"{path}: tensor {name!r} is of {tensor.dtype}, which is not read")
        low, high = (float(end) for end in torch.aminmax(tensor))
        if not (-most <= low and high <= most):
            raise WeightsError(
                f"{path}: tensor {name!r} holds numbers that are not finite; the training that "
                "made it went wrong or the file is damaged: fetch it again"
            )


def check_sha256(path: Path, expected: str) -> None:
    """Raise WeightsError where the file's hash is not `expected`."""
    found = sha256_of(path)
    if found != expected:
        raise WeightsError(
            f"{path}: wrong sha256 {found[:12]}…, its card says {expected[:12]}…; it is another "
            "version or damaged: remove it, then reinstall or run 'faceedit models pull'"
        )


def write_checkpoint(
    path: Path,
    tensors: "Mapping[str, torch.Tensor]",
    *,
    method: str,
    profile: str,
    architecture: Mapping[str, object],
    metadata: Mapping[str, str] | None = None,
) -> str:
    """Write a checkpoint that `load_checkpoint` reads, never a torn one.

    Args:
        path: the file; missing folders are made and an old file is replaced in one step.
        tensors: by name, on any device.
        method: the method or network that reads them.
        profile: the variant of that method.
        architecture: the parameters that build the network; must be JSON.
        metadata: further text to keep, for example ``source``, ``licence`` or a recipe as JSON.

    Returns:
        The file's sha256, for its card.

    Raises:
        WeightsError: the file cannot be written.
        ValueError: `method` or `profile` is empty, or `metadata` would replace one of the above.
    """
    from safetensors.torch import save

    own = {
        "method": method,
        "profile": profile,
        "architecture": json.dumps(architecture, sort_keys=True, separators=(",", ":")),
    }
    if not method or not profile:
        raise ValueError("a checkpoint names its method and its profile")
    if clash := own.keys() & (metadata or {}).keys():
        raise ValueError(f"metadata must not name {', '.join(sorted(clash))}")
    # Tied tensors share memory, which safetensors refuses to write.
    plain = {k: t.detach().cpu().contiguous().clone() for k, t in tensors.items()}
    data = _canonical(save(plain, metadata={**own, **(metadata or {})}))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as file:
            temporary = Path(file.name)
            try:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
                file.close()
                temporary.chmod(0o644)
                temporary.replace(path)
            except BaseException:
                file.close()
                temporary.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise WeightsError(f"{path}: cannot be written: {error.strerror or error}") from error
    return sha256_of(path)


def _canonical(data: bytes) -> bytes:
    """Sort the metadata: safetensors writes it in random order, which would change the hash."""
    (length,) = struct.unpack_from("<Q", data)
    content = json.loads(data[8 : 8 + length])
    content["__metadata__"] = dict(sorted(content["__metadata__"].items()))
    raw = json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()
    raw += b" " * (-len(raw) % 8)
    return struct.pack("<Q", len(raw)) + raw + data[8 + length :]
