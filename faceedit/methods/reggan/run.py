"""Where and for how long a training runs, and its log."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

STATE = "state.safetensors"
SAVE_SECONDS = 120.0


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

    def log(self, step: int, terms: dict[str, Tensor], seconds: float) -> None:
        """Append losses to log.jsonl and tell the total."""
        values = {k: round(float(v.detach()), 5) for k, v in terms.items()}
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step, "seconds": round(seconds, 1), **values}) + "\n")
        self.tell(f"step {step}  {seconds:.0f} s  total {values['total']:.4f}")
