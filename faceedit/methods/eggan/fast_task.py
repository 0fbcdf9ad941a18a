"""Training the ``fast`` profile: fields from pairs, and codes like the prior's (Eq. 1)."""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from faceedit.methods.eggan.generator import EGGANGenerator
from faceedit.methods.eggan.losses import (
    latent_critic_loss,
    latent_encoder_loss,
    moment_loss,
)
from faceedit.methods.eggan.method import EGGAN
from faceedit.methods.eggan.networks import LatentDiscriminator
from faceedit.methods.eggan.recipe import FastRecipe
from faceedit.methods.eggan.unit_fit import fit_unit_layer
from faceedit.methods.fields.generator import FieldGenerator, FieldTensors
from faceedit.methods.fields.pairs_task import PairsTask
from faceedit.methods.fields.shade_fit import fit_shade_layer, shade_samples
from faceedit.methods.fields.sources import find_archive
from faceedit.studio.unit_shapes import UnitShapes
from faceedit.targets import MAX_INTENSITY
from faceedit.training.pair_table import PairTable
from faceedit.training.task import Batch, OptimiserOptions, TrainingRequest, Update

REMEMBERED = 128
"""Codes that D_z sees at once; a batch of pairs alone says little of a distribution."""


class FastTask(PairsTask[FastRecipe]):
    """See `fields.pairs_task.PairsTask`.

    Args:
        request: its data hold the file that ``faceedit studio shapes --mixes`` wrote, too.
    """

    makes = EGGAN

    def __init__(self, request: TrainingRequest):
        super().__init__(FastRecipe(), request)
        if not self.recipe.latent:
            return
        self.networks["prior"] = LatentDiscriminator(self.recipe.latent)
        optimiser = OptimiserOptions(rate=self.recipe.prior_rate, betas=(0.5, 0.999))
        prior = Update("prior", ("prior",), self._judge_codes, optimiser)
        self.updates = (*self.updates, prior)
        self._codes = self._prior = torch.zeros(0, self.recipe.latent)

    def build_generator(self) -> EGGANGenerator:
        """Return an untrained generator of the recipe's shape."""
        recipe = self.recipe
        whole = EGGANGenerator(recipe.components, latent=recipe.latent)
        config = replace(
            whole.refinement.config,
            attention=recipe.attention,
            latent_blocks=recipe.latent_blocks,
        )
        if config == whole.refinement.config:
            return whole
        return EGGANGenerator(recipe.components, config, recipe.latent)

    def choose_pairs(self, table: PairTable) -> tuple[np.ndarray, np.ndarray]:
        """Return the pairs that change action units, and their conditions."""
        assert table.unit_changes is not None
        changes = np.asarray(table.unit_changes).reshape(len(table), -1) / np.float32(MAX_INTENSITY)
        made = ~np.asarray(table.real_target) & table.as_photographed()
        return np.flatnonzero(made & (changes != 0).any(1)), changes

    def fit_layers(
        self, generator: FieldGenerator, table: PairTable, request: TrainingRequest
    ) -> None:
        """Solve the layers of shape and shade, and see where each unit acts."""
        shapes = find_archive(request, UnitShapes, "faceedit studio shapes --mixes 20")
        train = shapes.of_faces(~shapes.validation)
        layer = fit_unit_layer(train, self.recipe.components, self.recipe.shape_ridge)
        generator.shape_layer.load_state_dict(layer.state_dict())
        assert generator.acting is not None
        generator.acting.copy_(layer.acting())
        request.tell(f"unit layer: {len(train.face)} mixes of {len(train.photo)} faces")
        rows, conditions = self.choose_pairs(table)
        rows = rows[~np.asarray(table.validation)[rows]]
        shade = fit_shade_layer(shade_samples(table, rows, conditions), self.makes.spec)
        generator.shade_layer.load_state_dict(shade.state_dict())
        request.tell(f"shade layer: {len(rows)} pairs")

    def more_losses(self, fields: FieldTensors) -> dict[str, Tensor]:
        """Add Eq. 1 as E descends it."""
        if fields.code is None:
            return {}
        code = fields.code.float()
        self._codes = torch.cat([code.detach(), self._codes.to(code)])[:REMEMBERED]
        self._prior = torch.randn_like(self._codes)
        fooled = latent_encoder_loss(self.networks["prior"](code))
        return {
            "prior": self.recipe.prior_weight * fooled,
            "moments": self.recipe.moment_weight * moment_loss(code),
        }

    def _judge_codes(self, batch: Batch) -> dict[str, Tensor]:
        """Eq. 1 as D_z descends it, on the codes of the last batches."""
        judge = self.networks["prior"]
        return {"total": latent_critic_loss(judge(self._prior), judge(self._codes))}
