"""Lightning Fabric as the engine uses it: devices, precision, and processes side by side."""

import logging
import os
from contextlib import AbstractContextManager
from typing import Any

import torch
from lightning.fabric import Fabric
from lightning.fabric.plugins import Precision
from lightning.fabric.strategies.ddp import DDPStrategy
from torch import Tensor, nn

from faceedit.errors import UsageError

DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


class Autocast(Precision):
    """Mixed precision that leaves what goes into a network alone.

    Fabric's own rounds every input to 16 bits, coordinates and pixels to be warped among them,
    and lets no loss ask for gradients by itself, as a gradient penalty does.

    Args:
        name: "bf16" or "fp16"; the latter scales losses so that small gradients survive.
        device: its type.
    """

    def __init__(self, name: str, device: str):
        self.device, self.dtype = device, DTYPES[name]
        self.scaler = torch.amp.GradScaler(device) if name == "fp16" else None

    def forward_context(self) -> AbstractContextManager:
        """Round where it does no harm."""
        return torch.autocast(self.device, dtype=self.dtype)

    def optimizer_step(self, optimizer: Any, **kwargs: Any) -> Any:
        """Step, unless a scaled gradient has overflowed."""
        if self.scaler is None:
            return optimizer.step(**kwargs)
        made = self.scaler.step(optimizer, **kwargs)
        self.scaler.update()
        return made

    def unscale_gradients(self, optimizer: torch.optim.Optimizer) -> None:
        """Undo the scaling before gradients are measured."""
        if self.scaler is not None:
            self.scaler.unscale_(optimizer)

    def state_dict(self) -> dict[str, Any]:
        """Return the scaler's numbers."""
        return {} if self.scaler is None else self.scaler.state_dict()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore them."""
        if self.scaler is not None and state_dict:
            self.scaler.load_state_dict(state_dict)


class SideBySide(DDPStrategy):
    """Processes with the same networks and other samples; the engine averages their gradients.

    Torch's own wrapper expects every parameter in every backward pass and one pass through each
    network; the turns of adversarial trainings keep to neither.
    """

    def setup_module(self, module: nn.Module) -> nn.Module:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Leave the network as it is."""
        return module


def open_fabric(device: torch.device, precision: str, processes: int) -> Fabric:
    """Start the other processes, or join those that torchrun started.

    Args:
        device: of the networks; with several processes on CUDA, each has its own.
        precision: of the forward passes: "fp32", "bf16" or "fp16".
        processes: on this machine; under torchrun its number counts.

    Raises:
        UsageError: more processes than devices.
    """
    for chatty in ("lightning.fabric", "lightning.pytorch"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    nodes = 1
    if joined := torch.distributed.is_torchelastic_launched():
        processes = int(os.environ["LOCAL_WORLD_SIZE"])
        nodes = int(os.environ["WORLD_SIZE"]) // processes
    several = joined or processes > 1
    if several and device.type == "mps":
        raise UsageError("--processes: Metal has one device; leave it at 1")
    if several and device.type == "cuda" and processes > torch.cuda.device_count():
        raise UsageError(f"--processes {processes}: there are {torch.cuda.device_count()} GPUs")
    if device.type == "cuda":
        # Batches are of one size: the fastest kernels are worth looking for.
        torch.backends.cudnn.benchmark = True
    one = [device.index or 0] if device.type == "cuda" else 1
    fabric = Fabric(
        accelerator=device.type,
        devices=processes if several else one,
        num_nodes=nodes,
        strategy=SideBySide() if several else "auto",
        plugins=[] if precision == "fp32" else [Autocast(precision, device.type)],
    )
    fabric.launch()
    return fabric


class Team:
    """The processes that train together, seen from one of them.

    Args:
        fabric: launched.

    Attributes:
        rank: this process's number; 0 writes.
        size: how many there are.
        device: this process's own.
    """

    def __init__(self, fabric: Fabric):
        self.fabric = fabric
        self.rank, self.size, self.device = fabric.global_rank, fabric.world_size, fabric.device
        # Decisions are agreed on between CPUs, without waiting for what GPUs still compute.
        several = self.size > 1
        self._decisions = torch.distributed.new_group(backend="gloo") if several else None

    def scaled(self, loss: Tensor) -> Tensor:
        """Return a loss as it should be descended: times the scale of fp16."""
        scaler = getattr(self.fabric.strategy.precision, "scaler", None)
        return loss if scaler is None else scaler.scale(loss)

    def highest(self, number: int) -> int:
        """Return the largest of all processes' numbers."""
        if self._decisions is None:
            return number
        shared = torch.tensor([number])
        torch.distributed.all_reduce(shared, torch.distributed.ReduceOp.MAX, self._decisions)
        return int(shared)

    def mean(self, values: Tensor) -> Tensor:
        """Return the mean over the processes."""
        if self.size == 1:
            return values
        values = values.clone()
        torch.distributed.all_reduce(values)
        return values / self.size

    def average_gradients(self, parameters: list[nn.Parameter]) -> None:
        """Give all processes the mean of their gradients.

        Losses that use a parameter in one process must use it in all.
        """
        gradients = [p.grad for p in parameters if p.grad is not None]
        if self.size == 1 or not gradients:
            return
        mean = self.mean(torch.cat([g.flatten() for g in gradients]))
        parts = mean.split([g.numel() for g in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))

    def share(self, module: nn.Module) -> None:
        """Give all processes the first one's weights."""
        if self.size > 1:
            for tensor in module.state_dict().values():
                whole = tensor.contiguous()
                torch.distributed.broadcast(whole, 0)
                tensor.copy_(whole)

    def wait(self) -> None:
        """Return when all processes have come here."""
        self.fabric.barrier()
