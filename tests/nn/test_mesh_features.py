from pathlib import Path

import pytest
import torch

from faceedit.errors import WeightsError
from faceedit.nn.mesh_features import MeshFeatures, open_features
from faceedit.nn.perceptual import PerceptualLoss

WEIGHTS = Path(__file__).parents[2] / "weights" / "attention-mesh.safetensors"


@pytest.fixture(scope="module")
def features():
    return MeshFeatures.load(WEIGHTS)


@pytest.mark.parametrize("size", [128, 192])
def test_levels_halve_from_the_networks_own_size(features, size):
    shapes = [tuple(f.shape[1:]) for f in features(torch.zeros(1, 3, size, size))]
    assert shapes == [(16, 96, 96), (32, 48, 48), (64, 24, 24), (128, 12, 12), (128, 6, 6)]


def test_loss_is_zero_for_equal_images_and_reaches_the_fake(features):
    torch.manual_seed(0)
    loss = PerceptualLoss(features)
    real = torch.rand(1, 3, 64, 64) * 2 - 1
    assert loss(real, real).item() == 0
    fake = torch.zeros(1, 3, 64, 64, requires_grad=True)
    loss(fake, real).backward()
    assert fake.grad is not None
    assert fake.grad.abs().min() > 0


def test_nothing_in_it_is_trained(features):
    assert not any(p.requires_grad for p in features.parameters())


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(WeightsError, match="absent"):
        MeshFeatures.load(tmp_path / "absent.safetensors")


def test_features_are_the_meshs_unless_vgg_is_named(tmp_path):
    told: list[str] = []
    assert isinstance(open_features("", told.append), MeshFeatures)
    assert told == ["perceptual loss: features of the face mesh network; --set vgg=FILE for VGG-19"]
    with pytest.raises(WeightsError, match="absent"):
        open_features(str(tmp_path / "absent.pth"), told.append)
