"""Training the ``fast`` profile: layers in closed form, then the refinement network on fields."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from faceedit.errors import UsageError
from faceedit.methods.reggan.adversary import adversarial_losses, critic_losses, make_critic
from faceedit.methods.reggan.field_losses import field_losses
from faceedit.methods.reggan.field_task import SHEET_FACES, FieldTask, generator_of
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
    find_shapes,
    find_smiles,
    find_table,
    open_start,
)
from faceedit.methods.reggan.teeth import pack_textures, plain_texture, unpack_textures
from faceedit.methods.reggan.textures import learn_teeth
from faceedit.training.task import Batch, OptimiserPlan, Request, Update
from faceedit.untrusted import map_array

VALIDATED = 256
"""Validation pairs that are looked at, at most."""


class FastTask(FieldTask[FastRecipe]):
    """See `training.task.Task`.

    Args:
        request: its data are folders of shards (or packed tables), and the files that
            ``faceedit studio shapes`` and ``faceedit studio smiles`` wrote.
    """

    turn = "fields"

    def __init__(self, request: Request):
        super().__init__(FastRecipe(), request)
        self.plan = replace(self.plan, sheet_every=self.recipe.validate_every)
        generator = build_generator(self.recipe)
        folder = request.folder
        prepared, teeth = folder / "prepared", folder / "textures.npy"
        begin_together(request.rank, lambda: self._begin(generator, request, prepared, teeth))
        self._judge_edits = request.judge
        self._table = find_table(request)
        self.textures = _read_teeth(teeth)
        self.pairs = Prepared.load(prepared)
        self.samples = Samples(self.pairs, np.flatnonzero(~self.pairs.validation), request.seed)
        self.networks = {"generator": generator}
        self._adversary_begins = round(self.recipe.adversary.begins * self.recipe.steps)
        if self._adversary_begins < self.recipe.steps:
            self.networks["critic"] = make_critic(self.recipe.adversary)
            plan = OptimiserPlan(rate=self.recipe.adversary.learning_rate, betas=(0.5, 0.999))
            begins = self._adversary_begins
            critic = Update("critic", ("critic",), self._judge, plan, begins=begins)
            self.updates = (critic, *self.updates)

    def _begin(
        self, generator: FieldGenerator, request: Request, prepared: Path, teeth: Path
    ) -> None:
        """Do what is done once: solve the layers, draw the pairs, learn the teeth."""
        recipe, table = self.recipe, find_table(request)
        if not (request.resumed and is_prepared(prepared)):
            if request.start is None:
                fit_layers(generator, table, find_shapes(request), recipe, request.tell)
            else:
                _, packed = begin_with(open_start(request.start), generator)
                np.save(teeth, packed)
            shares = pair_shares(table, asdict(recipe.amplitudes))
            layers = generator.shape_layer, generator.shade_layer
            prepare(table, shares, *layers, prepared, request.tell)
        if not teeth.is_file():
            smiles = find_smiles(request)
            textures = [plain_texture()]
            if smiles is not None:
                textures = learn_teeth(smiles, recipe.textures)
            np.save(teeth, pack_textures(textures))

    def _loss(self, batch: Batch) -> dict[str, Tensor]:
        fields = self.networks["generator"](*given(batch))
        terms = field_losses(fields, batch, self.recipe.weights)
        if self.step >= self._adversary_begins:
            critic, adversary = self.networks["critic"], self.recipe.adversary
            more = adversarial_losses(critic, fields.log_ratio, batch, adversary)
            total = terms.pop("total") + more.pop("total")
            terms |= {**more, "total": total}
        return terms

    def _judge(self, batch: Batch) -> dict[str, Tensor]:
        with torch.no_grad():
            said = self.networks["generator"](*given(batch)).log_ratio.float()
        return critic_losses(self.networks["critic"], said, batch)

    def validate(self, networks: Mapping[str, nn.Module]) -> dict[str, float]:
        """Measure on people that no training saw; see `field_scores` and `task.Judge`."""
        rows = np.flatnonzero(self.pairs.validation)
        if not len(rows):
            return {}
        rows = rows[np.linspace(0, len(rows) - 1, min(VALIDATED, len(rows))).astype(int)]
        scores = field_scores(networks["generator"], self.pairs, rows)
        if self._judge_edits is None:
            return scores
        method = RegGAN(generator_of(networks), unpack_textures(self.textures))
        return {**scores, **self._judge_edits(method, self.shown(), method.device)}

    def shown(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return one photo each of people that no training saw, where there are any."""
        table = self._table
        unseen = np.flatnonzero(table.validation)
        of = unseen if len(unseen) else np.arange(len(table))
        people = of[np.unique(table.person[of], return_index=True)[1]]
        people = people[np.linspace(0, len(people) - 1, min(SHEET_FACES, len(people))).astype(int)]
        return [(table.pictures[i], table.landmarks[i, 0]) for i in people]


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


def _read_teeth(path: Path) -> np.ndarray:
    """Return the packed textures of a training's folder.

    Raises:
        UsageError: they are not there, or damaged.
    """
    try:
        textures = np.array(map_array(path))
        unpack_textures(textures)
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} holds no textures of teeth: {error}; train anew") from error
    return textures
