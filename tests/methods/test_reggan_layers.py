import cv2
import made_up
import numpy as np
import pytest
import torch

from faceedit.errors import UsageError
from faceedit.methods.reggan import layers
from faceedit.methods.reggan.expression_layer import ExpressionLayer
from faceedit.methods.reggan.layers import fit_expression_layer, fit_layers
from faceedit.methods.reggan.prepared import pair_shares
from faceedit.methods.reggan.recipe import FastRecipe, LayerRecipe
from faceedit.methods.reggan.shape_layer import BLOCKS
from faceedit.methods.reggan.sources import Sources
from faceedit.targets import EXPRESSIONS

HAPPY = EXPRESSIONS.index("happy")


def test_all_layers_are_fitted_on_training_people(monkeypatch):
    calls = []

    def fit(table, shares, rows, target, recipe, size=64):
        calls.append((rows.tolist(), target))
        return ExpressionLayer(size)

    monkeypatch.setattr(layers, "fit_expression_layer", fit)
    generator, recipe = made_up.tiny_generator(), FastRecipe(components=made_up.COMPONENTS)
    told = []
    sources = Sources(made_up.few_pairs(), made_up.shape_table(), None)
    fit_layers(generator, sources, recipe, told.append)
    assert calls == [([0, 1, 2], target) for target in range(8)]
    assert len(told) == 3
    fitted = {k: v.clone() for k, v in generator.state_dict().items()}
    assert fitted["shade_layer.maps"][BLOCKS.index("happy")].min() < -0.01
    # Whatever those are like that validate, nothing changes.
    table, shapes = made_up.few_pairs(), made_up.shape_table()
    table.log_ratio[3:] = 3.0
    shapes.moved[shapes.validation] = 99.0
    fit_layers(generator, Sources(table, shapes, None), recipe, told.append)
    again = generator.state_dict()
    assert [name for name in fitted if not torch.equal(fitted[name], again[name])] == []


def test_an_expression_layer_brings_training_pairs_nearer():
    table = made_up.field_table()
    shares = pair_shares(table, made_up.AMPLITUDES)
    rows = np.flatnonzero(~table.validation)
    layer = fit_expression_layer(table, shares, rows, HAPPY, LayerRecipe(ridge=1e-3), 32)
    given, wanted = (
        torch.from_numpy(cv2.resize(p, (32, 32), interpolation=cv2.INTER_AREA))
        .permute(2, 0, 1)[None]
        .float()
        / 127.5
        - 1
        for p in (table.pictures[HAPPY], table.targets[HAPPY])
    )
    assert (layer(given) - wanted).abs().mean() < 0.5 * (given - wanted).abs().mean()


@pytest.mark.parametrize("change", [0.5, 1.4])
def test_pairs_far_from_strength_one_make_no_expression_layer(change):
    table = made_up.field_table()
    shares = change * pair_shares(table, made_up.AMPLITUDES)
    with pytest.raises(UsageError, match="no pair leads to happy at about strength 1"):
        fit_expression_layer(table, shares, np.arange(8), HAPPY, LayerRecipe(), 16)
