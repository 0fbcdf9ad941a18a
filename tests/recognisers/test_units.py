import numpy as np
import pytest
import torch

from faceedit.errors import WeightsError
from faceedit.faces.align import Crop
from faceedit.faces.topology import mean_shape
from faceedit.recognisers.units import UnitJudge, UnitReader, face_shape
from faceedit.registry import load_checkpoint
from faceedit.targets import ACTION_UNITS

WIDTHS = (4, 8, 8, 16)


@pytest.fixture(params=[UnitReader, UnitJudge])
def recogniser(request):
    torch.manual_seed(0)
    network = request.param(WIDTHS, size=32).train()
    for _ in range(20):
        network(torch.rand(8, 3, 64, 64) * 2 - 1, points(8))
    return network.eval()


def points(n: int, spread: float = 2.0) -> torch.Tensor:
    shape = torch.from_numpy(mean_shape()[:, :2]).float() * 25 + 32
    return shape + spread * torch.randn(n, 478, 2)


def crop(seed: int, size: int = 64) -> Crop:
    pixels = np.random.default_rng(seed).random((size, size, 3), np.float32)
    landmarks = np.pad(mean_shape()[:, :2], ((0, 0), (0, 1))) * size / 2.8 + size / 2
    return Crop(pixels, landmarks.astype(np.float32), np.eye(2, 3))


def test_there_are_seventeen_intensities_per_crop_within_their_range(recogniser):
    crops = [crop(i, size) for i, size in enumerate((64, 96, 256))]
    found = recogniser.read(crops, batch=2)
    assert [units.shape for units in found] == [(len(ACTION_UNITS),)] * 3
    assert 0 <= np.min(found) <= np.max(found) <= 5
    np.testing.assert_allclose(recogniser.read(crops[2:])[0], found[2], atol=1e-4)
    assert recogniser.read([]) == []


def test_the_reader_looks_at_landmarks_and_the_judge_does_not(recogniser):
    features, landmarks = recogniser.features(torch.rand(2, 3, 32, 32) * 2 - 1), points(2)
    plain = recogniser.judge(features)
    with_shape = recogniser.judge(features, landmarks)
    assert torch.equal(plain, with_shape) == isinstance(recogniser, UnitJudge)
    torch.testing.assert_close(recogniser.judge(features, landmarks, torch.zeros(2)), plain)


def test_shape_is_that_of_the_face_wherever_it_is_and_however_large():
    own = points(3)
    torch.testing.assert_close(face_shape(own * 4 + 17), face_shape(own), atol=1e-4, rtol=0)


def test_what_is_saved_reads_as_before(recogniser, tmp_path):
    recogniser.save(tmp_path / "a.safetensors")
    kind = type(recogniser)
    again = kind.load(load_checkpoint(tmp_path / "a.safetensors"))
    x, landmarks = torch.rand(2, 3, 64, 64) * 2 - 1, points(2)
    torch.testing.assert_close(again(x, landmarks), recogniser(x, landmarks), atol=0.02, rtol=0.02)
    other = UnitJudge if kind is UnitReader else UnitReader
    with pytest.raises(WeightsError, match=kind.name):
        other.load(load_checkpoint(tmp_path / "a.safetensors"))
