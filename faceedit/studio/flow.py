"""The flow between two poses of one face: exact on the skin, harmonic beyond it."""

import cv2
import numpy as np
from numba import njit

from faceedit.compose.mesh_flow import soften_jumps
from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import FACE_OVAL
from faceedit.studio.subject import Pose

COARSE = 96
"""Side of the grid on which the flow is continued beyond the skin."""
ROUNDS = 150
SCREEN = 0.004
"""How strongly the continued flow is drawn to zero, so that the background stands still."""
UNDER_NOSE = 2
NECK_SCREEN = 0.0006
"""Of the flow under the jaw, where the neck gives way further than a background may."""
NECK_SOFT = 4.0
"""Pixels at 256 over which the neck's flow goes over into that of what is beside it."""
NECK_MARGIN = 0.02
"""Of the face's width, beyond it."""
RIM = 7
"""Pixels at 512 about the edge of the face over which exact and continued flow are softened."""


def pose_flow(source: Pose, target: Pose) -> np.ndarray:
    """Return the backward flow that takes a picture of `source` to one of `target`.

    Between lids and lips the flow of the skin around is continued; what belongs there is for
    `eyes` and `mouth` to say. The skin under a jaw that moves is continued too, not drawn: it
    gives way like the soft skin that it is, and no chin is cut out in front of a still neck.

    Returns:
        (S, S, 2) float32 pixels.
    """
    drawing = target.drawing
    under = _under_jaw(target)
    skin = drawing.skin & ~under
    # A place between pixels is interpolated, so source minus pixel is source minus target there.
    moved = drawing.interpolate(source.places - target.places)
    known = np.where(skin[..., None], moved, np.float32(0))
    flow = np.where(skin[..., None], known, extend_harmonic(known, skin))
    neck = cv2.GaussianBlur(under.astype(np.float32), (0, 0), NECK_SOFT * target.size / 256)
    neck = np.where(skin, np.float32(0), neck)[..., None]
    if np.abs(known[_below_mouth(target)]).max(initial=0.0) > 0:
        flow = flow + neck * (extend_harmonic(known, skin, NECK_SCREEN) - flow)
    inside = skin | drawing.mouth | drawing.eyes
    width = max(3, round(RIM * target.size / 512) | 1)
    rim = cv2.dilate((~inside).astype(np.uint8), np.ones((width, width), np.uint8)) > 0
    soft = cv2.GaussianBlur(flow, (0, 0), 1.5 * target.size / 512)
    return soften_jumps(np.where(rim[..., None], soft, flow), target.size)


def _below_mouth(pose: Pose) -> np.ndarray:
    """Return the rows below the nose, (S, S) bool."""
    under_nose = float(pose.landmarks()[UNDER_NOSE, 1])
    return np.repeat(np.arange(pose.size)[:, None] > under_nose, pose.size, axis=1)


def _under_jaw(pose: Pose) -> np.ndarray:
    """Return what lies below the nose and beyond the line of the jaw, (S, S) bool."""
    oval = fill_polygon(pose.landmarks()[list(FACE_OVAL)], (pose.size, pose.size))
    jaw = pose.landmarks()[list(FACE_OVAL)]
    wide = np.zeros((pose.size, pose.size), bool)
    low, high = jaw[:, 0].min(), jaw[:, 0].max()
    margin = NECK_MARGIN * (high - low)
    wide[:, max(0, int(low - margin)) : max(0, int(high + margin))] = True
    return _below_mouth(pose) & (oval < 0.5) & wide


def extend_harmonic(field: np.ndarray, known: np.ndarray, screen: float = SCREEN) -> np.ndarray:
    """Solve the screened Laplace equation beyond where a field is known, 0 at the border.

    Args:
        field: (S, S, C) float32.
        known: (S, S) bool.
        screen: how fast it falls to 0 away from what is known.

    Returns:
        (S, S, C) float32, smooth; near the field where it is known.
    """
    trust = cv2.resize(known.astype(np.float32), (COARSE, COARSE), interpolation=cv2.INTER_AREA)
    total = cv2.resize(
        field * known[..., None], (COARSE, COARSE), interpolation=cv2.INTER_AREA
    ).reshape(COARSE, COARSE, -1)
    fixed = trust > 0.2
    start = np.where(fixed[..., None], total / np.maximum(trust, 1e-6)[..., None], 0)
    solved = _relax(start.astype(np.float32), fixed, np.float32(1 / (1 + 8 * screen)), ROUNDS)
    size = (field.shape[1], field.shape[0])
    return cv2.resize(solved, size, interpolation=cv2.INTER_CUBIC).reshape(field.shape)


@njit(cache=True, fastmath=True)
def _relax(values, fixed, keep, rounds):
    """Sweep Gauss-Seidel over the free cells, in alternating directions."""
    height, width, channels = values.shape
    for turn in range(rounds // 2):
        forward = turn % 2 == 0
        for i in range(1, height - 1):
            y = i if forward else height - 1 - i
            for j in range(1, width - 1):
                x = j if forward else width - 1 - j
                if fixed[y, x]:
                    continue
                for c in range(channels):
                    around = (
                        values[y - 1, x - 1, c]
                        + values[y - 1, x, c]
                        + values[y - 1, x + 1, c]
                        + values[y, x - 1, c]
                        + values[y, x + 1, c]
                        + values[y + 1, x - 1, c]
                        + values[y + 1, x, c]
                        + values[y + 1, x + 1, c]
                    )
                    values[y, x, c] = keep * around / 8
    return values
