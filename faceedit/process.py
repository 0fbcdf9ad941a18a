"""What is set once for a process that works on photos."""

import gc
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from faceedit.limits import THREADS, check

SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGHUP", "SIGINT", "SIGTERM") if hasattr(signal, name)
)
"""Those that end a command in good order."""


def heard_signals() -> list[signal.Signals]:
    """Return which of `SIGNALS` a command hears: under ``nohup`` a hang-up stays ignored."""
    hang_up = getattr(signal, "SIGHUP", None)
    return [s for s in SIGNALS if s != hang_up or signal.getsignal(s) != signal.SIG_IGN]


def runs_from_working_folder() -> bool:
    """Say whether the program itself lies in the working folder: a checkout, not installed."""
    return _working_folder() == Path(__file__).resolve().parent.parent


def import_nothing_from_here() -> None:
    """Keep Python from importing what lies in the working folder, among other people's photos.

    That holds for this process, where ``python -m`` put the folder on the path, and for every
    Python that it starts: ``python -c``, as multiprocessing starts its processes, takes a
    ``struct.py`` from there before the real one. Where the program itself lies in the working
    folder, everything stays as it is.
    """
    if runs_from_working_folder():
        return
    os.environ["PYTHONSAFEPATH"] = "1"
    if not sys.flags.safe_path and sys.path[:1] in ([""], [str(_working_folder())]):
        del sys.path[0]


def _working_folder() -> Path | None:
    try:
        return Path.cwd()
    except OSError:  # It was deleted.
        return None


KEPT = {-3: 32 << 20, -1: 256 << 20}
"""What glibc's ``mallopt`` is told, by number: arrays from so many bytes on are given back at once
(``M_MMAP_THRESHOLD``); of what smaller ones leave so much is kept (``M_TRIM_THRESHOLD``)."""


def keep_memory() -> None:
    """Let arrays take memory that earlier ones left; glibc alone is told.

    Each photo makes some forty arrays as large as its faces. Pages that the system has to clear for
    them anew cost a twentieth of composing.
    """
    import ctypes

    tell = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if tell is not None:
        for number, value in KEPT.items():
            tell(number, value)


def prepare(threads: int | None) -> None:
    """Set the number of threads, and silence decoders: faults in photos are reported per photo.

    Raises:
        UsageError: no threads, or far too many.
    """
    import logging
    import warnings

    from faceedit.photos.quiet import silence_libtiff, silence_opencv

    check("threads", threads, THREADS)
    keep_memory()
    silence_libtiff()
    silence_opencv()
    warnings.filterwarnings("ignore", module="PIL")
    logging.getLogger("PIL").setLevel(logging.CRITICAL)
    if threads is not None:
        import cv2
        import torch

        torch.set_num_threads(threads)
        cv2.setNumThreads(threads)


@contextmanager
def loading() -> Iterator[None]:
    """Load modules and networks without the garbage collector.

    All that comes into being stays for good: looking through it costs a tenth of a second each
    time, several times while torch is imported and again and again in a run.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
