"""Training the ``fast`` profile: layers in closed form, then the refinement network on fields."""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor, nn

from faceedit.methods.reggan.export import export_fast, sheet_row
from faceedit.methods.reggan.field_losses import field_losses
from faceedit.methods.reggan.generator import FieldGenerator
from faceedit.methods.reggan.layers import fit_layers
from faceedit.methods.reggan.method import RegGAN
from faceedit.methods.reggan.prepared import Prepared, is_prepared, pair_shares, prepare
from faceedit.methods.reggan.recipe import FastRecipe
from faceedit.methods.reggan.refinement import RefinementConfig
from faceedit.methods.reggan.samples import Samples
from faceedit.methods.reggan.scores import field_scores, given
from faceedit.methods.reggan.sources import (
    begin_together,
    begin_with,
    find_table,
    open_start,
    read_sources,
)
from faceedit.methods.reggan.teeth import pack_textures, plain_texture, unpack_textures
from faceedit.methods.reggan.textures import learn_teeth
from faceedit.targets import EXPRESSIONS
from faceedit.training.recipe_file import override
from faceedit.training.task import Batch, OptimiserPlan, Plan, Request, Task, Update

SHEET_FACES = 6
VALIDATED = 256
"""Validation pairs that are looked at, at most."""


class FastTask(Task):
    """See `training.task.Task`.

    Args:
        request: its data are folders of shards (or packed tables), and the files that
            ``faceedit studio shapes`` and ``faceedit studio smiles`` wrote.
    """

    method, profile = "reggan", "fast"
    averaged = ("generator",)

    def __init__(self, request: Request):
        self.recipe = recipe = override(FastRecipe(), request.overrides)
        if request.batch_size:
            self.recipe = recipe = replace(recipe, batch_size=request.batch_size)
        self.plan = Plan(
            steps=recipe.steps,
            batch_size=recipe.batch_size,
            warm_up=recipe.warm_up,
            rate="cosine",
            average_decay=recipe.average_decay,
            validate_every=recipe.validate_every,
            sheet_every=recipe.validate_every,
        )
        generator = build_generator(recipe)
        folder = request.folder
        prepared, teeth = folder / "prepared", folder / "textures.npy"
        begin_together(request.rank, lambda: self._begin(generator, request, prepared, teeth))
        self._table = find_table(request)
        self.textures = np.load(teeth)
        self.pairs = Prepared.load(prepared)
        self.samples = Samples(self.pairs, np.flatnonzero(~self.pairs.validation), request.seed)
        self.networks = {"generator": generator}
        self.updates = (
            Update(
                "fields",
                ("generator",),
                self._loss,
                OptimiserPlan(
                    rate=recipe.learning_rate,
                    betas=recipe.betas,
                    largest_gradient=recipe.largest_gradient,
                ),
            ),
        )

    def _begin(
        self, generator: FieldGenerator, request: Request, prepared: Path, teeth: Path
    ) -> None:
        """Do what is done once: solve the layers, draw the pairs, learn the teeth."""
        recipe, sources = self.recipe, read_sources(request)
        if not (request.resumed and is_prepared(prepared)):
            if request.start is None:
                fit_layers(generator, sources, recipe, request.tell)
            else:
                textures = begin_with(generator, open_start(request.start))
                np.save(teeth, textures)
            shares = pair_shares(sources.table, asdict(recipe.amplitudes))
            layers = generator.shape_layer, generator.shade_layer
            prepare(sources.table, shares, *layers, prepared, request.tell)
        if not teeth.is_file():
            textures = [plain_texture()]
            if sources.smiles is not None:
                textures = learn_teeth(sources.smiles, recipe.textures)
            np.save(teeth, pack_textures(textures))

    def _loss(self, batch: Batch) -> dict[str, Tensor]:
        fields = self.networks["generator"](*given(batch))
        return field_losses(fields, batch, self.recipe.weights)

    def validate(self, networks: Mapping[str, nn.Module]) -> dict[str, float]:
        """Compare fields with the studio's on people that no training saw; see `field_scores`."""
        rows = np.flatnonzero(self.pairs.validation)
        if not len(rows):
            return {}
        rows = rows[np.linspace(0, len(rows) - 1, min(VALIDATED, len(rows))).astype(int)]
        return field_scores(networks["generator"], self.pairs, rows)

    def pictures(
        self, networks: Mapping[str, nn.Module]
    ) -> tuple[list[list[np.ndarray]], list[str]] | None:
        """Draw people through the method as photos would be."""
        generator = networks["generator"]
        assert isinstance(generator, FieldGenerator)
        method = RegGAN(generator, unpack_textures(self.textures))
        table = self._table
        unseen = np.flatnonzero(table.validation)
        of = unseen if len(unseen) else np.arange(len(table))
        people = of[np.unique(table.person[of], return_index=True)[1]]
        people = people[np.linspace(0, len(people) - 1, min(SHEET_FACES, len(people))).astype(int)]
        rows = [sheet_row(method, table.pictures[i], table.landmarks[i, 0]) for i in people]
        return rows, ["input", *EXPRESSIONS]

    def export(self, path: Path, networks: Mapping[str, nn.Module], notes: dict[str, Any]) -> Path:
        """Write the weights that edit photos, in half precision."""
        generator = networks["generator"]
        assert isinstance(generator, FieldGenerator)
        about = {"recipe": json.dumps(asdict(self.recipe)), "step": str(notes["step"])}
        return export_fast(path, generator, self.textures, about)


def build_generator(recipe: FastRecipe) -> FieldGenerator:
    """Return an untrained generator of a recipe's shape."""
    whole = FieldGenerator(recipe.components, field=recipe.layer.field)
    config = replace(
        whole.refinement.config,
        attention=recipe.attention,
        latent_blocks=recipe.latent_blocks,
    )
    if config == whole.refinement.config:
        return whole
    return FieldGenerator(recipe.components, RefinementConfig(**vars(config)), recipe.layer.field)
