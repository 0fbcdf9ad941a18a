"""Solving RegGAN's closed-form layers on the studio's pairs of training people."""

from collections.abc import Callable
from dataclasses import asdict

import numpy as np
import torch

from faceedit.errors import UsageError
from faceedit.methods.fields.drawn import WORKING_SIZE
from faceedit.methods.fields.shade_fit import fit_shade_layer, shade_samples
from faceedit.methods.fields.shape_fit import Motions, fit_shape_layer
from faceedit.methods.pictures.task import to_signed
from faceedit.methods.reggan.condition import SPEC
from faceedit.methods.reggan.expression_layer import ExpressionLayer, ExpressionLayerFitter
from faceedit.methods.reggan.generator import RegGANGenerator
from faceedit.methods.reggan.pairs import ALONE, AT_STRENGTH, pair_shares, usable
from faceedit.methods.reggan.recipe import FastRecipe, LayerRecipe
from faceedit.studio.shapes import LEVELS, ShapeTable
from faceedit.targets import EXPRESSIONS
from faceedit.training.pair_table import PairTable


def fit_layers(
    generator: RegGANGenerator,
    table: PairTable,
    shapes: ShapeTable,
    recipe: FastRecipe,
    tell: Callable[[str], None],
) -> None:
    """Solve all closed-form layers on training people.

    Args:
        generator: takes the layers.
        table: pairs.
        shapes: where landmarks go.
        recipe: how the layers are solved.
        tell: takes a line of progress.

    Raises:
        UsageError: a layer has nothing to be solved from.
    """
    amplitudes = asdict(recipe.amplitudes)
    train = shapes.taken(~shapes.validation)
    moved = motions(train, amplitudes)
    shape = fit_shape_layer(moved, SPEC, recipe.components, recipe.shape_ridge)
    generator.shape_layer.load_state_dict(shape.state_dict())
    tell(f"shape layer: {len(train.photo)} faces")
    shares = pair_shares(table, amplitudes)
    rows = usable(table, shares)
    rows = rows[~np.asarray(table.validation)[rows]]
    shade = fit_shade_layer(shade_samples(table, rows, shares), SPEC)
    generator.shade_layer.load_state_dict(shade.state_dict())
    tell(f"shade layer: {len(rows)} pairs")
    for index in range(len(EXPRESSIONS)):
        layer = fit_expression_layer(table, shares[:, 1:], rows, index, recipe.layer)
        generator.expression_layers[index].load_state_dict(layer.state_dict())
    tell(f"expression layers: {len(EXPRESSIONS)} of {WORKING_SIZE} pixels")


def motions(table: ShapeTable, amplitudes: dict[str, float]) -> Motions:
    """Return where faces go for each of `BLOCKS`.

    Args:
        table: of the studio.
        amplitudes: the studio's amplitude that strength 1 of each expression stands for.
    """
    calm, neutral = table.calm.astype(np.float32), table.neutral.astype(np.float32)
    moved = {"calm": calm, "neutral": neutral}
    for number, name in enumerate(EXPRESSIONS[1:]):
        at_one, beyond = (table.moved[:, number, k].astype(np.float32) for k in range(2))
        part = (amplitudes[name] - LEVELS[0]) / (LEVELS[1] - LEVELS[0])
        moved[name] = (at_one + part * (beyond - at_one) - calm).astype(np.float32)
    return Motions(table.landmarks, table.jaws, moved, bare=(calm, neutral))


def fit_expression_layer(
    table: PairTable,
    strengths: np.ndarray,
    rows: np.ndarray,
    target: int,
    recipe: LayerRecipe,
    size: int = WORKING_SIZE,
) -> ExpressionLayer:
    """Solve one expression layer (Eq. 6) from the pairs that lead to a target alone.

    Args:
        table: of pairs.
        strengths: (N, 8) of every pair, in the order of `EXPRESSIONS`.
        rows: pairs of training people.
        target: number in `EXPRESSIONS`.
        recipe: receptive field and ridge.
        size: side of the layer in pixels.

    Raises:
        UsageError: no pair leads to the target alone at about strength 1.
    """
    low, high = AT_STRENGTH
    others = np.delete(strengths, target, axis=1).sum(1)
    fits = (strengths[:, target] >= low) & (strengths[:, target] <= high) & (others < ALONE)
    fitter = ExpressionLayerFitter(size, receptive_field=recipe.receptive_field, ridge=recipe.ridge)
    mirrored = EXPRESSIONS[target] != "contemptuous"
    for row in rows[fits[rows]]:
        given, wanted = (
            to_signed(np.asarray(p), size)[None] for p in (table.pictures[row], table.targets[row])
        )
        if mirrored:
            given, wanted = (torch.cat([x, x.flip(3)]) for x in (given, wanted))
        fitter.add(given, wanted)
    if not fitter.pairs:
        raise UsageError(f"no pair leads to {EXPRESSIONS[target]} at about strength 1")
    return fitter.solve()
