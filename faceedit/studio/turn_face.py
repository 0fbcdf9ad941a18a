"""The face as the model draws it when it has turned, with the photo on it."""

import cv2
import numpy as np

from faceedit.studio.fields import grid, warp
from faceedit.studio.model import Part
from faceedit.studio.subject import Pose

HIDDEN = 0.35
"""Depth in cm by which a point lies behind what the photo shows there."""
SMOOTH = 0.022
"""Eye distances over which the flow of the face is smoothed."""
GRAZING = 0.12
"""Least z of a normal in the photo whose texture is used."""


def draw_turned(
    source: Pose, target: Pose, skin: np.ndarray, matte: np.ndarray, unit: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Draw the model with the photo on it, once as it is and once mirrored.

    Args:
        source: the face in the photo.
        target: the face as turned.
        skin: (S, S) float32, what of the photo goes with the model.
        matte: (S, S) float32 opacity of the person in the photo.
        unit: distance of the outer eye corners in pixels.

    Returns:
        (S, S, 2) backward flow and (S, S) opacity of what the photo shows of each point; the same
        for what it shows of the point's mirror image, where only that is to be seen.
    """
    drawing = target.drawing
    here = grid((target.size, target.size))
    drawn = (drawing.part >= 0) & (drawing.part != Part.HEAD)
    edge = cv2.erode(drawn.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.float32)
    held = cv2.GaussianBlur(drawn.astype(np.float32), (0, 0), SMOOTH * unit)
    mirror = source.model.mirror_vertices

    def layer(vertices: np.ndarray | slice) -> tuple[np.ndarray, np.ndarray]:
        facing = source.normals[vertices][:, 2]
        facing = np.where(source.normals[vertices].any(1), facing, 1.0)
        values = np.column_stack([source.places[vertices], source.depth[vertices], facing])
        seen = drawing.interpolate(values)
        flow = np.where(drawn[..., None], seen[..., :2] - here, 0).astype(np.float32)
        front = warp(source.drawing.depth, flow, cv2.INTER_NEAREST)
        clear = (seen[..., 2] > front - HIDDEN) * np.clip((seen[..., 3] - GRAZING) / 0.15, 0, 1)
        share = warp(np.ascontiguousarray(skin * matte), flow, cv2.INTER_LINEAR)
        share = np.clip(1.4 * share - 0.2, 0, 1)
        open_ = cv2.morphologyEx(
            (clear * edge).astype(np.float32), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)
        )
        # The wings of the nose hide and show slivers that no fit gets right.
        flow = cv2.GaussianBlur(flow, (0, 0), SMOOTH * unit)
        flow /= np.maximum(held, 1e-3)[..., None]
        return flow, cv2.GaussianBlur(open_, (0, 0), 0.008 * unit) * share * drawn

    own, shown = layer(slice(None))
    other, reflected = layer(mirror)
    return own, shown, other, np.clip(reflected - shown, 0, 1)


def toned(reflected: np.ndarray, beside: np.ndarray, where: np.ndarray, unit: float) -> np.ndarray:
    """Give a reflected piece the colours of what lies around it: each side has its own light.

    Args:
        reflected: (S, S, 3) the reflected picture.
        beside: (S, S, 3) the picture that the piece is put into.
        where: (S, S) opacity of the piece.
        unit: distance of the outer eye corners in pixels.
    """
    if not (where > 0.05).any():
        return reflected
    reach = 0.25 * unit
    rest = np.clip(1 - 4 * where, 0, 1)[..., None]
    near = cv2.GaussianBlur(rest, (0, 0), reach)[..., None] + 1e-3
    ratio = cv2.GaussianBlur(beside * rest, (0, 0), reach) / near
    ratio = (ratio + 0.02) / (cv2.GaussianBlur(reflected * rest, (0, 0), reach) / near + 0.02)
    return np.clip(reflected * np.clip(ratio, 0.6, 1.6), 0, 1)
