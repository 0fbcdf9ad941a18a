"""LSSL as the rest of the program sees it.

The paper turns faces by a generator that is shown landmarks before and after. Here these, and a
depth of the whole person, say where the photo's own pixels go; see `compose.turn`. Depth and matte
are those of LEGAN's hourglass. A network of its own looks at what comes out, and corrects it.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Self

import cv2
import numpy as np
import torch

from faceedit.compose.compose import compose
from faceedit.compose.edit import Edit
from faceedit.compose.mask import region_mask
from faceedit.compose.turn.edit import turn_head, turned_matte
from faceedit.compose.turn.head import Head, build_head, wanted_pose
from faceedit.errors import UsageError, WeightsError
from faceedit.faces.align import BLANK, Crop
from faceedit.faces.pose import head_pose
from faceedit.methods.fields.method import fitting, to_tensor
from faceedit.methods.legan.light_network import Surface
from faceedit.methods.legan.method import LEGAN
from faceedit.methods.legan.relight import CORNERS_CM, surface_planes
from faceedit.methods.lssl import DESCRIPTOR
from faceedit.methods.lssl.paper_method import RgbLSSL
from faceedit.methods.lssl.turn_network import TurnNetwork
from faceedit.methods.lssl.window import cut_window, inner_face, into_crop, near_person, window_maps
from faceedit.nn.folding import fold_norms
from faceedit.nn.loading import build_network
from faceedit.numerics import FULL, Numerics
from faceedit.registry import Checkpoint, open_registry
from faceedit.targets import Target, Turn
from faceedit.targets.turn import CAMERA


class LSSL:
    """The ``fast`` profile; see `methods.base.Method`.

    Args:
        look: says depth and matte of a person.
        network: corrects turned heads; trained, on its device. None corrects nothing.
    """

    name = DESCRIPTOR.name
    profile = "fast"
    crop_size = LEGAN.crop_size
    wide = True
    targets = DESCRIPTOR.targets

    def __init__(self, look: LEGAN, network: TurnNetwork | None = None):
        self.look = look
        self.network = None if network is None else network.eval().requires_grad_(False)

    @classmethod
    def load(cls, checkpoint: Checkpoint, device: torch.device, numerics: Numerics = FULL) -> Self:
        """Build the method from its own checkpoint, beside LEGAN's that ships.

        Raises:
            WeightsError: it is not of the ``fast`` profile, the architecture is out of range, or
                the tensors do not fit it.
        """
        if checkpoint.profile != cls.profile:
            raise WeightsError(f"this is lssl's fast profile, not {checkpoint.profile}")
        with fitting(checkpoint):
            network = build_network(
                lambda: TurnNetwork.from_architecture(checkpoint.architecture), checkpoint.tensors
            )
        fold_norms(network.eval())
        network.numerics = numerics
        network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        surfaces = LEGAN.load(open_registry().checkpoint("legan-fast"), device, numerics)
        return cls(surfaces, network.to(device))

    def edit(self, crops: Sequence[Crop], target: Target) -> list[Edit]:
        """Turn the heads of a batch of wide crops; see `methods.base.Method.edit`.

        Raises:
            UsageError: the target asks for anything but a turn.
            NetworkError: the network's answer is not finite or beyond all measure.
        """
        turns = [one for one in target.terms if isinstance(one, Turn)]
        if len(turns) != len(target.terms):
            raise UsageError(f"lssl (fast) turns heads, and does not make {target}")
        (turn,) = turns
        if not crops:
            return []
        surfaces = self.look.look(crops)
        edits = []
        for i, crop in enumerate(crops):
            head = seen_head(crop, Surface(*(part[i] for part in surfaces)))
            edit = turn_crop(crop, head, turn)
            if self.network is not None and edit.turned:
                edit = replace(edit, then=_correct(self.network, crop, head.matte, edit, turn))
            edits.append(edit)
        return edits


def _correct(network: TurnNetwork, crop: Crop, matte: np.ndarray, edit: Edit, turn: Turn) -> Edit:
    """Return what corrects a head after an edit that turns it; the wall behind stays.

    Args:
        network: says how.
        crop: wide, of `LSSL.crop_size`.
        matte: (S, S) float32 in [0, 1], of the person in it.
        edit: of `turn_crop`.
        turn: asked for.
    """
    assert edit.landmarks is not None
    mask = region_mask(edit.region, crop.landmarks, crop.size)
    made = compose(crop.pixels, edit, np.eye(2, 3), mask)
    pose = head_pose(crop.landmarks)
    wanted = wanted_pose(turn, pose, crop.affine)
    turned = torch.tensor([[wanted.yaw - pose.yaw, wanted.pitch - pose.pitch]])
    device = next(network.parameters()).device
    with torch.inference_mode():
        found = network(
            to_tensor(cut_window(made)[None], device),
            to_tensor(window_maps(edit.landmarks)[None], device),
            turned.to(device, torch.float32),
        )
    kept = 1 - inner_face(edit.landmarks)
    kept *= near_person(turned_matte(matte, edit), edit.landmarks)
    # Its log ratio takes what no flow explains of photos turned there and back: hair lit as a wall.
    flow = found.flow[0].permute(1, 2, 0).float().cpu().numpy()
    flow = into_crop(flow * _shrunk(kept, len(flow))[..., None])
    still = replace(edit, details=(), landmarks=None, turned=0.0, left=())
    return replace(still, flow=flow, log_ratio=np.zeros_like(edit.log_ratio))


def _shrunk(field: np.ndarray, side: int) -> np.ndarray:
    return cv2.resize(field, (side, side), interpolation=cv2.INTER_AREA)


def seen_head(crop: Crop, surface: Surface) -> Head:
    """Return the head in a wide crop.

    Args:
        crop: wide, of `LSSL.crop_size`.
        surface: (., 256, 256) each, of this crop.
    """
    _, height, skin, matte, _ = surface_planes(crop, surface)
    blank = (crop.pixels == np.float32(BLANK)).all(-1).astype(np.uint8)
    valid = cv2.dilate(blank, np.ones((3, 3), np.uint8)) == 0
    return build_head(crop.landmarks, height / np.float32(CORNERS_CM), matte, skin, valid)


def turn_crop(crop: Crop, head: Head, turn: Turn, *, holds: bool = True) -> Edit:
    """Return the edit that turns the head of a wide crop.

    Args:
        crop: wide, of `LSSL.crop_size`.
        head: in it.
        turn: asked for.
        holds: as `turn_head` takes it.
    """
    wanted = wanted_pose(turn, head.pose, crop.affine)
    return turn_head(crop.pixels, head, wanted, gaze=turn.gaze == CAMERA, holds=holds)


def load(checkpoint: Checkpoint, device: torch.device, numerics: Numerics = FULL) -> LSSL | RgbLSSL:
    """Build the method from its own checkpoint, of either profile.

    Raises:
        WeightsError: see `LSSL.load`.
    """
    kind = RgbLSSL if checkpoint.profile == RgbLSSL.profile else LSSL
    return kind.load(checkpoint, device, numerics)
