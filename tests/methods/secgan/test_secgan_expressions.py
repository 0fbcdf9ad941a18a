from pathlib import Path

import made_up
import numpy as np
import pytest
import torch

from faceedit.datasets.labelled import LabelledPhoto
from faceedit.faces.landmark_maps import CHANNELS
from faceedit.methods.fields.generator import FieldTensors
from faceedit.methods.fields.real_pairs import RealFace
from faceedit.methods.fields.scores import given
from faceedit.methods.fields.task import export_fields
from faceedit.methods.reggan.generator import RegGANGenerator
from faceedit.methods.reggan.method import RegGAN
from faceedit.methods.secgan import expression_task
from faceedit.methods.secgan.expression_task import ExpressionTask, drawn_with, translated_mask
from faceedit.methods.secgan.expressions import BEFORE, SHOWN, load, rgb_branch
from faceedit.recognisers.appearance import AppearanceRecogniser
from faceedit.regions import Region
from faceedit.registry import load_checkpoint
from faceedit.targets import EXPRESSIONS, parse_target

RECIPE = {"steps": 3, "batch_size": 2, "rehearsals": 1, "warm_up": 1, "consistency": 1.0}


@pytest.fixture
def teacher(tiny):
    torch.manual_seed(0)
    return RegGANGenerator(made_up.COMPONENTS)


@pytest.fixture
def task(teacher, tmp_path, monkeypatch, request_for):
    start = export_fields(tmp_path / "start.safetensors", RegGAN, teacher, {})
    faces = []
    for n in range(4):
        pixels = np.random.default_rng(n).integers(60, 200, (256, 256, 3)).astype(np.uint8)
        photo = LabelledPhoto(Path(f"{n}.png"), f"p{n}", "neutral", 0, "val" if n == 3 else "train")
        faces.append(RealFace(photo, pixels, made_up.place(made_up.person(n))))
    monkeypatch.setattr(expression_task, "read_faces", lambda data, tell: faces)
    parser = AppearanceRecogniser(
        size=32, parser_widths=(4, 4, 4, 4), inner=(4, 4, 4), looks_size=32, widths=(4, 4, 4, 4),
        zone_width=4,
    )  # fmt: skip
    monkeypatch.setattr(AppearanceRecogniser, "load", lambda checkpoint, device: parser)
    return ExpressionTask(request_for("fast", RECIPE, start=str(start), data=(tmp_path,)))


def batch_of(task):
    drawn = [task.samples[n] for n in range(3)]
    return {name: torch.stack([one[name] for one in drawn]) for name in drawn[0]}


def test_a_branch_begins_with_what_its_teacher_says_without_x_e(teacher, task):
    with torch.no_grad():
        teacher.refinement.output.weight.normal_(0, 0.1)
        teacher.refinement.stem.weight[:, BEFORE : BEFORE + SHOWN] = 0
    own = rgb_branch(teacher).eval()
    batch = batch_of(task)
    with torch.no_grad():
        mine, other = own(*given(batch)), teacher.eval()(*given(batch))
    assert (mine.flow - batch["drawn_flow"]).abs().max() > 0.01
    torch.testing.assert_close(mine.flow, other.flow)
    torch.testing.assert_close(mine.log_ratio, other.log_ratio)


def test_features_go_where_landmarks_do_and_hair_stays_on_them():
    chances = torch.zeros(1, len(Region), 8, 8)
    chances[:, Region.SKIN] = 0.5
    chances[:, Region.BROWS, 4] = 1.0
    chances[:, Region.HAIR, :, 0] = 2.0
    maps = torch.zeros(1, len(CHANNELS), 8, 8)
    maps[:, CHANNELS.index("brows"), 2] = 1.0
    seen = translated_mask(chances, maps)
    assert torch.equal(seen.sum(1), torch.ones(1, 8, 8))
    mask = seen.argmax(1)[0]
    assert (mask[2, 1:] == Region.BROWS).all()
    assert (mask[4, 1:] == Region.SKIN).all()
    assert (mask[:, 0] == Region.HAIR).all()


def test_pictures_are_moved_on_and_shaded_by_what_fields_add():
    moved = torch.rand(1, 3, 128, 128) * 0.5
    flow, ratio = torch.zeros(1, 2, 128, 128), torch.zeros(1, 3, 128, 128)
    batch = {"moved": moved, "drawn_flow": flow}
    nothing = torch.zeros(1)
    same = drawn_with(FieldTensors(flow, ratio, nothing, nothing), batch)
    torch.testing.assert_close(same, moved)
    right = flow.clone()
    right[:, 0] = 2.0
    made = drawn_with(FieldTensors(right, ratio + 0.1, nothing, nothing), batch)
    torch.testing.assert_close(made[..., :-1], moved[..., 1:] * np.exp(0.1), rtol=1e-4, atol=1e-4)


def test_steps_lower_the_loss_and_leave_weights_that_make_expressions(task, tmp_path):
    batch = batch_of(task)
    generator = task.networks["generator"]
    generator.refinement.output.bias.data.fill_(0.5)
    optimiser = torch.optim.Adam(generator.parameters(), 1e-2)
    losses = []
    for _ in range(8):
        optimiser.zero_grad()
        terms = task._loss(batch)
        terms["total"].backward()
        losses.append(terms["total"].item())
        optimiser.step()
    assert losses[-1] < 0.8 * losses[0]
    assert terms["consistency"] >= 0
    path = task.export(tmp_path / "made.safetensors", task.networks, {"step": 8})
    method = load(
        load_checkpoint(path, method="secgan-expressions", profile="fast"), torch.device("cpu")
    )
    assert method.targets == EXPRESSIONS
    assert method.condition_of(parse_target("happy")).shape == (9,)


def test_validation_compares_with_what_it_began_with(task):
    task.networks["generator"].eval()
    scores = task.validate(task.networks)
    assert scores.keys() == {"iou", "iou_before"}
    assert all(0 <= one <= 1 for one in scores.values())
