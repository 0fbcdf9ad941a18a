"""The edit that turns a head."""

from dataclasses import replace

import cv2
import numpy as np

from faceedit.compose.edit import Edit, RasterPaint
from faceedit.compose.mesh_flow import fill
from faceedit.compose.turn.detail import TurnedHead
from faceedit.compose.turn.flow import face_layers, looked_up
from faceedit.compose.turn.gaze import keep_gaze
from faceedit.compose.turn.half import far_half, straightened
from faceedit.compose.turn.head import Head, degrees_of, facing, mesh_points, rotation, turned
from faceedit.compose.turn.outline import far_rim, hold, near_hold
from faceedit.compose.turn.person import flow_around
from faceedit.compose.turn.reach import sampled
from faceedit.compose.turn.rim import with_bare_rim
from faceedit.compose.turn.side_light import side_light
from faceedit.compose.turn.sides import with_side
from faceedit.compose.turn.twin import with_twin
from faceedit.faces.pose import HeadPose
from faceedit.faces.topology import N_SURFACE
from faceedit.tones import muted

REACH = 0.2
"""Eye distances over which the light of a face is averaged."""
COARSER = 4
"""Pixels for one in which that is done."""
DARKEST = 0.03
"""Added to display values before the logarithm."""
GAIN, TINT = (-1.0, 1.0), 0.4
"""Bounds of the log ratio that a mirrored part takes on, and of its colour: what is in deep shadow
shows noise when it is lit."""


def turn_head(
    pixels: np.ndarray, head: Head, wanted: HeadPose, *, gaze: bool = True, holds: bool = True
) -> Edit:
    """Return the edit that turns a head to a pose.

    Args:
        pixels: (S, S, 3) float32 RGB of the wide crop.
        head: in it.
        wanted: the pose that it is to have.
        gaze: eyes go on looking where they look; else they turn along.
        holds: the near side is held by its outline; else it goes where its depth takes it.
    """
    turn = rotation(wanted) @ rotation(head.pose).T
    nothing = np.zeros((2, 2, 3), np.float32)
    still = Edit(
        nothing[..., :2],
        nothing,
        nothing[..., 0],
        RasterPaint(nothing, head.size),
        head.size,
        region="crop",
        wide=True,
    )
    if np.allclose(turn, np.eye(3), atol=1e-7):
        return still
    towards = facing(head.landmarks)
    share = straightened(head, turn)
    head = with_side(with_bare_rim(head, pixels), turn, share)
    points = turned(head, mesh_points(head.landmarks), turn, head.share(head.landmarks[:, :2]))
    held = float(holds) * (1 - share) * near_hold(head, turn)
    points = hold(
        head, turn, head.landmarks, points, sampled(held, head.landmarks[:, None, :2])[:, 0]
    )
    around = flow_around(head, turn, held)
    side = left = half = None
    if share > 0:
        half = far_half(head, turn, share)
        points = half.face
        around, side, left = with_twin(head, half, around)
    reflected = 0.0 if half is None or left is None else half.reflected(left)
    face, mirrored, both = face_layers(
        head, points[:N_SURFACE], around, towards, reflected, (far_rim(head, turn), held)
    )
    own, other = face.flow, mirrored.flow
    if side is not None and left is not None:
        beside = face.opacity + mirrored.opacity < 0.5
        own = np.where(beside[..., None], around, own)
        other = np.where(beside[..., None], side.flow, other)
        person = looked_up(head.matte * head.valid, side.flow)
        both = np.where(beside, person * ((left > 0) & (left < np.inf)), both)
    light = _other_light(pixels, (own, other), both, head.unit)
    after = mesh_points(points).astype(np.float32)
    if gaze:
        far = int(head.pose.yaw > 0) if half is not None and half.hidden > 0 else None
        face, mirrored, after = keep_gaze((face, mirrored), after, turn, head.unit, far)
    layers = [replace(one, log_ratio=light) for one in (side, mirrored) if one is not None]
    moved = around + face.opacity[..., None] * (face.flow - around)
    lit = side_light(pixels, head, turn, held, moved)
    detail = TurnedHead((*layers, replace(face, log_ratio=lit)), head.size)
    edit = replace(still, flow=around, log_ratio=lit, details=(detail,), landmarks=after)
    return replace(edit, turned=degrees_of(turn))


def turned_matte(matte: np.ndarray, edit: Edit) -> np.ndarray:
    """Return the matte of a person whose head an edit turns, (S, S) float32 in [0, 1].

    Args:
        matte: (S, S) float32 in [0, 1], in the photo.
        edit: as `turn_head` returns it.
    """
    layers = [layer for one in edit.details if isinstance(one, TurnedHead) for layer in one.layers]
    return np.max([looked_up(matte, edit.flow), *(layer.opacity for layer in layers)], axis=0)


def _other_light(
    pixels: np.ndarray, flows: tuple[np.ndarray, np.ndarray], both: np.ndarray, unit: float
) -> np.ndarray:
    """Return the log ratio of a face's light to that of its mirror image, (S, S, 3) float32.

    It is known where both are seen, and goes on smoothly beyond.

    Args:
        pixels: (S, S, 3) float32 RGB of the crop.
        flows: (S, S, 2) float32 of the face and of its mirror image.
        both: (S, S) float32 in [0, 1], where both are seen.
        unit: eye distance in pixels.
    """
    few = (both.shape[1] // COARSER, both.shape[0] // COARSER)
    reach = REACH * unit / COARSER

    def averaged(field: np.ndarray) -> np.ndarray:
        small = cv2.resize(field, few, interpolation=cv2.INTER_AREA)
        return cv2.GaussianBlur(small, (0, 0), reach)

    near = averaged(both)
    lit, seen = (
        averaged(_warp(pixels, one) * both[..., None]) / np.maximum(near, 1e-3)[..., None]
        for one in flows
    )
    ratio = np.log((lit + DARKEST) / (seen + DARKEST))
    grey = muted(ratio, 0.0)
    ratio = np.clip(grey, *GAIN) + np.clip(ratio - grey, -TINT, TINT)
    spread = fill(ratio, np.clip(4 * near - 0.2, 0, 1))
    smooth = cv2.GaussianBlur(spread, (0, 0), 0.5 * reach).astype(np.float32)
    return cv2.resize(smooth, both.shape[::-1], interpolation=cv2.INTER_LINEAR)


def _warp(pixels: np.ndarray, flow: np.ndarray) -> np.ndarray:
    size = flow.shape[0]
    x = flow[..., 0] + np.arange(size, dtype=np.float32)
    y = flow[..., 1] + np.arange(size, dtype=np.float32)[:, None]
    return cv2.remap(pixels, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
