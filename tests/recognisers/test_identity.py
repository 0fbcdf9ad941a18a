"""Tests of the identity recogniser."""

from pathlib import Path

import numpy as np
import pytest
import torch

from faceedit.faces.align import Crop
from faceedit.recognisers.identity import Identity, IdentityRecogniser
from faceedit.registry.checkpoint import load_checkpoint


@pytest.fixture
def network() -> IdentityRecogniser:
    torch.manual_seed(0)
    return IdentityRecogniser(dimensions=16, widths=(4, 6), levels=3, grid=6).eval()


def crop(pixels: np.ndarray) -> Crop:
    return Crop(pixels.astype(np.float32), np.zeros((478, 3), np.float32), np.eye(2, 3))


def test_vectors_are_of_length_1_for_crops_of_any_size(network: IdentityRecogniser):
    for side in (64, 160):
        vectors = network(torch.rand(3, 3, side, side) * 2 - 1)
        assert vectors.shape == (3, 16)
        assert vectors.norm(dim=1).tolist() == pytest.approx([1] * 3, abs=1e-5)


def test_gradients_reach_the_crop(network: IdentityRecogniser):
    crops = (torch.rand(2, 3, 64, 64) * 2 - 1).requires_grad_()
    vectors = network(crops)
    (vectors[0] @ vectors[1]).backward()
    assert crops.grad is not None and crops.grad.isfinite().all() and crops.grad.abs().max() > 0


def test_exposure_and_tint_hardly_matter(network: IdentityRecogniser):
    crops = torch.rand(2, 3, 96, 96)
    tinted = crops * 0.6 + 0.1
    same = (network(crops * 2 - 1) * network(tinted * 2 - 1)).sum(1)
    assert same.min() > 0.98


def test_a_picture_without_contrast_is_no_accident(network: IdentityRecogniser):
    assert network(torch.full((1, 3, 64, 64), 0.3)).isfinite().all()


def test_mirror_images_read_the_same(network: IdentityRecogniser):
    pixels = np.random.default_rng(0).random((256, 256, 3))
    one, other = network.read([crop(pixels), crop(pixels[:, ::-1])])
    assert one.cosine(other) == pytest.approx(1, abs=1e-4)
    assert one.vector.shape == (16,) and one.vector.dtype == np.float32


def test_readings_do_not_depend_on_the_batch(network: IdentityRecogniser):
    rng = np.random.default_rng(0)
    crops = [crop(rng.random((side, side, 3))) for side in (256, 128, 300)]
    together, alone = network.read(crops), network.read(crops, batch=1)
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(one.vector, other.vector, atol=1e-5)
    assert network.read([]) == []


def test_the_threshold_decides_and_is_kept(network: IdentityRecogniser, tmp_path: Path):
    one = Identity(np.array([1, 0], np.float32))
    other = Identity(np.array([0.6, 0.8], np.float32))
    network.threshold.fill_(0.625)
    assert not network.same_person(one, other)
    assert network.same_person(one, one)
    network.save(tmp_path / "identity.safetensors")
    kept = IdentityRecogniser.load(load_checkpoint(tmp_path / "identity.safetensors"))
    assert float(kept.threshold) == 0.625
    crops = torch.rand(1, 3, 64, 64)
    assert (kept(crops) - network(crops)).abs().max() < 5e-3


def test_the_checkpoint_fits():
    count = sum(p.numel() for p in IdentityRecogniser().parameters())
    assert 2 * count < 4.5e6
