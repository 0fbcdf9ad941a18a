"""Which device the networks run on."""

import re
from typing import TYPE_CHECKING

from faceedit.errors import DeviceError, UsageError

if TYPE_CHECKING:
    import torch


def pick_device(name: str = "auto") -> "torch.device":
    """Turn what the user wrote into a device that is there.

    Args:
        name: ``auto`` (the first of cuda, mps and cpu that is there), ``cpu``, ``cuda``,
            ``cuda:N`` or ``mps``.

    Raises:
        DeviceError: the device that was asked for is not there; it never becomes the CPU.
        UsageError: `name` is none of the above.
    """
    match = re.fullmatch(r"(auto|cpu|mps|cuda)(?:(?<=cuda):(\d+))?", name.strip().lower())
    if match is None:
        raise UsageError(f"unknown device {name!r}; write auto, cpu, cuda, cuda:N or mps")
    kind, index = match[1], int(match[2] or 0)
    import torch

    if kind == "auto":
        kind = "cuda" if torch.cuda.is_available() else "mps" if _has_mps() else "cpu"
    if kind == "cuda":
        _check_cuda(name, index)
        return torch.device("cuda", index)
    if kind == "mps" and not _has_mps():
        raise DeviceError(f"--device {name}: this machine has no usable Metal device; use cpu")
    return torch.device(kind)


def pick_devices(name: str = "auto") -> "list[torch.device]":
    """Return all devices that a command may use side by side.

    Args:
        name: as `pick_device` takes it. ``cuda``, and ``auto`` where that is cuda, mean every GPU.

    Raises:
        DeviceError, UsageError: as `pick_device` does.
    """
    first = pick_device(name)
    if first.type != "cuda" or name.strip().lower() not in ("auto", "cuda"):
        return [first]
    import torch

    return [torch.device("cuda", index) for index in range(torch.cuda.device_count())]


def _has_mps() -> bool:
    import torch

    return torch.backends.mps.is_available()


def _check_cuda(name: str, index: int) -> None:
    import torch

    if torch.version.cuda is None and torch.version.hip is None:
        raise DeviceError(
            f"--device {name}: the installed torch {torch.__version__} is a CPU build; "
            "install one with CUDA, or use cpu"
        )
    if not torch.cuda.is_available():
        raise DeviceError(
            f"--device {name}: torch finds no CUDA device; see nvidia-smi, or use cpu"
        )
    count = torch.cuda.device_count()
    if index >= count:
        raise DeviceError(f"--device {name}: the CUDA devices here are cuda:0 to cuda:{count - 1}")
