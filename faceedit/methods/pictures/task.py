"""What trainings of the ``paper`` profiles share."""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from faceedit.errors import UsageError
from faceedit.registry import write_checkpoint
from faceedit.training.recipe_file import override
from faceedit.training.task import Task, TrainingRequest

R = TypeVar("R", bound=Any)


class PictureTask(Task, Generic[R]):
    """See `training.task.Task`.

    Args:
        recipe: the paper's, a frozen dataclass with a ``batch_size``.
        request: may change what the recipe says.

    Raises:
        UsageError: the recipe has no such setting, or weights to begin with were named.
    """

    profile = "paper"
    recipe: R

    def __init__(self, recipe: R, request: TrainingRequest):
        self.recipe = override(recipe, request.overrides)
        if request.batch_size:
            self.recipe = replace(self.recipe, batch_size=request.batch_size)
        if request.start is not None:
            raise UsageError("--from is for the fast profile; the paper's begins anew")

    def write(
        self, path: Path, network: nn.Module, architecture: Mapping[str, Any], step: int
    ) -> Path:
        """Write a network that edits, in half precision, with the recipe.

        Args:
            path: of the checkpoint.
            network: on any device.
            architecture: builds the network again; JSON.
            step: of the training.
        """
        tensors = {k: v.detach().cpu().contiguous() for k, v in network.state_dict().items()}
        write_checkpoint(
            path,
            {k: v.half() if v.is_floating_point() else v for k, v in tensors.items()},
            method=self.method,
            profile=self.profile,
            architecture=dict(architecture),
            metadata={"recipe": json.dumps(asdict(self.recipe)), "step": str(step)},
        )
        return path


def to_signed(image: np.ndarray, size: int) -> Tensor:
    """Return an (S, S, 3) uint8 image as (3, size, size) float32 in [-1, 1]."""
    if image.shape[0] != size:
        how = cv2.INTER_AREA if image.shape[0] > size else cv2.INTER_CUBIC
        image = cv2.resize(image, (size, size), interpolation=how)
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).float() / 127.5 - 1
