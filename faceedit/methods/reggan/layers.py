"""Stage one: the closed-form layers, solved on the studio's pairs of training people."""

from collections.abc import Callable
from dataclasses import asdict

import cv2
import numpy as np
import torch
from torch import Tensor

from faceedit.errors import UsageError
from faceedit.methods.reggan.drawn import WORKING_SIZE
from faceedit.methods.reggan.expression_layer import ExpressionLayer, ExpressionLayerFitter
from faceedit.methods.reggan.generator import CROP_SIZE, FieldGenerator
from faceedit.methods.reggan.prepared import pair_shares, usable
from faceedit.methods.reggan.recipe import FastRecipe, LayerRecipe
from faceedit.methods.reggan.shade_layer import fit_shade_layer
from faceedit.methods.reggan.shape_fit import fit_shape_layer
from faceedit.studio.shapes import ShapeTable
from faceedit.targets import EXPRESSIONS
from faceedit.training.field_table import FieldTable

AT_STRENGTH = (0.75, 1.35)
"""Strengths that count as 1: the paper's layers know no other."""
ALONE = 0.05
"""Most that other expressions may add."""


def fit_layers(
    generator: FieldGenerator,
    table: FieldTable,
    shapes: ShapeTable,
    recipe: FastRecipe,
    tell: Callable[[str], None],
) -> None:
    """Solve all closed-form layers on training people (stage one).

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
    shape = fit_shape_layer(train, amplitudes, recipe.components, recipe.shape_ridge)
    generator.shape_layer.load_state_dict(shape.state_dict())
    tell(f"shape layer: {len(train.photo)} faces")
    shares = pair_shares(table, amplitudes)
    rows = usable(table, shares)
    rows = rows[~np.asarray(table.validation)[rows]]
    shade = fit_shade_layer(
        (
            (
                shares[row],
                np.asarray(table.log_ratio[row], np.float32),
                np.asarray(table.trusted[row], np.float32) / 255,
                np.asarray(table.landmarks[row, 1]),
            )
            for row in rows
        ),
        CROP_SIZE,
    )
    generator.shade_layer.load_state_dict(shade.state_dict())
    tell(f"shade layer: {len(rows)} pairs")
    for index in range(len(EXPRESSIONS)):
        layer = fit_expression_layer(table, shares[:, 1:], rows, index, recipe.layer)
        generator.expression_layers[index].load_state_dict(layer.state_dict())
    tell(f"expression layers: {len(EXPRESSIONS)} of {WORKING_SIZE} pixels")


def fit_expression_layer(
    table: FieldTable,
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
        recipe: field and ridge.
        size: side of the layer in pixels.

    Raises:
        UsageError: no pair leads to the target alone at about strength 1.
    """
    low, high = AT_STRENGTH
    others = np.delete(strengths, target, axis=1).sum(1)
    fits = (strengths[:, target] >= low) & (strengths[:, target] <= high) & (others < ALONE)
    fitter = ExpressionLayerFitter(size, field=recipe.field, ridge=recipe.ridge)
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


def to_signed(image: np.ndarray, size: int) -> Tensor:
    """Return an (S, S, 3) uint8 image as (3, size, size) float32 in [-1, 1]."""
    if image.shape[0] != size:
        how = cv2.INTER_AREA if image.shape[0] > size else cv2.INTER_CUBIC
        image = cv2.resize(image, (size, size), interpolation=how)
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 127.5 - 1
