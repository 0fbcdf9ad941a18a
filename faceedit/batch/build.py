"""The editor that a user asked for: settings checked, networks found, verified and loaded."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from faceedit.batch.editor import FaceEditor
from faceedit.batch.guard import Guard
from faceedit.batch.shown import Shown
from faceedit.device import pick_device
from faceedit.errors import UsageError
from faceedit.faces.batching import ON_ACCELERATOR, ON_CPU, Batching
from faceedit.faces.build import FACE_NETWORKS, build_finder
from faceedit.faces.face_alignment import load_aligner
from faceedit.faces.finder import FindOptions
from faceedit.methods.base import Method, load_method
from faceedit.numerics import pick_numerics
from faceedit.recognisers.expression import ExpressionRecogniser
from faceedit.recognisers.identity import IdentityRecogniser
from faceedit.registry import Registry, open_registry, sha256_of
from faceedit.targets import Target

if TYPE_CHECKING:
    import torch

LANDMARKS = ("mesh", "face-alignment")
EXPRESSION, IDENTITY = ExpressionRecogniser.name, IdentityRecogniser.name


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
        precision: as `pick_numerics` takes it.
        compile: compile the method's network.
        edit_shown: edit faces, too, that show the target already.
        min_identity: cosine of the identity network, before and after, below which an edit is
            weakened and then left out; None compares nothing.
        batch: how many faces a network takes at once; None fits the device.

    Raises:
        UsageError: landmarks of no known kind, a batch below 1.
    """

    target: Target
    model: str = "auto"
    profile: str | None = None
    find: FindOptions = field(default_factory=FindOptions)
    landmarks: Literal["mesh", "face-alignment"] = "mesh"
    weights: Path | None = None
    device: str = "auto"
    precision: str = "auto"
    compile: bool = False
    edit_shown: bool = False
    min_identity: float | None = None
    batch: int | None = None

    def __post_init__(self) -> None:
        if self.batch is not None and self.batch < 1:
            raise UsageError(f"a batch has at least one face, not {self.batch}")
        if self.landmarks not in LANDMARKS:
            raise UsageError(f"landmarks must be mesh or face-alignment, not {self.landmarks!r}")


def open_editor(settings: EditSettings) -> FaceEditor:
    """Load the networks that the settings ask for, on the first device that they name.

    Raises:
        DeviceError: the device is not there, or lacks the precision.
        UsageError: no such method, or it does not know the target.
        MissingError: weights or a package are missing.
        WeightsError: weights are not what their card says.
    """
    device = pick_device(settings.device)
    registry = open_registry(settings.weights)
    numerics = pick_numerics(settings.precision, device, settings.compile)
    method = load_method(
        registry, settings.model, settings.profile, settings.target, device, numerics
    )
    aligner = load_aligner(str(device)) if settings.landmarks == "face-alignment" else None
    size = settings.batch or (ON_CPU if device.type == "cpu" else ON_ACCELERATOR)
    batching = Batching(size)
    others = [*FACE_NETWORKS]
    others += [] if settings.edit_shown else [EXPRESSION]
    others += [] if settings.min_identity is None else [IDENTITY]
    return FaceEditor(
        # Faces that are left alone are told of, too.
        finder=build_finder(registry, device, replace(settings.find, faces="all"), batching),
        method=method,
        aligner=aligner,
        guard=_guard(settings, registry, device),
        shown=_shown(settings, registry, device),
        batching=batching,
        limit=settings.find.limit,
        device=str(device),
        precision=numerics.precision,
        weights_sha256=_weights_sha256(registry, method, settings.target),
        networks={name: registry.card(name).sha256 for name in others},
    )


def _guard(settings: EditSettings, registry: Registry, device: "torch.device") -> Guard | None:
    if settings.min_identity is None:
        return None
    network = IdentityRecogniser.load(registry.checkpoint(IDENTITY), device)
    return Guard(settings.min_identity, network)


def _shown(settings: EditSettings, registry: Registry, device: "torch.device") -> Shown | None:
    if settings.edit_shown:
        return None
    return Shown(ExpressionRecogniser.load(registry.checkpoint(EXPRESSION), device))


def _weights_sha256(registry: Registry, method: Method, target: Target) -> str:
    """Return the hash of the checkpoint that `load_method` took."""
    if registry.given is not None:
        return sha256_of(registry.given.path)
    wanted = tuple(expression.name for expression in target.expressions)
    return registry.select(method.name, method.profile, wanted).sha256
