"""What corrects turned heads: its pairs, its samples, a step of its training, and its edit."""

import numpy as np
import pytest
import torch
from contract import check_steps
from PIL import Image

from faceedit.datasets.labelled import LabelledPhoto
from faceedit.faces.align import extract_crop
from faceedit.faces.landmark_maps import CHANNELS
from faceedit.methods.lssl.method import LSSL, load
from faceedit.methods.lssl.turn_network import TurnConfig, TurnNetwork, corrected
from faceedit.methods.lssl.turn_samples import TurnSamples
from faceedit.methods.lssl.turn_task import TurnTask
from faceedit.methods.lssl.turned_pairs import make_table
from faceedit.methods.lssl.window import SIDE, cut_window, into_crop, near_person
from faceedit.registry import load_checkpoint
from faceedit.studio.sources import SourcePhoto
from faceedit.targets import parse_target


@pytest.fixture(scope="module")
def table(astronaut, finder, tmp_path_factory):
    path = tmp_path_factory.mktemp("turned") / "astronaut.png"
    Image.fromarray(astronaut).save(path)
    photo = LabelledPhoto(path, "eileen", "happy", 2, "train")
    source = SourcePhoto(photo, finder.find(astronaut)[0].landmarks)
    return make_table([source], 2, 0, 0, lambda done, of: None)


@pytest.fixture
def task(table, request_for, tmp_path):
    table.save(tmp_path / "some.npz")
    tiny = {"widths": [8, 8, 8], "inner": [8, 8]}
    recipe = {"steps": 2, "batch_size": 2, "network": tiny}
    return TurnTask(request_for("fast", recipe, data=(tmp_path / "some.npz",)))


def test_photos_are_turned_there_and_back(table):
    assert (table.photos, len(table.photo)) == (1, 2)
    photo = table.picture(0).astype(int)
    for row in range(2):
        off = np.abs(table.picture(1 + row).astype(int) - photo)
        # The same picture, but for what the turns got wrong.
        assert 1 < off.mean() < 15
        assert 7 <= abs(table.turn[row, 0]) <= 28


def test_samples_are_a_function_of_seed_and_number(table):
    samples = TurnSamples(table, 3)
    for name, value in samples[5].items():
        assert torch.equal(value, samples[5][name])
    drawn = [samples[number] for number in range(8)]
    assert {tuple(one["maps"].shape) for one in drawn} == {(len(CHANNELS), 40, 40)}
    # Mirrored heads were turned to the other side.
    assert len({float(one["turn"][0].sign()) for one in drawn}) == 2


def test_an_untrained_network_changes_little():
    network = TurnNetwork(TurnConfig((8, 8, 8), (8, 8))).eval()
    pictures = torch.rand(2, 3, SIDE // 8, SIDE // 8)
    pictures = torch.nn.functional.interpolate(pictures, (SIDE, SIDE), mode="bicubic").clamp(0, 1)
    with torch.no_grad():
        found = network(pictures, torch.rand(2, len(CHANNELS), 40, 40), torch.zeros(2, 2))
        assert (corrected(pictures, found) - pictures).abs().mean() < 0.02
    assert found.flow.shape == (2, 2, 40, 40)
    assert found.log_ratio.shape == (2, 3, 80, 80)


@pytest.mark.parametrize("values", [((8, 8), (8, 8)), ((8,), ()), ((0, 8), (8,))])
def test_widths_that_do_not_fit_are_refused(values):
    with pytest.raises(ValueError, match=r"widths|inner"):
        TurnConfig(*values)


@pytest.mark.parametrize("parts", [1, 2, 4])
def test_a_window_goes_back_to_where_it_was_cut(parts):
    whole = into_crop(np.ones((SIDE // parts, SIDE // parts, 1), np.float32))
    fine = np.kron(whole[..., 0], np.ones((parts, parts)))
    assert fine.sum() == SIDE**2
    assert cut_window(fine).min() == 1


def test_a_step_lowers_the_loss(task):
    check_steps(task)


def test_what_was_trained_corrects_after_the_turn(task, astronaut, finder, tmp_path):
    notes = {"step": 2, "recipe": {}, "schedule": {}}
    path = task.export(tmp_path / "own.safetensors", task.networks, notes)
    cpu = torch.device("cpu")
    own = load(load_checkpoint(path), cpu)
    assert isinstance(own, LSSL)
    landmarks = finder.find(astronaut)[0].landmarks
    crop = extract_crop(astronaut, landmarks, 128, wide=True).wide
    turn = parse_target("turn=yaw=12")
    (edit,), (bare,) = own.edit([crop], turn), LSSL(own.look).edit([crop], turn)
    assert bare.then is None
    assert edit.then is not None
    assert np.array_equal(edit.flow, bare.flow)
    assert edit.then.flow.any()
    assert not edit.then.log_ratio.any()
    wall = near_person(np.zeros((256, 256), np.float32), crop.landmarks)
    assert not wall.any()
    assert near_person(np.ones((256, 256), np.float32), crop.landmarks).all()
    (still,) = own.edit([crop], parse_target("turn=yaw=0"))
    assert still.then is None
