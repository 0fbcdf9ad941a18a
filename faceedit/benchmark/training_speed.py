"""What the training engine takes of a step: images a second beside a bare loop doing the same."""

import copy
import statistics
import tempfile
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from faceedit.benchmark.speed import synchronize
from faceedit.training.batches import Numbers, load_batches
from faceedit.training.engine import EngineOptions, train
from faceedit.training.state import Average
from faceedit.training.task import Batch, OptimiserOptions, Schedule, Task, TrainingRequest, Update

ROUNDS = 5
STEPS = 20
WARM_UP = 5
"""Steps of each round that are not counted."""


@dataclass(frozen=True)
class Size:
    """Of what is trained.

    Attributes:
        side: of the pictures in pixels.
        width: channels of the networks.
        batch: pictures a step.
    """

    side: int
    width: int
    batch: int


SIZES = {"cpu": Size(32, 32, 8)}
"""By the device's type."""
LARGE = Size(128, 64, 32)
"""For other devices, which would only wait with less."""


@dataclass(frozen=True)
class TrainingSpeed:
    """Images a second of an adversarial training's steps.

    Attributes:
        engine: in the engine, with its log.
        bare: in a loop without it; of the median step, as above.
    """

    engine: float
    bare: float

    @property
    def fraction(self) -> float:
        """Return the engine's part of what the bare loop does."""
        return self.engine / self.bare


def measure_training(
    device: torch.device, rounds: int = ROUNDS, steps: int = STEPS
) -> TrainingSpeed:
    """Train a small generator and critic in the engine and without it, in turns.

    Args:
        device: of the networks.
        rounds: of both.
        steps: counted in each round.
    """
    engine, bare = [], []
    for _ in range(rounds):
        engine += _in_engine(device, steps)
        bare += _bare(device, steps)
    # Whatever else the machine does hits single steps.
    speeds = [_size(device).batch / statistics.median(seconds) for seconds in (engine, bare)]
    return TrainingSpeed(*speeds)


class _Drawn:
    """Samples that cost nothing, so that the loops are what is measured."""

    def __init__(self, side: int):
        self.photo = torch.rand(3, side, side, generator=torch.Generator().manual_seed(0))

    def __getitem__(self, number: int) -> Batch:
        return {"photo": self.photo}


class _Toy(Task):
    """A convolutional generator with an average, and a critic."""

    method, profile, recipe = "speed", "fast", None
    averaged = ("generator",)

    def __init__(self, size: Size, steps: int):
        self.schedule = Schedule(steps=steps, batch_size=size.batch, log_every=10)
        self.networks = {"generator": _network(size.width, 3), "critic": _network(size.width, 1)}
        optimiser = OptimiserOptions(largest_gradient=1.0)
        self.updates = (
            Update("critic", ("critic",), self.judge, optimiser),
            Update("generator", ("generator",), self.please, optimiser),
        )
        self.samples = _Drawn(size.side)
        self.clock = _Clock()

    def judge(self, batch: Batch) -> dict[str, Tensor]:
        self.clock.step(batch["photo"].device)
        photo = batch["photo"]
        with torch.no_grad():
            fake = self.networks["generator"](photo)
        total = self.networks["critic"](fake).mean() - self.networks["critic"](photo).mean()
        return {"total": total}

    def please(self, batch: Batch) -> dict[str, Tensor]:
        fake = self.networks["generator"](batch["photo"])
        pixel = (fake - batch["photo"]).abs().mean()
        adversarial = -self.networks["critic"](fake).mean()
        return {"pixel": pixel, "adversarial": adversarial, "total": pixel + adversarial}

    def export(self, path: Path, networks: Any, notes: dict[str, Any]) -> Path:
        return path


class _Clock:
    """When each step began."""

    def __init__(self):
        self.times: list[float] = []

    def step(self, device: torch.device) -> None:
        synchronize(device)
        self.times.append(time.perf_counter())

    def seconds(self) -> list[float]:
        """Return how long each counted step took."""
        return [after - before for before, after in pairwise(self.times[WARM_UP:])]


def _in_engine(device: torch.device, steps: int) -> list[float]:
    task = _Toy(_size(device), steps + WARM_UP + 1)
    with tempfile.TemporaryDirectory(prefix="faceedit-benchmark-") as folder:
        request = TrainingRequest((), "fast", Path(folder), device, workers=0)
        train(lambda _: task, request, EngineOptions(save_seconds=float("inf")))
    return task.clock.seconds()


def _bare(device: torch.device, steps: int) -> list[float]:
    """Do what the engine does in a step, and nothing else."""
    task = _Toy(_size(device), steps + WARM_UP + 1)
    networks = {name: network.to(device) for name, network in task.networks.items()}
    optimisers = {
        name: torch.optim.Adam(network.parameters(), lr=2e-4) for name, network in networks.items()
    }
    average = Average(networks["generator"], copy.deepcopy(networks["generator"]))
    batches = load_batches(task.samples, Numbers(task.schedule, 1), 0, device)
    for step, batch in enumerate(batches):
        batch = {k: v.to(device, non_blocking=True) for k, v in batch.items()}
        for update in task.updates:
            for name, network in networks.items():
                network.requires_grad_(name in update.trains)
            loss = update.loss(batch)["total"]
            optimisers[update.name].zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(networks[update.name].parameters(), 1.0)
            optimisers[update.name].step()
        average.update(step)
        if step % 10 == 0:
            loss.item()
    return task.clock.seconds()


def _size(device: torch.device) -> Size:
    return SIZES.get(device.type, LARGE)


def _network(width: int, out: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, width, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(width, width, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(width, width, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(width, out, 3, padding=1),
    )
