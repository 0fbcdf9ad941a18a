import numpy as np
import pytest
import torch

from faceedit.errors import WeightsError
from faceedit.faces.align import Crop
from faceedit.recognisers.base import FACE_WINDOW, grey, resample, to_batch, window
from faceedit.recognisers.expression import ExpressionRecogniser
from faceedit.registry import load_checkpoint, write_checkpoint
from faceedit.targets import EXPRESSIONS

WIDTHS = (4, 8, 8, 16)


@pytest.fixture
def recogniser():
    torch.manual_seed(0)
    network = ExpressionRecogniser(WIDTHS, size=32)
    # Running statistics of an untrained network would make it blind to what it sees.
    network.train()
    for _ in range(20):
        network(torch.rand(8, 3, 64, 64) * 2 - 1)
    return network.eval()


def crop(seed: int, size: int = 64) -> Crop:
    rng = np.random.default_rng(seed)
    pixels = rng.random((size, size, 3), np.float32)
    return Crop(pixels, np.zeros((478, 3), np.float32), np.eye(2, 3))


def test_there_is_one_reading_per_crop_within_its_range(recogniser):
    found = recogniser.read([crop(i, size) for i, size in enumerate((64, 96, 256))], batch=2)
    assert len(found) == 3
    for reading in found:
        assert reading.probabilities.shape == (len(EXPRESSIONS),)
        assert reading.probabilities.sum() == pytest.approx(1, abs=1e-5)
        assert reading.name == EXPRESSIONS[reading.probabilities.argmax()]
        assert 0 <= reading.strength <= 3
    assert recogniser.read([]) == []


def test_how_many_at_a_time_does_not_matter(recogniser):
    crops = [crop(i) for i in range(5)]
    together, single = recogniser.read(crops), recogniser.read(crops, batch=1)
    for a, b in zip(together, single, strict=True):
        np.testing.assert_allclose(a.probabilities, b.probabilities, atol=1e-5)


def test_brightness_contrast_and_colour_hardly_matter(recogniser):
    x = torch.rand(3, 3, 64, 64) * 2 - 1
    plain = recogniser(x).logits
    torch.testing.assert_close(recogniser(x * 0.7 + 0.2).logits, plain, atol=0.1, rtol=0.1)
    torch.testing.assert_close(recogniser(grey(x).expand_as(x)).logits, plain, atol=1e-4, rtol=0)


def test_only_the_window_is_looked_at(recogniser):
    x = torch.rand(1, 3, 64, 64) * 2 - 1
    changed = x.clone()
    changed[..., :8, :] = 1
    changed[..., :8] = -1
    torch.testing.assert_close(recogniser(changed).logits, recogniser(x).logits)
    changed[..., 40, 30] = 5
    assert not torch.allclose(recogniser(changed).logits, recogniser(x).logits, atol=1e-4)


def test_gradients_reach_the_crops(recogniser):
    x = (torch.rand(2, 3, 256, 256) * 2 - 1).requires_grad_()
    recogniser(x).logits[:, 1].sum().backward()
    assert x.grad is not None
    assert (x.grad.abs().sum((1, 2, 3)) > 0).all()


def test_what_is_saved_reads_as_before(recogniser, tmp_path):
    recogniser.save(tmp_path / "a.safetensors")
    again = ExpressionRecogniser.load(load_checkpoint(tmp_path / "a.safetensors"))
    x = torch.rand(2, 3, 64, 64) * 2 - 1
    torch.testing.assert_close(again(x).logits, recogniser(x).logits, atol=0.02, rtol=0.02)
    assert not any(p.requires_grad for p in again.parameters())
    assert not again.training


def test_other_weights_are_refused(recogniser, tmp_path):
    path = tmp_path / "a.safetensors"
    write_checkpoint(path, {}, method="reggan", profile="fast", architecture={})
    with pytest.raises(WeightsError, match="reggan fast"):
        ExpressionRecogniser.load(load_checkpoint(path))
    tensors = recogniser.state_dict()
    for architecture in ({"widths": [4, 8, 8, 8]}, {"depth": 3}):
        write_checkpoint(
            path, tensors, method="recogniser", profile="expression", architecture=architecture
        )
        with pytest.raises(WeightsError, match="does not read"):
            ExpressionRecogniser.load(load_checkpoint(path))


def test_crops_become_batches_of_one_size():
    small, large = crop(0, 64), crop(1, 128)
    batch = to_batch([small, large], 64)
    assert batch.shape == (2, 3, 64, 64)
    np.testing.assert_allclose(
        (batch[0].numpy().transpose(1, 2, 0) + 1) / 2, small.pixels, atol=1e-6
    )
    assert float(batch[1].mean()) == pytest.approx(float(large.pixels.mean()) * 2 - 1, abs=0.02)
    # Low-pass filtered: noise of half the pixels' pitch is averaged away.
    assert batch[1].std() < 0.6 * batch[0].std()


def test_windows_are_exact_for_crops_of_64_times_any():
    x = torch.arange(64 * 64, dtype=torch.float32).view(1, 1, 64, 64)
    found = window(x, 46)
    left, top = round(FACE_WINDOW[0] * 64), round(FACE_WINDOW[1] * 64)
    torch.testing.assert_close(found, x[..., top : top + 46, left : left + 46])
    assert resample(x, 64) is x
