"""What every method is to the rest of the program, and how one is loaded."""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

import numpy as np

from faceedit.compose.compose import compose
from faceedit.compose.edit import Edit
from faceedit.compose.mask import face_mask
from faceedit.errors import UsageError
from faceedit.faces.align import Crop
from faceedit.methods.catalogue import serving
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
        targets: expressions it knows.
    """

    name: str
    profile: str
    crop_size: int
    targets: tuple[str, ...]

    def edit(self, crops: Sequence[Crop], target: Target) -> list[Edit]:
        """Edit a batch of faces; one edit per crop, in order.

        Raises:
            UsageError: the target asks for what the method does not know.
        """
        ...


def load_method(
    registry: "Registry",
    name: str,
    profile: str | None,
    target: Target,
    device: "torch.device",
    numerics: Numerics = FULL,
) -> Method:
    """Find, verify and load the method that a command asked for.

    Args:
        registry: where checkpoints are.
        name: a key of `catalogue.METHODS`, or ``auto``.
        profile: which of the method's networks; None takes the one that ships.
        target: what will be asked of it.
        device: where it runs.
        numerics: how its large network computes.

    Raises:
        UsageError: no such method, or it does not know the target.
        WeightsError: its checkpoint is missing or wrong.
    """
    descriptor = serving(name, target)
    wanted = tuple(expression.name for expression in target.expressions)
    checkpoint = registry.open_method(descriptor.name, profile, wanted)
    load: Load = import_module(descriptor.module).load
    method = load(checkpoint, device, numerics)
    check_target(method, target)
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
    return compose(picture, edit, crop.affine, face_mask(crop.landmarks, crop.size))


def check_target(method: Method, target: Target) -> None:
    """Refuse a target that a method does not know.

    Raises:
        UsageError: it does not know it.
    """
    names = (expression.name for expression in target.expressions)
    foreign = [name for name in names if name not in method.targets]
    if foreign:
        raise UsageError(
            f"{method.name} ({method.profile}) does not know {', '.join(foreign)}; "
            f"it knows {', '.join(method.targets)}"
        )
