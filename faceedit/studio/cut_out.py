"""People cut out of photos by several judges, and how far these agree."""

import cv2
import numpy as np

from faceedit.compose.guided import guided_filter
from faceedit.faces.align import crop_side
from faceedit.faces.topology import FACE_OVAL
from faceedit.studio.matte import EYE_DISTANCES, face_coordinates
from faceedit.tones import to_bytes

ROUNDS = 4
SURE, NEVER = 3.4, -2.9
"""Log odds from which a pixel is the person's, and below which it is not, whatever its colour."""
CHROMA, SHARPNESS = (1.6, 1.2), 90.0
"""What a and b of Lab count, and the range of fine contrast, beside L from 0 to 255."""
HOLE = 0.01
"""Share of the picture up to which a hole in a person is filled."""


def cut_out(
    pixels: np.ndarray, landmarks: np.ndarray, valid: np.ndarray, rough: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Find the person in a wide crop.

    GrabCut (Rother, Kolmogorov and Blake, 2004) finds the cheapest edge three times: by colours
    from where the face lies, by colours and sharpness, since walls are often out of focus, and by
    colours from a guess. These and the guess vote.

    Args:
        pixels: (S, S, 3) float32 RGB in [0, 1].
        landmarks: (478, 3) mesh points in crop pixels.
        valid: (S, S) bool, on the photo; elsewhere the guess stands.
        rough: (S, S) float32, the guess, an opacity in [0, 1].

    Returns:
        (S, S) float32 in [0, 1] each: the opacity, and how far it is to be trusted, 1 where all
        agree.
    """
    rows, columns = (np.flatnonzero(valid.any(axis)) for axis in (1, 0))
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    picture = np.ascontiguousarray(to_bytes(pixels[box]))
    odds = _prior(landmarks, len(pixels))[box]
    nose = np.clip(landmarks[1, :2] - [columns[0], rows[0]], 0, np.array(odds.shape[::-1]) - 1)
    votes = [
        _cheapest(picture, odds, odds > 0, nose),
        _cheapest(_with_sharpness(picture), odds, odds > 0, nose),
        _cheapest(picture, odds, rough[box] > 0.5, nose),
        rough[box] > 0.5,
    ]
    share = np.mean(votes, 0, dtype=np.float32)
    # Where two say yes and two say no the guess decides.
    person = np.where(share == 0.5, votes[-1], share > 0.5).astype(np.float32)
    opacity, trust = rough.copy(), np.ones_like(rough)
    radius = max(1, round(3 * len(pixels) / 256))
    opacity[box] = np.clip(guided_filter(pixels[box], person, radius, 3e-4), 0, 1)
    trust[box] = np.abs(2 * share - 1)
    return opacity, trust


def _prior(landmarks: np.ndarray, size: int) -> np.ndarray:
    """Return (size, size) float32 log odds of the person; hair may fall or stand far out."""
    gap, height, aside = face_coordinates(landmarks, size)
    unit = crop_side(landmarks) / EYE_DISTANCES
    oval = landmarks[list(FACE_OVAL), :2]
    half = float(np.ptp(oval[:, 0])) / 2 / unit
    below = (np.arange(size, dtype=np.float32)[:, None] - float(oval[:, 1].max())) / unit
    head = np.clip(2.6 * (1 - gap / (0.24 + 0.14 * np.clip(height, 0, 1.2))), -2, 8)
    head[gap > 1] = -3
    body = np.clip(14 * (below - 0.22 - 0.3 * np.maximum(aside - 0.55 * half, 0)), -3, 4)
    neck = np.clip(3 * (1 - aside / (0.75 * half)) + 18 * np.minimum(below, 0), -3, 4)
    odds = np.maximum(np.maximum(head, body), neck)
    return np.where(gap < -0.02, 8, odds).astype(np.float32)


def _cheapest(
    picture: np.ndarray, odds: np.ndarray, begin: np.ndarray, nose: np.ndarray
) -> np.ndarray:
    """Return GrabCut's answer as (h, w) bool, what hangs together with the nose, without holes."""
    labels = np.where(begin, cv2.GC_PR_FGD, cv2.GC_PR_BGD)
    labels = np.where(odds > SURE, cv2.GC_FGD, np.where(odds < NEVER, cv2.GC_BGD, labels))
    labels = labels.astype(np.uint8)
    if len(np.unique(labels % 2)) < 2:
        return begin
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)  # of its k-means
    whole = (0, 0, *picture.shape[1::-1])
    cv2.grabCut(picture, labels, whole, *models, ROUNDS, cv2.GC_INIT_WITH_MASK)
    person = (labels % 2).astype(np.uint8)
    _, parts = cv2.connectedComponents(person)
    person = (parts == parts[tuple(np.round(nose[::-1]).astype(int))]).astype(np.uint8)
    _, holes, sizes, _ = cv2.connectedComponentsWithStats(1 - person)
    small = sizes[:, cv2.CC_STAT_AREA] < HOLE * person.size
    return (person > 0) | (small[holes] & (holes > 0))


def _with_sharpness(picture: np.ndarray) -> np.ndarray:
    """Return (h, w, 3) uint8: L, one mixture of a and b, and the logarithm of fine contrast."""
    lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB).astype(np.float32)
    luma = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    fine = np.abs(luma - cv2.GaussianBlur(luma, (0, 0), 1.2))
    fine = np.log(cv2.GaussianBlur(fine, (0, 0), 1.5) + np.float32(0.004))
    low, high = np.percentile(fine, [2, 98])
    fine = np.clip((fine - low) / max(high - low, 1e-6), 0, 1) * SHARPNESS
    chroma = 128 + (lab[..., 1:] - 128) @ np.array(CHROMA, np.float32)
    return np.clip(np.dstack([lab[..., 0], chroma, fine]), 0, 255).astype(np.uint8)
