"""The loop that trains every method."""

import math
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor

from faceedit.errors import FaceEditError, MissingError, UsageError
from faceedit.limits import COUNT, THREADS, WORKERS, check
from faceedit.machine import check_room
from faceedit.training.batches import Numbers, load_batches
from faceedit.training.budget import Budget
from faceedit.training.keeper import Keeper, enter_folder
from faceedit.training.models import Models, reseed
from faceedit.training.stopping import caught_signals
from faceedit.training.task import Schedule, Task, TrainingRequest, Update

if TYPE_CHECKING:
    from faceedit.training.fabric import Team

OUT_OF_TIME = 1
"""Stands for the end of the time where processes agree to stop; other numbers are signals'."""

LEAVING = 5.0
"""Seconds of a run's time kept for its workers and libraries to end, if that is a small part."""


@dataclass(frozen=True)
class EngineOptions:
    """Where, how precisely and for how long a training runs this time.

    Attributes:
        resume: go on from the folder's state, if there is one.
        precision: "fp32", "bf16" or "fp16".
        processes: on this machine; under torchrun its number counts. Folders must be shared.
        max_seconds: stop cleanly within these, counted from `started`.
        max_steps: stop after so many in this run.
        save_seconds: a training that is killed loses no more than this, and one step.
        threads: of the CPU, in each process; None leaves them as they are.
        started: of `time.perf_counter`.

    Raises:
        UsageError: a number below 1, no time, or far too many threads or processes.
    """

    resume: bool = False
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    processes: int = 1
    max_seconds: float = math.inf
    max_steps: int | None = None
    save_seconds: float = 45.0
    threads: int | None = None
    started: float = field(default_factory=time.perf_counter)

    def __post_init__(self) -> None:
        check("threads", self.threads, THREADS)
        check("processes", self.processes, WORKERS)
        check("steps", self.max_steps, COUNT)
        if not self.max_seconds > 0:
            raise UsageError(f"a training takes some time, not {self.max_seconds} seconds")


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        step: steps made in all.
        finished: whether these are all of the schedule's.
        signal: that stopped it, 0 if none did.
        checkpoint: written for use; None after a signal, and in all processes but the first.
        losses: last logged.
        metrics: of the last validation.
    """

    step: int
    finished: bool
    signal: int
    checkpoint: Path | None
    losses: dict[str, float]
    metrics: dict[str, float]


def train(
    build: Callable[[TrainingRequest], Task], request: TrainingRequest, options: EngineOptions
) -> Outcome:
    """Train a method, from the start or from where it stopped.

    Args:
        build: makes the task, once in each process.
        request: what is asked of it; its device is the one to train on.
        options: for how long, and how.

    Raises:
        UsageError: the folder holds another training, the task does not fit the processes, or
            these do not fit the memory.
        MissingError: lightning is not installed.
        FaceEditError: the state cannot be written, or the weights are no numbers any more.
    """
    check_room("--processes and --workers", options.processes * (1 + request.workers))
    resumed = enter_folder(request.folder, options.resume)
    team = _gather(request.device, options)
    first = team.rank == 0
    tell = request.tell if first else lambda line: None
    request = replace(request, device=team.device, rank=team.rank, resumed=resumed, tell=tell)
    if options.resume and not resumed:
        tell(f"no state in {request.folder}: a new training begins")
    torch.manual_seed(request.seed)
    try:
        task = build(request)
    except FaceEditError:
        # Nothing stays of a training that could not begin.
        with suppress(OSError):
            request.folder.rmdir()
        raise
    schedule, turns = _checked(task, team)
    models = Models(task, team)
    time_here = options.max_seconds - min(LEAVING, 0.1 * options.max_seconds)
    budget = Budget(options.started + time_here, options.save_seconds)
    keeper = Keeper(task, models, request, budget)
    step = keeper.restore() if resumed else 0
    models.share()
    end = min(schedule.steps, step + (options.max_steps or schedule.steps))
    numbers = Numbers(schedule, turns, step, team.rank, team.size)
    batches = load_batches(task.samples, numbers, request.workers, team.device)
    with caught_signals() as caught, keeper.opened(first):
        if first:
            keeper.save()
        halt = 0
        while step < end:
            halt = caught.number or (OUT_OF_TIME if first and not budget.fits("step") else 0)
            if halt := team.highest(halt):
                break
            with budget.span("step"):
                models.begin_step(step)
                losses: dict[str, Tensor] = {}
                for turn in range(turns):
                    portions = [
                        team.fabric.to_device(next(batches)) for _ in range(schedule.accumulate)
                    ]
                    for index, update in enumerate(task.updates):
                        if _has_turn(update, step, turn, turns):
                            reseed(request.seed, step, turn, index, team.rank)
                            losses |= models.make(update, portions)
                models.end_step(step)
            step += 1
            keeper.step = step
            if step % schedule.log_every == 0 or step in (1, schedule.steps):
                means = team.mean(torch.stack([v.float() for v in losses.values()])).tolist()
                if first:
                    keeper.log(dict(zip(losses, means, strict=True)), end)
            elif first:
                keeper.view.step(step)
            if first and step < schedule.steps:
                if schedule.validate_every and step % schedule.validate_every == 0:
                    keeper.validate()
                if schedule.sheet_every and step % schedule.sheet_every == 0:
                    keeper.draw()
                if budget.must_save():
                    keeper.save()
        checkpoint = None
        if first:
            keeper.save()
            if step == schedule.steps:
                keeper.validate()
                keeper.draw()
            if halt <= OUT_OF_TIME:
                checkpoint = keeper.export()
    team.wait()
    if step < schedule.steps:
        tell(f"stopped after step {step}; go on with --resume")
    stopped_by = halt if halt > OUT_OF_TIME else 0
    return Outcome(
        step, step == schedule.steps, stopped_by, checkpoint, keeper.losses, keeper.metrics
    )


def _gather(device: torch.device, options: EngineOptions) -> "Team":
    """Start Fabric and its processes."""
    try:
        from faceedit.training.fabric import Team, open_fabric
    except ModuleNotFoundError as error:
        raise MissingError(
            "training needs lightning: install it with: pip install 'faceedit[train]'"
        ) from error
    team = Team(open_fabric(device, options.precision, options.processes))
    if options.threads:
        # After the launch, which gives each process its share of the cores.
        torch.set_num_threads(options.threads)
    return team


def _checked(task: Task, team: "Team") -> tuple[Schedule, int]:
    """Return the task's schedule and its turns a step.

    Raises:
        UsageError: the batch cannot be divided among portions and processes.
        ValueError: the task names networks that it does not have, or one optimiser twice.
    """
    schedule, names = task.schedule, [update.name for update in task.updates]
    used = {name for update in task.updates for name in update.trains} | set(task.averaged)
    if unknown := used - task.networks.keys():
        raise ValueError(f"{task.method}: no network is called {', '.join(sorted(unknown))}")
    if not names or len(set(names)) < len(names):
        raise ValueError(f"{task.method}: its updates need names that differ")
    if min(update.begins for update in task.updates):
        raise ValueError(f"{task.method}: nothing is done in the first step")
    if schedule.batch_size % (schedule.accumulate * team.size):
        raise UsageError(
            f"a batch of {schedule.batch_size} cannot be divided among {schedule.accumulate} "
            f"portions in each of {team.size} processes; name another with --batch-size"
        )
    return schedule, max(update.repeats for update in task.updates)


def _has_turn(update: Update, step: int, turn: int, turns: int) -> bool:
    return step >= update.begins and turn >= turns - update.repeats
