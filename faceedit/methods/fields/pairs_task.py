"""Training on pairs: closed-form layers first, then the refinement network on known fields."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from faceedit.methods.fields.adversary import adversarial_losses, critic_losses, make_critic
from faceedit.methods.fields.generator import FieldGenerator, FieldTensors
from faceedit.methods.fields.losses import field_losses
from faceedit.methods.fields.prepared import Prepared, is_prepared, prepare
from faceedit.methods.fields.recipe import PairsRecipe
from faceedit.methods.fields.samples import FieldSamples
from faceedit.methods.fields.scores import field_scores, given
from faceedit.methods.fields.sources import (
    begin_with,
    find_table,
    open_start,
)
from faceedit.methods.fields.task import SHEET_FACES, FieldTask
from faceedit.training.pair_table import PairTable
from faceedit.training.task import Batch, OptimiserOptions, TrainingRequest, Update
from faceedit.training.together import begin_together

VALIDATED = 256
"""Validation pairs that are looked at, at most."""
P = TypeVar("P", bound=PairsRecipe)


class PairsTask(FieldTask[P]):
    """See `training.task.Task`. A method says what it makes, its generator, layers and pairs.

    Args:
        recipe: before what the user asks for.
        request: its data are folders of shards (or packed tables), and what
            `fit_layers` reads.
    """

    turn = "fields"

    def __init__(self, recipe: P, request: TrainingRequest):
        super().__init__(recipe, request)
        self.schedule = replace(self.schedule, sheet_every=self.recipe.validate_every)
        generator = self.build_generator()
        folder = request.folder
        prepared = folder / "prepared"
        begin_together(request.rank, lambda: self._begin(generator, request, prepared))
        self._judge_edits = request.judge
        self._table = find_table(request)
        self.pairs = Prepared.load(prepared)
        rows = np.flatnonzero(~self.pairs.validation)
        self.samples = FieldSamples(self.pairs, rows, self.makes.spec, request.seed)
        self.networks = {"generator": generator}
        self._adversary_begins = round(self.recipe.adversary.begins * self.recipe.steps)
        if self._adversary_begins < self.recipe.steps:
            self.networks["critic"] = make_critic(self.recipe.adversary)
            optimiser = OptimiserOptions(
                rate=self.recipe.adversary.learning_rate, betas=(0.5, 0.999)
            )
            begins = self._adversary_begins
            critic = Update("critic", ("critic",), self._judge, optimiser, begins=begins)
            self.updates = (critic, *self.updates)

    @abstractmethod
    def build_generator(self) -> FieldGenerator:
        """Return an untrained generator of the recipe's shape."""

    @abstractmethod
    def choose_pairs(self, table: PairTable) -> tuple[np.ndarray, np.ndarray]:
        """Return which pairs are learned from, and what they ask for.

        Args:
            table: of pairs.

        Returns:
            Numbers of the pairs (M,), and the (N, C) float32 condition of every pair of the table.
        """

    @abstractmethod
    def fit_layers(
        self, generator: FieldGenerator, table: PairTable, request: TrainingRequest
    ) -> None:
        """Solve the closed-form layers in place, from pairs of training people.

        Raises:
            UsageError: a layer has nothing to be solved from.
        """

    def _begin(self, generator: FieldGenerator, request: TrainingRequest, prepared: Path) -> None:
        """Do what is done once: solve the layers, draw the pairs."""
        table = find_table(request)
        if not (request.resumed and is_prepared(prepared)):
            if request.start is not None:
                start = open_start(request.start, self.makes.name)
                begin_with(start, self.makes.build_generator, generator)
            if request.start is None or self.recipe.refit:
                self.fit_layers(generator, table, request)
            rows, conditions = self.choose_pairs(table)
            prepare(table, rows, conditions, generator, prepared, request.tell)

    def _loss(self, batch: Batch) -> dict[str, Tensor]:
        fields = self.networks["generator"](*given(batch))
        terms = field_losses(fields, batch, self.recipe.weights)
        if self.step >= self._adversary_begins:
            critic, adversary = self.networks["critic"], self.recipe.adversary
            more = adversarial_losses(critic, fields.log_ratio, batch, adversary)
            total = terms.pop("total") + more.pop("total")
            terms |= {**more, "total": total}
        own = self.more_losses(fields)
        terms["total"] = terms["total"] + sum(own.values())
        return {**own, **terms}

    def more_losses(self, fields: FieldTensors) -> dict[str, Tensor]:
        """Return a method's own weighted terms by name, which are added to the total."""
        return {}

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
        samples = FieldSamples(self.pairs, rows, self.makes.spec, 0, augment=False)
        scores = field_scores(networks["generator"], samples)
        if self._judge_edits is None:
            return scores
        method = self.as_method(networks)
        return {**scores, **self._judge_edits(method, self.sheet_faces(), method.device)}

    def sheet_faces(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return one photo each of people that no training saw, where there are any."""
        table = self._table
        plain = np.flatnonzero(table.as_photographed())
        rows = plain if len(plain) else np.arange(len(table))
        unseen = rows[np.asarray(table.validation)[rows]]
        of = unseen if len(unseen) else rows
        people = of[np.unique(table.person[of], return_index=True)[1]]
        people = people[np.linspace(0, len(people) - 1, min(SHEET_FACES, len(people))).astype(int)]
        return [(table.pictures[i], table.landmarks[i, 0]) for i in people]
