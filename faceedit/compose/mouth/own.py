"""What a photo itself shows between its lips, and where that goes when the mouth moves."""

from dataclasses import dataclass

import cv2
import numpy as np

from faceedit.channels import length
from faceedit.compose.mouth.jaws import SmoothMap, edge_of_teeth, incisal_edge
from faceedit.compose.mouth.light import SHADED, teeth_light
from faceedit.compose.mouth.lips import FULL_CHANGE, rows_at, sample_box
from faceedit.compose.mouth.opening import MouthPoints, Opening, hanging
from faceedit.ramps import ramp

OWN_MARGIN, LOWER_MARGIN = (0.008, 0.026), (0.02, 0.045)
"""Eye distances inside the photo's opening from where on its own teeth are taken, softly;
more for what the jaw carries away from the upper teeth, as the wet rim of the lower lip is not."""
MIDDLE, MOST_DROP = 0.12, 0.035
"""Eye distances: half the width of the front teeth, and how far they may end from the model's."""
JAW_SHOWN, JAW_FALL = (0.16, 0.2), 0.02
"""Gaps of the lips between which a photo comes to show the lower jaw; how far else what is below
the upper teeth goes with it; eye distances."""
TORN = 0.02
"""Eye distances below the upper teeth that stay with nothing when a closed bite opens."""
BARED, LONGEST = 0.022, 0.6
"""Eye distances below the photo's upper lip from where on teeth are lit; and the largest share of
teeth that is drawn from the rest, where the lip bares more of them."""
STILL = 0.3
"""Pixels: jaws that move apart by less move as one."""


@dataclass(frozen=True)
class OwnMouth:
    """What of the target's opening the photo shows.

    Attributes:
        share: (h, w) float32 in [0, 1] of each pixel.
        flow: (h, w, 2) float32 pixels to where the photo shows it.
        drop: pixels by which the photo's upper teeth end lower than the marks say.
    """

    share: np.ndarray
    flow: np.ndarray
    drop: float


def own_mouth(
    luma: np.ndarray,
    before: MouthPoints,
    after: MouthPoints,
    opening: Opening,
    shown: Opening | None,
    gap: float,
    change: float,
) -> OwnMouth:
    """Find what of the target's opening the photo shows.

    The upper teeth and what is above their edge move with the head, the rest with the jaw.

    Args:
        luma: (h, w) of the photo in the opening's box.
        before: the mouth in the photo.
        after: in the target.
        opening: of the target.
        shown: of the photo, None where its lips are closed.
        gap: mean opening of the photo's lips in eye distances.
        change: of `lips.lip_change`.
    """
    places, unit = opening.places, opening.unit
    nothing = np.zeros(places.shape[:2], np.float32)
    if shown is None or not shown.coverage.any():
        return OwnMouth(nothing, np.zeros_like(places), 0.0)
    upper = SmoothMap(after.upper, before.upper).on_grid(places) - places
    upper = _to_lip(upper, before, after, opening, change)
    lower = SmoothMap(after.lower, before.lower).on_grid(places) - places
    moved = length(lower - upper).max()
    depth = np.maximum(-shown.distance(), 0) / unit

    def seen(towards: np.ndarray, margin: tuple[float, float]) -> np.ndarray:
        low, high = margin[0] * change, max(margin[1] * change, 1e-6)
        return np.clip((sample_box(depth, towards) - low) / (high - low), 0, 1)

    columns = places[0, :, 0]
    start = edge_of_teeth(before.upper, columns) - places[0, 0, 1]
    edge = incisal_edge(luma, shown.coverage > 0.5, start, 0.07 * unit)
    middle = np.abs(columns - np.median(before.upper[:, 0])) < MIDDLE * unit
    drop = float(np.median((edge - start)[middle])) if middle.any() else 0.0
    drop = float(np.clip(drop, -MOST_DROP * unit, MOST_DROP * unit))
    if moved < STILL:
        return OwnMouth(seen(upper, OWN_MARGIN).astype(np.float32), upper, drop)
    rows = np.arange(len(places), dtype=np.float32)[:, None]
    # What is torn apart is torn clear of the teeth's tips.
    torn = min(moved / unit / FULL_CHANGE, 1.0) * TORN * unit
    edge = cv2.GaussianBlur(edge[None], (0, 0), 0.01 * unit)
    above = np.clip(edge + 1.0 - rows, 0, 1)
    below = np.clip((rows - edge - torn) / (1.0 + torn) + 1.0, 0, 1)
    of_upper = seen(upper, OWN_MARGIN) * sample_box(above, upper)
    of_lower = seen(lower, LOWER_MARGIN) * sample_box(below.astype(np.float32), lower)
    # What a smile shows below the upper teeth is their shadow and the wet lip: torn far from
    # them it would hang in the air. A mouth that is open shows a lower jaw.
    shows_jaw = float(ramp(gap, JAW_SHOWN))
    of_lower *= max(shows_jaw, float(np.exp(-((moved / unit / JAW_FALL) ** 2))))
    take_upper = of_upper >= 0.5
    own = np.where(take_upper, of_upper, np.where(of_lower > 0, of_lower, of_upper))
    flow = np.where((take_upper | (of_lower <= 0))[..., None], upper, lower)
    return OwnMouth(own.astype(np.float32), flow, drop)


def own_light(
    own: OwnMouth, before: MouthPoints, after: MouthPoints, opening: Opening, shown: Opening
) -> np.ndarray:
    """Return the log ratio of the light that a smile's teeth lose as the mouth comes to hang open.

    Args:
        own: what the photo shows.
        before: the mouth in the photo.
        after: in the target.
        opening: of the target.
        shown: of the photo.

    Returns:
        (h, w, 3) float32.
    """
    had, has = (hanging(points, opening.unit) for points in (before, after))
    if has <= had or not own.share.any():
        return np.zeros((*own.share.shape, 3), np.float32)
    was, light = (
        teeth_light(mouth.coverage > 0.05, opening.unit, hangs)
        for mouth, hangs in ((shown, had), (opening, has))
    )
    lost = np.minimum(np.log(light / sample_box(was, own.flow)), 0)
    return ((has - had) * opening.coverage * (own.share > 0) * lost)[..., None] * SHADED


def _to_lip(
    flow: np.ndarray, before: MouthPoints, after: MouthPoints, opening: Opening, change: float
) -> np.ndarray:
    """Return the upper teeth's flow with what a lip bares of them drawn from what it bared before.

    Args:
        flow: (h, w, 2) pixels of `OwnMouth.flow`, in the opening's box.
        before: the mouth in the photo.
        after: in the target.
        opening: of the target.
        change: of `lips.lip_change`.
    """
    columns, rows = opening.places[0, :, 0], opening.places[..., 1]
    lip = rows_at(after.lips[0], columns)
    edge = edge_of_teeth(after.upper, columns)
    at = np.clip(np.rint(lip - rows[0, 0]).astype(int), 0, len(rows) - 1)
    there = flow[at, np.arange(len(columns))]
    raised = np.maximum(rows_at(before.lips[0], columns + there[:, 0]) - lip - there[:, 1], 0)
    margin = BARED * opening.unit
    missing = raised + np.minimum(2 * raised, change * margin)
    length = np.maximum(edge - lip, 1.0)
    missing = np.minimum(missing, LONGEST * length)
    drawn = flow.copy()
    drawn[..., 1] += missing * np.clip((edge - rows) / length, 0, 1)
    return drawn
