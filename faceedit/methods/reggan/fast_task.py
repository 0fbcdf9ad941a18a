"""Training the ``fast`` profile: which pairs, which layers, which generator."""

from dataclasses import asdict, replace

import numpy as np

from faceedit.methods.fields.generator import FieldGenerator
from faceedit.methods.fields.pairs_task import PairsTask
from faceedit.methods.fields.refinement import RefinementConfig
from faceedit.methods.fields.sources import find_archive
from faceedit.methods.fields.tune_task import TuneTask
from faceedit.methods.reggan.condition import BLOCKS, CALM
from faceedit.methods.reggan.fit_layers import fit_layers
from faceedit.methods.reggan.generator import RegGANGenerator
from faceedit.methods.reggan.method import RegGAN
from faceedit.methods.reggan.pairs import pair_shares, usable
from faceedit.methods.reggan.recipe import FastRecipe
from faceedit.studio.shapes import ShapeTable
from faceedit.training.pair_table import PairTable
from faceedit.training.task import TrainingRequest


class FastTask(PairsTask[FastRecipe]):
    """See `fields.pairs_task.PairsTask`.

    Args:
        request: its data hold the file that ``faceedit studio shapes`` wrote, too.
    """

    makes = RegGAN

    def __init__(self, request: TrainingRequest):
        super().__init__(FastRecipe(), request)

    def build_generator(self) -> RegGANGenerator:
        """Return an untrained generator of the recipe's shape."""
        return build_generator(self.recipe)

    def choose_pairs(self, table: PairTable) -> tuple[np.ndarray, np.ndarray]:
        """Return the pairs that lead to made expressions, and how much of each they show."""
        shares = pair_shares(table, asdict(self.recipe.amplitudes))
        return usable(table, shares), shares

    def fit_layers(
        self, generator: FieldGenerator, table: PairTable, request: TrainingRequest
    ) -> None:
        """Solve the layers of shape, shade and expression."""
        assert isinstance(generator, RegGANGenerator)
        fit_layers(
            generator,
            table,
            find_archive(request, ShapeTable, "faceedit studio shapes"),
            self.recipe,
            request.tell,
        )


class RegGANTuneTask(TuneTask):
    """See `fields.tune_task.TuneTask`."""

    makes = RegGAN
    # Calm is part of every expression: what a face lacks is laid to the expression.
    tuned = tuple(number for number in range(len(BLOCKS)) if number != CALM)


def build_generator(recipe: FastRecipe) -> RegGANGenerator:
    """Return an untrained generator of a recipe's shape."""
    side = recipe.layer.receptive_field
    whole = RegGANGenerator(recipe.components, receptive_field=side)
    config = replace(
        whole.refinement.config,
        attention=recipe.attention,
        latent_blocks=recipe.latent_blocks,
    )
    if config == whole.refinement.config:
        return whole
    return RegGANGenerator(recipe.components, RefinementConfig(**vars(config)), side)
