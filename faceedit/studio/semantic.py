"""Which part of a person every pixel of an aligned crop shows."""

from enum import IntEnum

import cv2
import numpy as np

from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import (
    BROW_OUTLINES,
    EYES,
    FACE_OVAL,
    INNER_LIPS,
    NOSE,
    OUTER_EYE_CORNERS,
    OUTER_LIPS,
)
from faceedit.studio.matte import EYE_DISTANCES, face_coordinates


class Region(IntEnum):
    """Values of a semantic mask."""

    BACKGROUND = 0
    SKIN = 1
    NOSE = 2
    BROWS = 3
    EYES = 4
    EYEGLASSES = 5
    EARS = 6
    MOUTH = 7
    LIPS = 8
    NECK = 9
    HAIR = 10
    CLOTHES = 11


HEAD_FACE = 1
HEAD_BACK = 2
"""Region ids of a drawn head model: the skin of the face, the back of the head with the neck."""


def semantic_mask(
    landmarks: np.ndarray,
    matte: np.ndarray,
    hair: np.ndarray,
    skin: np.ndarray,
    head: np.ndarray | None = None,
    eyeglasses: bool = False,
    hat: bool = False,
) -> np.ndarray:
    """Label every pixel.

    Args:
        landmarks: (478, 3) mesh points in crop pixels.
        matte: (S, S) float32 in [0, 1], from `person_matte`.
        hair: (S, S) float32 in [0, 1], from `hair_mask`.
        skin: (S, S) float32 in [0, 1], from `skin_likeness`.
        head: (S, S) int32 drawn from a fitted head model: 0 none, HEAD_FACE or HEAD_BACK. Without
            it ears and neck are where they usually are beside and below the face.
        eyeglasses: whether the person wears them; then they are looked for.
        hat: whether the person wears one; then what looks like hair above the brows is clothes.

    Returns:
        (S, S) uint8 of `Region`.
    """
    size = matte.shape[0]
    person = matte > 0.5
    is_hair = (hair > 0.5) & person
    labels = _surroundings(landmarks, hair, skin, head)
    oval = _drawn(landmarks, FACE_OVAL, size)
    labels[oval] = Region.SKIN
    if hat:
        brows = min(float(landmarks[list(i), 1].min()) for i in BROW_OUTLINES)
        labels[is_hair] = Region.HAIR
        above = is_hair & (np.arange(size)[:, None] < brows - 0.08 * size / EYE_DISTANCES)
        labels[above] = Region.CLOTHES
    else:
        labels[is_hair] = Region.HAIR
    labels[~person & ~oval] = Region.BACKGROUND
    on_skin = labels == Region.SKIN
    # Hair over a brow hides it; eyes, nose and mouth are never covered by what looks like hair.
    for outline in BROW_OUTLINES:
        labels[_drawn(landmarks, outline, size) & on_skin] = Region.BROWS
    labels[_drawn(landmarks, NOSE, size)] = Region.NOSE
    labels[_drawn(landmarks, OUTER_LIPS, size)] = Region.LIPS
    labels[_drawn(landmarks, INNER_LIPS, size)] = Region.MOUTH
    for outline in EYES:
        labels[_drawn(landmarks, outline, size)] = Region.EYES
    if eyeglasses:
        labels[_eyeglasses(landmarks, skin, person)] = Region.EYEGLASSES
    return labels


def _surroundings(
    landmarks: np.ndarray, hair: np.ndarray, skin: np.ndarray, head: np.ndarray | None
) -> np.ndarray:
    """Label everything outside the mesh as if the whole crop were the person without hair."""
    size = skin.shape[0]
    gap, height, aside = face_coordinates(landmarks, size)
    half = float(np.ptp(landmarks[list(FACE_OVAL), 0])) / 2 * EYE_DISTANCES / size
    smooth = cv2.blur(skin, (2 * (size // 64) + 1,) * 2)
    labels = np.where(height > 0.0, Region.HAIR, Region.CLOTHES).astype(np.uint8)
    # Doubtful hair low beside the face is rather a collar.
    labels[(height < 0.5) & (hair < 0.25)] = Region.CLOTHES
    near = (gap < 0.12) & (height > 0.1)
    crown = (height > 0.75) & (gap < 0.8)
    labels[near | (crown & (smooth > 0.3))] = Region.SKIN
    if head is None:
        below = aside < 0.85 * half + 0.25 * np.clip(-height - 0.15, 0.0, 0.4)
        neck = below & (height < 0.3) & ((smooth > 0.2) | ((height > -0.12) & (aside < 0.6 * half)))
        ears = (aside > 0.8 * half) & (height > 0.25) & (height < 0.8) & (gap < 0.32)
        ears &= smooth > 0.35
    else:
        back = head == HEAD_BACK
        neck = back & (height < 0.2)
        ears = back & (height > 0.2) & (height < 0.8) & (aside > 0.6 * half)
        labels[head == HEAD_FACE] = Region.SKIN
    labels[neck] = Region.NECK
    labels[ears] = Region.EARS
    return labels


def _eyeglasses(landmarks: np.ndarray, skin: np.ndarray, person: np.ndarray) -> np.ndarray:
    """Find frames, and lenses where they are dark, around the eyes: (S, S) bool, approximate."""
    size = skin.shape[0]
    unit = size / EYE_DISTANCES
    rows, columns = np.mgrid[:size, :size].astype(np.float32)
    odd = skin < 0.35
    found = np.zeros((size, size), bool)
    own = _drawn(landmarks, EYES[0], size) | _drawn(landmarks, EYES[1], size)
    brows = np.max([_drawn(landmarks, i, size) for i in BROW_OUTLINES], axis=0)
    apart = cv2.dilate((own | brows).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    for outline in EYES:
        x, y = landmarks[list(outline), :2].mean(0)
        y += 0.06 * unit
        reach = ((columns - x) / (0.33 * unit)) ** 2 + ((rows - y) / (0.29 * unit)) ** 2
        lens = reach < 0.6
        below = lens & (rows > y) & ~apart
        if odd[below].mean() > 0.6:
            found |= (reach < 1.15) & odd
            found |= lens
        else:
            found |= (reach < 1.25) & odd & ~apart
    left, right = (landmarks[i, :2] for i in OUTER_EYE_CORNERS)
    middle = (rows > min(left[1], right[1]) - 0.16 * unit) & (
        rows < max(left[1], right[1]) + 0.10 * unit
    )
    bridge = np.abs(columns - (left[0] + right[0]) / 2) < 0.15 * unit
    gap, _, _ = face_coordinates(landmarks, size)
    arms = ((columns < left[0]) | (columns > right[0])) & (gap < 0.05)
    found |= middle & odd & (bridge | arms) & ~apart
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    return (cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_CLOSE, kernel) > 0) & person


def _drawn(landmarks: np.ndarray, outline: tuple[int, ...], size: int) -> np.ndarray:
    return fill_polygon(landmarks[list(outline), :2], (size, size)) > 0.5
