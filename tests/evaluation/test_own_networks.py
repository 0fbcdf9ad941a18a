import shutil

import pytest
import torch

from faceedit.evaluation.own_networks import open_recognisers
from faceedit.recognisers.bundle import NAMES
from faceedit.registry import Registry


@pytest.fixture(scope="module")
def networks(recogniser_weights):
    return open_recognisers(Registry.load([recogniser_weights]), "cpu")


def crops(n=3):
    return torch.rand(n, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_every_recogniser_says_what_metrics_read(networks):
    judges = {*NAMES, "unit-judge"} - {"units"}
    assert set(networks.readers) == set(networks.versions) == judges
    seen = {name: look(crops()) for name, look in networks.readers.items()}
    assert seen["expression"]["probabilities"].sum(1).tolist() == pytest.approx([1] * 3)
    assert seen["unit-judge"]["intensities"].shape == (3, 17)
    assert seen["expression"]["features"].ndim == 2
    assert seen["appearance"]["attributes"].shape == (3, 13)
    assert seen["identity"]["embedding"].norm(dim=1).tolist() == pytest.approx([1] * 3, rel=1e-4)
    assert seen["identity"]["threshold"].shape == (3,)
    assert seen["naturalness"]["quality"].shape == (3,)


def test_lpips_face_is_a_distance(networks):
    x = crops()
    compare = networks.comparisons["lpips_face"]
    assert compare(x, x).tolist() == pytest.approx([0] * 3, abs=1e-6)
    near, far = compare(x, x * 0.95), compare(x, x.flip(3))
    assert (near < far).all()
    torch.testing.assert_close(compare(x, x.flip(3)), compare(x.flip(3), x))


def test_those_without_weights_are_missing_with_their_reason(recogniser_weights, tmp_path):
    shutil.copy(recogniser_weights / "registry.toml", tmp_path)
    shutil.copy(recogniser_weights / "identity.safetensors", tmp_path)
    shutil.copy(recogniser_weights / "expression.safetensors", tmp_path / "naturalness.safetensors")
    found = open_recognisers(Registry.load([tmp_path]), "cpu")
    assert set(found.readers) == {"identity"}
    assert "expression is not on this machine" in found.lacks("expression")
    assert "appearance is not on this machine" in found.lacks("lpips_face")
    assert "naturalness" in found.lacks("naturalness")
    assert found.lacks("identity") == ""
    assert "no network" in found.lacks("nonsense")
