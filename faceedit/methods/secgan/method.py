"""SeCGAN as the rest of the program sees it, of either profile.

The ``fast`` profile keeps the paper's division of labour: a semantic branch says what the mask of
segments is to be, the other draws that, and nothing outside of it. What is drawn is computed on the
photo's own pixels; the networks that look (segments, normals, the person's matte) are those that
ship for themselves, and the checkpoint holds what was measured on labelled portraits, and two
networks of its own: one takes spectacles and beards off, the other finds hair.
"""

from collections.abc import Sequence, Set
from functools import partial
from typing import Self

import numpy as np
import torch

from faceedit.compose.canvas import Detail
from faceedit.compose.edit import Edit, RasterPaint
from faceedit.errors import UsageError
from faceedit.faces.align import Crop
from faceedit.methods.base import check_target
from faceedit.methods.fields.method import fitting
from faceedit.methods.legan.method import LEGAN
from faceedit.methods.secgan import DESCRIPTOR, HAIR_COLOURS
from faceedit.methods.secgan.bald import shave_head
from faceedit.methods.secgan.bangs import grow_fringe
from faceedit.methods.secgan.beard import grow_beard
from faceedit.methods.secgan.brows import thicken
from faceedit.methods.secgan.crown import grow_crown
from faceedit.methods.secgan.eyewear import put_on
from faceedit.methods.secgan.face import FACES, GREY, change_face, reshape
from faceedit.methods.secgan.forehead import clear_forehead
from faceedit.methods.secgan.hair import recolour
from faceedit.methods.secgan.hair_network import HairNetwork
from faceedit.methods.secgan.look import SIZE, Scene, look
from faceedit.methods.secgan.measured import HAIR, UNCOVER, Measured, own_tensors, unpack
from faceedit.methods.secgan.paper_method import RgbSeCGAN
from faceedit.methods.secgan.shave import find_beard, shave
from faceedit.methods.secgan.skin import tone
from faceedit.methods.secgan.uncover import UncoverNetwork, take_off
from faceedit.nn.folding import fold_norms
from faceedit.nn.loading import build_network
from faceedit.numerics import FULL, Numerics
from faceedit.recognisers.appearance import AppearanceRecogniser
from faceedit.registry import Checkpoint, open_registry
from faceedit.targets import AttributeChange, Target

LAYERS = (
    "male",
    "young",
    "pale_skin",
    "hair",
    "bald",
    "bangs",
    "bushy_eyebrows",
    "moustache",
    "beard",
    "eyeglasses",
)
"""Of what is drawn, the lowest first."""
NETWORKS = {UNCOVER: UncoverNetwork, HAIR: HairNetwork}
"""Of its own, which its checkpoint holds."""
TONED = (*FACES, "pale_skin")
"""What changes skin, which what is continued from it would not follow."""


class SeCGAN:
    """The ``fast`` profile; see `methods.base.Method`.

    Args:
        measured: of labelled portraits.
        parser: of segments.
        surfaces: of normals and mattes.
        uncover: takes spectacles and beards off.
        hair: finds hair.
    """

    name = DESCRIPTOR.name
    profile = "fast"
    crop_size = SIZE
    wide = True
    targets = DESCRIPTOR.targets

    def __init__(
        self,
        measured: Measured,
        parser: AppearanceRecogniser,
        surfaces: LEGAN,
        uncover: UncoverNetwork,
        hair: HairNetwork,
    ):
        self.measured, self.parser, self.surfaces = measured, parser, surfaces
        self.uncover = uncover.eval().requires_grad_(False)
        self.hair = hair.eval().requires_grad_(False)

    def look(self, crops: Sequence[Crop]) -> list[Scene]:
        """Look at wide crops, before anything is changed; see `look.look`."""
        return look(crops, self.parser, self.surfaces, self.hair)

    @classmethod
    def load(cls, checkpoint: Checkpoint, device: torch.device, numerics: Numerics = FULL) -> Self:
        """Build the method from its checkpoint and the networks that it looks with.

        Raises:
            WeightsError: the tensors are not those of this profile, or a network's are missing.
        """
        with fitting(checkpoint):
            measured = unpack(checkpoint.tensors)
            uncover, hair = (
                build_network(
                    partial(kind.from_architecture, checkpoint.architecture[name]),
                    own_tensors(checkpoint.tensors, name),
                )
                for name, kind in NETWORKS.items()
            )
        for network in (uncover, hair):
            fold_norms(network.eval())
        registry = open_registry()
        parser = AppearanceRecogniser.load(registry.checkpoint("appearance"), device)
        surfaces = LEGAN.load(registry.checkpoint("legan-fast"), device, numerics)
        return cls(measured, parser, surfaces, uncover.to(device), hair.to(device))

    def edit(self, crops: Sequence[Crop], target: Target) -> list[Edit]:
        """Edit a batch of wide crops; see `methods.base.Method.edit`.

        Raises:
            UsageError: the target asks for what the method does not know.
            NetworkError: a network's answer is not finite.
        """
        check_target(self, target)
        changes = target.attributes
        if len(changes) != len(target.terms):
            raise UsageError(f"secgan (fast) knows attributes, not {target}")
        if not crops:
            return []
        return [self._edit(scene, changes) for scene in self.look(crops)]

    def _edit(self, scene: Scene, changes: Sequence[AttributeChange]) -> Edit:
        measured, nothing = self.measured, np.zeros((2, 2, 3), np.float32)
        flow = nothing[..., :2]
        faces = [(one, measured.faces[one.attribute]) for one in changes if one.attribute in FACES]
        if faces:
            flow, scene = reshape(scene, faces)
        # What lies on top comes last.
        ordered = sorted(changes, key=lambda one: LAYERS.index(_layer(one)))
        drawn = [(change, *self._draw(scene, change, ordered)) for change in ordered]
        return Edit(
            flow,
            nothing,
            nothing[..., 0],
            RasterPaint(nothing, SIZE),
            SIZE,
            details=tuple(one for _, details, _ in drawn for one in details),
            # Hair may stand far out.
            region="crop" if any(one.text == "bald=on" for one in changes) else "person",
            wide=True,
            on_top=True,
            left=tuple(f"{change.text}: {why}" for change, _, why in drawn if why),
        )

    def _draw(
        self, scene: Scene, change: AttributeChange, changes: Sequence[AttributeChange]
    ) -> tuple[tuple[Detail, ...], str]:
        """Return what an attribute draws, nothing where it changes nothing; and why, if known."""
        name, measured = change.attribute, self.measured
        others = {one.attribute for one in changes if one.strength}
        if name in FACES:
            relief = change_face(scene, change, measured.faces[name])
            if change.text != "young=off":
                # What colour grey hair once had, a photo does not say.
                return (relief,), ""
            beard = find_beard(scene, self.uncover)
            hair = recolour(scene, change, measured.hair["grey_hair"], beard)
            return (relief,) if hair is None else (relief, hair.scaled(GREY)), ""
        why = ""
        if name in HAIR_COLOURS:
            made = recolour(scene, change, measured.hair[name], find_beard(scene, self.uncover))
        elif name == "bald" and not change.on:
            made, why = _apart(others, (*TONED, *HAIR_COLOURS)) or grow_crown(scene, change)
        elif name == "bald":
            made, why = _apart(others, TONED) or shave_head(scene, change)
        elif name == "bangs" and not change.on:
            made, why = _apart(others, (*TONED, *HAIR_COLOURS)) or clear_forehead(scene, change)
            return made or (), why
        elif name == "bangs":
            made, why = _apart(others, HAIR_COLOURS) or grow_fringe(scene, change)
        elif name == "pale_skin":
            made = tone(scene, change, measured.skin[change.on])
        elif name in ("beard", "moustache") and not change.on:
            made, why = _apart(others, TONED) or shave(scene, change, self.uncover)
        elif name in ("beard", "moustache"):
            # A target names one colour of hair.
            hair = next((one for one in changes if one.attribute in HAIR_COLOURS), None)
            dye = None if hair is None else (measured.hair[hair.attribute], hair.strength)
            made = grow_beard(scene, change, dye)
        elif name == "bushy_eyebrows":
            made = thicken(scene, change)
        elif change.on:
            made = put_on(scene, change)
        else:
            made = take_off(scene, change, self.uncover)
        return () if made is None else (made,), why


def _apart(others: Set[str], changed: Sequence[str]) -> tuple[None, str] | None:
    """Return why what is continued from skin or hair is left, where these change; else None."""
    both = sorted(others & set(changed))
    return (None, f"with {both[0]} it needs a run of its own") if both else None


def _layer(change: AttributeChange) -> str:
    return "hair" if change.attribute in HAIR_COLOURS else change.attribute


def load(
    checkpoint: Checkpoint, device: torch.device, numerics: Numerics = FULL
) -> SeCGAN | RgbSeCGAN:
    """Build the method from its checkpoint, of either profile; see `SeCGAN.load`."""
    kind = RgbSeCGAN if checkpoint.profile == RgbSeCGAN.profile else SeCGAN
    return kind.load(checkpoint, device, numerics)
