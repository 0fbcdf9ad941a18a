"""Fields for a network to learn from: where an expression would move and shade one face."""

from dataclasses import dataclass

import cv2
import numpy as np

from faceedit.faces.pose import to_mean_face
from faceedit.faces.raster import MeshRaster, fill_polygon, rasterize_mesh
from faceedit.faces.topology import (
    EYES,
    INNER_LIPS,
    IRISES,
    LOWER_INNER_LIP,
    N_SURFACE,
    OUTER_EYE_CORNERS,
    UPPER_INNER_LIP,
)
from faceedit.methods.reggan.prior import ExpressionPrior

REACH = 0.28
"""How far beyond the mesh the flow fades out, in eye distances."""
SHOWS_INSIDE = 0.035
"""From this mouth gap on, in eye distances, a photo shows the inside of the mouth itself."""
NEWLY_OPEN = 0.03
"""A mouth that opens by this much, in eye distances, shows an inside that must be painted."""
SEALED = 0.004
"""Mouth gap of a closed mouth, in eye distances."""
UPPER_SHARE = 0.35
"""Part of a closing mouth's way that the upper lip goes."""
SHOWN_NOISE = 0.25
"""Amplitude that faces without the expression seem to show."""
LIGHT_TAKEN = 0.8
"""Part of the log ratio taken away with an expression: what is shown is not measured, only read
from the shape."""


@dataclass(frozen=True)
class Fields:
    """Supervision for one face, at the fields' own resolution.

    Attributes:
        flow: (h, w, 2) float32 in crop pixels, as `faces.edit.Edit` has it.
        log_ratio: (h, w, 3) float32.
        opacity: (h, w) float32: the part of the mouth's inside that the photo does not show.
        opening: (h, w) float32: the whole inside of the mouth after the edit.
        weight: (h, w) float32 in [0, 1]: how sure the flow is.
        landmarks: (478, 3) after the edit, in crop pixels.
    """

    flow: np.ndarray
    log_ratio: np.ndarray
    opacity: np.ndarray
    opening: np.ndarray
    weight: np.ndarray
    landmarks: np.ndarray


def displaced(
    landmarks: np.ndarray,
    prior: ExpressionPrior,
    name: str,
    amplitude: float,
    code: np.ndarray,
    known_neutral: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Move a face's landmarks to a target, taking away what it shows already.

    Args:
        landmarks: (478, 3) in crop pixels.
        prior: of the expression.
        name: ``neutral`` or the prior's expression.
        amplitude: 0 to 1.5.
        code: style of the expression, (MODES,).
        known_neutral: the face shows nothing that could be taken away.

    Returns:
        The (478, 3) landmarks after the edit and the log ratio on the prior's atlas.
    """
    shown, shown_code = prior.shown(landmarks)
    if shown < 1.0:
        shown = max(0.0, shown - SHOWN_NOISE) / (1.0 - SHOWN_NOISE)
    if known_neutral:
        shown = 0.0
    away = min(amplitude, 1.0) * shown
    move = -prior.displace(away, shown_code)
    ratio = -LIGHT_TAKEN * prior.ratio(away, shown_code)
    if name != "neutral":
        move = move + prior.displace(amplitude, code)
        ratio = ratio + prior.ratio(amplitude, code)
    moved = landmarks + to_mean_face(landmarks).inverse_vectors(move)
    for iris in IRISES:
        moved[list(iris)] = landmarks[list(iris)]
    if name == "neutral":
        # A smile taken away leaves lips a little apart; a face that showed none keeps its gap.
        moved = _seal(moved, min(amplitude, 1.0) * min(3.0 * shown, 1.0))
    return moved.astype(np.float32), ratio


def expression_fields(
    landmarks: np.ndarray,
    moved: np.ndarray,
    ratio: np.ndarray,
    prior: ExpressionPrior,
    crop_size: int,
    size: int,
    eyeglasses: bool = False,
) -> Fields:
    """Draw the fields that take a face from `landmarks` to `moved`.

    Args:
        landmarks: (478, 3) in crop pixels.
        moved: (478, 3) in crop pixels.
        ratio: log ratio on the prior's atlas.
        prior: of the expression.
        crop_size: side of the crop in pixels.
        size: side of the fields in pixels.
        eyeglasses: keep everything still behind and just below the spectacles.
    """
    grid, scale = (size, size), size / crop_size
    before = (landmarks.astype(np.float64) + 0.5) * scale - 0.5
    after = (moved.astype(np.float64) + 0.5) * scale - 0.5
    unit = float(np.linalg.norm(np.subtract(*before[list(OUTER_EYE_CORNERS), :2])))
    raster = rasterize_mesh(after, grid)
    flow = mesh_flow(before, after, raster, unit)
    opening = fill_polygon(after[list(INNER_LIPS)], grid)
    places = raster.interpolate(prior.atlas)
    log_ratio = cv2.remap(
        ratio.astype(np.float32), places[..., 0], places[..., 1], cv2.INTER_LINEAR
    )
    skin = raster.inside & (opening < 0.5)
    log_ratio = extend(log_ratio, skin, 0.1 * unit) * (1 - opening)[..., None]
    weight = cv2.GaussianBlur(raster.inside.astype(np.float32), (0, 0), 1.0)
    if eyeglasses:
        still = _spectacles(before, grid, unit)[..., None]
        flow, log_ratio = flow * (1 - still), log_ratio * (1 - 0.7 * still)
    gap, gap_after = (float(np.linalg.norm(p[13, :2] - p[14, :2])) / unit for p in (before, after))
    # Lips that stay a little apart show what they showed before.
    fresh = np.float32(np.clip((gap_after - gap) / NEWLY_OPEN, 0.0, 1.0) * (gap < SHOWS_INSIDE))
    return Fields(
        flow=(flow / scale).astype(np.float32),
        log_ratio=log_ratio.astype(np.float32),
        opacity=opening * fresh,
        opening=opening,
        weight=weight,
        landmarks=moved,
    )


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


def extend(field: np.ndarray, known: np.ndarray, reach: float) -> np.ndarray:
    """Continue a field smoothly beyond where it is known, fading to zero.

    Args:
        field: (H, W, C >= 2) float32.
        known: (H, W) bool.
        reach: pixels at which it has fallen to 1/e.
    """
    totals, counts = [field * known[..., None]], [known.astype(np.float32)]
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
    away = cv2.distanceTransform((~known).astype(np.uint8), cv2.DIST_L2, 5) / reach
    # Where nothing is known at all, the distance is the largest float.
    away = np.minimum(away, 10.0)
    outside = cv2.GaussianBlur(filled * np.exp(-(away**2))[..., None], (0, 0), 1.5)
    return np.where(known[..., None], field, outside).astype(np.float32)


def _seal(landmarks: np.ndarray, amount: float) -> np.ndarray:
    """Close the mouth by part of its gap, the skin around following.

    Args:
        landmarks: (478, 3) in pixels, upright.
        amount: 0 to 1.
    """
    sealed = landmarks.copy()
    unit = float(np.linalg.norm(np.subtract(*landmarks[list(OUTER_EYE_CORNERS), :2])))
    upper, lower = landmarks[list(UPPER_INNER_LIP)], landmarks[list(LOWER_INNER_LIP)]
    gap = lower - upper
    size = np.linalg.norm(gap[:, :2], axis=1, keepdims=True)
    close = amount * gap * np.maximum(0.0, 1.0 - SEALED * unit / np.maximum(size, 1e-6))
    middle = (upper + lower) / 2
    line = landmarks[:, None, :2] - middle[None, :, :2]
    near = np.exp(-((line[..., 0] / (0.06 * unit)) ** 2) - (line[..., 1] / (0.10 * unit)) ** 2)
    share = near / np.maximum(near.sum(1, keepdims=True), 1e-9)
    move = (share @ close) * near.max(1, keepdims=True)
    is_lower = (line * share[..., None]).sum(1)[:, 1] > 0
    sealed += np.where(is_lower[:, None], UPPER_SHARE - 1, UPPER_SHARE) * move
    sealed[list(UPPER_INNER_LIP[1:-1])] = (upper + UPPER_SHARE * close)[1:-1]
    sealed[list(LOWER_INNER_LIP[1:-1])] = (lower - (1 - UPPER_SHARE) * close)[1:-1]
    return sealed


def _spectacles(landmarks: np.ndarray, grid: tuple[int, int], unit: float) -> np.ndarray:
    """Return what spectacles keep still, (H, W) in [0, 1]: all above the upper cheek."""
    left, right = (landmarks[i, :2] for i in OUTER_EYE_CORNERS)
    across = (right - left) / unit
    down = np.array([-across[1], across[0]])
    rows, columns = np.mgrid[: grid[0], : grid[1]]
    middle = (left + right) / 2
    depth = ((columns - middle[0]) * down[0] + (rows - middle[1]) * down[1]) / unit
    # From 0.28 eye distances below the eyes on, where rims end, to 0.42.
    return np.clip((0.42 - depth) / 0.14, 0.0, 1.0).astype(np.float32)
