import made_up
import numpy as np
import pytest
import torch

from faceedit.errors import UsageError
from faceedit.methods.pictures.task import to_signed
from faceedit.methods.reggan import fit_layers as module
from faceedit.methods.reggan.condition import BLOCKS
from faceedit.methods.reggan.expression_layer import ExpressionLayer
from faceedit.methods.reggan.fit_layers import fit_expression_layer, fit_layers
from faceedit.methods.reggan.pairs import ALONE, pair_shares
from faceedit.methods.reggan.recipe import FastRecipe, LayerRecipe
from faceedit.targets import EXPRESSIONS

HAPPY = EXPRESSIONS.index("happy")


def test_all_layers_are_fitted_on_training_people(monkeypatch):
    calls = []

    def fit(table, strengths, rows, target, recipe, size=64):
        assert strengths.shape == (len(table), 8)
        calls.append((rows.tolist(), target, strengths[rows, target].round(4).tolist()))
        return ExpressionLayer(size)

    monkeypatch.setattr(module, "fit_expression_layer", fit)
    generator, recipe = made_up.tiny_generator(), FastRecipe(components=made_up.COMPONENTS)
    told = []
    fit_layers(generator, made_up.few_pairs(), made_up.shape_table(), recipe, told.append)
    shown = {"neutral": [1, 0, 0], "happy": [0, 1, 0], "contemptuous": [0, 0, 1]}
    assert calls == [
        ([0, 1, 2], i, shown.get(name, [0, 0, 0])) for i, name in enumerate(EXPRESSIONS)
    ]
    assert len(told) == 3
    fitted = {k: v.clone() for k, v in generator.state_dict().items()}
    assert fitted["shade_layer.maps"][BLOCKS.index("happy")].min() < -0.01
    # Whatever those are like that validate, nothing changes.
    table, shapes = made_up.few_pairs(), made_up.shape_table()
    table.log_ratio[3:] = 3.0
    shapes.moved[shapes.validation] = 99.0
    fit_layers(generator, table, shapes, recipe, told.append)
    again = generator.state_dict()
    assert [name for name in fitted if not torch.equal(fitted[name], again[name])] == []


def test_an_expression_layer_brings_training_pairs_nearer():
    table = made_up.pair_table()
    strengths = pair_shares(table, made_up.AMPLITUDES)[:, 1:]
    rows = np.flatnonzero(~table.validation)
    layer = fit_expression_layer(table, strengths, rows, HAPPY, LayerRecipe(ridge=1e-3), 32)
    given, wanted = (to_signed(p, 32)[None] for p in (table.pictures[HAPPY], table.targets[HAPPY]))
    assert (layer(given) - wanted).abs().mean() < 0.5 * (given - wanted).abs().mean()


@pytest.mark.parametrize("change", [0.5, 1.4])
def test_pairs_far_from_strength_one_make_no_expression_layer(change):
    table = made_up.pair_table()
    strengths = change * pair_shares(table, made_up.AMPLITUDES)[:, 1:]
    with pytest.raises(UsageError, match="no pair leads to happy at about strength 1"):
        fit_expression_layer(table, strengths, np.arange(8), HAPPY, LayerRecipe(), 16)


def test_pairs_that_show_something_else_too_make_no_expression_layer():
    table = made_up.pair_table()
    strengths = np.zeros((len(table), 8), np.float32)
    strengths[:, HAPPY], strengths[:, HAPPY + 1] = 1.0, ALONE
    with pytest.raises(UsageError, match="no pair leads to happy"):
        fit_expression_layer(table, strengths, np.arange(8), HAPPY, LayerRecipe(), 16)
    strengths[0, HAPPY + 1] = 0.9 * ALONE
    fit_expression_layer(table, strengths, np.arange(8), HAPPY, LayerRecipe(), 16)


@pytest.mark.parametrize("size", [16, 32, 64])
def test_pictures_become_signed(size):
    image = np.zeros((32, 32, 3), np.uint8)
    image[..., 0], image[:, 16:, 1] = 255, 255
    signed = to_signed(image, size)
    assert signed.shape == (3, size, size)
    assert signed.dtype == torch.float32
    assert (signed[0] == 1).all()
    assert (signed[2] == -1).all()
    assert signed[1, :, -1].tolist() == [1] * size
    assert signed[1, :, 0].tolist() == [-1] * size
