"""Networks made from files of weights."""

from collections.abc import Callable, Mapping
from itertools import chain
from typing import TypeVar

import torch
from torch import Tensor, nn

M = TypeVar("M", bound=nn.Module)


def build_network(build: Callable[[], M], tensors: Mapping[str, Tensor]) -> M:
    """Build a network and fill it; it takes no more memory than its tensors do.

    The network is built without memory first. One that does not have exactly the tensors that are
    given never gets any, whatever sizes its file asks for.

    Args:
        build: makes the network.
        tensors: all its parameters and buffers by name, in any precision; they are copied to
            32 bits.

    Raises:
        RuntimeError: names or shapes differ; those that do are named.
        Exception: what `build` raises.
    """
    with torch.device("meta"):
        network = build()
    network.load_state_dict({name: _full(tensor) for name, tensor in tensors.items()}, assign=True)
    for tensor in chain(network.parameters(), network.buffers()):
        if tensor.is_meta:
            raise RuntimeError("a tensor that no file keeps was made without memory")
    return network


def _full(tensor: Tensor) -> Tensor:
    # A copy: the file may be mapped into memory.
    return tensor.to(torch.float32 if tensor.is_floating_point() else tensor.dtype, copy=True)
