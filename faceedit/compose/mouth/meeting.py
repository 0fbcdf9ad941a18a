"""Lips that meet: what each shows up to their line, and the line itself."""

from dataclasses import replace

import cv2
import numpy as np

from faceedit.compose.mouth.lips import apart_of, middle_of, rows_at
from faceedit.compose.mouth.opening import CLOSED, MouthPoints, Opening, lip_gap
from faceedit.faces.topology import LOWER_INNER_LIP, UPPER_INNER_LIP
from faceedit.tones import LUMA

MEET_MARGIN, MEET_SHARE, MEET_PIXELS, BEYOND = 0.022, 0.35, 1.2, 0.08
"""Eye distances, most of a lip's thickness, and least pixels inside a lip that is shown at the line
where it meets the other; eye distances beyond the line's ends within which that fades."""
SEAM = 0.016
"""Eye distances on either side of the line of lips that meet in which they are cleaned."""
CONTACT_WIDTH, CONTACT_DEPTH = 0.012, np.array([0.48, 0.60, 0.62], np.float32)
"""Of the dark line where lips meet: eye distances, and share of RGB light lost."""
THINNEST_CONTACT = 0.9
"""Pixels: no line is drawn thinner, which would show stairs."""
NARROW, DARK = (0.025, 0.04, 0.06), (1.15, 0.75, 0.75)
"""Openings in eye distances up to which what is between lips may be their line alone, and the luma
of its brightest over the lips' own from which on it is more: teeth, or a mouth that is lit."""
ACROSS = ((0, 13), (37, 82), (267, 312), (17, 14), (84, 87), (314, 317))
"""Points at the outer and the inner edge of each lip, between which it shows its own light."""


def as_closed(
    pixels: np.ndarray, before: MouthPoints, after: MouthPoints, unit: float
) -> MouthPoints:
    """Return a photo's mouth, closed where it does not open and shows but a dark line of its lips.

    Args:
        pixels: (H, W, 3) float32 RGB in [0, 1], the photo.
        before: the mouth in it.
        after: in the target.
        unit: the eye distance in pixels.
    """
    gap, next_gap = (lip_gap(mouth.landmarks, unit) for mouth in (before, after))
    middle = middle_of(before.lips)
    if next_gap > min(gap, CLOSED) or gap >= NARROW[-1]:
        return before
    if gap >= CLOSED and _brightest(pixels, before, middle) > np.interp(gap, NARROW, DARK):
        return before
    landmarks = before.landmarks.copy()
    for line in (UPPER_INNER_LIP, LOWER_INNER_LIP):
        landmarks[list(line), :2] = middle
    return replace(before, landmarks=landmarks)


def _brightest(pixels: np.ndarray, mouth: MouthPoints, middle: np.ndarray) -> float:
    """Return the brightest luma along the middle of an opening, over the lips' own."""
    between = np.concatenate([middle[2:-2], (middle[2:-3] + middle[3:-2]) / 2])
    at = np.concatenate([between, mouth.landmarks[np.array(ACROSS), :2].mean(1)])
    x, y = at.astype(np.float32).T[:, None]
    seen = cv2.remap(pixels, x, y, cv2.INTER_LINEAR)[0] @ LUMA
    inside, lips = np.split(seen, [len(between)])
    return float(inside.max()) / max(float(np.median(lips)), 1e-3)


def meet(
    opening: Opening, flow: np.ndarray, before: MouthPoints, after: MouthPoints, change: float
) -> np.ndarray:
    """Let each of two lips that meet show itself up to their line, and nothing between.

    Args:
        opening: of the target.
        flow: (h, w, 2) pixels, in its box.
        before: the mouth in the photo, which is open.
        after: in the target.
        change: of `lip_change`.
    """
    unit, (columns, rows) = opening.unit, np.moveaxis(opening.places, -1, 0)
    share = change * closed_share(opening, before, after)
    if share.max() <= 0:
        return flow
    above = rows < rows_at(middle_of(after.lips), columns)
    at = opening.places + flow
    side = np.where(above, -1, 1)
    lines = [rows_at(line, at[..., 0]) for line in before.lips]
    away = side * (at[..., 1] - np.where(above, *lines))
    thick = np.where(above, *_thickness(before))
    margin = np.maximum(np.minimum(MEET_MARGIN * unit, MEET_SHARE * thick), MEET_PIXELS)
    push = margin * np.clip(1 - away / np.maximum(thick, 2 * margin), 0, 1) + np.maximum(-away, 0)
    met = flow.copy()
    met[..., 1] += side * push * share[None]
    return met


def closed_share(opening: Opening, before: MouthPoints, after: MouthPoints) -> np.ndarray:
    """Return in [0, 1] how far lips that were apart meet at each column of a box, (w,)."""
    unit, middle = opening.unit, middle_of(after.lips)
    columns, order = opening.places[0, :, 0], np.argsort(middle[:, 0])
    closing = _closing(before, after, unit)
    ends = middle[[0, -1], 0]
    beyond = np.maximum(ends.min() - columns, columns - ends.max()) / (BEYOND * unit)
    return np.interp(columns, middle[order, 0], closing[order]) * np.clip(1 - beyond, 0, 1)


def seam(
    photo: np.ndarray, opening: Opening, before: MouthPoints, after: MouthPoints
) -> tuple[np.ndarray, np.ndarray]:
    """Return paint of lips that meet, (h, w, 3), and its opacity, (h, w): without what was between.

    Args:
        photo: (h, w, 3) float32 RGB in [0, 1], as the flow has it.
        opening: of the target.
        before: the mouth in the photo.
        after: the mouth in the target.
    """
    unit, (columns, rows) = opening.unit, np.moveaxis(opening.places, -1, 0)
    wide = max(SEAM * unit, MEET_PIXELS)
    off = (rows - rows_at(middle_of(after.lips), columns)) / wide
    # A median keeps the skin of lips and loses specks and dots, which are smaller.
    size = 2 * round(1.5 * wide) + 1
    clean = cv2.medianBlur(np.rint(np.clip(photo, 0, 1) * 255).astype(np.uint8), size)
    smooth = cv2.GaussianBlur(clean.astype(np.float32) / 255, (0, 0), 0.5 * wide)
    opacity = closed_share(opening, before, after)[None] * np.exp(-(off**4))
    return smooth, opacity.astype(np.float32)


def contact(before: MouthPoints, after: MouthPoints, opening: Opening, gap: float) -> np.ndarray:
    """Return the log ratio (h, w, 3) of the line where lips meet that were apart in the photo.

    Args:
        before: the mouth in the photo.
        after: in the target.
        opening: of the target.
        gap: mean opening of the photo's lips in eye distances.
    """
    unit = opening.unit
    nothing = np.zeros((*opening.coverage.shape, 3), np.float32)
    widest = float((before.lips[1] - before.lips[0])[:, 1].max()) / unit
    if gap < CLOSED or widest < CLOSED:
        return nothing
    closing = _closing(before, after, unit)
    closing[[0, -1]] *= 0.5
    if closing.max() <= 0:
        return nothing
    middle = (after.lips[0] + after.lips[1]) / 2
    order = np.argsort(middle[:, 0])
    columns, along = opening.places[0, :, 0], opening.places[..., 1]
    rows = np.interp(columns, middle[order, 0], middle[order, 1])
    strength = np.interp(columns, middle[order, 0], closing[order], left=0, right=0)
    off = (along - rows[None]) / max(CONTACT_WIDTH * unit, THINNEST_CONTACT)
    line = cv2.GaussianBlur((strength[None] * np.exp(-(off**2))).astype(np.float32), (0, 0), 0.6)
    return np.log1p(-line[..., None] * CONTACT_DEPTH).astype(np.float32)


def _closing(before: MouthPoints, after: MouthPoints, unit: float) -> np.ndarray:
    """Return in [0, 1] how far lips that were apart meet, (11,) along their lines."""
    gaps = (after.lips[1] - after.lips[0])[:, 1] / unit
    # Lips a hair apart show a line too; wider ones show what is behind them.
    met = np.clip(1 - (gaps - 0.004) / 0.012, 0, 1)
    met[[0, -1]] = met[[1, -2]]
    return apart_of(before, unit) * met


def _thickness(mouth: MouthPoints) -> list[float]:
    """Return how thick the upper and the lower lip are in their middles, pixels."""
    return [
        max(float(np.linalg.norm(mouth.landmarks[a, :2] - mouth.landmarks[b, :2])), 1e-3)
        for a, b in ((0, 13), (14, 17))
    ]
