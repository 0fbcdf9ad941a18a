"""The editor that a user asked for: settings checked, networks found, verified and loaded."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from faceedit.batch.editor import FaceEditor
from faceedit.device import pick_device
from faceedit.errors import UsageError
from faceedit.faces.build import build_finder
from faceedit.faces.face_alignment import load_aligner
from faceedit.faces.finder import FindOptions
from faceedit.methods.base import Method, load_method
from faceedit.registry import Registry, open_registry, sha256_of
from faceedit.targets import Target

LANDMARKS = ("mesh", "face-alignment")


@dataclass(frozen=True)
class EditSettings:
    """Everything that decides what an edited photo looks like.

    Attributes:
        target: what the faces are to show.
        model: a method's name, or ``auto`` for the one that fits the target.
        profile: which of the method's networks; None takes the one that ships.
        find: which faces.
        landmarks: ``mesh`` for the built-in ones, ``face-alignment`` for that package's.
        weights: a checkpoint of the method, or a folder searched before all others.
        device: as `pick_device` takes it.

    Raises:
        UsageError: landmarks of no known kind.
    """

    target: Target
    model: str = "auto"
    profile: str | None = None
    find: FindOptions = field(default_factory=FindOptions)
    landmarks: Literal["mesh", "face-alignment"] = "mesh"
    weights: Path | None = None
    device: str = "auto"

    def __post_init__(self) -> None:
        if self.landmarks not in LANDMARKS:
            raise UsageError(f"landmarks must be mesh or face-alignment, not {self.landmarks!r}")


def open_editor(settings: EditSettings) -> FaceEditor:
    """Load the networks that the settings ask for.

    Raises:
        DeviceError: the device is not there.
        UsageError: no such method, or it does not know the target.
        MissingError: weights or a package are missing.
        WeightsError: weights are not what their card says.
    """
    device = pick_device(settings.device)
    registry = open_registry(settings.weights)
    method = load_method(registry, settings.model, settings.profile, settings.target, device)
    aligner = load_aligner(str(device)) if settings.landmarks == "face-alignment" else None
    return FaceEditor(
        finder=build_finder(registry, device, settings.find),
        method=method,
        aligner=aligner,
        device=str(device),
        weights_sha256=_weights_sha256(registry, method, settings.target),
    )


def _weights_sha256(registry: Registry, method: Method, target: Target) -> str:
    """Return the hash of the checkpoint that `load_method` took."""
    if registry.given is not None:
        return sha256_of(registry.given.path)
    wanted = tuple(expression.name for expression in target.expressions)
    return registry.select(method.name, method.profile, wanted).sha256
