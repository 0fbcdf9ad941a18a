"""What a network takes for one crop, beside what the machine could do at best."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from faceedit.benchmark.speed import synchronize
from faceedit.faces.align import Crop
from faceedit.methods.base import Method
from faceedit.methods.fields.refinement import RefinementConfig, RefinementNetwork
from faceedit.recognisers.base import Recogniser
from faceedit.targets import Target

RUNS = 7
GEMM_SIZE = 2048
PAPER_SIZE = 256


@dataclass(frozen=True)
class NetworkSpeed:
    """One network on one crop.

    Attributes:
        name: method and profile.
        seconds: median time of one crop.
        gflop: floating point operations of its convolutions and matrix products in 1e9, a
            multiplication and an addition counted as two.
        fraction: their rate over that of a plain matrix product.
    """

    name: str
    seconds: float
    gflop: float
    fraction: float


def measure_gemm(device: torch.device, size: int = GEMM_SIZE) -> float:
    """Return the best rate of a float32 product of square matrices in GFLOP/s."""
    a, b = (torch.randn(size, size, device=device) for _ in range(2))
    return 2e-9 * size**3 / min(_times(lambda: torch.mm(a, b), device))


def measure_method(method: Method, crop: Crop, target: Target, gemm: float) -> NetworkSpeed:
    """Measure a loaded method's networks alone, without what it does around them.

    Args:
        method: what to measure. Its networks are the torch modules among its attributes; where it
            has none, the whole of its `edit` is measured.
        crop: one face of the method's crop size.
        target: what it is asked for.
        gemm: from `measure_gemm`, in GFLOP/s.
    """
    modules = [value for value in vars(method).values() if isinstance(value, nn.Module)]
    device = next((p.device for m in modules for p in m.parameters()), torch.device("cpu"))
    spent: list[float] = []

    def once() -> None:
        method.edit([crop], target)

    with torch.inference_mode(), _time_spent(modules, device, spent):
        gflop = _gflop(once)
        spent.clear()
        seconds = _times(once, device)
    # The first run of `_times` warms up.
    per_run = np.reshape(spent, (RUNS + 1, -1)).sum(1)[1:] if spent else seconds
    return _speed(f"{method.name} {method.profile}", float(np.median(per_run)), gflop, gemm)


def measure_paper(device: torch.device, gemm: float) -> NetworkSpeed:
    """Measure RegGAN's refinement network as published, with random weights, at 256 px."""
    network = RefinementNetwork(RefinementConfig.paper()).eval().to(device)
    network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    image = torch.randn(1, 3, PAPER_SIZE, PAPER_SIZE, device=device)
    image = image.contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        gflop = _gflop(lambda: network(image))
        seconds = float(np.median(_times(lambda: network(image), device)))
    return _speed("reggan paper (random weights)", seconds, gflop, gemm)


def measure_recogniser(recogniser: Recogniser, gemm: float) -> NetworkSpeed:
    """Measure a loaded recogniser on one crop of its size, from pixels to tensors.

    Args:
        recogniser: what to measure.
        gemm: from `measure_gemm`, in GFLOP/s.
    """
    device = next(recogniser.parameters()).device
    size = recogniser.crop_size
    crop = torch.rand(1, 3, size, size, device=device) * 2 - 1
    crop = crop.contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        gflop = _gflop(lambda: recogniser(crop))
        seconds = float(np.median(_times(lambda: recogniser(crop), device)))
    return _speed(recogniser.name, seconds, gflop, gemm)


def _speed(name: str, seconds: float, gflop: float, gemm: float) -> NetworkSpeed:
    return NetworkSpeed(name, seconds, gflop, gflop / seconds / gemm)


def _times(work: Callable[[], object], device: torch.device) -> list[float]:
    """Run once to warm up, then return the seconds of each of `RUNS` runs."""
    times = []
    for _ in range(RUNS + 1):
        synchronize(device)
        start = time.perf_counter()
        work()
        synchronize(device)
        times.append(time.perf_counter() - start)
    return times[1:]


def _gflop(work: Callable[[], object]) -> float:
    with FlopCounterMode(display=False) as counter:
        work()
    return counter.get_total_flops() / 1e9


@contextmanager
def _time_spent(modules: list[nn.Module], device: torch.device, spent: list[float]) -> Iterator:
    """Append to `spent` the seconds of each call of each of these modules."""
    started: list[float] = []

    def before(*_: object) -> None:
        synchronize(device)
        started.append(time.perf_counter())

    def after(*_: object) -> None:
        synchronize(device)
        spent.append(time.perf_counter() - started.pop())

    hooks = [m.register_forward_pre_hook(before) for m in modules]
    hooks += [m.register_forward_hook(after) for m in modules]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
