"""Weights by an attacker on the command line: exit code 3, the tensor or file named, and soon."""

import os

import pytest
import registry_hostile as hostile
from PIL import Image

from faceedit.registry import packaged_weights


@pytest.fixture
def photo(tmp_path):
    Image.new("RGB", (64, 64)).save(tmp_path / "a.png")
    return tmp_path / "a.png"


def reggan(path, change):
    return hostile.spoilt(packaged_weights() / "reggan-fast.safetensors", path, change)


def test_weights_that_are_not_finite_edit_nothing(run_main, photo, tmp_path):
    path = reggan(
        tmp_path / "x.safetensors", hostile.fill("shape_layer.weight", float("nan"), True)
    )
    result = run_main("apply", "-t", "happy", photo, "--weights", path)
    assert result.code == 3
    assert "tensor 'shape_layer.weight' holds numbers that are not finite" in result.err
    assert [p.name for p in tmp_path.iterdir() if "edited" in p.name] == []


def test_weights_of_absurd_sizes_edit_nothing(run_main, photo, tmp_path):
    def change(tensors, architecture):
        architecture["refinement"]["latent_blocks"] = 200_000

    path = reggan(tmp_path / "x.safetensors", change)
    result = run_main("apply", "-t", "happy", photo, "--weights", path)
    assert result.code == 3
    assert "latent_blocks is 200000, not a whole number from 0 to 64" in result.err


@pytest.mark.parametrize("name", ["registry.toml", "reggan-fast.safetensors"])
def test_a_folder_of_pipes_is_not_waited_for(run_main, photo, tmp_path, name):
    (near := tmp_path / "near").mkdir()
    os.mkfifo(near / name)
    result = run_main("apply", "-t", "happy", photo, "--weights", near)
    assert result.code == 3
    assert f"{name}: " in result.err and "it is not a regular file" in result.err
