"""What a training writes down: JSON lines, and TensorBoard's files where that is installed."""

import contextlib
import json
import math
import re
from pathlib import Path
from typing import Any

import cv2

from faceedit.outputs import REPLACE, write_atomic

LOG = "log.jsonl"
BOARD = "tensorboard"

_LINE = re.compile(r'\{"step": \d+, "seconds": ')
"""How each line begins."""


class Journal:
    """The log of a training's folder.

    Args:
        folder: takes it.
        step: steps made before; what was logged after them, by a training that was killed before
            it could save, is taken out since it will come again.
    """

    def __init__(self, folder: Path, step: int):
        path = folder / LOG
        _cut(path, step)
        self._file = path.open("a", encoding="utf-8")
        self._board = _open_board(folder / BOARD, step)

    def write(self, step: int, seconds: float, **parts: Any) -> None:
        """Append one line.

        Args:
            step: steps made.
            seconds: of training until now, over all its runs.
            parts: numbers, or tables of numbers by name.
        """
        record = {"step": step, "seconds": round(seconds, 2), **parts}
        self._file.write(json.dumps(_readable(record)) + "\n")
        self._file.flush()
        if self._board is None:
            return
        for name, part in parts.items():
            table = part if isinstance(part, dict) else {"": part}
            for key, value in table.items():
                if isinstance(value, int | float):
                    self._board.add_scalar(f"{name}/{key}".rstrip("/"), value, step)

    def show(self, step: int, sheet: Path) -> None:
        """Put a sample sheet on the board."""
        if self._board is not None:
            picture = cv2.imread(str(sheet))
            if picture is not None:
                self._board.add_image("samples", picture[..., ::-1], step, dataformats="HWC")

    def close(self) -> None:
        """Write what is left."""
        self._file.close()
        if self._board is not None:
            self._board.close()


def is_log(path: Path) -> bool:
    """Tell whether a file is a training's log, and not somebody's own of that name."""
    return not path.is_symlink() and path.is_file() and all(map(_LINE.match, _lines(path)))


def _cut(path: Path, step: int) -> None:
    """Keep the whole lines up to a step; none of a training that is new."""
    kept = []
    for line in _lines(path):
        # A line that was cut off by a kill belongs to what is lost.
        with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError):
            if 0 < json.loads(line)["step"] <= step:
                kept.append(line + "\n")
    write_atomic(path, "".join(kept).encode(), REPLACE)


def _lines(path: Path) -> list[str]:
    return path.read_text("utf-8", "replace").splitlines() if path.is_file() else []


def _open_board(folder: Path, step: int):
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder), purge_step=step + 1 if step else None)


def _readable(value: Any) -> Any:
    """Replace what JSON has no word for, and digits that mean nothing."""
    if isinstance(value, dict):
        return {k: _readable(v) for k, v in value.items()}
    if isinstance(value, float):
        return float(f"{value:.7g}") if math.isfinite(value) else None
    return value
