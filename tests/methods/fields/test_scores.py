from dataclasses import replace

import made_up
import numpy as np
import pytest
import torch
from torch import nn

from faceedit.methods.fields.generator import FieldTensors
from faceedit.methods.fields.prepared import Prepared, prepare
from faceedit.methods.fields.samples import FieldSamples
from faceedit.methods.fields.scores import field_scores
from faceedit.methods.reggan.condition import SPEC
from faceedit.methods.reggan.pairs import pair_shares, usable
from faceedit.targets import EXPRESSIONS

HAPPY = EXPRESSIONS.index("happy")


class Knowing(nn.Module):
    """Says what the layers say, and a tone."""

    def __init__(self, tone):
        super().__init__()
        self.tone = nn.Parameter(torch.tensor(tone))

    def forward(self, picture, moved, maps, flow, shade, condition, strip):
        count = len(flow)
        return FieldTensors(flow, shade, self.tone.expand(count, 3), torch.full((count,), -1.0))


@pytest.fixture(scope="module")
def pairs(tmp_path_factory) -> Prepared:
    table = made_up.taken(made_up.pair_table(), [0, HAPPY])
    layers = made_up.tiny_generator()
    shares = pair_shares(table, made_up.AMPLITUDES)
    return prepare(table, usable(table, shares), shares, layers, tmp_path_factory.mktemp("pairs"))


def scores_of(network: nn.Module, pairs: Prepared) -> dict[str, float]:
    return field_scores(network, FieldSamples(pairs, np.arange(2), SPEC, 0, augment=False))


def test_scores_in_known_numbers(pairs):
    perfect = replace(pairs, drawn_flow=pairs.flow, drawn_shade=pairs.log_ratio)
    scores = scores_of(Knowing([0.8, 0.75, 0.7]), perfect)
    assert scores == pytest.approx(
        {
            "flow_error": 0.0,
            "layers_flow_error": 0.0,
            "ratio_slope": 1.0,
            "layers_ratio_slope": 1.0,
            "tone_error": 0.0,
            "spectacles_found": 0.0,
            "spectacles_made_up": 0.0,
        },
        abs=1e-4,
    )
    half = replace(
        pairs,
        drawn_flow=(0.5 * np.asarray(pairs.flow)).astype(np.float16),
        drawn_shade=(0.5 * np.asarray(pairs.log_ratio)).astype(np.float16),
    )
    scores = scores_of(Knowing([0.4, 0.375, 0.35]), half)
    assert scores["flow_error"] == scores["layers_flow_error"] == pytest.approx(0.5, abs=1e-3)
    assert scores["ratio_slope"] == scores["layers_ratio_slope"] == pytest.approx(0.5, abs=1e-3)
    assert scores["tone_error"] == pytest.approx(np.log(2), abs=1e-4)


def test_spectacles_are_counted_where_they_are_and_where_not(pairs):
    worn = replace(pairs, eyeglasses=np.array([True, False]))

    class Sure(Knowing):
        def forward(self, *given):
            return super().forward(*given)._replace(eyeglasses=torch.tensor([2.0, 2.0]))

    scores = scores_of(Sure([0.5] * 3), worn)
    assert (scores["spectacles_found"], scores["spectacles_made_up"]) == (1.0, 1.0)


def test_scores_of_nothing_are_finite(pairs):
    empty = replace(pairs, trusted=np.zeros_like(pairs.trusted), tone=np.full((2, 3), np.nan))
    assert set(scores_of(Knowing([0.5] * 3), empty).values()) == {0.0}
