import json
from copy import deepcopy

import numpy as np
import pytest
import registry_hostile as hostile
import torch
from face_networks import WEIGHTS, network
from torch.nn import functional

from faceedit.errors import WeightsError
from faceedit.faces.find import attention
from faceedit.faces.find.build import FACE_NETWORKS, build_finder
from faceedit.faces.find.graph import GraphModule, conv, depth_to_space, pad_channels, rows
from faceedit.registry import Registry, load_checkpoint

PROFILES = ("blazeface-short", "blazeface-full", "attention-mesh")


def test_same_padding_at_stride_two_is_at_the_far_side():
    x = torch.arange(16.0).reshape(1, 1, 4, 4)
    weight = torch.zeros(1, 1, 3, 3)
    weight[..., 0, 0] = 1
    out = conv(x, weight=weight, bias=torch.zeros(1), stride=2, padding=(0, 1, 0, 1), groups=1)
    assert out.flatten().tolist() == [0, 2, 8, 10]


def test_depth_to_space_reads_row_column_channel():
    n, height, width, kept = 2, 3, 2, 5
    nhwc = np.random.default_rng(0).normal(size=(n, height, width, 4 * kept)).astype(np.float32)
    expected = nhwc.reshape(n, height, width, 2, 2, kept).transpose(0, 1, 3, 2, 4, 5)
    expected = expected.reshape(n, 2 * height, 2 * width, kept)
    out = depth_to_space(torch.from_numpy(nhwc).permute(0, 3, 1, 2), block=2)
    assert np.array_equal(out.permute(0, 2, 3, 1).numpy(), expected)
    shuffled = functional.pixel_shuffle(torch.from_numpy(nhwc).permute(0, 3, 1, 2), 2)
    assert not torch.equal(out, shuffled)


def test_channels_are_appended_and_rows_read_pixels():
    x = torch.randn(2, 3, 4, 4).contiguous(memory_format=torch.channels_last)
    padded = pad_channels(x, count=2)
    assert torch.equal(padded[:, :3], x)
    assert not padded[:, 3:].any()
    assert torch.equal(rows(x, width=3)[0, 5], x[0, :, 1, 1])


def test_region_of_level_and_turned_points():
    square = torch.tensor([[10.0, 20, 0], [30, 20, 0], [10, 40, 0], [30, 40, 0]])[None]
    options = {"points": [0, 1, 2, 3], "left": 0, "right": 1, "margin": 1.5, "size": 16}
    matrix = attention.region(square, **options, scale=1.0)
    ends = matrix @ torch.tensor([[0.0, 0, 1], [16, 16, 1], [8, 8, 1]]).T
    assert torch.allclose(ends[0].T, torch.tensor([[5.0, 15], [35, 45], [20, 30]]), atol=1e-4)
    turned = torch.stack([-square[..., 1], square[..., 0], square[..., 2]], -1)
    matrix = attention.region(turned, **options, scale=1.0)
    ends = matrix @ torch.tensor([[0.0, 0, 1], [16, 16, 1]]).T
    assert torch.allclose(ends[0].T, torch.tensor([[-15.0, 5], [-45, 35]]), atol=1e-4)


def test_sample_is_zero_outside_and_exact_on_cells():
    features = torch.randn(1, 2, 4, 4)
    identity = torch.tensor([[[1.0, 0, 0], [0, 1, 0]]])
    assert torch.allclose(attention.sample(features, identity, size=4), features, atol=1e-6)
    beside = torch.tensor([[[1.0, 0, 2.5], [0, 1, 0]]])
    out = attention.sample(features, beside, size=4)
    assert torch.allclose(out[..., 0], features[..., 2:].mean(-1), atol=1e-6)
    assert not out[..., 1:].any()


@pytest.mark.parametrize("profile", PROFILES)
def test_batch_makes_no_difference(profile):
    net = network(profile)
    x = torch.rand(3, 3, net.size, net.size, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        together = net(x)
        alone = net(x[1:2])
    for name, value in alone.items():
        assert torch.allclose(together[name][1:2], value, atol=2e-3, rtol=1e-4), name


def test_wanted_outputs_leave_steps_out():
    net = network("attention-mesh")
    x = torch.rand(1, 3, 192, 192, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        coarse, whole = net(x, ("mesh", "presence")), net(x)
    assert set(coarse) == {"mesh", "presence"}
    assert torch.allclose(coarse["mesh"], whole["mesh"], atol=1e-4)


def test_a_network_that_was_moved_uses_its_new_parameters():
    net = deepcopy(network("blazeface-short"))
    x = torch.rand(1, 3, 128, 128, generator=torch.Generator().manual_seed(3))
    with torch.inference_mode():
        before = net(x)["scores"]
        after = net.double()(x.double())["scores"]
    assert after.dtype == torch.float64
    assert torch.allclose(after.float(), before, atol=1e-3)


def test_squares_become_the_input():
    net = network("blazeface-short")
    low, high = net.range
    x = net.prepare([np.full((128, 128, 3), value, np.uint8) for value in (0, 255)])
    assert x.shape == (2, 3, 128, 128)
    assert torch.allclose(x[:, 0, 0, 0], torch.tensor([low, high]))


def test_gradients_reach_the_input():
    net = network("attention-mesh")
    x = torch.rand(1, 3, 192, 192, generator=torch.Generator().manual_seed(2)).requires_grad_()
    net(x)["lips"].sum().backward()
    assert x.grad is not None
    assert x.grad.abs().sum() > 0


def test_what_is_no_face_network_is_refused(tmp_path):
    with pytest.raises(WeightsError, match="architecture"):
        GraphModule.from_tensors({}, {})
    with pytest.raises(WeightsError, match="newer"):
        GraphModule(
            {"size": 16, "range": [0, 1], "input": 0, "outputs": {}, "steps": [["x", [0], 1, {}]]},
            {},
        )
    with pytest.raises(WeightsError, match=r"none\.safetensors"):
        GraphModule.from_file(tmp_path / "none.safetensors")


@pytest.mark.parametrize("what", hostile.FACE_NETWORKS)
def test_a_network_that_cannot_or_must_not_run_is_refused(what):
    checkpoint = load_checkpoint(WEIGHTS / "attention-mesh.safetensors")
    architecture = json.loads(checkpoint.metadata["architecture"])
    hostile.FACE_NETWORKS[what](architecture)
    with pytest.raises(WeightsError, match=r"architecture of a face network|newer"):
        GraphModule(architecture, checkpoint.tensors)


@pytest.mark.parametrize("name", ["5.weight.more", "weight", "x.weight", "5.colour"])
def test_tensors_are_called_after_their_steps(name):
    checkpoint = load_checkpoint(WEIGHTS / "blazeface-short.safetensors")
    tensors = {**checkpoint.tensors, name: torch.zeros(3)}
    with pytest.raises(WeightsError, match="architecture of a face network"):
        GraphModule.from_tensors(tensors, checkpoint.metadata)


def test_a_network_of_another_kind_is_not_taken_for_the_mesh(tmp_path):
    for name in FACE_NETWORKS:
        file = tmp_path / f"{name}.safetensors"
        # Each is the detector.
        file.write_bytes((WEIGHTS / "blazeface-short.safetensors").read_bytes())
        hostile.write_card(tmp_path, file, "faces", "blazeface-short")
    with pytest.raises(WeightsError, match="not the face networks"):
        build_finder(Registry.load([tmp_path]))
