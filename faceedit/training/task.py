"""What a method declares about its training: networks, updates, data, pictures, schedule."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from faceedit.limits import BATCH, WORKERS, check

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import Tensor, nn

Batch = dict[str, "Tensor"]
"""Tensors by name; of a sample without, of a batch with a batch axis in front."""
Judge = Callable[[Any, "Sequence[tuple[np.ndarray, np.ndarray]]", "torch.device"], dict[str, float]]
"""Scores by name of what a method makes of faces, (S, S, 3) uint8 crops with (478, 3) landmarks, by
networks on a device."""


@dataclass(frozen=True)
class OptimiserOptions:
    """An optimiser and its hyper-parameters.

    Attributes:
        kind: Adam, or AdamW where weight decay is to be apart from the gradient.
        rate: the learning rate at its highest; `Schedule` says how it rises and falls.
        betas: of the moments.
        weight_decay: of every parameter, or of all but vectors and numbers.
        decays_vectors: whether biases and the like decay, too.
        largest_gradient: norm to which longer gradients are cut, over all parameters of the
            update together; None cuts nothing.
    """

    kind: Literal["adam", "adamw"] = "adam"
    rate: float = 2e-4
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 0.0
    decays_vectors: bool = True
    largest_gradient: float | None = None


@dataclass(frozen=True)
class Update:
    """One optimiser's turn in a step.

    Attributes:
        name: of the optimiser, and the prefix of its losses in the logs.
        trains: names of the networks whose parameters it changes; those of all others are frozen
            meanwhile. Parameters that need no gradient when the task is made are never changed.
        loss: from a batch to scalar terms by name, as they should be logged, and "total", which is
            descended. It runs under the engine's precision and calls networks through
            ``task.networks``.
        optimiser: how the parameters move.
        repeats: turns a step, each on a batch of its own (five discriminator steps a generator
            step). A step draws as many batches as the largest `repeats`; an update with fewer
            turns takes the last of them, so that updates with one turn share one batch.
        begins: the step (from 0) at which it is made for the first time.
    """

    name: str
    trains: tuple[str, ...]
    loss: Callable[[Batch], dict[str, "Tensor"]]
    optimiser: OptimiserOptions = field(default_factory=OptimiserOptions)
    repeats: int = 1
    begins: int = 0


@dataclass(frozen=True)
class Schedule:
    """How long a training takes, in what portions, and when it is looked at.

    Attributes:
        steps: in all; the rate's fall ends there.
        batch_size: samples a turn, over all processes and accumulated portions together.
        accumulate: portions of a batch that go through the networks one after the other, for
            less memory.
        warm_up: steps over which the rates rise from zero.
        rate: how they fall to zero at the end, or with "exponential" to a hundredth.
        falls_from: share of the steps after which the fall begins (0.5 with "linear" is
            pix2pix's schedule).
        average_decay: share of the averaged networks' past that each step keeps.
        validate_every: steps from one `Task.validate` to the next, with an export of the
            checkpoint; 0 validates only at the end.
        sheet_every: steps from one sample sheet to the next; 0 draws only the last.
        log_every: steps from one line of the log to the next.
    """

    steps: int
    batch_size: int
    accumulate: int = 1
    warm_up: int = 0
    rate: Literal["constant", "cosine", "linear", "exponential"] = "constant"
    falls_from: float = 0.0
    average_decay: float = 0.998
    validate_every: int = 0
    sheet_every: int = 0
    log_every: int = 10


class Samples(Protocol):
    """Training samples by number, pickled into the processes that draw them."""

    def __getitem__(self, number: int) -> Batch:
        """Return the sample of a number from 0 on, without end.

        It depends on the seed and the number alone, so that any number of workers and processes,
        and a training that was resumed, see the same samples. All samples have the same names,
        shapes and dtypes.
        """
        ...


class Task(ABC):
    """A method's training. It is made once in each process, before the networks move.

    Attributes:
        method: a key of `methods.catalogue.METHODS`.
        profile: which of its networks.
        recipe: a frozen dataclass, saved with every checkpoint.
        schedule: see `Schedule`.
        networks: by name, on the CPU. The engine moves them and replaces the values by wrapped
            ones before it asks for the first loss; calls through these are precise and
            synchronised as the run wants it. Networks that only judge (a perceptual loss) are
            better kept beside them, on ``request.device``: they need no checkpoint.
        averaged: of which networks an exponential average is kept for use.
        updates: in the order they are made; names differ.
        samples: see `Samples`.
        step: number of steps made before this one, set by the engine.
    """

    method: str
    profile: str
    recipe: Any
    schedule: Schedule
    networks: "dict[str, nn.Module]"
    averaged: tuple[str, ...] = ()
    updates: tuple[Update, ...]
    samples: Samples
    step: int = 0

    def validate(self, networks: "Mapping[str, nn.Module]") -> dict[str, float]:
        """Measure the networks on people that no training sees.

        Args:
            networks: plain modules in evaluation mode, on the device, averaged where there is an
                average; gradients are off. Only the first process asks.

        Returns:
            Metrics by name.
        """
        return {}

    def pictures(
        self, networks: "Mapping[str, nn.Module]"
    ) -> "tuple[list[list[np.ndarray]], list[str]] | None":
        """Draw rows of a sample sheet and name its columns, as `sheets.write_sheet` takes them.

        Args:
            networks: as in `validate`.
        """
        return None

    @abstractmethod
    def export(
        self, path: Path, networks: "Mapping[str, nn.Module]", notes: dict[str, Any]
    ) -> Path:
        """Write the checkpoint that ``faceedit apply --weights`` reads.

        Args:
            path: the file.
            networks: as in `validate`.
            notes: "step", "recipe" and "schedule" as JSON values.

        Returns:
            The file as it was written.
        """


@dataclass(frozen=True)
class TrainingRequest:
    """What a user asked of a training; a method's ``build(request)`` makes its `Task` of it.

    Attributes:
        data: photos, folders, tables or shards to learn from.
        profile: "fast" or "paper".
        folder: where state, logs, sheets and checkpoint go; it exists when ``build`` is called.
            A method may keep there what it measured before the first step.
        overrides: values of the recipe by name as the user wrote them, tables nested; give it to
            `recipe_file.override` with the profile's recipe.
        start: ``--from``: a model's name or a checkpoint whose weights the networks begin with.
        batch_size: in place of the recipe's; None keeps it.
        seed: of everything random.
        workers: processes that draw samples; 0 draws in the training's own.
        device: of the networks, this process's own.
        resumed: weights will be read from the folder's state, so costly beginnings (fits of
            layers, ``start``) may be left out.
        rank: number of this process; only 0 may write.
        tell: takes a line of progress.
        judge: measures edits of faces that no training saw while a method trains, by networks of
            the project; None leaves that out.

    Raises:
        UsageError: a batch below 1 or far too large, or far too many workers.
    """

    data: tuple[Path, ...]
    profile: str
    folder: Path
    device: "torch.device"
    overrides: Mapping[str, Any] = field(default_factory=dict)
    start: str | None = None
    batch_size: int | None = None
    seed: int = 0
    workers: int = 1
    resumed: bool = False
    rank: int = 0
    tell: Callable[[str], None] = lambda line: None
    judge: Judge | None = None

    def __post_init__(self) -> None:
        check("samples in a batch", self.batch_size, BATCH)
        check("workers", self.workers or None, WORKERS)
