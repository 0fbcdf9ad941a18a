"""What one of several training processes does for all."""

from collections.abc import Callable

import torch


def begin_together(rank: int, begin: Callable[[], object]) -> None:
    """Do in the first process what the others wait for; weights they get from it later."""
    if rank == 0:
        begin()
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.barrier()
