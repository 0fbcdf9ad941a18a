import json

import made_up
import pytest
import torch

from faceedit.methods.reggan.expression_layer import ExpressionLayer
from faceedit.methods.reggan.generator import (
    ONSET,
    OUT_CHANNELS,
    WORKING_SIZE,
    FieldGenerator,
)
from faceedit.methods.reggan.prior import MODES
from faceedit.methods.reggan.refinement import RefinementConfig
from faceedit.methods.reggan.rgb_generator import RgbGenerator, express


def inputs(batch: int) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    return torch.rand(batch, 3, 256, 256), torch.rand(batch, 12, WORKING_SIZE, WORKING_SIZE)


def run(generator: FieldGenerator, strengths: list[list[float]]):
    crop, maps = inputs(1)
    batch = len(strengths)
    with torch.no_grad():
        return generator.eval()(
            crop.expand(batch, -1, -1, -1),
            maps.expand(batch, -1, -1, -1),
            torch.tensor(strengths),
            torch.zeros(batch, MODES),
        )


def test_fields_have_the_working_size_and_vanish_at_strength_nothing():
    fields = run(made_up.tiny_generator(), [[0.0, 0.0], [0.0, 1.0]])
    size = (WORKING_SIZE, WORKING_SIZE)
    assert fields.flow.shape == (2, 2, *size)
    assert fields.log_ratio.shape == fields.log_gain.shape == (2, 3, *size)
    assert fields.opacity.shape == fields.saturation.shape == (2, 1, *size)
    for field in (fields.flow, fields.log_ratio, fields.opacity):
        assert not field[0].any()
        assert field[1].any()
    assert 0 <= fields.opacity.min() <= fields.opacity.max() <= 1
    assert 0 <= fields.saturation.min() <= fields.saturation.max() <= 1


def test_fields_set_in_gently():
    fields = run(made_up.tiny_generator(), [[0.0, ONSET / 2], [ONSET, 0.0], [0.5, 0.5]])
    torch.testing.assert_close(fields.onset.flatten(), torch.tensor([0.5, 1.0, 1.0]))


@pytest.mark.parametrize("make", [made_up.tiny_generator, lambda: FieldGenerator(("happy",), 2)])
def test_architecture_goes_through_json(make):
    generator = make()
    again = FieldGenerator.from_architecture(json.loads(json.dumps(generator.architecture())))
    assert again.architecture() == generator.architecture()
    shapes = {k: v.shape for k, v in generator.state_dict().items()}
    assert {k: v.shape for k, v in again.state_dict().items()} == shapes


def test_rgb_architecture_goes_through_json():
    generator = RgbGenerator(("neutral", "happy"), 32, made_up.tiny_config(3, 3))
    again = RgbGenerator.from_architecture(json.loads(json.dumps(generator.architecture())))
    again.load_state_dict(generator.state_dict())
    x, strengths = torch.rand(1, 3, 32, 32), torch.tensor([[0.0, 1.0]])
    torch.testing.assert_close(again.eval()(x, strengths), generator.eval()(x, strengths))


def test_a_wrong_refinement_network_is_refused():
    with pytest.raises(ValueError, match="must map 22"):
        FieldGenerator(("happy",), 3, RefinementConfig.fast(9, OUT_CHANNELS))


def test_expression_layers_are_mixed_by_strength():
    layers = torch.nn.ModuleList([ExpressionLayer(8), ExpressionLayer(8)])
    layers[0].get_buffer("bias").fill_(1.0)
    layers[1].get_buffer("bias").fill_(-3.0)
    x = torch.rand(3, 3, 8, 8)
    mixed = express(layers, x, torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.5, 1.0]]))
    torch.testing.assert_close(mixed[0], x[0])
    torch.testing.assert_close(mixed[1], x[1] + 1)
    torch.testing.assert_close(mixed[2], x[2] + 0.5 - 3)
