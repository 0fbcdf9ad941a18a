"""The editor that a user asked for: settings checked, networks found, verified and loaded."""

import threading
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from faceedit.device import pick_device
from faceedit.editing.choice import WhichFaces, load_chooser
from faceedit.editing.editor import FaceEditor
from faceedit.editing.gate import Shown
from faceedit.editing.guard import AsNatural, Guard, Judge, SamePerson
from faceedit.editing.hard import OnHard, check_on_hard
from faceedit.editing.reference import ReadsLight, resolve_like, resolve_relight
from faceedit.editing.steps import Step
from faceedit.errors import UsageError, WeightsError
from faceedit.faces.batching import ON_ACCELERATOR, ON_CPU, Batching
from faceedit.faces.face_alignment import check_landmarks, load_aligner
from faceedit.faces.find.build import FACE_NETWORKS, build_finder
from faceedit.faces.find.finder import FindOptions
from faceedit.limits import BATCH, check
from faceedit.methods.base import Method, check_target, load_method
from faceedit.methods.catalogue import (
    WORDS,
    PlannedStep,
    find_method,
    plan_steps,
    served_parts,
    shipped_for,
)
from faceedit.numerics import pick_numerics
from faceedit.recognisers.appearance import AppearanceRecogniser
from faceedit.recognisers.expression import ExpressionRecogniser
from faceedit.recognisers.identity import IdentityRecogniser
from faceedit.recognisers.naturalness import HIGHEST, NaturalnessRecogniser
from faceedit.recognisers.units import UnitReader
from faceedit.registry import open_registry, sha256_of
from faceedit.targets import Part, Target, parse_target

APPEARANCE, EXPRESSION, IDENTITY, NATURALNESS, UNITS = (
    one.name
    for one in (
        AppearanceRecogniser,
        ExpressionRecogniser,
        IdentityRecogniser,
        NaturalnessRecogniser,
        UnitReader,
    )
)


@dataclass(frozen=True)
class EditSettings:
    """Everything that decides what an edited photo looks like.

    Attributes:
        target: what the faces are to show.
        model: a method's name, or ``auto`` for those that fit the parts of the target.
        profile: which of the methods' networks; None takes the one that ships.
        find: which faces.
        which: of these, by where they are and who they are.
        landmarks: ``mesh`` for the built-in ones, ``face-alignment`` for that package's.
        weights: a checkpoint of the method, or a folder searched before all others.
        device: as `pick_device` takes it.
        precision: as `pick_numerics` takes it.
        compile: compile the method's network.
        edit_shown: edit faces, too, that show the target already.
        min_identity: cosine of the identity network, before and after, below which an edit is
            weakened and then left out; None compares nothing.
        min_naturalness: score of the naturalness network, 0 to 10, below which an edit is weakened
            and then left out, unless the face had no more before; None looks at none.
        max_turn: degrees by which a head may be turned; a photo that needs more is refused. None
            refuses nothing.
        on_hard: ``skip`` leaves faces alone that are hard to edit, see `hard.why_hard`.
        batch: how many faces a network takes at once; None fits the device.

    Raises:
        UsageError: landmarks of no known kind, a batch below 1 or far too large, a cosine
            that is none.
    """

    target: Target
    model: str = "auto"
    profile: str | None = None
    find: FindOptions = field(default_factory=FindOptions)
    which: WhichFaces = field(default_factory=WhichFaces)
    landmarks: Literal["mesh", "face-alignment"] = "mesh"
    weights: Path | None = None
    device: str = "auto"
    precision: str = "auto"
    compile: bool = False
    edit_shown: bool = False
    min_identity: float | None = None
    min_naturalness: float | None = None
    max_turn: float | None = None
    on_hard: OnHard = "edit"
    batch: int | None = None

    def __post_init__(self) -> None:
        check("faces in a batch", self.batch, BATCH)
        if self.min_naturalness is not None and not 0 <= self.min_naturalness <= HIGHEST:
            raise UsageError(f"min_naturalness is a score, 0 to 10, not {self.min_naturalness}")
        if self.min_identity is not None and not -1 <= self.min_identity <= 1:
            raise UsageError(f"min_identity is a cosine, -1 to 1, not {self.min_identity}")
        if self.max_turn is not None and not 0 <= self.max_turn <= 180:
            raise UsageError(f"max_turn is in degrees, 0 to 180, not {self.max_turn}")
        check_landmarks(self.landmarks)
        check_on_hard(self.on_hard)


class EditNetworks:
    """The networks that settings ask for, loaded once for all targets.

    Which methods edit depends on the target: each is loaded when a target first needs it, and
    kept. Several threads may use one object.

    Args:
        settings: of the editors. Their target is not looked at.

    Raises:
        DeviceError: the device is not there, or lacks the precision.
        UsageError: no such method.
        MissingError: weights or a package are missing.
        WeightsError: weights are not what their card says.
    """

    def __init__(self, settings: EditSettings):
        device = pick_device(settings.device)
        self._settings, self._device = settings, device
        find_method(settings.model)  # an unknown name is refused before networks are loaded
        self._registry = registry = open_registry(settings.weights)
        self._numerics = pick_numerics(settings.precision, device, settings.compile)
        on_face_alignment = settings.landmarks == "face-alignment"
        self._aligner = load_aligner(str(device)) if on_face_alignment else None
        self._batching = Batching(
            settings.batch or (ON_CPU if device.type == "cpu" else ON_ACCELERATOR)
        )
        # Faces that are left alone are reported, too.
        find = replace(settings.find, faces="all")
        self._finder = build_finder(registry, device, find, self._batching)
        self._identity: IdentityRecogniser | None = None
        self._guard = None
        judges: list[Judge] = []
        if settings.min_identity is not None:
            judges.append(SamePerson(settings.min_identity, self._load_identity()))
        if settings.min_naturalness is not None:
            network = NaturalnessRecogniser.load(registry.checkpoint(NATURALNESS), device)
            judges.append(AsNatural(settings.min_naturalness, network))
        if judges:
            self._guard = Guard(tuple(judges))
        # Without a target of their own, strangers are left alone.
        strangers = settings.target.changes or not settings.which.people
        self._chooser = load_chooser(settings.which, strangers, self._finder, self._load_identity)
        self._units: UnitReader | None = None
        self._shown = None
        if not settings.edit_shown:
            self._shown = Shown(ExpressionRecogniser.load(registry.checkpoint(EXPRESSION), device))
        others: list[str] = [*FACE_NETWORKS]
        others += [] if settings.edit_shown else [EXPRESSION]
        others += [] if self._identity is None else [IDENTITY]
        others += [] if settings.min_naturalness is None else [NATURALNESS]
        self._others = {name: registry.card(name).sha256 for name in others}
        self._given = None if registry.given is None else sha256_of(registry.given.path)
        self._lock = threading.Lock()
        self._methods: dict[tuple[str, str], Method] = {}

    def editor(self, target: Target) -> FaceEditor:
        """Return the editor whose methods make a target.

        Raises:
            UsageError: no method knows some part of the target.
            WeightsError: a method's weights are missing, or not what their card says.
        """
        own = self._registry.given
        paper = own.method if own is not None and own.profile == "paper" else None
        if self._settings.profile == "paper":
            paper = paper or self._settings.model
        target = self._settings.which.whole(target)
        planned = plan_steps(self._settings.model, target, paper)
        with self._lock:
            steps = tuple(self._step(one, alone=len(planned) == 1) for one in planned)
            shown, networks = self._shown, dict(self._others)
            looking = {name for one in planned for name in one.method.looks_with}
            networks |= {name: self._registry.card(name).sha256 for name in sorted(looking)}
            if any(step.reader is not None for step in steps):
                networks = {**networks, UNITS: self._registry.card(UNITS).sha256}
            if shown is not None and target.attributes:
                shown = self._shown = self._with_attributes(shown)
                networks = {**networks, APPEARANCE: self._registry.card(APPEARANCE).sha256}
        return FaceEditor(
            finder=self._finder,
            steps=steps,
            aligner=self._aligner,
            guard=self._guard,
            shown=shown,
            batching=self._batching,
            limit=self._settings.find.limit,
            chooser=self._chooser,
            max_turn=self._settings.max_turn,
            on_hard=self._settings.on_hard,
            device=str(self._device),
            precision=self._numerics.precision,
            networks=networks,
        )

    def resolved(self, target: Target) -> Target:
        """Return a target whose reference faces have become action units, turns, or a light.

        Raises:
            UsageError: no method makes action units, or reads light.
            UsageError: a reference cannot be read, or has no such face.
        """
        for part in (Part.LIKE, Part.RELIGHT, Part.LANDMARKS_LIKE):
            if part in target.parts and part not in served_parts():
                raise UsageError(f"no method edits {WORDS[part]} yet")
        if {Part.LIKE, Part.LANDMARKS_LIKE} & set(target.parts):
            target = resolve_like(target, self._finder, self._reader())
        if Part.RELIGHT in target.parts:
            (planned,) = plan_steps(self._settings.model, parse_target("light=flat"))
            reader = self._step(planned, alone=len(target.parts) == 1).method
            if not isinstance(reader, ReadsLight):
                raise UsageError(f"{planned.method.name} reads no light from a photo")
            target = resolve_relight(target, self._finder, reader)
        return target

    def _step(self, planned: PlannedStep, alone: bool) -> Step:
        """Load the method of a step; a file given with ``--weights`` is for its own method."""
        registry = self._registry
        given = registry.given
        name = planned.method.name
        if given is not None and not alone and given.method != name:
            registry = replace(registry, given=None)
        sha256 = self._given if registry.given is not None else None
        if sha256 is None:
            try:
                sha256 = registry.select(name, self._settings.profile, planned.target).sha256
            except WeightsError as error:
                other = shipped_for(planned.target)
                if self._settings.profile is not None or other is None:
                    raise
                hint = f"or leave out --model: {other.name} makes it"
                raise WeightsError(f"{error}, {hint}") from None
        key = (planned.method.name, sha256)
        if key not in self._methods:
            self._methods[key] = load_method(
                registry, planned, self._settings.profile, self._device, self._numerics
            )
        method = self._methods[key]
        check_target(method, planned.target)
        reader = self._reader() if planned.method.counts_shown else None
        return Step(method, planned.target.parts, sha256, reader)

    def _reader(self) -> UnitReader:
        if self._units is None:
            self._units = UnitReader.load(self._registry.checkpoint(UNITS), self._device)
        return self._units

    def _load_identity(self) -> IdentityRecogniser:
        if self._identity is None:
            checkpoint = self._registry.checkpoint(IDENTITY)
            self._identity = IdentityRecogniser.load(checkpoint, self._device)
        return self._identity

    def _with_attributes(self, shown: Shown) -> Shown:
        if shown.attributes is not None:
            return shown
        card = self._registry.checkpoint(APPEARANCE)
        return replace(shown, attributes=AppearanceRecogniser.load(card, self._device))


def open_editor(settings: EditSettings) -> FaceEditor:
    """Load the networks that the settings ask for, on the first device that they name.

    Raises:
        DeviceError, UsageError, MissingError, WeightsError: as `EditNetworks` does.
    """
    return EditNetworks(settings).editor(settings.target)
