import json

import made_up
import pytest
import torch

from faceedit.compose.eye_strip import STRIP_SIZE
from faceedit.methods.fields.drawn import FIELD_SIZE, WORKING_SIZE
from faceedit.methods.fields.generator import FLOW_UNIT, RATIO_UNIT, FieldTensors
from faceedit.methods.fields.refinement import RefinementConfig
from faceedit.methods.reggan.condition import block_shares
from faceedit.methods.reggan.generator import RegGANGenerator
from faceedit.nn.attention import AttentionUnit
from faceedit.targets import EXPRESSIONS

Inputs = dict[str, torch.Tensor]


def inputs(strengths: torch.Tensor) -> Inputs:
    torch.manual_seed(0)
    batch = len(strengths)
    return {
        "picture": torch.rand(1, 3, WORKING_SIZE, WORKING_SIZE).expand(batch, -1, -1, -1),
        "moved": torch.rand(1, 3, FIELD_SIZE, FIELD_SIZE).expand(batch, -1, -1, -1),
        "maps": torch.rand(1, 12, WORKING_SIZE, WORKING_SIZE).expand(batch, -1, -1, -1),
        "flow": torch.randn(1, 2, FIELD_SIZE, FIELD_SIZE).expand(batch, -1, -1, -1),
        "shade": torch.randn(1, 3, FIELD_SIZE, FIELD_SIZE).expand(batch, -1, -1, -1),
        "condition": block_shares(strengths),
        "strip": torch.rand(1, 3, *STRIP_SIZE).expand(batch, -1, -1, -1),
    }


def happy(*strengths: float) -> torch.Tensor:
    rows = torch.zeros(len(strengths), len(EXPRESSIONS))
    rows[:, 1] = torch.tensor(strengths)
    return rows


def run(generator: RegGANGenerator, given: Inputs) -> FieldTensors:
    with torch.no_grad():
        return generator.eval()(**given)


def with_output(*values: float) -> RegGANGenerator:
    """A generator whose network says the same everywhere: flow 2, log ratio 3, share 1."""
    generator = made_up.tiny_generator()
    output = generator.refinement.output
    torch.nn.init.zeros_(output.weight)
    with torch.no_grad():
        output.bias.copy_(torch.tensor(values).repeat_interleave(4))  # pyright: ignore[reportOptionalMemberAccess]
    return generator


def test_fields_have_their_shapes():
    fields = run(made_up.tiny_generator(), inputs(happy(0.3, 1.0)))
    assert fields.flow.shape == (2, 2, FIELD_SIZE, FIELD_SIZE)
    assert fields.log_ratio.shape == (2, 3, FIELD_SIZE, FIELD_SIZE)
    assert fields.tone.shape == (2, 3)
    assert fields.eyeglasses.shape == (2,)
    assert 0 < fields.tone.min() <= fields.tone.max() < 1
    assert all(field.dtype == torch.float32 for field in fields.present().values())


def test_at_strength_nothing_the_network_adds_nothing():
    given = inputs(happy(0.0))
    fields = run(made_up.tiny_generator(), given)
    assert torch.equal(fields.flow, given["flow"])
    assert torch.equal(fields.log_ratio, given["shade"])
    # The layers give nothing then, either.
    given |= {"flow": torch.zeros_like(given["flow"]), "shade": torch.zeros_like(given["shade"])}
    fields = run(made_up.tiny_generator(), given)
    assert not fields.flow.any()
    assert not fields.log_ratio.any()


def test_corrections_in_known_numbers():
    # Shares of 0.2 + 0.2 are an onset of 0.4; from 0.5 on it is whole.
    given = inputs(happy(0.2, 0.5, 1.5))
    fields = run(with_output(1.0, -1.0, 0.5, 0.0, -0.5, -1.0), given)
    for row, onset in enumerate((0.4, 1.0, 1.0)):
        added = torch.tensor([1.0, -1.0])[:, None, None] * FLOW_UNIT * onset
        torch.testing.assert_close(fields.flow[row], given["flow"][row] + added)
        folds = torch.tensor([0.5, 0.0, -0.5])[:, None, None] * RATIO_UNIT * onset
        wanted = given["shade"][row] * (1 - onset) + folds
        torch.testing.assert_close(fields.log_ratio[row], wanted)


def test_a_face_does_not_depend_on_its_batch():
    given = inputs(happy(1.0, 0.5))
    together = run(made_up.tiny_generator(), given)
    alone = run(made_up.tiny_generator(), {name: value[1:] for name, value in given.items()})
    for one, two in zip(*(x.present().values() for x in (alone, together)), strict=True):
        torch.testing.assert_close(one[0], two[1], atol=1e-4, rtol=1e-4)


def test_gradient_reaches_every_parameter_and_no_layer():
    generator = made_up.tiny_generator()
    fields = generator(**inputs(happy(1.0, 0.5)))
    torch.stack([f.square().mean() for f in fields.present().values()]).sum().backward()
    silent = [n for n, p in generator.named_parameters() if p.grad is None or not p.grad.any()]
    # A bias before a norm changes nothing.
    assert [name for name in silent if not name.endswith("bias")] == []
    names = {name.split(".")[0] for name, _ in generator.named_parameters()}
    assert names == {"refinement", "tone", "spectacles"}


@pytest.mark.parametrize("make", [made_up.tiny_generator, lambda: RegGANGenerator(5)])
def test_architecture_goes_through_json(make):
    generator = make()
    again = RegGANGenerator.from_architecture(json.loads(json.dumps(generator.architecture())))
    assert again.architecture() == generator.architecture()
    shapes = {k: v.shape for k, v in generator.state_dict().items()}
    assert {k: v.shape for k, v in again.state_dict().items()} == shapes


def test_the_profile_keeps_the_papers_structure():
    generator = RegGANGenerator()
    assert len(generator.expression_layers) == len(EXPRESSIONS)
    assert len(generator.refinement.latent) == 10
    assert sum(isinstance(m, AttentionUnit) for m in generator.modules()) == 16


def test_a_wrong_refinement_network_is_refused():
    for channels in ((49, 24), (50, 23)):
        with pytest.raises(ValueError, match="must map 50 to 24"):
            RegGANGenerator(3, RefinementConfig.fast(*channels))
