"""The descent that all recognisers share: steps, average, log, and going on where it stopped."""

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from faceedit.ranges import Ranged, ranged
from faceedit.training.state import Average, load_state, save_state

N = TypeVar("N", bound=nn.Module)
STATE = "state.safetensors"
LOG = "log.jsonl"


@dataclass(frozen=True)
class Plan(Ranged):
    """How long and how fast.

    Attributes:
        steps: updates in all.
        batch: samples in each.
        rate: the largest learning rate of AdamW, after the warm-up; it falls as a cosine to 0.
        weight_decay: of weights with two dimensions or more.
        warm_up: share of the steps in which the rate rises.
        average: decay of the moving average of the weights.
        clip: largest norm of the gradient.
        keep_every: steps between states kept on the disk.
        examine_every: steps between examinations of the average.
        seed: of everything random.
        sizes: pictures' side in pixels from a share of the steps on, where that changes; small
            ones are learned from faster.
    """

    steps: int = ranged(1, 10_000_000)
    batch: int = ranged(1, 65_536, default=64)
    rate: float = ranged(1e-9, 1.0, default=2e-3)
    weight_decay: float = ranged(0.0, 10.0, default=0.02)
    warm_up: float = ranged(0.0, 1.0, default=0.03)
    average: float = ranged(0.0, 0.999999, default=0.998)
    clip: float = ranged(1e-6, 1e6, default=5.0)
    keep_every: int = ranged(1, 10_000_000, default=200)
    examine_every: int = ranged(1, 10_000_000, default=1000)
    seed: int = ranged(0, 2**63 - 1, default=0)
    sizes: tuple[tuple[float, int], ...] = ()

    def size_at(self, step: int) -> int:
        """Return the side of the pictures of a step, counted from 0; only where there are sizes.

        Raises:
            IndexError: there are none.
        """
        return [size for share, size in self.sizes if step >= share * self.steps][-1]

    def rate_at(self, step: int) -> float:
        """Return the learning rate of a step, counted from 0."""
        rising = max(1, round(self.steps * self.warm_up))
        if step < rising:
            return self.rate * (step + 1) / rising
        return self.rate * 0.5 * (1 + math.cos(math.pi * (step - rising) / (self.steps - rising)))


def fit(
    network: N,
    copy: N,
    losses: Callable[[N, int], dict[str, Tensor]],
    plan: Plan,
    folder: Path,
    *,
    examine: Callable[[N], Mapping[str, float]] | None = None,
    tell: Callable[[str], None] = lambda _: None,
    resume: bool = False,
    max_seconds: float = math.inf,
) -> N:
    """Train a network; what it says and its state go into a folder.

    Everything random must come from torch's global generator or from the step, so that a training
    that was stopped goes on as if it had not been.

    Args:
        network: to train, with all its heads; put into training mode.
        copy: another instance, which becomes the average of the weights.
        losses: given the network and the step, draws a batch and returns weighted losses by name;
            their sum is minimised.
        plan: how long and how fast.
        folder: for state and log.
        examine: measures the average on validation faces.
        tell: is told of progress.
        resume: go on from the state in the folder, if there is one.
        max_seconds: stop cleanly after so long.

    Returns:
        `copy`, in evaluation mode.

    Raises:
        FloatingPointError: a loss is no longer finite.
    """
    torch.manual_seed(plan.seed)
    folder.mkdir(parents=True, exist_ok=True)
    network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    network.train()
    parameters = list(network.parameters())
    optimiser = torch.optim.AdamW(
        [
            {"params": [p for p in parameters if p.ndim > 1], "weight_decay": plan.weight_decay},
            {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
        ],
        lr=plan.rate,
    )
    average = Average(network, copy, plan.average)
    modules = {"network": network, "average": average.average}
    step, begun = 0, time.monotonic()
    if resume and (folder / STATE).exists():
        step = load_state(folder / STATE, modules, {"adam": optimiser})["step"]
    logged = step
    sums: dict[str, float] = {}
    while step < plan.steps and time.monotonic() - begun < max_seconds:
        for group in optimiser.param_groups:
            group["lr"] = plan.rate_at(step)
        parts = losses(network, step)
        total = torch.stack(list(parts.values())).sum()
        if not torch.isfinite(total):
            raise FloatingPointError(f"the loss of step {step} is {total.item()}")
        optimiser.zero_grad(set_to_none=True)
        total.backward()
        nn.utils.clip_grad_norm_(parameters, plan.clip)
        optimiser.step()
        average.update(step)
        step += 1
        for name, part in parts.items():
            sums[name] = sums.get(name, 0.0) + part.item()
        last = step == plan.steps
        if step % plan.keep_every == 0 or last:
            save_state(folder / STATE, modules, {"adam": optimiser}, {"step": step})
            entry = {k: round(v / (step - logged), 4) for k, v in sums.items()}
            sums.clear()
            logged = step
            _log(folder, step, begun, entry, tell)
        if examine is not None and (step % plan.examine_every == 0 or last):
            # What it draws at random must not be missed after a stop.
            with torch.inference_mode(), torch.random.fork_rng(devices=[]):
                _log(folder, step, begun, dict(examine(average.average)), tell)
    if logged < step or not (folder / STATE).exists():
        save_state(folder / STATE, modules, {"adam": optimiser}, {"step": step})
    (folder / "plan.json").write_text(json.dumps(asdict(plan), indent=1))
    return average.average


def _log(
    folder: Path, step: int, begun: float, entry: dict[str, float], tell: Callable[[str], None]
) -> None:
    minutes = round((time.monotonic() - begun) / 60, 1)
    with (folder / LOG).open("a") as file:
        file.write(json.dumps({"step": step, "minutes": minutes, **entry}) + "\n")
    values = "  ".join(f"{k} {v:.3f}" for k, v in entry.items())
    tell(f"{step}  {minutes} min  {values}")
