"""Flesh, hair, clothes and background in one aligned face crop, without training.

A head model fitted to the face says where each usually is; the picture's own colours decide.
"""

from enum import IntEnum

import cv2
import numpy as np

from faceedit.faces.align import crop_side
from faceedit.faces.topology import BROW_OUTLINES, FACE_OVAL
from faceedit.studio.head import Zone
from faceedit.studio.matte import (
    EYE_DISTANCES,
    around_features,
    enlarge,
    face_coordinates,
    shrink,
    work_scene,
)
from faceedit.studio.seeded import Scene, segment

SURE = 8.0
"""Logit of what must be."""
NEVER = -6.0
"""Logit of what hardly can be."""


class Segment(IntEnum):
    """What a pixel is made of."""

    FLESH = 0
    HAIR = 1
    CLOTHES = 2
    BACKGROUND = 3


def find_segments(
    pixels: np.ndarray,
    landmarks: np.ndarray,
    matte: np.ndarray,
    skin: np.ndarray,
    zones: np.ndarray,
    valid: np.ndarray,
    hat: bool = False,
    scene: Scene | None = None,
) -> np.ndarray:
    """Say what every pixel is made of.

    Brows and beard are flesh here, hats are clothes.

    Args:
        pixels: (S, S, 3) float32 RGB in [0, 1], an aligned crop.
        landmarks: (478, 3) mesh points in crop pixels.
        matte: (S, S) float32 in [0, 1], from `person_matte`.
        skin: (S, S) float32 in [0, 1], from `skin_likeness`.
        zones: (S, S) uint8 of `Zone`, a fitted head model.
        valid: (S, S) bool, False where the crop shows no photo but its reflection.
        hat: whether the person wears one; else nothing tells it from hair.
        scene: of the crop, from `work_scene`; None makes it here.

    Returns:
        (S, S) uint8 of `Segment`.
    """
    scene = scene or work_scene(pixels, landmarks)
    side = scene.side
    where = cv2.resize(zones, (side, side), interpolation=cv2.INTER_NEAREST)
    small = landmarks * (side / pixels.shape[0])
    prior, telling = stuff_prior(small, shrink(matte, side), shrink(skin, side), where, hat)
    found = segment(scene, prior, telling * shrink(valid, side))
    planes = [enlarge(pixels, np.ascontiguousarray(found[..., kind])) for kind in Segment]
    return np.argmax(planes, 0).astype(np.uint8)


def stuff_prior(
    landmarks: np.ndarray, matte: np.ndarray, skin: np.ndarray, zones: np.ndarray, hat: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Say what is to be expected before any colour but the skin's is looked at.

    Args:
        landmarks: (478, 3) mesh points in pixels of the result.
        matte: (n, n) float32 in [0, 1].
        skin: (n, n) float32 in [0, 1].
        zones: (n, n) uint8 of `Zone`.
        hat: whether the person wears one.

    Returns:
        (n, n, 4) float32 logits in the order of `Segment`, and (n, n) float32, 0 where the colour
        tells nothing of it: a beard is flesh of the colour of hair.
    """
    size = matte.shape[0]
    unit = crop_side(landmarks) / EYE_DISTANCES
    gap, height, aside = face_coordinates(landmarks, size)
    half = float(np.ptp(landmarks[list(FACE_OVAL), 0])) / 2 / unit
    brows = float(np.mean([landmarks[list(i), 1].mean() for i in BROW_OUTLINES]))
    above = (brows - np.arange(size, dtype=np.float32)[:, None]) / unit
    neck, free = zones == Zone.NECK, zones == Zone.NONE

    # Above the brows hair begins about a tenth of an eye distance outside the mesh.
    crown, side = np.clip(18 * (gap - 0.10), -2.5, 3), np.clip(8 * (gap - 0.06), -1.2, 1)
    upper = np.clip(above / 0.25 + 0.5, 0, 1)
    hair = upper * crown + (1 - upper) * side - 1.6 * np.clip((0.05 - height) / 0.35, 0, 1)
    under_chin = (height < 0) & (aside < 0.85 * half)
    hair -= 2.5 * np.clip(1 - gap / 0.35, 0, 1) * under_chin

    flesh = 4.2 * (skin - 0.45)
    flesh += 1.5 * (neck & (gap > -0.05)) + 0.5 * (zones == Zone.EAR)
    flesh -= 0.3 * (zones == Zone.SHOULDERS) + 0.6 * ((zones == Zone.SCALP) & (gap > 0.05))
    flesh -= 2 * (free & (gap > 0.05) & (height < 0.9) & (height > -0.15))

    clothes = np.clip(-6 * (height + 0.02), NEVER, 2) + np.clip(3 * (gap - 0.25), -1, 0.5)
    clothes -= 1.2 * np.clip(1 + height / 0.3, 0, 1) * neck
    if hat:
        crowned = np.clip((above - 0.10) / 0.15 + 0.5, 0, 1)
        clothes += crowned * (3 - clothes)
        hair -= 2.5 * crowned
    else:
        clothes -= 1.5 * ((height > 0.15) & (gap < 0.6))

    # Between ear and shoulder the matte is least sure.
    notch = free & (height > -0.3) & (height < 0.45) & (gap > 0.08) & (gap < 0.8)
    behind = np.log((1.001 - matte) / (matte + 1e-3))
    behind = np.where(notch, 0.6 + 0.4 * np.clip(behind, -3, 5), np.clip(1.3 * behind, -6, 6))
    hair -= 0.3 * notch

    prior = np.dstack([flesh, hair, clothes, behind])
    prior[(gap < -0.02) & (above < 0)] += (2.5, 0, NEVER, NEVER)
    # Hair never covers the middle of the face.
    features = around_features(landmarks, size, 0.05, 0.05)
    prior[features | ((gap < -0.10) & (above < 0.04))] = (SURE, -4, -SURE, -SURE)
    beard = (height < 0.42) & (aside < 1.1 * half) & (gap < 0.25)
    telling = np.where(beard | features, 0.0, 1.0)
    return np.clip(prior, -SURE, SURE).astype(np.float32), telling.astype(np.float32)
