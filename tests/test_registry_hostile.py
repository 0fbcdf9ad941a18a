"""Weights and cards by an attacker: refused by name, soon, and in little memory."""

import resource

import numpy as np
import pytest
import registry_hostile as hostile
import torch

from faceedit.errors import WeightsError
from faceedit.methods.reggan.method import load
from faceedit.recognisers.bundle import RECOGNISERS
from faceedit.registry import (
    Checkpoint,
    Registry,
    load_checkpoint,
    open_registry,
    packaged_weights,
    read_cards,
    read_header,
    sha256_of,
)

pytestmark = pytest.mark.usefixtures("little_time")


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


@pytest.mark.parametrize("what", hostile.NO_FILES)
def test_what_is_no_file_is_refused_by_name(tmp_path, what):
    path = tmp_path / "tiny.safetensors"
    hostile.NO_FILES[what](path)
    for read in (read_header, load_checkpoint, sha256_of):
        with pytest.raises(WeightsError, match=r"tiny\.safetensors"):
            read(path)
    if path.is_dir():
        return
    with pytest.raises(WeightsError, match=r"tiny\.safetensors"):
        open_registry(path)


@pytest.mark.parametrize("what", hostile.NO_FILES)
def test_a_registry_and_a_card_are_files_too(tmp_path, what):
    hostile.NO_FILES[what](tmp_path / "registry.toml")
    with pytest.raises(WeightsError, match=r"registry\.toml"):
        Registry.load([tmp_path])
    (near := tmp_path / "near").mkdir()
    file = near / "tiny.safetensors"
    file.write_bytes(hostile.safetensors({}, {}))
    hostile.write_card(near, file, "reggan", "fast", 'card = "tiny.md"')
    hostile.NO_FILES[what](near / "tiny.md")
    with pytest.raises(WeightsError, match=r"tiny\.md: the card of tiny cannot be read"):
        Registry.load([near]).entry("tiny").markdown()
    file.unlink()
    hostile.NO_FILES[what](file)
    finding = Registry.load([near]).verify("tiny")
    assert (finding.state, finding.path) == ("bad", file)
    assert "tiny.safetensors" in finding.reason


@pytest.mark.parametrize("what", hostile.DAMAGED)
def test_a_damaged_header_is_refused(tmp_path, what):
    path = tmp_path / "tiny.safetensors"
    path.write_bytes(hostile.DAMAGED[what])
    before = peak()
    with pytest.raises(WeightsError, match=r"tiny\.safetensors") as caught:
        load_checkpoint(path)
    assert len(str(caught.value)) < 1000
    assert peak() - before < 200


@pytest.mark.parametrize("what", hostile.BIT_PATTERNS)
def test_numbers_that_are_not_finite_are_refused_by_the_tensor(tmp_path, what):
    path = tmp_path / "tiny.safetensors"
    path.write_bytes(hostile.not_finite(*hostile.BIT_PATTERNS[what]))
    with pytest.raises(WeightsError, match="tensor 'spoilt'"):
        load_checkpoint(path)


def test_finite_numbers_of_every_kind_are_read(tmp_path):
    path = tmp_path / "tiny.safetensors"
    largest = {"F16": b"\xff\xfb", "BF16": b"\x7f\x7f", "F32": b"\xff\xff\x7f\xff"}
    for kind, pattern in largest.items():
        path.write_bytes(hostile.not_finite(kind, pattern))
        assert load_checkpoint(path).tensors["spoilt"].isfinite().all()
    path.write_bytes(hostile.safetensors({"none": np.zeros((0, 3), np.float32)}, {}))
    assert load_checkpoint(path).tensors["none"].shape == (0, 3)


@pytest.mark.parametrize("what", hostile.TOML)
def test_settings_that_are_too_deep_or_no_numbers_are_refused(tmp_path, what):
    path = tmp_path / "registry.toml"
    path.write_bytes(hostile.TOML[what])
    with pytest.raises(WeightsError, match=r"registry\.toml") as caught:
        read_cards(path)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("spoil", ["size = 99999999999", "crop_size = 100000", "crop_size = -1"])
def test_a_card_is_of_a_possible_size(tmp_path, spoil):
    name = spoil.split()[0]
    file = tmp_path / "tiny.safetensors"
    file.write_bytes(hostile.safetensors({}, {}))
    hostile.write_card(tmp_path, file, "reggan", "fast")
    path = tmp_path / "registry.toml"
    lines = path.read_text().splitlines()
    path.write_text("\n".join(spoil if line.startswith(f"{name} =") else line for line in lines))
    with pytest.raises(WeightsError, match=f"checkpoints.tiny.{name}"):
        read_cards(path)


def shipped(name: str) -> Checkpoint:
    return Registry.load([packaged_weights()]).checkpoint(name)


def cases(table):
    return [(field, value) for field, values in table.items() for value in values]


def named(value):
    return str(value)[:20]


@pytest.mark.parametrize(("field", "value"), cases(hostile.REFINEMENT), ids=named)
@pytest.mark.parametrize("profile", ["fast", "paper"])
def test_sizes_of_a_refinement_network_have_ranges(profile, field, value):
    refinement = {**shipped("reggan-fast").architecture["refinement"], field: value}
    own = {"components": 160} if profile == "fast" else {"targets": ["happy"], "size": 64}
    refuse_reggan(profile, {**own, "refinement": refinement}, field)


@pytest.mark.parametrize(("field", "value"), cases(hostile.GENERATOR), ids=named)
def test_sizes_of_the_fast_profile_have_ranges(field, value):
    refuse_reggan("fast", {**shipped("reggan-fast").architecture, field: value})


@pytest.mark.parametrize(("field", "value"), cases(hostile.PAPER), ids=named)
def test_sizes_of_the_paper_profile_have_ranges(field, value):
    refinement = {**shipped("reggan-fast").architecture["refinement"], "in_channels": 3}
    sound = {"targets": ["happy"], "size": 64, "refinement": {**refinement, "out_channels": 3}}
    refuse_reggan("paper", {**sound, field: value})


def refuse_reggan(profile, architecture, says="architecture"):
    before = peak()
    checkpoint = Checkpoint({}, "reggan", profile, architecture, {})
    with pytest.raises(WeightsError, match=says):
        load(checkpoint, torch.device("cpu"))
    assert peak() - before < 200


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [(n, *case) for n, table in hostile.RECOGNISERS.items() for case in cases(table)],
    ids=named,
)
def test_sizes_of_recognisers_have_ranges(name, field, value):
    sound = shipped(name)
    architecture = {**sound.architecture, field: value}
    checkpoint = Checkpoint(sound.tensors, sound.method, sound.profile, architecture, {})
    before = peak()
    with pytest.raises(WeightsError, match="does not read"):
        RECOGNISERS[name].load(checkpoint)
    assert peak() - before < 200


def test_a_network_larger_than_its_file_gets_no_memory():
    largest = {"widths": [512] * 4, "size": 512}
    checkpoint = Checkpoint({"bias": torch.zeros(8)}, "recogniser", "expression", largest, {})
    before = peak()
    with pytest.raises(WeightsError, match="Missing key"):
        RECOGNISERS["expression"].load(checkpoint)
    assert peak() - before < 50
