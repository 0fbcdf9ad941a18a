"""What trainings of composed methods share: schedule, optimiser, sheets, export."""

import json
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
from torch import Tensor, nn

from faceedit.faces.align import Crop
from faceedit.methods.base import edit_crop
from faceedit.methods.fields.generator import FieldGenerator
from faceedit.methods.fields.method import FieldMethod
from faceedit.methods.fields.recipe import FieldRecipe
from faceedit.registry import write_checkpoint
from faceedit.training.recipe_file import override
from faceedit.training.task import Batch, OptimiserOptions, Schedule, Task, TrainingRequest, Update

SHEET_FACES = 6
R = TypeVar("R", bound=FieldRecipe)


class FieldTask(Task, Generic[R]):
    """See `training.task.Task`; the one network is "generator".

    Args:
        recipe: before what the user asks for.
        request: what the user asks for.

    Attributes:
        makes: the method that is trained.
        turn: name of the one update.
    """

    makes: ClassVar[type[FieldMethod]]
    averaged = ("generator",)
    turn: str
    recipe: R

    def __init__(self, recipe: R, request: TrainingRequest):
        self.method, self.profile = self.makes.name, self.makes.profile
        recipe = override(recipe, request.overrides)
        if request.batch_size:
            recipe = replace(recipe, batch_size=request.batch_size)
        self.recipe = recipe
        self.schedule = Schedule(
            steps=recipe.steps,
            batch_size=recipe.batch_size,
            warm_up=recipe.warm_up,
            rate="cosine",
            average_decay=recipe.average_decay,
            validate_every=recipe.validate_every,
        )
        optimiser = OptimiserOptions(
            rate=recipe.learning_rate, betas=recipe.betas, largest_gradient=recipe.largest_gradient
        )
        self.updates = (Update(self.turn, ("generator",), self._loss, optimiser),)

    @abstractmethod
    def _loss(self, batch: Batch) -> dict[str, Tensor]:
        """See `training.task.Update.loss`."""

    @abstractmethod
    def sheet_faces(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return the faces of sheets, at most `SHEET_FACES`.

        Returns:
            (256, 256, 3) uint8 RGB and (478, 3) landmarks in its pixels of each.
        """

    def as_method(self, networks: Mapping[str, nn.Module]) -> FieldMethod:
        """Return the method as it is now."""
        return self.makes(generator_of(networks))

    def pictures(
        self, networks: Mapping[str, nn.Module]
    ) -> tuple[list[list[np.ndarray]], list[str]] | None:
        """Draw faces through the method as photos would be, for every target of a sheet."""
        method = self.as_method(networks)
        titles = ["input", *self.makes.sheet_targets()]
        return [sheet_row(method, *face) for face in self.sheet_faces()], titles

    def export(self, path: Path, networks: Mapping[str, nn.Module], notes: dict[str, Any]) -> Path:
        """Write the weights that edit photos, in half precision."""
        about = {"recipe": json.dumps(asdict(self.recipe)), "step": str(notes["step"])}
        return export_fields(path, self.makes, generator_of(networks), about)


def generator_of(networks: Mapping[str, nn.Module]) -> FieldGenerator:
    """Return the one network, unwrapped."""
    generator = networks["generator"]
    assert isinstance(generator, FieldGenerator)
    return generator


def export_fields(
    path: Path,
    makes: type[FieldMethod],
    generator: FieldGenerator,
    about: dict[str, str],
) -> Path:
    """Write the weights that edit photos, in half precision.

    Args:
        path: the file.
        makes: the method that will read it.
        generator: trained.
        about: kept in the metadata.
    """
    tensors = {k: v.detach().cpu() for k, v in generator.state_dict().items()}
    write_checkpoint(
        path,
        {
            k: v.half().contiguous() if v.is_floating_point() else v.contiguous()
            for k, v in tensors.items()
        },
        method=makes.name,
        profile=makes.profile,
        architecture=generator.architecture(),
        metadata=about,
    )
    return path


def sheet_row(method: FieldMethod, pixels: np.ndarray, landmarks: np.ndarray) -> list[np.ndarray]:
    """Return a crop and what the method makes of it for every target of a sheet, uint8 each."""
    picture = np.ascontiguousarray(pixels)
    crop = Crop(picture.astype(np.float32) / 255, np.array(landmarks), np.eye(2, 3))
    targets = method.sheet_targets().values()
    return [picture, *(edit_crop(method, picture, crop, target) for target in targets)]
