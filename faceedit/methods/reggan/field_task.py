"""What the trainings of the ``fast`` profile's network share: plan, optimiser, sheets, export."""

import json
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from torch import Tensor, nn

from faceedit.methods.reggan.export import export_fast, sheet_row
from faceedit.methods.reggan.generator import FieldGenerator
from faceedit.methods.reggan.method import RegGAN
from faceedit.methods.reggan.recipe import FieldRecipe
from faceedit.methods.reggan.teeth import unpack_textures
from faceedit.targets import EXPRESSIONS
from faceedit.training.recipe_file import override
from faceedit.training.task import Batch, OptimiserPlan, Plan, Request, Task, Update

SHEET_FACES = 6
R = TypeVar("R", bound=FieldRecipe)


class FieldTask(Task, Generic[R]):
    """See `training.task.Task`; the one network is "generator".

    Args:
        recipe: before what the user asks for.
        request: what the user asks for.

    Attributes:
        turn: name of the one update.
        textures: of teeth, as `teeth.pack_textures` packs them.
    """

    method, profile = "reggan", "fast"
    averaged = ("generator",)
    turn: str
    recipe: R
    textures: np.ndarray

    def __init__(self, recipe: R, request: Request):
        recipe = override(recipe, request.overrides)
        if request.batch_size:
            recipe = replace(recipe, batch_size=request.batch_size)
        self.recipe = recipe
        self.plan = Plan(
            steps=recipe.steps,
            batch_size=recipe.batch_size,
            warm_up=recipe.warm_up,
            rate="cosine",
            average_decay=recipe.average_decay,
            validate_every=recipe.validate_every,
        )
        optimiser = OptimiserPlan(
            rate=recipe.learning_rate, betas=recipe.betas, largest_gradient=recipe.largest_gradient
        )
        self.updates = (Update(self.turn, ("generator",), self._loss, optimiser),)

    @abstractmethod
    def _loss(self, batch: Batch) -> dict[str, Tensor]:
        """See `training.task.Update.loss`."""

    @abstractmethod
    def shown(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return the faces of sheets, at most `SHEET_FACES`.

        Returns:
            (256, 256, 3) uint8 RGB and (478, 3) landmarks in its pixels of each.
        """

    def pictures(
        self, networks: Mapping[str, nn.Module]
    ) -> tuple[list[list[np.ndarray]], list[str]] | None:
        """Draw faces through the method as photos would be, for every target."""
        method = RegGAN(generator_of(networks), unpack_textures(self.textures))
        return [sheet_row(method, *face) for face in self.shown()], ["input", *EXPRESSIONS]

    def export(self, path: Path, networks: Mapping[str, nn.Module], notes: dict[str, Any]) -> Path:
        """Write the weights that edit photos, in half precision."""
        about = {"recipe": json.dumps(asdict(self.recipe)), "step": str(notes["step"])}
        return export_fast(path, generator_of(networks), self.textures, about)


def generator_of(networks: Mapping[str, nn.Module]) -> FieldGenerator:
    """Return the one network, unwrapped."""
    generator = networks["generator"]
    assert isinstance(generator, FieldGenerator)
    return generator
