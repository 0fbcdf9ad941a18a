import torch
from torch import nn

from faceedit.methods.fields.refinement import RefinementConfig, RefinementNetwork
from faceedit.nn.folding import fold_norms


def network_of(norm):
    torch.manual_seed(0)
    config = RefinementConfig.fast(8, 6)
    network = RefinementNetwork(RefinementConfig.from_dict({**vars(config), "norm": norm})).eval()
    for part in network.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.running_mean = torch.randn(part.num_features)
            part.running_var = torch.rand(part.num_features) + 0.5
            nn.init.uniform_(part.weight, 0.5, 1.5)
            nn.init.normal_(part.bias)
    return network


def norms(network):
    return sum(isinstance(part, nn.BatchNorm2d) for part in network.modules())


@torch.inference_mode()
def test_a_folded_network_computes_the_same():
    network, x = network_of("batch"), torch.randn(2, 8, 32, 32)
    before, count = network(x), norms(network)
    fold_norms(network)
    torch.testing.assert_close(network(x), before, rtol=1e-3, atol=1e-3 * float(before.std()))
    assert norms(network) < count / 3


@torch.inference_mode()
def test_other_norms_stay():
    network, x = network_of("instance"), torch.randn(1, 8, 32, 32)
    before = network(x)
    fold_norms(network)
    torch.testing.assert_close(network(x), before)
