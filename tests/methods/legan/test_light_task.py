"""The hourglass of light: its shapes, its samples and a step of its training."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from toy_light import relief_table

from faceedit.errors import UsageError
from faceedit.faces.landmark_maps import CHANNELS
from faceedit.methods.legan.light_network import LightConfig, LightNetwork, Surface
from faceedit.methods.legan.light_samples import LightSamples
from faceedit.methods.legan.light_task import LightTask, surface_losses
from faceedit.registry import load_checkpoint
from faceedit.studio.reliefs import FIELD_SIZE
from faceedit.training.task import TrainingRequest

TINY = LightConfig((8, 8, 8), (8, 8))


@pytest.fixture(scope="module")
def table():
    return relief_table()


@pytest.fixture
def request_for(table, tmp_path):
    folder = tmp_path / "reliefs"
    folder.mkdir()
    table.save(folder / "reliefs-000.npz")

    def make(**overrides):
        return TrainingRequest(
            data=(folder,),
            profile="fast",
            folder=tmp_path,
            device=torch.device("cpu"),
            overrides={
                "steps": 2,
                "batch_size": 2,
                "network": {"widths": [8, 8, 8], "inner": [8, 8]},
                **overrides,
            },
            workers=0,
        )

    return make


def test_it_says_something_of_every_pixel():
    network = LightNetwork(TINY).eval()
    pictures, maps = torch.rand(2, 3, 64, 64), torch.rand(2, len(CHANNELS), 32, 32)
    with torch.no_grad():
        found = network(pictures, maps)
    assert [tuple(part.shape) for part in found] == [
        (2, 3, 64, 64), (2, 1, 64, 64), (2, 1, 64, 64), (2, 1, 64, 64), (2, 3, 64, 64),
    ]  # fmt: skip
    torch.testing.assert_close(found.normals.norm(dim=1), torch.ones(2, 64, 64))
    again = LightNetwork.from_architecture(network.architecture())
    again.load_state_dict(network.state_dict())


@pytest.mark.parametrize("values", [((8, 8), (8, 8)), ((8,), ()), ((0, 8), (8,))])
def test_widths_that_do_not_fit_are_refused(values):
    with pytest.raises(ValueError, match=r"widths|inner"):
        LightConfig(*values)


def test_samples_are_a_function_of_seed_and_number_and_mirror_all_alike(table):
    samples = LightSamples(table, np.arange(2), seed=5)
    for name, value in samples[3].items():
        assert torch.equal(value, samples[3][name])
    plain = replace(samples, augment=False)
    rng = np.random.default_rng(0)
    sample = plain.draw(0, rng)
    assert sample["picture"].shape == (3, 256, 256)
    # Light from the left: brighter there, and normals there look to the left.
    assert sample["shading"][:, :, :64].mean() > sample["shading"][:, :, 64:].mean() + 0.05
    for number in range(8):
        drawn = samples[number]
        skin = drawn["skin"][0] > 0.5
        x = drawn["normals"][0]
        columns = torch.arange(FIELD_SIZE).expand_as(x)
        assert torch.corrcoef(torch.stack([x[skin], columns[skin].float()]))[0, 1] > 0.8


def test_what_is_true_costs_nothing(table):
    batch = {k: v[None] for k, v in LightSamples(table, np.arange(2), 0, False)[0].items()}
    large = {
        name: torch.nn.functional.interpolate(batch[name], scale_factor=2.0)
        for name in ("normals", "height", "shading", "skin")
    }
    sure = {"skin": 40 * (large["skin"] - 0.5), "matte": 40 * (batch["matte"] - 0.5)}
    found = Surface(
        large["normals"], large["height"], sure["skin"], sure["matte"], large["shading"]
    )
    for name, value in surface_losses(found, batch).items():
        assert float(value) < 0.02, name
    dark = found._replace(shading=found.shading - 0.5)
    assert float(surface_losses(dark, batch)["shading"]) == pytest.approx(0.5, abs=0.02)


def test_a_step_lowers_the_loss_and_weights_are_written(request_for, tmp_path):
    torch.manual_seed(0)
    task = LightTask(request_for())
    batch = {k: torch.stack([task.samples[i][k] for i in range(2)]) for k in task.samples[0]}
    (update,) = task.updates
    parameters = list(task.networks["light"].parameters())
    before = update.loss(batch)["total"]
    before.backward()
    torch.optim.SGD(parameters, lr=1e-3).step()
    with torch.no_grad():
        assert update.loss(batch)["total"] < before
    task.networks["light"].eval()
    with torch.no_grad():
        errors = task.validate(task.networks)
    assert set(errors) > {"matte_error", "shading_error"}
    rows, titles = task.pictures(task.networks) or ([], [])
    assert {len(row) for row in rows} == {len(titles)}
    path = task.export(tmp_path / "light.safetensors", task.networks, {"step": 1})
    assert load_checkpoint(path).method == "legan"


def test_mattes_of_its_own_need_weights_and_are_kept(request_for, tmp_path):
    with pytest.raises(UsageError, match="--from"):
        LightTask(request_for(own_mattes=True))
    begun = LightTask(request_for())
    begun.export(tmp_path / "begun.safetensors", begun.networks, {"step": 0})
    request = replace(request_for(own_mattes=True), start=str(tmp_path / "begun.safetensors"))
    first = LightTask(request).unseen.table.matte
    again = LightTask(replace(request, start=None)).unseen.table.matte
    np.testing.assert_array_equal(first, again)


def test_without_tables_it_says_how_to_make_them(request_for, tmp_path):
    request = replace(request_for(), data=(tmp_path / "nothing.npz",))
    with pytest.raises(UsageError, match="faceedit studio reliefs"):
        LightTask(request)
