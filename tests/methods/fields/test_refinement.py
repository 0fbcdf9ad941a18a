import dataclasses
import json

import pytest
import torch

from faceedit.methods.fields.refinement import RefinementConfig, RefinementNetwork
from faceedit.nn.attention import AttentionUnit

TINY = RefinementConfig(5, 4, 4, (6, 8, 10), latent_blocks=2, hourglass_channels=4)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"attention": False},
        {"skips": True},
        {"attention_map": "full", "hourglass_depth": 1},
        {"norm": "instance", "activation": "tanh"},
        {"norm": "none", "latent_blocks": 0},
    ],
)
def test_shapes_over_configs(changes):
    network = RefinementNetwork(dataclasses.replace(TINY, **changes))
    assert network(torch.randn(2, 5, 64, 64)).shape == (2, 4, 64, 64)


def test_profiles_follow_the_section():
    for config in (RefinementConfig.paper(), RefinementConfig.fast(18, 12)):
        network = RefinementNetwork(config)
        blocks = (len(network.encoder), len(network.latent), len(network.decoder))
        assert blocks == (3, 10, 3)
        units = sum(isinstance(m, AttentionUnit) for m in network.modules())
        assert units == 16


def test_paper_profile_gives_an_image():
    torch.manual_seed(0)
    image = RefinementNetwork(RefinementConfig.paper()).eval()(torch.rand(1, 3, 32, 32) * 2 - 1)
    assert image.shape == (1, 3, 32, 32)
    assert image.abs().max() <= 1


def test_ablation_leaves_no_attention_unit():
    network = RefinementNetwork(dataclasses.replace(TINY, attention=False))
    assert not any(isinstance(m, AttentionUnit) for m in network.modules())


def test_latent_depth_switch():
    network = RefinementNetwork(dataclasses.replace(TINY, latent_blocks=7))
    assert len(network.latent) == 7


@pytest.mark.parametrize("config", [TINY, RefinementConfig.paper(), RefinementConfig.fast(18, 9)])
def test_config_survives_json(config):
    assert RefinementConfig.from_dict(json.loads(json.dumps(dataclasses.asdict(config)))) == config


def test_unknown_config_field_is_refused():
    with pytest.raises(TypeError):
        RefinementConfig.from_dict({**dataclasses.asdict(TINY), "depth": 3})


def test_outputs_start_near_zero():
    torch.manual_seed(0)
    network = RefinementNetwork(RefinementConfig.fast(18, 12))
    with torch.no_grad():
        assert network(torch.randn(2, 18, 32, 32)).abs().max() < 0.3


def test_a_sample_does_not_depend_on_its_batch():
    torch.manual_seed(0)
    network = RefinementNetwork(TINY).eval()
    torch.nn.init.normal_(network.output.weight)
    x = torch.randn(3, 5, 16, 16)
    with torch.no_grad():
        torch.testing.assert_close(network(x)[1:2], network(x[1:2]), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("skips", [False, True])
def test_gradient_reaches_every_parameter(skips):
    torch.manual_seed(0)
    network = RefinementNetwork(dataclasses.replace(TINY, skips=skips))
    network(torch.randn(4, 5, 64, 64)).square().mean().backward()
    silent = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert silent == []


def test_training_lowers_the_loss_under_bf16_autocast():
    torch.manual_seed(0)
    network = RefinementNetwork(dataclasses.replace(TINY, skips=True))
    network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-2)
    x = torch.randn(4, 5, 16, 16).contiguous(memory_format=torch.channels_last)
    losses = []
    for _ in range(25):
        with torch.autocast("cpu", torch.bfloat16):
            out = network(x)
        loss = (out.float() - x[:, :4]).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]
