"""What is set once for a process that works on photos."""


def prepare(threads: int | None) -> None:
    """Set the number of threads, and silence Pillow: what it warns of, photos are judged for."""
    import logging
    import warnings

    warnings.filterwarnings("ignore", module="PIL")
    logging.getLogger("PIL").setLevel(logging.CRITICAL)
    if threads is not None:
        import cv2
        import torch

        torch.set_num_threads(threads)
        cv2.setNumThreads(threads)
