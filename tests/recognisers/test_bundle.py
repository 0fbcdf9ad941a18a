import shutil
from dataclasses import replace

import numpy as np
import pytest

from faceedit.errors import NetworkError, UsageError, WeightsError
from faceedit.faces.align import Crop
from faceedit.recognisers.bundle import NAMES, RECOGNISERS, Recognisers
from faceedit.registry import Registry, open_registry


@pytest.fixture(scope="module")
def registry(recogniser_weights):
    return Registry.load([recogniser_weights])


def crops_of(n, size=64):
    rng = np.random.default_rng(0)
    return [
        Crop(rng.random((size, size, 3), np.float32), np.zeros((478, 3), np.float32), np.eye(2, 3))
        for _ in range(n)
    ]


def test_every_network_reads_every_crop_as_it_does_alone(registry):
    recognisers = Recognisers.load(registry)
    assert tuple(recognisers.networks) == NAMES
    assert not any(network.training for network in recognisers.networks.values())
    crops = crops_of(5)
    together = recognisers.read(crops, batch=2)
    assert len(together) == 5
    for crop, seen in zip(crops, together, strict=True):
        alone = {name: network.read([crop])[0] for name, network in recognisers.networks.items()}
        assert seen.expression and seen.appearance and seen.identity and seen.naturalness
        assert seen.units is not None
        np.testing.assert_allclose(seen.units, alone["units"], atol=1e-5)
        np.testing.assert_allclose(
            seen.expression.probabilities, alone["expression"].probabilities, atol=1e-5
        )
        np.testing.assert_allclose(seen.appearance.lights, alone["appearance"].lights, atol=1e-5)
        np.testing.assert_allclose(seen.identity.vector, alone["identity"].vector, atol=1e-5)
        assert seen.naturalness.score == pytest.approx(alone["naturalness"].score, abs=1e-5)


def test_only_what_is_asked_for_is_loaded(registry, monkeypatch):
    loaded = []
    checkpoint = Registry.checkpoint
    monkeypatch.setattr(
        Registry, "checkpoint", lambda self, name: (loaded.append(name), checkpoint(self, name))[1]
    )
    recognisers = Recognisers.load(registry, names=["identity", "naturalness", "identity"])
    assert loaded == ["identity", "naturalness"]
    seen = recognisers.read(crops_of(1))[0]
    assert (seen.expression, seen.appearance) == (None, None)
    assert seen.identity
    assert seen.naturalness
    assert np.linalg.norm(seen.identity.vector) == pytest.approx(1, abs=1e-4)
    assert 0 <= seen.naturalness.score <= 10


def test_nothing_loaded_reads_nothing(registry):
    seen = Recognisers.load(registry, names=()).read(crops_of(2))
    assert [one.expression for one in seen] == [None, None]
    assert Recognisers.load(registry).read([]) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_network_that_overflows_says_nothing(registry, name):
    sound = registry.checkpoint(name)
    tensors = {k: v.float() * 1e30 if v.ndim > 1 else v for k, v in sound.tensors.items()}
    network = RECOGNISERS[name].load(replace(sound, tensors=tensors))
    with pytest.raises(NetworkError, match=f"answer is not finite .{name}"):
        network.read(crops_of(1))


def test_all_that_is_missing_is_named(recogniser_weights, tmp_path):
    shutil.copy(recogniser_weights / "registry.toml", tmp_path)
    shutil.copy(recogniser_weights / "identity.safetensors", tmp_path)
    with pytest.raises(WeightsError) as caught:
        Recognisers.load(Registry.load([tmp_path]))
    for name in set(NAMES) - {"identity"}:
        assert f"{name} is not on this machine" in str(caught.value)
    assert "identity" not in str(caught.value)
    with pytest.raises(UsageError, match="unknown recogniser mood; known: expression"):
        Recognisers.load(Registry.load([tmp_path]), names=["identity", "mood"])


def test_a_given_file_stands_for_its_recogniser(recogniser_weights, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "faceedit.registry.registry.search_folders", lambda weights=None: (recogniser_weights,)
    )
    mine = RECOGNISERS["expression"](widths=(4, 4, 8, 8), size=48)
    mine.save(tmp_path / "mine.safetensors")
    registry = open_registry(tmp_path / "mine.safetensors")
    recognisers = Recognisers.load(registry)
    assert recognisers.networks["expression"].size == 48
    assert recognisers.networks["appearance"].size == 32
    with pytest.raises(WeightsError, match="holds recogniser expression, and none of"):
        Recognisers.load(registry, names=["identity"])
