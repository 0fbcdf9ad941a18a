from dataclasses import fields, replace
from pathlib import Path

import made_up
import numpy as np
import pytest
import torch

from faceedit.datasets.labelled import LabelledPhoto
from faceedit.errors import UsageError
from faceedit.faces.topology import INNER_LIPS
from faceedit.methods.fields import real_pairs, tune_task
from faceedit.methods.fields import task as field_task
from faceedit.methods.fields.prepared import Prepared
from faceedit.methods.fields.real_pairs import RealFace, in_frame_of, make_pair, pair_faces
from faceedit.methods.fields.rehearsal import plain_row
from faceedit.methods.fields.task import export_fields
from faceedit.methods.fields.tune_task import lip_error
from faceedit.methods.reggan.condition import block_shares
from faceedit.methods.reggan.fast_task import RegGANTuneTask
from faceedit.methods.reggan.generator import RegGANGenerator
from faceedit.methods.reggan.method import RegGAN, load
from faceedit.registry import load_checkpoint
from faceedit.targets import EXPRESSIONS

RECIPE = {"steps": 3, "batch_size": 2, "rehearsals": 1, "warm_up": 1, "shape_ridge": 1.0}


def face(number: int, expression: str, split: str = "train") -> RealFace:
    """Somebody's photo: grey skin, and a smile twice as broad as the layers know."""
    landmarks = made_up.place(made_up.person(number))
    pixels = np.full((256, 256, 3), 150, np.uint8)
    pixels[::7] = 120
    if expression == "happy":
        landmarks[:, :2] += 2 * made_up.UNIT * made_up.smile()[:478]
        pixels[150:] = 135
    photo = LabelledPhoto(Path(f"{number}.png"), f"p{number}", expression, 2, split)
    return RealFace(photo, pixels, landmarks)


@pytest.fixture
def faces():
    return [
        face(n, expression, "val" if n == 5 else "train")
        for n in range(6)
        for expression in ("neutral", "happy")
    ]


@pytest.fixture
def task(tiny, faces, tmp_path, monkeypatch, request_for):
    """Make a task that goes on from an untrained network."""
    torch.manual_seed(0)
    generator = RegGANGenerator(made_up.COMPONENTS)
    start = export_fields(tmp_path / "start.safetensors", RegGAN, generator, {})
    monkeypatch.setattr(tune_task, "read_faces", lambda data, tell: faces)
    request = request_for("fast", RECIPE, start=str(start), data=(tmp_path / "photos",))
    return RegGANTuneTask(request)


def test_another_photo_of_a_person_is_brought_into_the_frame_of_the_first():
    first, other = face(1, "neutral").landmarks, face(1, "happy").landmarks
    turned = other.copy()
    turned[:, :2] = turned[:, :2] @ np.array([[0.9, 0.3], [-0.3, 0.9]]) + (20, -5)
    turned[:, 2] *= np.hypot(0.9, 0.3)
    np.testing.assert_allclose(in_frame_of(first, turned), other[:, :2], atol=0.6)


def test_fields_lead_from_a_photo_towards_the_other():
    pair = make_pair(face(1, "neutral"), face(1, "happy"))
    assert pair.target == "happy"
    corner = np.rint(pair.moved[61] / 2).astype(int)
    # Backward: from where the corner goes to where it comes from.
    move = pair.moved[61] - pair.face.landmarks[61, :2]
    np.testing.assert_allclose(pair.flow[corner[1], corner[0]], -move, atol=1.5)
    assert pair.trusted.min() >= 0
    assert 0.1 < pair.trusted.mean() < 0.9
    assert np.abs(pair.log_ratio).max() < 1


def test_too_few_pairs_are_refused(faces):
    with pytest.raises(UsageError, match="pairs of one person's neutral face"):
        pair_faces(faces[:4])


def test_the_shape_layer_comes_nearer_to_people_that_it_has_not_seen(task, faces):
    unseen = [p for p in pair_faces(faces) if p.face.photo.split == "val"]
    before = lip_error(task._teacher.shape_layer, unseen, RegGAN)
    after = lip_error(task.networks["generator"].shape_layer, unseen, RegGAN)
    assert after < 0.8 * before
    assert task.validate(task.networks) == pytest.approx({"lips": after, "lips_before": before})


def test_targets_that_no_photo_shows_keep_their_landmarks(task):
    landmarks = torch.from_numpy(made_up.place(made_up.person(9))[None])
    shares = block_shares(torch.eye(8)[[EXPRESSIONS.index("sad")]])
    old, new = task._teacher, task.networks["generator"]
    assert torch.equal(
        old.shape_layer(landmarks, shares).landmarks, new.shape_layer(landmarks, shares).landmarks
    )


def test_steps_lower_the_loss_and_leave_weights_to_use(task, tmp_path):
    drawn = [task.samples[n] for n in range(4)]
    batch = {name: torch.stack([one[name] for one in drawn]) for name in drawn[0]}
    generator = task.networks["generator"]
    # A network that has forgotten what it knew.
    generator.refinement.output.bias.data.fill_(0.5)
    optimiser = torch.optim.Adam(generator.parameters(), 1e-2)
    losses = []
    for _ in range(8):
        optimiser.zero_grad()
        losses.append(task._loss(batch)["total"])
        losses[-1].backward()
        optimiser.step()
    assert losses[-1] < 0.8 * losses[0]
    path = task.export(tmp_path / "tuned.safetensors", task.networks, {"step": 4})
    edit = load(load_checkpoint(path, method="reggan", profile="fast"), torch.device("cpu"))
    assert edit.targets == EXPRESSIONS


def test_rehearsals_show_what_the_layers_say_and_real_pairs_what_is_seen(faces):
    generator = made_up.tiny_generator()
    generator.shade_layer.maps[:] = -0.1
    kept = plain_row(generator, faces[0], block_shares(0.6 * torch.eye(8)[[6]])[0])
    assert kept["flow"].any() and kept["log_ratio"].any()
    np.testing.assert_array_equal(kept["flow"], kept["drawn_flow"])
    np.testing.assert_array_equal(kept["log_ratio"], kept["drawn_shade"])
    pair = make_pair(faces[0], faces[1])
    asked = block_shares(torch.eye(8)[[1]])[0]
    real = tune_task._real_row(generator, pair, asked)
    np.testing.assert_array_equal(real["flow"], pair.flow.astype(np.float16))
    assert real["condition"].tolist() == asked.tolist()
    for row in (kept, real):
        assert row.keys() == {f.name for f in fields(Prepared)} - {"acting"}
        # What details draw is nobody's to say.
        x, y = faces[0].landmarks[list(INNER_LIPS), :2].mean(0) / 2
        assert row["trusted"][round(y), round(x)] == 0
        assert row["trusted"].max() > 200


def test_a_sheet_shows_some_of_the_photos(task, faces, monkeypatch):
    monkeypatch.setattr(field_task, "sheet_row", lambda method, pixels, landmarks: [pixels] * 9)
    rows, titles = task.pictures(task.networks)
    assert titles == ["input", *EXPRESSIONS]
    assert len(rows) == field_task.SHEET_FACES < len(faces)
    for row, shown in zip(rows, faces, strict=False):
        np.testing.assert_array_equal(row[0], shown.pixels)


def test_the_plan_is_the_recipes(task):
    schedule, (update,) = task.schedule, task.updates
    assert (schedule.steps, schedule.batch_size, schedule.warm_up, schedule.rate) == (
        3,
        2,
        1,
        "cosine",
    )
    assert (schedule.average_decay, schedule.validate_every, schedule.sheet_every) == (0.98, 100, 0)
    assert (update.name, update.trains) == ("tune", ("generator",))
    assert (update.optimiser.rate, update.optimiser.betas) == (1e-4, (0.9, 0.99))
    assert update.optimiser.largest_gradient == 2.0


def test_photos_alone_do_not_begin_a_training(request_for, tmp_path):
    request = request_for("fast", RECIPE, data=(tmp_path / "photos",))
    with pytest.raises(UsageError, match="--from reggan"):
        RegGANTuneTask(replace(request, start=None))


def test_faces_are_found_in_labelled_photos(tmp_path, monkeypatch):
    class Finder:
        def find(self, pixels):
            return []

    monkeypatch.setattr(real_pairs, "build_finder", lambda registry, options: Finder())
    monkeypatch.setattr(real_pairs, "open_registry", lambda: None)
    folder = tmp_path / "photos" / "ann"
    folder.mkdir(parents=True)
    (folder / "happy.png").write_bytes(b"no picture")
    told: list[str] = []
    assert real_pairs.read_faces([tmp_path / "photos"], told.append) == []
    assert "happy.png" in told[-1]
