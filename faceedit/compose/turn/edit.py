"""The edit that turns a head."""

from dataclasses import replace

import cv2
import numpy as np

from faceedit.compose.edit import Edit, RasterPaint
from faceedit.compose.turn.detail import TurnedHead
from faceedit.compose.turn.flow import Layer, face_layers, flow_around
from faceedit.compose.turn.gaze import keep_gaze
from faceedit.compose.turn.head import Head, mesh_points, rotation, turned
from faceedit.faces.pose import HeadPose

LIKE = (0.35, 0.7)
"""Log ratios of light up to which a mirrored part is believed, and beyond which it is not."""


def turn_head(pixels: np.ndarray, head: Head, wanted: HeadPose, *, gaze: bool = True) -> Edit:
    """Return the edit that turns a head to a pose.

    Args:
        pixels: (S, S, 3) float32 RGB of the wide crop.
        head: in it.
        wanted: the pose that it is to have.
        gaze: eyes go on looking where they look; else they turn along.
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
    around, side = flow_around(head, turn)
    face, mirrored = face_layers(head, turn, around)
    points = turned(head, mesh_points(head.landmarks), turn, head.share(head.landmarks[:, :2]))
    after = mesh_points(points).astype(np.float32)
    if gaze:
        face, after = keep_gaze(face, after, turn, head.unit)
    layers = (
        _toned(pixels, around, side, face, head.unit),
        _toned(pixels, around, mirrored, face, head.unit),
        face,
    )
    detail = TurnedHead(layers, head.matte, head.size)
    return replace(still, flow=around, details=(detail,), landmarks=after)


def _toned(
    pixels: np.ndarray, around: np.ndarray, mirrored: Layer, face: Layer, unit: float
) -> Layer:
    """Return a mirrored layer in the light of what lies around it: each side has its own."""
    where = mirrored.opacity
    if not (where > 0.05).any():
        return mirrored
    beside = _warp(pixels, around)
    beside += face.opacity[..., None] * (_warp(pixels, face.flow) - beside)
    reflected = _warp(pixels, mirrored.flow)
    rest = (np.clip(1 - 4 * where, 0, 1) * np.clip(2 * face.opacity, 0, 1))[..., None]
    near = cv2.GaussianBlur(rest, (0, 0), 0.25 * unit)[..., None] + 1e-3
    lit, seen = (
        cv2.GaussianBlur(one * rest, (0, 0), 0.25 * unit) / near for one in (beside, reflected)
    )
    ratio = np.log((lit + 0.02) / (seen + 0.02))
    # In shadow there is noise, and no likeness.
    far = np.abs(ratio).max(-1)
    opacity = where * np.clip((LIKE[1] - far) / (LIKE[1] - LIKE[0]), 0, 1)
    ratio = np.clip(ratio, -LIKE[1], LIKE[1]).astype(np.float32)
    return replace(mirrored, log_ratio=ratio, opacity=opacity.astype(np.float32))


def _warp(pixels: np.ndarray, flow: np.ndarray) -> np.ndarray:
    size = flow.shape[0]
    x = flow[..., 0] + np.arange(size, dtype=np.float32)
    y = flow[..., 1] + np.arange(size, dtype=np.float32)[:, None]
    return cv2.remap(pixels, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
