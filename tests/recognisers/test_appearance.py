import numpy as np
import pytest
import torch

from faceedit.errors import WeightsError
from faceedit.faces.align import Crop
from faceedit.lights import LIGHT_ORDER
from faceedit.recognisers.appearance import (
    LIGHT_NAMES,
    SURE,
    AppearanceReading,
    AppearanceRecogniser,
    confidence_of,
)
from faceedit.recognisers.base import METHOD
from faceedit.regions import Region
from faceedit.registry import load_checkpoint
from faceedit.targets import ATTRIBUTES

SMALL = {
    "size": 64, "parser_widths": (8, 8, 8, 16), "inner": (8, 8, 8), "looks_size": 32,
    "widths": (8, 8, 8, 16), "zone_width": 4,
}  # fmt: skip


def small() -> AppearanceRecogniser:
    torch.manual_seed(0)
    return AppearanceRecogniser(**SMALL).eval()


def crop(size: int, seed: int = 0) -> Crop:
    pixels = np.random.default_rng(seed).random((size, size, 3), np.float32)
    return Crop(pixels, np.zeros((478, 3), np.float32), np.eye(2, 3))


def test_lights_have_the_order_of_the_pairs():
    assert LIGHT_NAMES == LIGHT_ORDER


def test_readings_are_typed_and_within_their_ranges():
    readings = small().read([crop(160), crop(256, 1), crop(64, 2)])
    assert len(readings) == 3
    for reading in readings:
        assert reading.regions.shape == (64, 64) and reading.regions.dtype == np.uint8
        assert reading.regions.max() < len(Region)
        assert reading.lights.shape == (20,) and reading.lights.sum() == pytest.approx(1, abs=1e-5)
        assert reading.attributes.shape == (13,)
        assert (reading.attributes >= 0).all() and (reading.attributes <= 1).all()
        assert 0 <= reading.strength < 1


def test_words_of_a_reading():
    lights, attributes = np.zeros(20), np.zeros(13)
    lights[LIGHT_NAMES.index("rim_left")] = 1
    attributes[[ATTRIBUTES.index("bangs"), ATTRIBUTES.index("male")]] = 0.5, 0.9
    confidence = np.full(13, SURE)
    confidence[ATTRIBUTES.index("young")] = SURE - 0.01
    vector = np.array([0.0, 0.3, 0.4])
    reading = AppearanceReading(np.zeros((4, 4), np.uint8), lights, vector, attributes, confidence)
    assert reading.light == "rim_left"
    assert [name for name, there in reading.there.items() if there] == ["bangs", "male"]
    assert [name for name, there in reading.there.items() if there is None] == ["young"]
    assert reading.strength == pytest.approx(0.5)


def test_what_is_rare_takes_more_to_be_believed_and_what_is_common_more_to_be_denied():
    rarity = torch.tensor([-1.0, 0.0, 1.0])
    sure, unsure = 1 / (1 + np.exp(-1)), 0.5
    for said, wanted in ((1.0, [unsure, sure, sure]), (-1.0, [sure, sure, unsure])):
        found = confidence_of(torch.full((1, 3), said), rarity)
        np.testing.assert_allclose(found[0], wanted, atol=1e-6)


def test_thresholds_move_attributes_and_nothing_else():
    network, x = small(), torch.rand(2, 3, 64, 64) * 2 - 1
    before = network(x)
    network.threshold += 0.7
    after = network(x)
    torch.testing.assert_close(before.attributes - after.attributes, torch.full((2, 13), 0.7))
    torch.testing.assert_close(before.lights, after.lights)


def test_every_output_can_be_differentiated_by_the_picture():
    network = small()
    for k in range(4):
        x = (torch.rand(1, 3, 80, 80) * 1.6 - 0.8).requires_grad_()
        (gradient,) = torch.autograd.grad(network(x)[k].square().sum(), x)
        assert gradient.isfinite().all() and gradient.abs().sum() > 0


def test_attributes_and_lights_do_not_move_the_segments():
    network, x = small(), torch.rand(1, 3, 64, 64)
    output = network(x)
    weights = network.parser.decoder.last.weight
    loss = output.attributes.sum() + output.lights.sum() + output.light_vector.sum()
    assert torch.autograd.grad(loss, weights, allow_unused=True) == (None,)


def test_a_checkpoint_says_the_same_again(tmp_path):
    network = small()
    network.threshold += 0.25
    network.save(tmp_path / "a.safetensors", half=False)
    again = AppearanceRecogniser.load(load_checkpoint(tmp_path / "a.safetensors", method=METHOD))
    x = torch.rand(1, 3, 64, 64) * 2 - 1
    for a, b in zip(network(x), again(x), strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)
    checkpoint = load_checkpoint(tmp_path / "a.safetensors")
    checkpoint.architecture["widths"] = [8, 8, 8, 8]
    with pytest.raises(WeightsError, match="appearance"):
        AppearanceRecogniser.load(checkpoint)


def test_the_shipped_size_fits():
    parameters = sum(p.numel() for p in AppearanceRecogniser().parameters())
    assert 2 * parameters < 5.7e6
