"""Saving and restoring everything that a training needs to go on, without pickles."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from faceedit.errors import FaceEditError, UsageError, WeightsError
from faceedit.registry.checkpoint import check_finite
from faceedit.untrusted import open_regular, parse_json

LARGEST = 1 << 34
"""Bytes of a state."""

M = TypeVar("M", bound=nn.Module)


def save_state(
    path: Path,
    modules: Mapping[str, nn.Module],
    optimisers: Mapping[str, torch.optim.Optimizer],
    notes: dict[str, Any],
) -> None:
    """Write modules, optimisers and notes to one safetensors file, whole or not at all.

    Args:
        path: the file; its folder exists.
        modules: by name.
        optimisers: by name.
        notes: JSON values: the step, what was logged last.

    Raises:
        FaceEditError: the file cannot be written; the one before it is untouched.
    """
    tensors: dict[str, Tensor] = {}
    for name, module in modules.items():
        tensors |= {f"module.{name}.{k}": v for k, v in module.state_dict().items()}
    for name, optimiser in optimisers.items():
        for index, slots in optimiser.state_dict()["state"].items():
            tensors |= {
                f"optimiser.{name}.{index}.{k}": torch.as_tensor(v) for k, v in slots.items()
            }
    tensors["random"] = torch.get_rng_state()
    # Memory formats are not kept, and parts of a tensor are not told apart.
    tensors = {k: v.detach().cpu().contiguous().clone() for k, v in tensors.items()}
    partial = path.with_suffix(".partial")
    try:
        save_file(tensors, partial, metadata={"notes": json.dumps(notes)})
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    except (OSError, SafetensorError) as error:
        partial.unlink(missing_ok=True)
        raise FaceEditError(f"{path} cannot be written: {error}") from error


def read_notes(path: Path) -> dict[str, Any]:
    """Return the notes of a state without its tensors.

    Raises:
        UsageError: the file is damaged or no state.
    """
    return _open(path, tensors=False)[0]


def load_state(
    path: Path,
    modules: Mapping[str, nn.Module],
    optimisers: Mapping[str, torch.optim.Optimizer],
) -> dict[str, Any]:
    """Restore what `save_state` wrote, in place, and return its notes.

    Raises:
        UsageError: the file is damaged or of another training.
    """
    notes, tensors = _open(path)
    for name, module in modules.items():
        _restore(path, tensors, name, module)
    try:
        for name, optimiser in optimisers.items():
            _restore_optimiser(path, tensors, name, optimiser)
        torch.set_rng_state(tensors["random"])
    except (ValueError, KeyError, TypeError, RuntimeError) as error:
        raise UsageError(f"{path} is no state of a training: {error}; train anew") from error
    return notes


def _open(path: Path, tensors: bool = True) -> tuple[dict[str, Any], dict[str, Tensor]]:
    try:
        with open_regular(path, LARGEST):
            pass
        with safe_open(path, framework="pt") as file:
            notes = parse_json((file.metadata() or {})["notes"])
            step = notes.get("step") if isinstance(notes, dict) else None
            if not isinstance(step, int) or step < 0:
                raise ValueError("its notes do not say how many steps were made")
            names = list(file.keys()) if tensors else []
            found = {name: file.get_tensor(name) for name in names}
            if tensors and "random" not in found:
                raise KeyError("random")
            check_finite(path, _below(found, "module."))
            return notes, found
    except (SafetensorError, OSError, KeyError, ValueError, WeightsError) as error:
        raise UsageError(f"{path} is no state of a training: {error}; train anew") from error


def _restore(path: Path, tensors: dict[str, Tensor], name: str, module: nn.Module) -> None:
    try:
        module.load_state_dict(_below(tensors, f"module.{name}."))
    except RuntimeError as error:
        raise UsageError(f"{path} is of another training: {error}") from error


def _restore_optimiser(
    path: Path, tensors: dict[str, Tensor], name: str, optimiser: torch.optim.Optimizer
) -> None:
    """Put the moments back, which torch itself would take in any shape."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in _below(tensors, f"optimiser.{name}.").items():
        index, slot = key.split(".", 1)
        state.setdefault(int(index), {})[slot] = value
    shapes = [p.shape for group in optimiser.param_groups for p in group["params"]]
    for index, slots in state.items():
        known = 0 <= index < len(shapes)
        if not known or any(v.ndim and v.shape != shapes[index] for v in slots.values()):
            raise UsageError(f"{path} is of another training: its optimiser {name} differs")
    optimiser.load_state_dict({**optimiser.state_dict(), "state": state})


def _below(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


class Average(Generic[M]):
    """An exponential moving average of a module's weights (the generator's, for use).

    Args:
        module: followed.
        copy: another instance of it, which becomes the average.
        decay: share of the past kept each step; at the start (step + 1) / (step + 20), so that
            the first random weights are soon forgotten.
    """

    def __init__(self, module: M, copy: M, decay: float = 0.998):
        copy.load_state_dict(module.state_dict())
        self.module, self.average, self.decay = module, copy.eval().requires_grad_(False), decay
        self._buffers = {n for n, _ in copy.named_buffers()} & copy.state_dict().keys()

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take the module's weights after its `step`-th update in."""
        decay = min(self.decay, (step + 1) / (step + 20))
        # Parameters all at once: a training's step waits for this.
        if averages := list(self.average.parameters()):
            weights = list(self.module.parameters())
            torch._foreach_lerp_(averages, weights, 1 - decay)  # pyright: ignore
        for name in self._buffers:
            kept, new = self.average.get_buffer(name), self.module.get_buffer(name)
            if kept.dtype.is_floating_point:
                kept.lerp_(new, 1 - decay)
            else:
                kept.copy_(new)
