"""What spectacles keep still."""

import cv2
import numpy as np

from faceedit.faces.raster import squares_about
from faceedit.faces.topology import BROW_OUTLINES, BROWS, CHEEKS, EYES, NOSE, SUBNASALE
from faceedit.ramps import ramp
from faceedit.tones import LUMA

REACH = (0.40, 0.30)
"""Half axes of a lens with its frame, in eye distances."""
HELD = 0.9
"""Of the flow that is taken away there; lids behind lenses may move a little."""
SOFT = 0.05
"""Eye distances over which the hold fades."""
BROW_REACH, BROW_HELD, BROW_SOFT = (0.46, 0.46), 0.5, 0.10
"""The same about the brows: they could rise, but between a brow and a frame that stays skin and
hair are drawn out like fur."""

BROW_SHARE, BROW_RISES, HELD_WHOLE = (0.3, 0.7), (0.02, 0.06), 0.85
"""Mean holds of a brow by a frame, and eye distances that it rises by, between which it comes to be
held as a whole, and how firmly: half a brow that rises is a smear."""
BROW_WHOLE = (0.09, 0.05)
"""Eye distances about a brow that are held with it, and over which that fades."""

RIMS = (0.15, 0.4)
"""Log luma by which a frame is darker or lighter than what lies on both sides of it: less is none,
more is one in full."""
RIM_WIDTH, ABOUT = 0.05, 0.035
"""Widest half of a frame, and how far beside it skin is held along, in eye distances."""
BETWEEN_LIDS = (0.19, 0.10)
"""Half axes about the middle of an eye, whose lids and lashes are no frame."""
FRAMED, LOWER = (0.62, 0.42), 0.08
"""Half axes within which an eye's frame lies, and how far below the eye their middle is."""
LENS, LENS_LOWER = (0.25, 0.15), 0.05
"""Half axes about an eye within which a dark lens lies, and how far below it their middle is."""
DARK_LENS, OF_LENS, DARK = 0.6, (0.45, 0.65), (0.3, 0.5)
"""Log luma by which lenses of sunglasses are darker than cheeks; shares of both ellipses that are
so dark, between which they come to be sunglasses; and how much darker all is that is held then."""
SPOT = 0.045
"""Half the side in eye distances of the squares of cheeks that are looked at."""
NOSE_FROM = 0.25
"""Eye distances below the eyes from which on a nose has lines of its own."""
DARKEST = 0.04


def frame_hold(pixels: np.ndarray, landmarks: np.ndarray, unit: float) -> np.ndarray:
    """Return where frames of spectacles are, and what is beside them, (S, S) float32 in [0, 1].

    Lines that are darker or lighter than both sides, which brows are too: those that a frame
    nearly touches stay with it.

    Args:
        pixels: (S, S, 3) float32 RGB in [0, 1].
        landmarks: (478, >= 2) in its pixels, upright.
        unit: the eye distance in pixels.
    """
    light = np.log(np.maximum(pixels @ LUMA, DARKEST)).astype(np.float32)
    side = 2 * max(1, round(RIM_WIDTH * unit)) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    hats = (cv2.morphologyEx(light, how, kernel) for how in (cv2.MORPH_BLACKHAT, cv2.MORPH_TOPHAT))
    low, high = RIMS
    frame = np.clip((np.maximum(*hats) - low) / (high - low), 0, 1)
    about, lids = (np.zeros(light.shape, np.float32) for _ in range(2))
    for eye in EYES:
        x, y = landmarks[list(eye), :2].mean(0).tolist()
        for where, (wide, high), down in ((about, FRAMED, LOWER), (lids, BETWEEN_LIDS, 0.0)):
            box = ((x, y + down * unit), (2 * wide * unit, 2 * high * unit), 0.0)
            cv2.ellipse(where, box, 1.0, -1)
    nose = np.zeros(light.shape, np.uint8)
    cv2.fillPoly(nose, [np.rint(landmarks[list(NOSE), :2]).astype(np.int32)], 1)
    eyes = landmarks[[n for eye in EYES for n in eye], 1].mean()
    nose[: max(int(eyes + NOSE_FROM * unit), 0)] = 0
    nose[max(int(landmarks[SUBNASALE, 1]), 0) :] = 1
    frame *= about * (1 - lids)
    frame = np.maximum(frame, about * _dark_lenses(light, landmarks, unit)) * (1 - nose)
    side = 2 * max(1, round(ABOUT * unit)) + 1
    spread = cv2.dilate(frame, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    return np.clip(1.25 * cv2.GaussianBlur(spread, (0, 0), 0.5 * ABOUT * unit), 0, 1)


def brows_whole(held: np.ndarray, before: np.ndarray, after: np.ndarray, unit: float) -> np.ndarray:
    """Return a hold, (S, S) float32 in [0, 1], that brows under a frame which rise have as a whole.

    Args:
        held: (S, S) float32 in [0, 1], of frames.
        before: (478, >= 2) landmarks in its pixels.
        after: (478, >= 2) where they go.
        unit: the eye distance in pixels.
    """
    whole = np.zeros_like(held)
    about, soft = (max(1, round(one * unit)) for one in BROW_WHOLE)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * about + 1, 2 * about + 1))
    for outline in map(list, BROW_OUTLINES):
        brow = np.zeros(held.shape, np.uint8)
        cv2.fillPoly(brow, [np.rint(before[outline, :2]).astype(np.int32)], 1)
        rises = float((before[outline, 1] - after[outline, 1]).mean()) / unit
        if brow.any() and rises > BROW_RISES[0]:
            seen = (held[brow > 0].mean(), BROW_SHARE), (rises, BROW_RISES)
            shares = [ramp(one, between) for one, between in seen]
            share = np.float32(HELD_WHOLE * np.prod(shares))
            whole = np.maximum(whole, share * cv2.dilate(brow, kernel))
    return np.maximum(held, cv2.GaussianBlur(whole, (0, 0), soft)) if whole.any() else held


def _dark_lenses(light: np.ndarray, landmarks: np.ndarray, unit: float) -> np.ndarray:
    """Return in [0, 1] how far each pixel, (S, S), may be sunglasses': nothing without them."""
    reach = max(1, round(SPOT * unit))
    spots = squares_about(light, landmarks[list(CHEEKS)], reach)
    cheeks = [float(np.median(one)) for one in spots]
    share, darker = 1.0, float(np.median(cheeks or [0.0])) - light
    for eye in EYES:
        x, y = landmarks[list(eye), :2].mean(0).tolist()
        lens = np.zeros(light.shape, np.uint8)
        axes = (2 * LENS[0] * unit, 2 * LENS[1] * unit)
        cv2.ellipse(lens, ((x, y + LENS_LOWER * unit), axes, 0.0), 1, -1)
        seen = darker[lens > 0] > DARK_LENS
        dark = float(seen.mean()) if seen.size else 0.0
        share = min(share, float(ramp(dark, OF_LENS)))
    # Brows that rise above a rim are no lens.
    brows = landmarks[[n for brow in BROWS for n in brow], 1].mean()
    darker[: max(int(brows), 0)] = 0
    return share * ramp(darker, DARK)


def spectacle_hold(landmarks: np.ndarray, unit: float, size: int) -> np.ndarray:
    """Return how firmly each pixel is held by spectacles, (S, S) float32 in [0, HELD].

    Cheeks beyond the frames stay free to move, brows in part.

    Args:
        landmarks: (478, >= 2) in crop pixels, upright.
        unit: the eye distance in pixels.
        size: side of the crop.
    """
    held, brows = np.zeros((2, size, size), np.float32)
    centres = np.array([landmarks[list(eye), :2].mean(0) for eye in EYES])
    for centre in centres:
        # Lenses hang lower than the eyes' middle.
        x, y = centre[0], centre[1] + 0.03 * unit
        axes = (REACH[0] * unit, REACH[1] * unit)
        box = ((float(x), float(y)), (2 * axes[0], 2 * axes[1]), 0.0)
        cv2.ellipse(held, box, 1.0, -1)
        about = (2 * BROW_REACH[0] * unit, 2 * BROW_REACH[1] * unit)
        cv2.ellipse(brows, ((float(x), float(y) - 0.15 * unit), about, 0.0), BROW_HELD, -1)
    bridge = tuple(round(float(v)) for v in centres.mean(0))
    reach = (int(0.2 * unit), int(0.10 * unit))
    cv2.ellipse(held, bridge, reach, 0, 0, 360, 1.0, -1)
    lenses = cv2.GaussianBlur(held, (0, 0), SOFT * unit) * np.float32(HELD)
    return np.maximum(lenses, cv2.GaussianBlur(brows, (0, 0), BROW_SOFT * unit))
