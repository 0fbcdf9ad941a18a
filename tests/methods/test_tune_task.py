from dataclasses import replace
from pathlib import Path

import made_up
import numpy as np
import pytest
import torch

from faceedit.errors import UsageError
from faceedit.methods.reggan import real_pairs, tune_task
from faceedit.methods.reggan.export import export_fast
from faceedit.methods.reggan.generator import FieldGenerator
from faceedit.methods.reggan.method import load
from faceedit.methods.reggan.real_pairs import RealFace, in_frame_of, make_pair, pair_faces
from faceedit.methods.reggan.shape_layer import block_shares
from faceedit.methods.reggan.teeth import pack_textures, plain_texture
from faceedit.methods.reggan.tune_task import TuneTask, lip_error
from faceedit.photos.labelled import LabelledPhoto
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
    generator = FieldGenerator(made_up.COMPONENTS)
    start = export_fast(
        tmp_path / "start.safetensors", generator, pack_textures([plain_texture()]), {}
    )
    monkeypatch.setattr(tune_task, "read_faces", lambda data, tell: faces)
    request = request_for("fast", RECIPE, start=str(start), data=(tmp_path / "photos",))
    return TuneTask(request)


def test_another_photo_of_a_person_is_brought_into_the_frame_of_the_first():
    first, other = face(1, "neutral").landmarks, face(1, "happy").landmarks
    turned = other.copy()
    turned[:, :2] = turned[:, :2] @ np.array([[0.9, 0.3], [-0.3, 0.9]]) + (20, -5)
    turned[:, 2] *= np.hypot(0.9, 0.3)
    np.testing.assert_allclose(in_frame_of(first, turned), other[:, :2], atol=0.6)


def test_fields_lead_from_a_photo_towards_the_other():
    pair = make_pair(face(1, "neutral"), face(1, "happy"))
    assert pair.target == EXPRESSIONS.index("happy")
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
    before = lip_error(task._teacher.shape_layer, unseen)
    after = lip_error(task.networks["generator"].shape_layer, unseen)
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


def test_photos_alone_do_not_begin_a_training(request_for, tmp_path):
    request = request_for("fast", RECIPE, data=(tmp_path / "photos",))
    with pytest.raises(UsageError, match="--from reggan"):
        TuneTask(replace(request, start=None))


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
