"""What is set once for a process that works on photos."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


def prepare(threads: int | None) -> None:
    """Set the number of threads, and silence decoders: what they warn of, photos are judged for."""
    import logging
    import warnings

    from faceedit.photos.quiet import silence_libtiff, silence_opencv

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
