import made_up
import numpy as np
import pytest
import torch

from faceedit.compose.details import EyesDetail
from faceedit.errors import UsageError
from faceedit.faces.align import Crop
from faceedit.methods.eggan.fast_task import FastTask
from faceedit.methods.eggan.generator import EGGANGenerator
from faceedit.methods.eggan.method import EGGAN, load
from faceedit.methods.eggan.tasks import build
from faceedit.methods.fields.scores import given
from faceedit.registry import load_checkpoint
from faceedit.targets import parse_target

RECIPE = {
    "steps": 6,
    "batch_size": 2,
    "components": made_up.COMPONENTS,
    "learning_rate": 1e-2,
    "warm_up": 1,
    "validate_every": 0,
    "latent": 8,
    "latent_blocks": 1,
    "adversary": {"begins": 1.0},
}


def batch_of(task, count=4):
    rows = [task.samples[number] for number in range(count)]
    return {name: torch.stack([row[name] for row in rows]) for name in rows[0]}


def test_a_step_lowers_the_loss_and_brings_codes_to_the_prior(tiny, request_for):
    task = FastTask(request_for("fast", RECIPE))
    assert [update.name for update in task.updates] == ["fields", "prior"]
    generator = task.networks["generator"]
    torch.nn.init.constant_(generator.get_parameter("refinement.output.bias"), 0.3)
    batch = batch_of(task)
    optimiser = torch.optim.Adam(generator.parameters(), 3e-3)
    before = task._loss(batch)
    before["total"].backward()
    optimiser.step()
    after = task._loss(batch)
    assert after["total"] < before["total"]
    assert {"prior", "moments"} <= set(before)
    judged = task._judge_codes(batch)["total"]
    assert judged.requires_grad and torch.isfinite(judged)


def test_it_learns_from_pairs_of_action_units_alone(tiny, request_for):
    task = FastTask(request_for("fast", RECIPE))
    conditions = np.asarray(task.pairs.condition)
    assert len(conditions) == 2  # happy, of two people
    assert np.isclose(conditions, 0.8).sum(1).tolist() == [2, 2]
    # Maps of what acts lie on the mouth's corners.
    acting = np.asarray(task.pairs.acting)[0].astype(float).max(-1)
    y, x = np.unravel_index(acting.argmax(), acting.shape)
    corners = np.asarray(made_up.pair_table().landmarks[1, 0])[[61, 291], :2] / 4
    assert np.abs(corners - [x, y]).sum(1).min() < 4


def test_the_latent_code_reaches_the_fields_and_can_be_left_out():
    generator = EGGANGenerator(2, latent=8).eval()
    torch.nn.init.normal_(generator.refinement.output.weight, std=0.1)
    one = (torch.rand(1, 3, 64, 64), torch.rand(1, 3, 128, 128), torch.rand(1, 12, 64, 64))
    one += (torch.zeros(1, 2, 128, 128), torch.zeros(1, 3, 128, 128))
    one += (torch.full((1, 34), 0.2), torch.rand(1, 3, 32, 96), torch.rand(1, 17, 64, 64))
    fields = generator(*one)
    assert fields.code.shape == (1, 8)
    torch.nn.init.zeros_(generator.style.weight)
    assert (generator(*one).flow - fields.flow).abs().max() > 1e-6
    assert EGGANGenerator(2, latent=0)(*one).code is None


def test_weights_that_are_written_edit_as_asked(tiny, request_for, tmp_path):
    task = build(request_for("fast", RECIPE))
    path = task.export(tmp_path / "eggan.safetensors", task.networks, {"step": 0})
    method = load(load_checkpoint(path, method="eggan"), torch.device("cpu"))
    assert isinstance(method, EGGAN)
    table = made_up.pair_table()
    before = table.landmarks[1, 0]
    crop = Crop(table.pictures[1].astype(np.float32) / 255, before, np.eye(2, 3))
    (edit,) = method.edit([crop], parse_target("au=left:12=5"))
    assert isinstance(edit.details[0], EyesDetail)
    moved = np.abs(edit.details[0].points.after - before[:, :2]).sum(1)
    assert moved[291] > 3 > 10 * moved[61]
    (still,) = method.edit([crop], parse_target("neutral"))
    assert not still.flow.any() and not still.log_ratio.any()


def test_what_it_cannot_begin_with(tiny, request_for, tmp_path):
    folder = made_up.write_table(tmp_path / "table", made_up.few_pairs())
    with pytest.raises(UsageError, match="studio shapes --mixes"):
        FastTask(request_for("fast", RECIPE, data=(folder,)))
    with pytest.raises(UsageError, match="no profile 'slow'"):
        build(request_for("slow"))


def test_scores_take_the_maps(tiny, request_for):
    task = FastTask(request_for("fast", RECIPE))
    assert len(given(batch_of(task))) == 8
