import cv2
import numpy as np
import pytest
import torch
from torch.nn import functional as F

from faceedit.errors import WeightsError
from faceedit.faces.topology import mean_shape
from faceedit.recognisers.expression import (
    SIDE,
    ExpressionJudge,
    ExpressionNetwork,
    frame,
    frame_affine,
)
from faceedit.registry import write_checkpoint
from faceedit.targets import EXPRESSIONS

WIDTHS = (8, 8, 16, 16)


@pytest.fixture
def judge():
    torch.manual_seed(0)
    return ExpressionJudge(ExpressionNetwork(4, WIDTHS), EXPRESSIONS[:4], size=32)


def face(scale=60.0, angle=0.0, centre=(120, 100)):
    """A smooth picture with landmarks of the mean face somewhere in it."""
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * scale
    landmarks = mean_shape().copy()
    landmarks[:, :2] = landmarks[:, :2] @ turn.T + centre
    # A pattern in the face's own frame, so that it moves with the face.
    y, x = np.mgrid[:240, :260]
    own = (np.stack([x, y], 2) - centre) @ np.linalg.inv(turn).T
    grey = 128 + 60 * np.sin(4 * own[..., 0]) + 50 * np.cos(3 * own[..., 1])
    return np.repeat(grey[..., None], 3, 2).astype(np.uint8), landmarks


def test_probabilities_are_of_every_picture_and_sum_to_one(judge):
    pictures = np.random.default_rng(0).random((5, 32, 32), np.float32)
    found = judge.classify(pictures, batch=2)
    assert found.shape == (5, 4)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-5)
    np.testing.assert_allclose(found, judge.classify(pictures), atol=1e-5)
    assert judge.classify(pictures[:0]).shape == (0, 4)


def test_mirror_images_and_brighter_ones_are_called_the_same(judge):
    pictures = np.random.default_rng(0).random((3, 32, 32), np.float32)
    found = judge.classify(pictures)
    np.testing.assert_allclose(judge.classify(pictures[:, :, ::-1]), found, atol=1e-5)
    np.testing.assert_allclose(judge.classify(pictures * 0.8 + 0.15), found, atol=0.02)


def test_what_is_saved_judges_as_before(judge, tmp_path):
    path = tmp_path / "judge.safetensors"
    judge.save(path)
    again = ExpressionJudge.load(path)
    pictures = np.random.default_rng(0).random((2, 32, 32), np.float32)
    assert (again.classes, again.size) == (judge.classes, judge.size)
    np.testing.assert_array_equal(again.classify(pictures), judge.classify(pictures))


def test_another_network_is_refused(judge, tmp_path):
    path = tmp_path / "other.safetensors"
    tensors = judge.network.state_dict()
    write_checkpoint(path, tensors, method="reggan", profile="fast", architecture={})
    with pytest.raises(WeightsError, match="reggan"):
        ExpressionJudge.load(path)
    write_checkpoint(path, tensors, method="expression-judge", profile="grey", architecture={})
    with pytest.raises(WeightsError, match="no judge"):
        ExpressionJudge.load(path)


def test_a_training_step_lowers_the_loss():
    torch.manual_seed(0)
    network = ExpressionNetwork(3, WIDTHS, dropout=0.0)
    pictures, labels = torch.rand(12, 1, 32, 32), torch.arange(12) % 3
    optimiser = torch.optim.AdamW(network.parameters(), 1e-2)
    losses = []
    for _ in range(6):
        loss = F.cross_entropy(network(pictures), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 2


def test_framing_centres_the_face_and_keeps_its_scale():
    _, landmarks = face()
    affine = frame_affine(landmarks, 96)
    placed = landmarks[:, :2] @ affine[:, :2].T + affine[:, 2]
    eyes = placed[[33, 263]]
    assert np.linalg.norm(eyes[1] - eyes[0]) == pytest.approx(96 / SIDE, rel=0.01)
    assert abs(eyes[:, 0].mean() - 47.5) < 0.5
    assert placed.min() > -3  # the hairline
    assert placed.max() < 95


@pytest.mark.parametrize(("scale", "angle"), [(60, 0.4), (35, 0.0), (48, -0.3)])
def test_a_face_looks_the_same_wherever_it_is(scale, angle):
    upright = frame(*face(), size=48)
    other = frame(*face(scale, angle, (130, 115)), size=48)
    assert upright.shape == (48, 48)
    assert upright.dtype == np.float32
    inner = np.s_[8:-8, 8:-8]
    assert np.abs(upright[inner] - other[inner]).mean() < 0.02


def test_a_larger_photo_gives_the_same_picture():
    image, landmarks = face(40)
    big = cv2.resize(image, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    moved = landmarks.copy()
    moved[:, :2] = (moved[:, :2] + 0.5) * 4 - 0.5
    difference = frame(image, landmarks, size=48) - frame(big, moved, size=48)
    assert np.abs(difference).max() < 0.03


def test_the_mouth_does_not_move_the_frame():
    image, landmarks = face()
    opened = landmarks.copy()
    opened[[14, 17, 152, 61, 291], 1] += 12
    np.testing.assert_array_equal(frame(image, landmarks, size=48), frame(image, opened, size=48))


def test_a_margin_shows_more_round_the_same_picture():
    image, landmarks = face()
    wide = frame(image, landmarks, size=48, margin=5)
    np.testing.assert_allclose(wide[5:-5, 5:-5], frame(image, landmarks, size=48), atol=0.005)


def test_two_dimensions_of_landmarks_are_enough(judge):
    image, landmarks = face()
    picture = judge.face_picture(image, landmarks)
    assert picture.shape == (32, 32)
    np.testing.assert_array_equal(picture, judge.face_picture(image, landmarks[:, :2]))
