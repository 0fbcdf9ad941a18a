"""What every method is to the rest of the program, and how one is loaded."""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

import numpy as np

from faceedit.compose.compose import compose
from faceedit.compose.edit import Edit
from faceedit.compose.mask import region_mask
from faceedit.errors import UsageError
from faceedit.faces.align import Crop
from faceedit.methods.catalogue import PlannedStep
from faceedit.numerics import FULL, Numerics
from faceedit.targets import Target

if TYPE_CHECKING:
    import torch

    from faceedit.registry import Checkpoint, Registry

Load = Callable[["Checkpoint", "torch.device", Numerics], "Method"]


class Method(Protocol):
    """A loaded network that turns crops and a target into edits.

    Attributes:
        name: the method, a key of `catalogue.METHODS`.
        profile: which of its networks this is.
        crop_size: side of the crops it takes, in pixels.
        wide: it takes those that show what lies around a face, see `Crop.wide`.
        targets: what it makes, as `Descriptor.targets` has it.
    """

    name: str
    profile: str
    crop_size: int
    wide: bool
    targets: tuple[str, ...]

    def edit(self, crops: Sequence[Crop], target: Target) -> list[Edit]:
        """Edit a batch of faces; one edit per crop, in order.

        Raises:
            UsageError: the target asks for what the method does not know.
        """
        ...


def load_method(
    registry: "Registry",
    step: PlannedStep,
    profile: str | None,
    device: "torch.device",
    numerics: Numerics = FULL,
) -> Method:
    """Find, verify and load the method of a step.

    Args:
        registry: where checkpoints are.
        step: the method, and what will be asked of it.
        profile: which of the method's networks; None takes the one that ships.
        device: where it runs.
        numerics: how its large network computes.

    Raises:
        UsageError: it does not know the target.
        WeightsError: its checkpoint is missing or wrong.
    """
    checkpoint = registry.open_method(step.method.name, profile, step.target)
    load: Load = import_module(step.method.module).load
    method = load(checkpoint, device, numerics)
    check_target(method, step.target)
    return method


def edit_crop(method: Method, picture: np.ndarray, crop: Crop, target: Target) -> np.ndarray:
    """Return what a method makes of a crop, (S, S, 3) uint8.

    Args:
        method: of any training.
        picture: (S, S, 3) uint8 RGB, the crop's pixels.
        crop: of the picture.
        target: what it is to show.
    """
    edit = method.edit([crop], target)[0]
    mask = region_mask(edit.region, crop.landmarks, crop.size)
    return compose(picture, edit, crop.affine, mask)


def check_target(method: Method, target: Target) -> None:
    """Refuse a target that a method does not know.

    Raises:
        UsageError: it does not know it.
    """
    foreign = target.missing(method.targets)
    if foreign:
        raise UsageError(
            f"{method.name} ({method.profile}) does not know {', '.join(foreign)}; "
            f"it knows {', '.join(method.targets)}"
        )
