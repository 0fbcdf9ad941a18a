from pathlib import Path

import made_up
import numpy as np
import pytest
import torch

from faceedit.errors import UsageError, WeightsError
from faceedit.methods.fields.sources import (
    begin_with,
    find_archive,
    find_table,
    open_start,
)
from faceedit.methods.reggan.method import RegGAN
from faceedit.methods.reggan.tasks import build
from faceedit.registry import load_checkpoint
from faceedit.studio.shapes import ShapeTable
from faceedit.studio.shards import write_shard
from faceedit.studio.unit_shapes import UnitShapes
from faceedit.training.together import begin_together


def test_without_shapes_the_command_is_named(request_for, tmp_path):
    folder = made_up.write_table(tmp_path / "table", made_up.pair_table())
    said = r"no table of shapes among .*table; .*: faceedit studio shapes"
    with pytest.raises(UsageError, match=said):
        build(request_for("fast", data=(folder,)))


@pytest.mark.parametrize("profile", ["fast", "paper"])
def test_without_pairs_the_command_is_named(request_for, material, tmp_path, profile):
    (tmp_path / "empty").mkdir()
    data = (tmp_path / "empty", material / "shapes.npz")
    with pytest.raises(UsageError, match=r"no pairs among .*empty.*: faceedit studio pairs"):
        build(request_for(profile, data=data))


def test_sources_are_known_by_what_they_hold(request_for, material, tmp_path):
    np.savez(tmp_path / "b.npz", noise=np.zeros(3))
    (tmp_path / "c.npz").write_bytes(b"no archive")
    request = request_for("fast", data=(tmp_path, material))
    assert len(find_archive(request, ShapeTable, "").photo) == 12
    assert len(find_archive(request, UnitShapes, "").photo) == 12
    assert len(find_table(request)) == 6
    # A file may be named itself.
    table = made_up.write_table(tmp_path / "table", made_up.few_pairs())
    assert len(find_table(request_for("fast", data=(table, material / "shapes.npz")))) == 6


def test_shards_are_packed_once_into_the_runs_folder(request_for, make_record, tmp_path):
    shards = tmp_path / "shards"
    shards.mkdir()
    plain = {"light": "as photographed", "light_colour": (1.0, 1.0, 1.0)}
    write_shard(shards / "pairs-00000.tar", [("a", make_record(0, **plain))])
    request = request_for("fast", data=(shards,))
    assert len(find_table(request)) == 1
    (shards / "pairs-00000.tar").unlink()
    assert len(find_table(request)) == 1


def test_the_first_process_begins_for_all():
    begun = []
    begin_together(0, lambda: begun.append(1))
    begin_together(1, lambda: pytest.fail("begun twice"))
    assert begun == [1]


@pytest.fixture
def weights(tmp_path) -> Path:
    generator = made_up.tiny_generator()
    generator.shade_layer.maps[:] = 0.5
    return made_up.write_weights(tmp_path / "begin.safetensors", generator)


def test_a_training_begins_with_the_weights_of_a_file(weights):
    generator = made_up.tiny_generator()
    begun = begin_with(open_start(str(weights), "reggan"), RegGAN.build_generator, generator)
    assert begun is generator
    assert (generator.shade_layer.maps == 0.5).all()


def test_weights_of_another_shape_are_no_beginning(weights):
    checkpoint = load_checkpoint(weights)
    checkpoint.tensors["shape_layer.weight"] = torch.zeros(9, 2, 996)
    with pytest.raises(UsageError, match="--from: these weights do not fit the recipe"):
        begin_with(checkpoint, RegGAN.build_generator, made_up.tiny_generator())
    with pytest.raises(UsageError, match="--from: these weights do not fit their architecture"):
        begin_with(checkpoint, RegGAN.build_generator)
    del checkpoint.tensors["tone.bias"]
    with pytest.raises(UsageError, match="--from"):
        begin_with(checkpoint, RegGAN.build_generator, made_up.tiny_generator())


def test_without_a_recipe_the_weights_say_what_they_are_of(weights):
    checkpoint = load_checkpoint(weights)
    generator = begin_with(checkpoint, RegGAN.build_generator)
    for name, tensor in generator.state_dict().items():
        assert torch.equal(tensor, checkpoint.tensors[name].to(tensor.dtype)), name
    del checkpoint.architecture["components"]
    with pytest.raises(UsageError, match="do not fit their architecture"):
        begin_with(checkpoint, RegGAN.build_generator)


def test_a_damaged_file_is_no_beginning(weights):
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(WeightsError):
        open_start(str(weights), "reggan")
