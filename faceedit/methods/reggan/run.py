"""Where and for how long a training runs, and its log."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from faceedit.errors import UsageError

STATE = "state.safetensors"
LOG = "log.jsonl"
SAVE_SECONDS = 120.0
"""A training that is killed loses no more than this."""


@dataclass(frozen=True)
class Run:
    """Where and for how long a training runs.

    Attributes:
        folder: takes checkpoints, log and sheets.
        device: of the networks.
        resume: go on from the folder's state, if there is one.
        max_seconds: stop cleanly after these.
        workers: processes that draw samples; 0 draws in this one.
        seed: of everything random.
        tell: takes a line of progress.
    """

    folder: Path
    device: torch.device
    resume: bool = False
    max_seconds: float = math.inf
    workers: int = 1
    seed: int = 0
    tell: Callable[[str], None] = lambda line: None

    @property
    def state(self) -> Path:
        """The file from which a training goes on."""
        return self.folder / STATE

    def begin(self) -> bool:
        """Make the folder and tell whether there is a state to go on from; else the log is new.

        Raises:
            UsageError: the folder holds a training that would be overwritten.
        """
        if self.state.is_file() and not self.resume:
            raise UsageError(
                f"{self.folder} holds a training; go on with --resume or name another with -o"
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.resume and self.state.is_file():
            return True
        if self.resume:
            self.tell(f"no {self.state}: a new training begins")
        (self.folder / LOG).unlink(missing_ok=True)
        return False

    def check_targets(self, notes: dict[str, Any], targets: tuple[str, ...]) -> None:
        """Compare the targets noted in a state with those asked for.

        Raises:
            UsageError: they differ.
        """
        noted = tuple(notes.get("targets", targets))
        if noted != targets:
            raise UsageError(
                f"{self.state} is of a training for {', '.join(noted)}; name another folder with -o"
            )

    def log(self, step: int, terms: dict[str, Tensor], seconds: float) -> None:
        """Append losses to the log and tell the total.

        Args:
            step: number of updates made.
            terms: scalars by name, ``total`` among them.
            seconds: since descent began.
        """
        values = {k: round(float(v.detach()), 5) for k, v in terms.items()}
        with (self.folder / LOG).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step, "seconds": round(seconds, 1), **values}) + "\n")
        self.tell(f"step {step}  {seconds:.0f} s  total {values['total']:.4f}")
