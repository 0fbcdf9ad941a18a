import subprocess
import sys

import pytest
import torch
from torch import nn

from faceedit.nn.loading import build_network


def test_a_network_is_filled_with_copies_in_32_bits():
    source = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    tensors = {k: v.half() if v.is_floating_point() else v for k, v in source.state_dict().items()}
    network = build_network(lambda: nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)), tensors)
    filled = network.state_dict()
    assert filled["0.weight"].dtype == torch.float32
    assert torch.equal(filled["0.weight"], tensors["0.weight"].float())
    assert filled["1.num_batches_tracked"].dtype == torch.int64
    plain = {k: v.clone() for k, v in source.state_dict().items()}
    network = build_network(lambda: nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)), plain)
    plain["0.weight"].fill_(7)
    assert torch.equal(network.state_dict()["0.weight"], source.state_dict()["0.weight"])


def test_other_tensors_are_named_and_sizes_take_no_memory():
    for size in (3, 10**7):
        with pytest.raises(RuntimeError, match="weight"):
            build_network(lambda size=size: nn.Linear(size, size), {"bias": torch.zeros(3)})


def test_what_no_file_keeps_has_to_have_memory():
    class Lost(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("grid", torch.zeros(3), persistent=False)

    with pytest.raises(RuntimeError, match="no file keeps"):
        build_network(Lost, {})


def test_loading_the_networks_imports_no_compiler():
    script = """
import sys, torch
from faceedit.methods.reggan.method import load
from faceedit.recognisers.bundle import Recognisers
from faceedit.registry import Registry, packaged_weights
registry = Registry.load([packaged_weights()])
load(registry.checkpoint("reggan-fast"), torch.device("cpu"))
Recognisers.load(registry)
print([name for name in ("sympy", "torch._dynamo", "torch._inductor") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr
