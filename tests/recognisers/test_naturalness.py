from inspect import signature

import numpy as np
import pytest
import torch
from torch import nn

from faceedit.errors import WeightsError
from faceedit.faces.align import Crop, crop_affine
from faceedit.faces.topology import EYES, OUTER_LIPS, mean_shape
from faceedit.recognisers.naturalness import (
    SIZE,
    WINDOW,
    NaturalnessReading,
    NaturalnessRecogniser,
    hull_mask,
)
from faceedit.registry import load_checkpoint


@pytest.fixture
def recogniser():
    torch.manual_seed(0)
    return NaturalnessRecogniser(4, 16, 8).eval()


def crop(seed: int, size: int) -> Crop:
    pixels = np.random.default_rng(seed).random((size, size, 3), np.float32)
    return Crop(pixels, np.zeros((478, 3), np.float32), np.eye(2, 3))


def test_by_default_it_is_the_network_of_table_6():
    defaults = {k: v.default for k, v in signature(NaturalnessRecogniser).parameters.items()}
    assert defaults == {"width": 64, "widest": 2048, "features": 256, "masked": True}
    # An eighth of all widths, which is quicker to make.
    small = NaturalnessRecogniser(8, 256, 32)
    layers = [layer for layer in small.convolutions if isinstance(layer, nn.Conv2d)]
    assert [8 * c.out_channels for c in layers] == [64, 128, 256, 512, 1024, 2048]
    assert {(c.kernel_size, c.stride) for c in layers} == {((4, 4), (2, 2))}
    assert (small.fc0.in_features, small.fc0.out_features) == (2 * 2 * 256, 32)
    assert (small.fc1.in_features, small.fc1.out_features) == (32, 1)


def test_there_is_one_score_on_the_scale_per_crop(recogniser):
    found = recogniser.read([crop(i, size) for i, size in enumerate((64, 128, 300))], batch=2)
    assert len(found) == 3
    assert all(0 <= reading.score <= 10 for reading in found)
    outside = recogniser.readings(torch.tensor([-3.0, 4.5, 17.0]))
    assert outside == [NaturalnessReading(0), NaturalnessReading(4.5), NaturalnessReading(10)]


def test_scores_are_differentiable_in_the_face_and_blind_outside_it(recogniser):
    x = (torch.rand(1, 3, 160, 160) * 2 - 1).requires_grad_()
    recogniser(x).sum().backward()
    assert x.grad is not None
    slope = x.grad.abs().sum((0, 1))
    assert slope[80, 80] > 0
    assert slope[:20].max() == slope[:, :12].max() == slope[:, -12:].max() == 0


def test_without_a_mask_the_whole_window_counts():
    torch.manual_seed(0)
    network = NaturalnessRecogniser(4, 16, 8, masked=False)
    x = (torch.rand(1, 3, 160, 160) * 2 - 1).requires_grad_()
    network(x).sum().backward()
    assert x.grad is not None
    assert x.grad[0, :, 26, 18].abs().sum() > 0


def test_the_mask_shows_the_features_of_the_mean_face():
    mask = hull_mask()
    assert mask.shape == (SIZE, SIZE)
    assert 0 <= mask.min() <= mask.max() <= 1
    side = 160
    points = mean_shape()[[*EYES[0], *EYES[1], *OUTER_LIPS], :2]
    affine = crop_affine(mean_shape(), side)
    shares = (points @ affine[:, :2].T + affine[:, 2] + 0.5) / side
    left, top, right, bottom = WINDOW
    x, y = ((shares - [left, top]) / [right - left, bottom - top] * SIZE).astype(int).T
    assert mask[y, x].min() > 0.99
    assert mask[-1, 0] == mask[-1, -1] == 0


def test_a_checkpoint_brings_the_same_network_back(recogniser, tmp_path):
    path = tmp_path / "naturalness.safetensors"
    recogniser.save(path, half=False)
    again = NaturalnessRecogniser.load(load_checkpoint(path))
    x = torch.rand(2, 3, 160, 160) * 2 - 1
    torch.testing.assert_close(again(x), recogniser(x).detach())
    assert "mask" not in recogniser.state_dict()


def test_weights_of_another_network_are_refused(recogniser, tmp_path):
    path = tmp_path / "naturalness.safetensors"
    recogniser.save(path)
    checkpoint = load_checkpoint(path)
    checkpoint.architecture["width"] = 8
    with pytest.raises(WeightsError, match="naturalness"):
        NaturalnessRecogniser.load(checkpoint)
