from dataclasses import fields as fields_of

import pytest
import torch

from faceedit.methods.reggan.field_losses import FieldWeights, field_losses, photo_loss
from faceedit.methods.reggan.generator import FLOW_UNIT, FieldTensors
from faceedit.nn.compose import compose_fields

SIZE, CROP = 32, 64


def batch(**changes) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    opening = torch.zeros(2, 1, SIZE, SIZE)
    opening[:, :, 20:26, 10:22] = 1.0
    made = {
        "crop": torch.rand(2, 3, CROP, CROP),
        "flow": torch.full((2, 2, SIZE, SIZE), 1.0),
        "log_ratio": torch.full((2, 3, SIZE, SIZE), 0.1),
        "opacity": opening,
        "opening": opening,
        "weight": torch.ones(2, 1, SIZE, SIZE),
        "log_gain": torch.full((2, 3, SIZE, SIZE), -0.5),
        "saturation": torch.tensor([[1.0], [0.3]]),
        "has_real": torch.tensor([[1.0], [0.0]]),
    }
    made["real"] = compose_fields(made["crop"], made["flow"], made["log_ratio"])
    return {**made, **changes}


def right(given: dict[str, torch.Tensor], onset: float = 1.0) -> FieldTensors:
    return FieldTensors(
        flow=given["flow"].clone(),
        log_ratio=given["log_ratio"].clone(),
        opacity_logit=given["opacity"] * 40 - 20,
        log_gain=given["log_gain"].clone(),
        saturation=given["saturation"][:, :, None, None].expand(-1, -1, SIZE, SIZE),
        onset=torch.full((2, 1, 1, 1), onset),
    )


def test_the_right_fields_cost_nothing():
    given = batch()
    terms = field_losses(right(given), given, FieldWeights())
    assert {k: v.shape for k, v in terms.items()} == dict.fromkeys(terms, torch.Size())
    assert terms["total"].item() == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("name", ["flow", "log_ratio", "opacity_logit", "log_gain", "saturation"])
def test_every_wrong_field_costs_something(name):
    given, fields = batch(), right(batch())
    wrong = {f.name: getattr(fields, f.name) for f in fields_of(fields)}
    wrong[name] = wrong[name] + 0.7
    if name == "opacity_logit":
        wrong[name] = -wrong[name]
    terms = field_losses(FieldTensors(**wrong), given, FieldWeights())
    assert terms["total"].item() > 0.01


def test_the_total_is_the_weighted_sum():
    given = batch()
    fields = right(given)
    fields.flow[:, :, :, ::2] += 2.0
    fields.log_gain[:] += 0.3
    weights = FieldWeights(flow=2.0, gain=3.0)
    terms = field_losses(fields, given, weights)
    expected = sum(
        getattr(weights, k) * v / (FLOW_UNIT if k == "flow" else 1)
        for k, v in terms.items()
        if k != "total"
    )
    torch.testing.assert_close(terms["total"], expected)


def test_below_the_onset_the_network_still_gives_all_of_the_opacity():
    given = batch()
    given = {**given, "opacity": given["opacity"] * 0.5}
    fields = right({**given, "opacity": given["opening"]}, onset=0.5)
    terms = field_losses(fields, given, FieldWeights())
    assert terms["opacity"].item() == pytest.approx(0, abs=1e-5)
    torch.testing.assert_close(fields.opacity, given["opacity"])


def test_photos_count_only_where_there_are_some():
    given = batch()
    fields = right(given)
    spoilt = given["real"].clone()
    spoilt[1] = 0.0
    assert photo_loss(fields, {**given, "real": spoilt}).item() == pytest.approx(0, abs=1e-5)
    spoilt[0] = 0.0
    assert photo_loss(fields, {**given, "real": spoilt}).item() > 0.1
    none = {**given, "real": spoilt, "has_real": torch.zeros(2, 1)}
    assert photo_loss(fields, none).item() == 0
    fields.flow.requires_grad_()
    photo_loss(fields, none).backward()
