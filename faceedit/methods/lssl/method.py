"""LSSL as the rest of the program sees it.

The paper turns faces by a generator that is shown landmarks before and after. Here these, and a
depth of the whole person, say where the photo's own pixels go; see `compose.turn`. Depth and matte
are those of LEGAN's hourglass.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import torch

from faceedit.compose.edit import Edit
from faceedit.compose.turn.edit import turn_head
from faceedit.compose.turn.head import build_head, wanted_pose
from faceedit.errors import UsageError, WeightsError
from faceedit.faces.align import BLANK, Crop
from faceedit.methods.legan.light_network import Surface
from faceedit.methods.legan.method import LEGAN
from faceedit.methods.legan.relight import CORNERS_CM, surface_planes
from faceedit.methods.lssl import DESCRIPTOR
from faceedit.methods.lssl.paper_method import RgbLSSL
from faceedit.numerics import FULL, Numerics
from faceedit.registry import Checkpoint
from faceedit.targets import Target, Turn
from faceedit.targets.turn import CAMERA


class LSSL:
    """The ``fast`` profile; see `methods.base.Method`.

    Args:
        look: says depth and matte of a person.
    """

    name = DESCRIPTOR.name
    profile = "fast"
    crop_size = LEGAN.crop_size
    wide = True
    targets = DESCRIPTOR.targets

    def __init__(self, look: LEGAN):
        self.look = look

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
        return [
            turn_crop(crop, Surface(*(part[i] for part in surfaces)), turn)
            for i, crop in enumerate(crops)
        ]


def turn_crop(crop: Crop, surface: Surface, turn: Turn, *, holds: bool = True) -> Edit:
    """Return the edit that turns the head of a wide crop.

    Args:
        crop: wide, of `LSSL.crop_size`.
        surface: (., 256, 256) each, of this crop.
        turn: asked for.
        holds: as `turn_head` takes it.
    """
    _, height, skin, matte, _ = surface_planes(crop, surface)
    blank = (crop.pixels == np.float32(BLANK)).all(-1).astype(np.uint8)
    valid = cv2.dilate(blank, np.ones((3, 3), np.uint8)) == 0
    head = build_head(crop.landmarks, height / np.float32(CORNERS_CM), matte, skin, valid)
    wanted = wanted_pose(turn, head.pose, crop.affine)
    return turn_head(crop.pixels, head, wanted, gaze=turn.gaze == CAMERA, holds=holds)


def load(checkpoint: Checkpoint, device: torch.device, numerics: Numerics = FULL) -> LSSL | RgbLSSL:
    """Build the method from LEGAN's checkpoint, or the ``paper`` profile from its own.

    Raises:
        WeightsError: it is LEGAN's, but not of the ``fast`` profile, or does not fit.
    """
    if checkpoint.method == RgbLSSL.name:
        return RgbLSSL.load(checkpoint, device, numerics)
    if checkpoint.profile != LSSL.profile:
        raise WeightsError(f"lssl works with legan's fast profile, not {checkpoint.profile}")
    return LSSL(LEGAN.load(checkpoint, device, numerics))
