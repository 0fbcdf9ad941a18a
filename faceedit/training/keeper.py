"""A training's folder: its state, checkpoint, log and sheets, written by the first process."""

import dataclasses
import json
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from faceedit.errors import UsageError
from faceedit.training.budget import Budget
from faceedit.training.journal import LOG, Journal, is_log
from faceedit.training.live import Progress, open_view
from faceedit.training.models import Models
from faceedit.training.sheets import write_sheet
from faceedit.training.state import read_notes
from faceedit.training.task import Task, TrainingRequest

STATE = "state.safetensors"


def enter_folder(folder: Path, resume: bool) -> bool:
    """Tell whether there is a state to go on from.

    Raises:
        UsageError: the folder holds a training that would be overwritten, links, which are not
            written through, or something else; or it cannot be made.
    """
    there = (folder / STATE).is_file()
    try:
        if folder.is_dir() and not there and any(folder.iterdir()) and not is_log(folder / LOG):
            raise UsageError(f"{folder} holds other files; name an empty or new folder with -o")
        if there and not resume:
            raise UsageError(
                f"{folder} holds a training; go on with --resume or name another with -o"
            )
        if link := next((path for path in folder.rglob("*") if path.is_symlink()), None):
            raise UsageError(f"{link} is a link, and links are not written through")
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder} cannot be used: {error.strerror or error}") from error
    return there


class Keeper:
    """Keeps what a training leaves behind.

    Args:
        task: what is trained.
        models: its networks.
        request: the folder, the seed, and who is told.
        budget: takes the time that it needs.
    """

    def __init__(self, task: Task, models: Models, request: TrainingRequest, budget: Budget):
        self.task, self.models, self.request, self.budget = task, models, request, budget
        self.state = request.folder / STATE
        self.step = self.saved = 0
        self.losses: dict[str, float] = {}
        self.metrics: dict[str, float] = {}
        self._earlier = 0.0
        self._began = time.perf_counter()
        self._logged = (0, self._began, 0.0)

    def restore(self) -> int:
        """Go on from the state, and return the number of steps made.

        Raises:
            UsageError: it is damaged, or of another training.
        """
        notes = read_notes(self.state)
        mine = f"{self.task.method} {self.task.profile}"
        theirs = f"{notes.get('method')} {notes.get('profile')}"
        if mine != theirs:
            raise UsageError(f"{self.state} is of a training of {theirs}, not of {mine}")
        notes = self.models.restore(self.state)
        for name, (old, new) in _differences(notes, self._notes()).items():
            self.request.tell(f"differs from the training so far: {name} was {old}, is {new}")
        took, losses = (_numbers(notes.get(name)) for name in ("took", "losses"))
        seconds = notes.get("seconds")
        if took is None or losses is None or not isinstance(seconds, int | float):
            raise UsageError(f"{self.state} is no state of a training: its notes are damaged")
        self.budget.longest |= took
        self.losses, self._earlier = losses, float(seconds)
        self.step = self.saved = notes["step"]
        return self.step

    @contextmanager
    def opened(self, first: bool) -> Iterator[None]:
        """Open log and view meanwhile, in the first process."""
        if not first:
            yield
            return
        self.journal = Journal(self.request.folder, self.step)
        self.view = open_view(self.request.tell, f"{self.task.method} {self.task.profile}")
        self._logged = (self.step, time.perf_counter(), self.budget.aside)
        try:
            yield
        finally:
            self.journal.close()
            self.view.close()

    def log(self, losses: dict[str, float], end: int) -> None:
        """Write losses down and show them.

        Args:
            losses: after `self.step` steps.
            end: the step at which this run ends.

        Raises:
            FaceEditError: the weights are no numbers any more.
        """
        self.losses = losses
        if not all(map(math.isfinite, losses.values())):
            self.models.check()
        step, at, aside = self._logged
        self._logged = (self.step, time.perf_counter(), self.budget.aside)
        pace = (self._logged[1] - at - (self._logged[2] - aside)) / max(1, self.step - step)
        turns = max(update.repeats for update in self.task.updates)
        speed = turns * self.task.schedule.batch_size / max(pace, 1e-9)
        rates = self.models.rates(self.step - 1)
        self._write(losses=losses, rates=rates, images_per_second=speed)
        left = min((end - self.step) * pace, self.budget.deadline - time.perf_counter())
        self.view.show(
            Progress(
                self.step,
                self.task.schedule.steps,
                speed,
                max(0.0, left),
                rates,
                losses,
                self.metrics,
            )
        )

    def save(self) -> None:
        """Write the state, unless it is there.

        Raises:
            FaceEditError: it cannot be written, or the weights are no numbers any more.
        """
        if self.saved == self.step and self.state.is_file():
            return
        with self.budget.span("save"):
            self.models.save(self.state, self._notes())
        self.saved = self.step

    def validate(self) -> None:
        """Measure the networks, and leave a checkpoint of what was measured."""
        if not self.budget.fits("validate"):
            return
        # Whatever takes long must not be lost with the steps before it.
        self.save()
        with self.budget.span("validate"), self.models.in_use(self.request.seed) as networks:
            self.metrics = self.task.validate(networks)
        if self.metrics:
            self._write(validation=self.metrics)
        if self.step < self.task.schedule.steps:
            self.export()

    def draw(self) -> None:
        """Draw a sample sheet."""
        if not self.budget.fits("sheet"):
            return
        self.save()
        with self.budget.span("sheet"):
            with self.models.in_use(self.request.seed) as networks:
                pictures = self.task.pictures(networks)
            if pictures is None:
                return
            path = self.request.folder / f"sheet-{self.step:06d}.jpg"
            write_sheet(path, *pictures)
            self.journal.show(self.step, path)

    def export(self) -> Path:
        """Write the checkpoint for use, and return it."""
        name = f"{self.task.method}-{self.task.profile}.safetensors"
        notes = {k: v for k, v in self._notes().items() if k in ("step", "recipe", "schedule")}
        with self.budget.span("export"), self.models.in_use(self.request.seed) as networks:
            return self.task.export(self.request.folder / name, networks, notes)

    def _write(self, **parts: Any) -> None:
        self.journal.write(self.step, self._seconds(), **parts)

    def _seconds(self) -> float:
        return self._earlier + time.perf_counter() - self._began

    def _notes(self) -> dict[str, Any]:
        recipe = self.task.recipe
        notes = {
            "method": self.task.method,
            "profile": self.task.profile,
            "step": self.step,
            "seconds": self._seconds(),
            "losses": {k: v for k, v in self.losses.items() if math.isfinite(v)},
            "seed": self.request.seed,
            "recipe": dataclasses.asdict(recipe) if dataclasses.is_dataclass(recipe) else None,  # pyright: ignore[reportArgumentType]
            "schedule": dataclasses.asdict(self.task.schedule),
            "took": self.budget.longest,
        }
        return json.loads(json.dumps(notes))


def _numbers(stored: Any) -> dict[str, float] | None:
    """Return numbers by name, or None for anything else."""
    if not isinstance(stored, dict):
        return None
    if not all(isinstance(value, int | float) for value in stored.values()):
        return None
    return stored


def _differences(old: Any, new: Any, name: str = "") -> dict[str, tuple[Any, Any]]:
    """Return what a training was made with and is made with now, where that differs, by name."""
    if not name:
        parts = ("seed", "recipe", "schedule")
        old, new = ({k: notes.get(k) for k in parts} for notes in (old, new))
    if isinstance(old, dict) and isinstance(new, dict):
        found = {}
        for key in {**old, **new}:
            found |= _differences(old.get(key), new.get(key), f"{name}.{key}".lstrip("."))
        return found
    return {} if old == new else {name: (old, new)}
