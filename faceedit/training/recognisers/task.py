"""What the trainings of all recognisers share: recipe, batches, schedule, report and export."""

import copy
import json
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from faceedit.errors import UsageError
from faceedit.ranges import Ranged, ranged
from faceedit.recognisers.base import Recogniser
from faceedit.registry import load_checkpoint, open_registry
from faceedit.training.models import reseed
from faceedit.training.recipe_file import override
from faceedit.training.recognisers.faces import FaceTable
from faceedit.training.task import (
    Batch,
    OptimiserOptions,
    Schedule,
    Task,
    TrainingRequest,
    Update,
)

REPORT = "report.json"


@dataclass(frozen=True)
class RecogniserRecipe(Ranged):
    """How long and how fast: AdamW, and a moving average of the weights for use."""

    steps: int = ranged(1, 10_000_000, default=1000)  # updates in all
    batch_size: int = ranged(1, 65_536, default=64)  # samples in each
    learning_rate: float = ranged(1e-9, 1.0, default=2e-3)  # at its highest; falls by a cosine
    weight_decay: float = ranged(0.0, 10.0, default=0.02)  # of weights, not of biases and norms
    warm_up: float = ranged(0.0, 1.0, default=0.03)  # share of the steps in which the rate rises
    average_decay: float = ranged(0.0, 0.999999, default=0.998)  # of the averaged weights, a step
    largest_gradient: float = ranged(1e-6, 1e6, default=5.0)  # norm to which longer ones are cut
    validate_every: int = ranged(0, 10_000_000, default=1000)  # steps
    sizes: tuple[tuple[float, int], ...] = ()  # side in pixels from a share of the steps on

    def size_at(self, step: int) -> int:
        """Return the side of the pictures of a step, counted from 0; only where there are sizes.

        Raises:
            IndexError: there are none.
        """
        return [size for share, size in self.sizes if step >= share * self.steps][-1]


R = TypeVar("R", bound=RecogniserRecipe)
N = TypeVar("N", bound=Recogniser)


class DrawnBatches:
    """Samples by number, taken from whole batches: their mix of sources is part of a recipe.

    Args:
        draw: makes the batch of a step, counted from 0; what is random in it comes from torch.
        batch_size: samples in each.
        seed: of the draws.
    """

    def __init__(self, draw: Callable[[int], Batch], batch_size: int, seed: int):
        self.draw, self.batch_size, self.seed = draw, batch_size, seed
        self._step, self._batch = -1, {}

    def __getitem__(self, number: int) -> Batch:
        """Return a sample; see `faceedit.training.task.Samples`."""
        step, row = divmod(number, self.batch_size)
        if step != self._step:
            with torch.random.fork_rng(devices=[]):
                reseed(self.seed, step)
                self._step, self._batch = step, self.draw(step)
        return {name: column[row] for name, column in self._batch.items()}


class RecogniserTask(Task):
    """The training of a recogniser.

    Args:
        request: what was asked for.
        recipe: of `settings`.
        networks: by name; each that learns has an update of its own on the shared batch.
        draw: see `DrawnBatches`.
    """

    profile = "fast"
    recipe: Any

    def __init__(
        self,
        request: TrainingRequest,
        recipe: RecogniserRecipe,
        networks: dict[str, nn.Module],
        draw: Callable[[int], Batch],
    ):
        self.request, self.recipe, self.networks = request, recipe, networks
        rising = max(1, round(recipe.steps * recipe.warm_up))
        self.schedule = Schedule(
            steps=recipe.steps,
            batch_size=recipe.batch_size,
            warm_up=rising,
            rate="cosine",
            falls_from=rising / recipe.steps,
            average_decay=recipe.average_decay,
            validate_every=recipe.validate_every,
        )
        optimiser = OptimiserOptions(
            "adamw",
            rate=recipe.learning_rate,
            weight_decay=recipe.weight_decay,
            decays_vectors=False,
            largest_gradient=recipe.largest_gradient,
        )
        learning = [k for k, n in networks.items() if any(p.requires_grad for p in n.parameters())]
        for network in networks.values():
            network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.averaged = tuple(learning)
        self.updates = tuple(
            Update(name, (name,), partial(self._with_total, name), optimiser) for name in learning
        )
        self.samples = DrawnBatches(draw, recipe.batch_size, request.seed)

    @abstractmethod
    def losses(self, name: str, batch: Batch) -> dict[str, Tensor]:
        """Return the weighted losses of a network on a batch; their sum is descended."""

    @abstractmethod
    def finish(self, networks: Mapping[str, Any]) -> Recogniser:
        """Return the recogniser for use on the CPU, with what is solved or chosen at the end.

        Args:
            networks: plain copies on the CPU, which may be changed.
        """

    @abstractmethod
    def watch(self, networks: Mapping[str, Any]) -> dict[str, float]:
        """Measure a few figures on people kept back, while training; see `finish`."""

    @abstractmethod
    def examine(self, recogniser: Any) -> dict[str, Any]:
        """Return all figures on people that no training saw, as JSON.

        Args:
            recogniser: as it was exported, on the CPU.
        """

    def validate(self, networks: Mapping[str, nn.Module]) -> dict[str, float]:
        """Measure a few figures."""
        return self.watch(_copied(networks))

    def export(self, path: Path, networks: Mapping[str, nn.Module], notes: dict[str, Any]) -> Path:
        """Write the checkpoint that `faceedit.recognisers` reads, and at the end the report."""
        recogniser = self.finish(_copied(networks))
        recogniser.save(path)
        if notes["step"] == self.schedule.steps:
            written = type(recogniser).load(load_checkpoint(path))
            report = {"recipe": notes["recipe"], **self.examine(written)}
            file = path.with_name(REPORT)
            file.write_text(json.dumps(report, indent=1), encoding="utf-8")
            self.request.tell(f"wrote {file}: figures on people that no training saw")
        return path

    def _with_total(self, name: str, batch: Batch) -> dict[str, Tensor]:
        losses = self.losses(name, batch)
        return {**losses, "total": torch.stack(list(losses.values())).sum()}


def settings(request: TrainingRequest, recipe: R, paper: R | None = None) -> R:
    """Return a profile's recipe with what the user wrote and the command line's batch size.

    Args:
        request: what the user wrote.
        recipe: of the fast profile.
        paper: of the paper's, where there is one.

    Raises:
        UsageError: the recipe has no such setting, or there is no such profile.
    """
    if request.profile == "paper":
        if paper is None:
            raise UsageError("--profile: this recogniser is of no paper; leave it at fast")
        recipe = paper
    recipe = override(recipe, request.overrides)
    return replace(recipe, batch_size=request.batch_size or recipe.batch_size)


def begin(request: TrainingRequest, kind: type[N], *sizes: Any) -> N:
    """Return the network to train: a new one, or the one of ``--from``.

    Args:
        request: names the model or file to begin with.
        kind: of recogniser.
        sizes: of a new one.
    """
    if request.start is None:
        return kind(*sizes)
    file = Path(request.start)
    found = load_checkpoint(file) if file.is_file() else open_registry().checkpoint(request.start)
    return kind.load(found).requires_grad_(True)


def read_tables(request: TrainingRequest, *names: str) -> list[FaceTable]:
    """Read tables of faces from the one folder of ``--data``.

    Raises:
        UsageError: it is not one folder, or a table is missing; the message says which.
    """
    layout = f"one folder with {' and '.join(f'{n}/' for n in names)}, as scripts/face_tables.py \
writes them"
    if len(request.data) != 1:
        raise UsageError(f"--data: it takes {layout}; {len(request.data)} were named")
    (folder,) = request.data
    for name in names:
        if not (folder / name).is_dir():
            raise UsageError(f"{folder / name} is missing; --data takes {layout}")
    return [FaceTable.load(folder / name) for name in names]


def _copied(networks: Mapping[str, nn.Module]) -> dict[str, Any]:
    return {name: copy.deepcopy(network).cpu().eval() for name, network in networks.items()}
