"""The backward flow of a moved landmark mesh."""

import cv2
import numpy as np

from faceedit.channels import largest
from faceedit.faces.raster import MeshRaster, fill_polygon
from faceedit.faces.topology import EYES, INNER_LIPS, N_SURFACE

REACH = 0.28
"""How far beyond the mesh the flow fades out, in eye distances."""
JUMP = 0.8
"""Pixels of flow from one pixel to the next that are no stretch of skin any more."""
JUMP_SOFTENED = 1.3
"""Standard deviation in pixels of 256 over which they are softened."""


def mesh_flow(
    before: np.ndarray,
    after: np.ndarray,
    raster: MeshRaster,
    unit: float,
    *,
    still_eyes: bool = True,
) -> np.ndarray:
    """Return the backward flow of a moved mesh, (H, W, 2) in grid pixels.

    The mouth's inside follows the lips; beyond the mesh the flow fades out.

    Args:
        before: (478, >= 2) positions in the source, in grid pixels.
        after: the same in the target.
        raster: of `after`.
        unit: the eye distance in grid pixels.
        still_eyes: eyeballs stay where they are; else they follow the lids.
    """
    grid = raster.inside.shape
    shift = raster.interpolate((before - after)[:N_SURFACE, :2])
    eyes = np.max([fill_polygon(after[list(eye)], grid) for eye in EYES], axis=0) > 0.5
    mouth = fill_polygon(after[list(INNER_LIPS)], grid) > 0.5
    flow = extend(shift, raster.inside & ~eyes & ~mouth, REACH * unit)
    if not still_eyes:
        return flow
    flow[eyes] = 0.0
    rim = cv2.dilate(eyes.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return np.where(rim[..., None], cv2.GaussianBlur(flow, (0, 0), 0.8), flow)


def soften_jumps(flow: np.ndarray, size: int, over: float = JUMP_SOFTENED) -> np.ndarray:
    """Round off where one part of the face slides over another, as a jaw over the neck.

    A step of the flow from one pixel to the next follows the pixel grid; without this it shows as a
    row of dots.

    Args:
        flow: (S, S, 2) float32 pixels of its own grid.
        size: S.
        over: standard deviation in pixels of 256.
    """
    across = largest(np.abs(np.diff(flow, axis=1, append=flow[:, -1:])))
    down = largest(np.abs(np.diff(flow, axis=0, append=flow[-1:])))
    jumps = (np.maximum(across, down) > JUMP).astype(np.float32)
    width = 2 * max(1, round(over * size / 256)) + 1
    jumps = cv2.dilate(jumps, np.ones((width, width), np.uint8))
    soft = over / JUMP_SOFTENED * size / 256
    share = cv2.GaussianBlur(jumps, (0, 0), soft)[..., None]
    return flow + share * (cv2.GaussianBlur(flow, (0, 0), over * size / 256) - flow)


def extend(field: np.ndarray, known: np.ndarray, reach: float) -> np.ndarray:
    """Continue a field smoothly beyond where it is known, fading to zero.

    Args:
        field: (H, W, C >= 2) float32.
        known: (H, W) bool.
        reach: pixels at which it has fallen to 1/e.
    """
    filled = fill(field, known.astype(np.float32))
    away = cv2.distanceTransform((~known).astype(np.uint8), cv2.DIST_L2, 5) / reach
    # Where nothing is known at all, the distance is the largest float.
    away = np.minimum(away, 10.0)
    outside = cv2.GaussianBlur(filled * np.exp(-(away**2))[..., None], (0, 0), 1.5)
    return np.where(known[..., None], field, outside).astype(np.float32)


def fill(field: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Continue a field from where it is known, coarser the farther away.

    Args:
        field: (H, W, C >= 2) float32.
        weight: (H, W) float32 in [0, 1], how far it is known.
    """
    totals, counts = [field * weight[..., None]], [weight]
    while min(counts[-1].shape) > 2:
        height, width = (max(1, n // 2) for n in counts[-1].shape)
        for level in (totals, counts):
            half = cv2.resize(level[-1], (width, height), interpolation=cv2.INTER_AREA)
            level.append(half.astype(np.float32))
    filled = totals.pop() / np.maximum(counts.pop(), 1e-6)[..., None]
    for total, count in zip(reversed(totals), reversed(counts), strict=True):
        coarse = cv2.resize(filled, count.shape[::-1], interpolation=cv2.INTER_LINEAR)
        trust = np.clip(count * 4.0, 0.0, 1.0)[..., None]
        filled = trust * total / np.maximum(count, 1e-6)[..., None] + (1 - trust) * coarse
    return filled
