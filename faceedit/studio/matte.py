"""Person and skin in one aligned face crop, from colours and landmarks alone."""

import cv2
import numpy as np

from faceedit.compose.guided import guided_filter
from faceedit.faces.align import crop_side
from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import BROW_OUTLINES, EYES, FACE_OVAL, OUTER_LIPS
from faceedit.studio.seeded import Scene, build_scene, segment

EYE_DISTANCES = 2.8
"""Side of an aligned crop in distances of the outer eye corners, the unit of lengths here."""
WORK_SIDE, WIDE_SIDE = 80, 128
"""The person is found at this size, in a wide crop at the second, and refined at the crop's own."""


def work_scene(pixels: np.ndarray, landmarks: np.ndarray) -> Scene:
    """Prepare an (S, S, 3) float32 crop for `person_matte` and `parts.find_segments`."""
    wide = crop_side(landmarks) < 0.75 * pixels.shape[0]
    return build_scene(pixels, WIDE_SIDE if wide else WORK_SIDE)


def person_matte(
    pixels: np.ndarray, landmarks: np.ndarray, valid: np.ndarray, scene: Scene | None = None
) -> np.ndarray:
    """Separate head, hair, neck and shoulders from what is behind them.

    Args:
        pixels: (S, S, 3) float32 RGB in [0, 1], an aligned crop.
        landmarks: (478, 3) mesh points in crop pixels.
        valid: (S, S) bool, False where the crop shows no photo but its reflection.
        scene: of the crop, from `work_scene`; None makes it here.

    Returns:
        (S, S) float32 opacity of the person in [0, 1].
    """
    scene = scene or work_scene(pixels, landmarks)
    prior = person_prior(landmarks * (scene.side / pixels.shape[0]), scene.side)
    odds = np.dstack([prior, np.zeros_like(prior)])
    rough = segment(scene, odds, shrink(valid, scene.side))[..., 0]
    return np.clip((enlarge(pixels, rough) - 0.2) / 0.6, 0.0, 1.0).astype(np.float32)


def person_prior(landmarks: np.ndarray, size: int) -> np.ndarray:
    """Return (size, size) float32 log odds of the person, from where the face is.

    Args:
        landmarks: (478, 3) mesh points in pixels of the result.
        size: side of the result.
    """
    unit = crop_side(landmarks) / EYE_DISTANCES
    gap, height, aside = face_coordinates(landmarks, size)
    oval = landmarks[list(FACE_OVAL), :2]
    half = float(np.ptp(oval[:, 0])) / 2 / unit
    below = np.arange(size, dtype=np.float32)[:, None] / unit - float(oval[:, 1].max()) / unit
    head = 4.5 * (1.0 - gap / (0.19 + 0.17 * np.clip(height, 0.0, 1.2)))
    shoulders = 0.16 + 0.27 * np.maximum(aside - 0.55 * half, 0.0)
    body = 20.0 * (below - shoulders)
    neck = 3.0 * (1.0 - aside / (0.75 * half)) + 18.0 * np.minimum(below, 0.0)
    odds = np.clip(np.maximum(np.maximum(head, body), neck), -4.5, 4.5)
    return np.where(gap < -0.03, 8.0, odds).astype(np.float32)


def skin_likeness(pixels: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Compare every pixel with the skin of this face, in its shades from dark to light.

    Args:
        pixels: (S, S, 3) float32 RGB in [0, 1], an aligned crop.
        landmarks: (478, 3) mesh points in crop pixels.

    Returns:
        (S, S) float32 in [0, 1]; 1 for the skin's own colours.
    """
    size = pixels.shape[0]
    lab = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB) / np.float32(100.0)
    gap, height, _ = face_coordinates(landmarks, size)
    # Cheeks and nose: the forehead may be a fringe, the chin a beard.
    sure = (gap < -0.10) & (height > 0.30) & (height < 0.72)
    sure &= ~around_features(landmarks, size, 0.10, 0.20)
    if np.count_nonzero(sure) < 30:
        sure = gap <= gap.min() + 0.2
    evened = _without_trend(lab, landmarks[list(FACE_OVAL), :2], sure)
    samples = evened[sure]
    for _ in range(2):
        middle = np.median(samples, axis=0)
        spread = 3.0 * np.median(np.abs(samples - middle), axis=0) + [0.04, 0.02, 0.02]
        samples = samples[(np.abs(samples - middle) <= spread).all(1)]
    samples = samples[np.argsort(samples[:, 0], kind="stable")]
    nearest = np.full((size, size), np.inf, np.float32)
    for part in np.array_split(samples, 3):
        shade = part if len(part) > 3 else samples
        covariance = np.cov(shade.T, ddof=0) + np.diag([0.035**2, 0.015**2, 0.015**2])
        whiten = np.linalg.inv(np.linalg.cholesky(covariance))
        shift = np.column_stack([whiten, -whiten @ shade.mean(0)])
        white = cv2.transform(evened, shift.astype(np.float32))
        nearest = np.minimum(nearest, sum(cv2.split(white * white)))
    likeness = np.exp(-0.25 * np.maximum(nearest - 4.0, 0.0)).astype(np.float32)
    return cv2.GaussianBlur(likeness, (0, 0), size / 256)


def _without_trend(lab: np.ndarray, oval: np.ndarray, sure: np.ndarray) -> np.ndarray:
    """Take the slope that light from one side gives the face off the whole picture.

    Beyond the face's box the slope goes on level.
    """
    size = lab.shape[0]
    low, high = oval.min(0), oval.max(0)
    steps = np.arange(size, dtype=np.float32)
    across, down = (
        np.clip((steps - a) / max(b - a, 1.0), 0, 1) - 0.5 for a, b in zip(low, high, strict=True)
    )
    # A thousand pixels tell a plane as well as all of them.
    rows, columns = (i[:: max(1, len(i) // 1000)] for i in np.nonzero(sure))
    terms = np.column_stack([across[columns], down[rows], np.ones(len(rows))])
    colours = lab[rows, columns].astype(np.float64)
    kept = np.ones(len(rows), bool)
    plane = np.zeros((3, 3))
    for _ in range(3):
        # The ridge keeps few or crowded samples from inventing a slope.
        left = terms[kept].T @ terms[kept] + np.diag([0.005, 0.03, 1e-9]) * len(rows)
        plane = np.linalg.solve(left, terms[kept].T @ colours[kept])
        off = np.abs(colours - terms @ plane)[:, 0]
        kept = off <= 2.5 * np.median(off) + 1e-3
    plane = plane.astype(np.float32)
    return lab - across[None, :, None] * plane[0] - down[:, None, None] * plane[1]


def face_coordinates(landmarks: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return where pixels lie beside the mesh's outline.

    Args:
        landmarks: (478, 3) mesh points in pixels of the result.
        size: side of the result.

    Returns:
        Three (size, size) float32: distance from the outline in eye distances, negative inside;
        height, 0 at the chin and 1 at the top of the forehead; distance from the vertical axis in
        eye distances.
    """
    unit = crop_side(landmarks) / EYE_DISTANCES
    oval = landmarks[list(FACE_OVAL), :2].astype(np.float64)
    inside = (fill_polygon(oval, (size, size)) > 0.5).astype(np.uint8)
    gap = cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5)
    gap = np.minimum(gap, 3.0 * size) - cv2.distanceTransform(inside, cv2.DIST_L2, 5)
    rows, columns = np.mgrid[:size, :size].astype(np.float32)
    chin, top = float(oval[:, 1].max()), float(oval[:, 1].min())
    height = (chin - rows) / max(chin - top, 1.0)
    return gap / unit, height, np.abs(columns - float(oval[:, 0].mean())) / unit


def around_features(
    landmarks: np.ndarray, size: int, margin: float, around_eyes: float
) -> np.ndarray:
    """Draw brows and lips widened by `margin` eye distances, eyes by their own: (size, size) bool.

    Args:
        landmarks: (478, 3) mesh points in pixels of the result.
        size: side of the result.
        margin: around brows and lips, in eye distances.
        around_eyes: around eyes, in eye distances.
    """
    found = np.zeros((size, size), bool)
    for parts, reach in (((*BROW_OUTLINES, OUTER_LIPS), margin), (EYES, around_eyes)):
        drawn = np.zeros((size, size), np.uint8)
        for outline in parts:
            corners = np.round(landmarks[list(outline), :2]).astype(np.int32)
            cv2.fillPoly(drawn, [corners], 1)
        away = cv2.distanceTransform(1 - drawn, cv2.DIST_L2, 3)
        found |= away <= reach * crop_side(landmarks) / EYE_DISTANCES
    return found


def shrink(field: np.ndarray, side: int) -> np.ndarray:
    """Return a square field as (side, side) float32, averaged."""
    return cv2.resize(field.astype(np.float32), (side, side), interpolation=cv2.INTER_AREA)


def enlarge(pixels: np.ndarray, rough: np.ndarray) -> np.ndarray:
    """Enlarge a coarse (n, n) answer to the (S, S) of a picture along the picture's edges."""
    size = pixels.shape[0]
    large = cv2.resize(rough, (size, size), interpolation=cv2.INTER_LINEAR)
    return guided_filter(pixels, large, max(1, round(size * 3 / 256)), 2.4e-4)
