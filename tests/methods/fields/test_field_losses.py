import pytest
import torch

from faceedit.methods.fields.generator import FLOW_UNIT, RATIO_UNIT, FieldTensors
from faceedit.methods.fields.losses import _STRONG, FieldWeights, field_losses

SIZE = 16


def batch(**changes: torch.Tensor) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    made = {
        "flow": torch.randn(2, 2, SIZE, SIZE),
        "log_ratio": 0.1 * torch.randn(2, 3, SIZE, SIZE),
        "trusted": torch.ones(2, 1, SIZE, SIZE),
        "tone": torch.rand(2, 3),
        "known": torch.ones(2, 1),
        "eyeglasses": torch.tensor([[0.0], [1.0]]),
    }
    return {**made, **changes}


def right(given: dict[str, torch.Tensor]) -> FieldTensors:
    return FieldTensors(
        flow=given["flow"].clone(),
        log_ratio=given["log_ratio"].clone(),
        tone=given["tone"].clone(),
        eyeglasses=given["eyeglasses"][:, 0] * 60 - 30,
    )


def test_perfect_fields_cost_nothing():
    given = batch()
    terms = field_losses(right(given), given, FieldWeights())
    assert set(terms) == {"flow", "log_ratio", "edges", "tone", "eyeglasses", "total"}
    assert {k: v.shape for k, v in terms.items()} == dict.fromkeys(terms, torch.Size())
    assert all(v.item() == pytest.approx(0, abs=1e-9) for v in terms.values())


def test_errors_in_known_numbers():
    given = batch()
    fields = right(given)
    fields.flow[:, 0] += 2.0
    # Every other column is brighter: all slopes across are off by as much, none down.
    fields.log_ratio[..., ::2] += 0.1
    terms = field_losses(fields, given, FieldWeights())
    assert terms["flow"].item() == pytest.approx(1.0)
    # Half of the pixels are wrong, by 0.1 and its square over `_STRONG`.
    assert terms["log_ratio"].item() == pytest.approx((0.1 + 0.01 / _STRONG) / 2)
    assert terms["edges"].item() == pytest.approx(0.1)
    tone = (given["tone"] + 0.03) * 1.5 - 0.03
    terms = field_losses(right(given)._replace(tone=tone), given, FieldWeights())
    assert terms["tone"].item() == pytest.approx(torch.tensor(1.5).log().item(), rel=1e-4)
    unsure = right(given)._replace(eyeglasses=torch.zeros(2))
    terms = field_losses(unsure, given, FieldWeights())
    assert terms["eyeglasses"].item() == pytest.approx(torch.tensor(2.0).log().item())


def test_a_shift_of_all_ratios_has_no_edges():
    given = batch()
    fields = right(given)
    fields.log_ratio[:] += 0.2
    terms = field_losses(fields, given, FieldWeights())
    assert terms["edges"].item() == pytest.approx(0, abs=1e-6)
    assert terms["log_ratio"].item() == pytest.approx(0.2 + 0.04 / _STRONG)


@pytest.mark.parametrize("name", FieldTensors._fields[:4])
def test_every_wrong_field_costs_something(name):
    given = batch()
    wrong = right(given)
    field = getattr(wrong, name)
    wrong = wrong._replace(**{name: -field if name == "eyeglasses" else field + 0.7})
    assert field_losses(wrong, given, FieldWeights())["total"].item() > 0.01


def test_the_total_is_the_weighted_sum():
    given = batch()
    fields = FieldTensors(**{k: value + 0.3 for k, value in right(given).present().items()})
    weights = FieldWeights(2.0, 3.0, 0.5, 0.7, 0.2)
    terms = field_losses(fields, given, weights)
    units = {"flow": FLOW_UNIT, "log_ratio": RATIO_UNIT, "edges": RATIO_UNIT}
    expected = sum(
        getattr(weights, k) / units.get(k, 1.0) * v for k, v in terms.items() if k != "total"
    )
    torch.testing.assert_close(terms["total"], expected)


def test_what_is_not_trusted_costs_nothing():
    trusted = torch.ones(2, 1, SIZE, SIZE)
    trusted[:, :, 4:9, 4:9] = 0
    given = batch(trusted=trusted)
    fields = right(given)
    fields.flow[:, :, 4:9, 4:9] += 100.0
    # A slope belongs to the pixel after it.
    fields.log_ratio[:, :, 4:8, 4:8] += 100.0
    terms = field_losses(fields, given, FieldWeights())
    assert terms["flow"].item() == terms["log_ratio"].item() == terms["edges"].item() == 0


def test_teeth_count_only_where_they_are_known():
    given = batch(known=torch.tensor([[1.0], [0.0]]))
    tone = given["tone"].clone()
    tone[1] = 0.0
    terms = field_losses(right(given)._replace(tone=tone), given, FieldWeights())
    assert terms["tone"].item() == 0
    none = {**given, "known": torch.zeros(2, 1)}
    tone.requires_grad_()
    field_losses(right(given)._replace(tone=tone), none, FieldWeights())["total"].backward()
    assert tone.grad is not None
    assert not tone.grad.any()
