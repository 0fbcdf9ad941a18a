import json

import made_up
import torch

from faceedit.methods.reggan.expression_layer import ExpressionLayer
from faceedit.methods.reggan.rgb_generator import RgbGenerator, express


def test_rgb_architecture_goes_through_json():
    generator = RgbGenerator(("neutral", "happy"), 32, made_up.tiny_config())
    again = RgbGenerator.from_architecture(json.loads(json.dumps(generator.architecture())))
    again.load_state_dict(generator.state_dict())
    x, strengths = torch.rand(1, 3, 32, 32), torch.tensor([[0.0, 1.0]])
    torch.testing.assert_close(again.eval()(x, strengths), generator.eval()(x, strengths))


def test_expression_layers_are_mixed_by_strength():
    layers = torch.nn.ModuleList([ExpressionLayer(8), ExpressionLayer(8)])
    layers[0].get_buffer("bias").fill_(1.0)
    layers[1].get_buffer("bias").fill_(-3.0)
    x = torch.rand(3, 3, 8, 8)
    mixed = express(layers, x, torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.5, 1.0]]))
    torch.testing.assert_close(mixed[0], x[0])
    torch.testing.assert_close(mixed[1], x[1] + 1)
    torch.testing.assert_close(mixed[2], x[2] + 0.5 - 3)
