"""Networks made from files of weights."""

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

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
    with torch.device("meta"), _NoNormals():
        network = build()
    network.load_state_dict({name: _full(tensor) for name, tensor in tensors.items()}, assign=True)
    for tensor in chain(network.parameters(), network.buffers()):
        if tensor.is_meta:
            raise RuntimeError("a tensor that no file keeps was made without memory")
    return network


class _NoNormals(TorchFunctionMode):
    """Leaves normal numbers out: for tensors without memory torch imports half of itself first."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        if getattr(func, "__name__", "").endswith("normal_"):
            return args[0] if args else (kwargs or {})["tensor"]
        return func(*args, **(kwargs or {}))


def _full(tensor: Tensor) -> Tensor:
    # A copy: the file may be mapped into memory.
    return tensor.to(torch.float32 if tensor.is_floating_point() else tensor.dtype, copy=True)
