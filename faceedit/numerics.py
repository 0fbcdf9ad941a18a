"""In which numbers networks compute, and whether they are compiled."""

import math
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from faceedit.errors import DeviceError, NetworkError, UsageError

if TYPE_CHECKING:
    import torch

PRECISIONS = ("auto", "fp32", "bf16", "fp16")


@dataclass(frozen=True)
class Numerics:
    """How a method's large network computes.

    Attributes:
        precision: ``fp32``, ``bf16`` or ``fp16``.
        is_compiled: through ``torch.compile``, which takes its time once and saves some later.
    """

    precision: str = "fp32"
    is_compiled: bool = False

    def autocast(self, device: "torch.device") -> AbstractContextManager[object]:
        """Return a context in which convolutions and products have this precision."""
        if self.precision == "fp32":
            return nullcontext()
        import torch

        return torch.autocast(device.type, self._rounded())

    def round_weights(self, network: "torch.nn.Module") -> None:
        """Round weights as `autocast` would do for each call of a network, in place."""
        if self.precision == "fp32":
            return
        from torch import nn

        for part in network.modules():
            if isinstance(part, (nn.Conv2d, nn.PReLU)):
                part.to(self._rounded())

    def _rounded(self) -> "torch.dtype":
        import torch

        return torch.bfloat16 if self.precision == "bf16" else torch.float16


FULL = Numerics()


def check_answer(most: float, **parts: Any) -> None:
    """Refuse what a network says where it is not finite or beyond all measure.

    Numbers that overflow in ``bf16`` or ``fp16`` are found by this, too.

    Args:
        most: largest magnitude that can be meant.
        parts: arrays or tensors of floats by what they are.

    Raises:
        NetworkError: a part holds NaN, an infinity or a larger number; it is named.
    """
    for name, values in parts.items():
        # The largest magnitude is NaN where any number is.
        largest = float(abs(values).max()) if 0 not in values.shape else 0.0
        if not math.isfinite(largest):
            raise NetworkError(f"the network's answer is not finite ({name})")
        if largest > most:
            raise NetworkError(
                f"the network's answer is beyond all measure ({name}: {largest:.3g}, where "
                f"{most:g} is the most)"
            )


def pick_numerics(precision: str, device: "torch.device", compile: bool = False) -> Numerics:
    """Turn the precision that the user wrote into one that the device supports.

    Args:
        precision: ``auto`` (``bf16`` where the device is faster in it, ``fp32``
            elsewhere), ``fp32``, ``bf16`` or ``fp16``.
        device: where the networks run.
        compile: compile the network.

    Raises:
        DeviceError: the device does not support this precision; another is never substituted.
        UsageError: ``precision`` is none of the above.
    """
    if precision not in PRECISIONS:
        raise UsageError(f"unknown precision {precision!r}; write {', '.join(PRECISIONS)}")
    if precision == "auto":
        precision = "bf16" if _is_fast_in_bf16(device) else "fp32"
    elif precision == "fp16" and device.type == "cpu":
        raise DeviceError("--precision fp16: CPUs cannot run networks in fp16; use bf16 or fp32")
    elif precision == "bf16" and not _has_bf16(device):
        raise DeviceError(f"--precision bf16: {device} does not support bf16; use fp32 or fp16")
    return Numerics(precision, compile)


def _is_fast_in_bf16(device: "torch.device") -> bool:
    import torch

    if device.type == "cpu":
        # Other CPUs take bf16, too, and are slower for it.
        return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    return False


def _has_bf16(device: "torch.device") -> bool:
    import torch

    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    return True
