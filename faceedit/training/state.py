"""Saving and restoring everything that a training needs to go on, without pickles."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from faceedit.errors import UsageError

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
    save_file(tensors, partial, metadata={"notes": json.dumps(notes)})
    partial.replace(path)


def load_state(
    path: Path,
    modules: Mapping[str, nn.Module],
    optimisers: Mapping[str, torch.optim.Optimizer],
) -> dict[str, Any]:
    """Restore what `save_state` wrote, in place, and return its notes.

    Raises:
        UsageError: the file is damaged or of another training.
    """
    notes, tensors = _read(path)
    for name, module in modules.items():
        _restore(path, tensors, name, module)
    for name, optimiser in optimisers.items():
        state: dict[int, dict[str, Tensor]] = {}
        for key, value in _below(tensors, f"optimiser.{name}.").items():
            index, slot = key.split(".", 1)
            state.setdefault(int(index), {})[slot] = value
        optimiser.load_state_dict({**optimiser.state_dict(), "state": state})
    torch.set_rng_state(tensors["random"])
    return notes


def load_average(path: Path, module: nn.Module) -> None:
    """Put the averaged weights of a state that `save_state` wrote as "average" into a module.

    Raises:
        UsageError: the file is damaged or of another training.
    """
    _restore(path, _read(path)[1], "average", module)


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    try:
        with safe_open(path, framework="pt") as file:
            notes = json.loads((file.metadata() or {})["notes"])
            return notes, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, KeyError) as error:
        raise UsageError(f"{path} is no state of a training: {error}; train anew") from error


def _restore(path: Path, tensors: dict[str, Tensor], name: str, module: nn.Module) -> None:
    try:
        module.load_state_dict(_below(tensors, f"module.{name}."))
    except RuntimeError as error:
        raise UsageError(f"{path} is of another training: {error}") from error


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

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take the module's weights after its `step`-th update in."""
        decay = min(self.decay, (step + 1) / (step + 20))
        pairs = zip(
            self.average.state_dict().values(), self.module.state_dict().values(), strict=True
        )
        for kept, new in pairs:
            if kept.dtype.is_floating_point:
                kept.lerp_(new, 1 - decay)
            else:
                kept.copy_(new)
