"""What shows between the lips: the photo's own teeth where it has them, a donor's elsewhere."""

from dataclasses import dataclass

import cv2
import numpy as np

from faceedit.faces.topology import INNER_LIPS, LOWER_INNER_LIP, UPPER_INNER_LIP
from faceedit.studio.fields import grid, warp
from faceedit.studio.lips import CLOSED
from faceedit.studio.mouth_bank import (
    MouthBank,
    MouthChoice,
    draw_mouth_choice,
    edge_of_model,
)
from faceedit.studio.mouth_cavity import Opening, mouth_box, paint_cavity
from faceedit.studio.mouth_tone import ToothTone
from faceedit.studio.subject import Pose, Subject
from faceedit.studio.teeth import MouthAnatomy, SmoothMap, incisal_edge
from faceedit.studio.tones import LUMA

__all__ = ["MouthChoice", "MouthEdit", "draw_mouth_choice", "edit_mouth"]

LIP_MARGIN, LIP_REACH = 0.014, 0.09
"""Eye distances: lips that move are sampled this far from the photo's opening, where teeth may
shine under the landmarks' line; the lip is compressed by it over the reach."""
SIDE_MARGIN, SIDE_REACH = 0.011, 0.06
"""The same for lips that were closed, from the line where they met."""
OWN_TEETH = 0.05
"""Gap of the lips in eye distances from which on a photo says what its teeth look like."""
OWN_MARGIN, LOWER_MARGIN = (0.008, 0.026), (0.02, 0.045)
"""Eye distances inside the photo's opening from where on its own teeth are taken, softly;
more for what the jaw carries away from the upper teeth, as the wet rim of the lower lip is not."""
FULL_CHANGE = 0.02
"""Eye distances of lip movement from which on the margins are whole."""
MIDDLE, MOST_DROP = 0.12, 0.035
"""Eye distances: half the width of the front teeth, and how far they may end from the model's."""
JAW_SHOWN, JAW_FALL = (0.11, 0.15), 0.04
"""Gaps of the lips between which a photo comes to show the lower jaw; how far else what is below
the upper teeth goes with it; eye distances."""
TORN = 0.012
"""Eye distances below the upper teeth that stay with nothing when a closed bite opens."""
CONTACT_WIDTH, CONTACT_DEPTH = 0.010, np.array([0.50, 0.62, 0.60], np.float32)
"""Of the dark line where lips meet: eye distances, and share of RGB light lost."""


@dataclass(frozen=True)
class MouthEdit:
    """What an edit does at the mouth; S is the crop's side.

    Attributes:
        flow: (S, S, 2) float32 pixels, the given flow corrected in and about the mouth.
        log_ratio: (S, S, 3) float32, the contact line of lips that close.
        paint: (S, S, 3) float32 RGB in [0, 1].
        opacity: (S, S) float32 in [0, 1].
        painted: (S, S) float32 in [0, 1], opening that the photo does not show.
        tooth_coordinates: (S, S, 2) float32 in [0, 1], `MouthAnatomy.chart` where the opening is.
        inside: (S, S) float32 in [0, 1], the target's opening, anti-aliased.
    """

    flow: np.ndarray
    log_ratio: np.ndarray
    paint: np.ndarray
    opacity: np.ndarray
    painted: np.ndarray
    tooth_coordinates: np.ndarray
    inside: np.ndarray


def edit_mouth(
    subject: Subject, target: Pose, flow: np.ndarray, bank: MouthBank, choice: MouthChoice
) -> MouthEdit:
    """Fill the target's mouth.

    Args:
        subject: the photo and its fit.
        target: the pose to show.
        flow: (S, S, 2) backward flow of the skin.
        bank: donors of teeth.
        choice: whose teeth, where new ones show.
    """
    size = subject.crop.size
    flow = flow.copy()
    log_ratio = np.zeros((size, size, 3), np.float32)
    paint = np.zeros((size, size, 3), np.float32)
    opacity, painted, inside = np.zeros((3, size, size), np.float32)
    coordinates = np.zeros((size, size, 2), np.float32)
    edit = MouthEdit(flow, log_ratio, paint, opacity, painted, coordinates, inside)

    anatomy = bank.anatomy(subject.model)
    change = _change(subject, target)
    box = mouth_box(anatomy, (subject.pose, target), subject.unit)
    opening = Opening(anatomy, target, subject.unit, box)
    inside[box] = opening.coverage
    coordinates[box] = opening.chart()
    if change == 0:
        return edit
    shown = None
    local = _lip_flow(opening, flow[box].copy())
    if subject.gap >= CLOSED:
        shown = Opening(anatomy, subject.pose, subject.unit, box)
        local = _keep_off(shown, local, subject.unit, change)
    elif opening.coverage.any():
        local = _keep_side(subject, target, opening, local, change)
    if opening.coverage.any():
        _fill(edit, subject, target, bank, choice, opening, shown, local, change)
    else:
        flow[box] = local
    log_ratio += _contact(subject, target)
    return edit


def _change(subject: Subject, target: Pose) -> float:
    """Return in [0, 1] how far the inner lips move."""
    ring = subject.model.landmark_vertices[list(INNER_LIPS)]
    moved = np.linalg.norm(target.places[ring] - subject.pose.places[ring], axis=1).max()
    change = float(moved) / subject.unit / FULL_CHANGE
    return min(change, 1.0) if change > 1e-3 else 0.0


def _lip_flow(opening: Opening, flow: np.ndarray) -> np.ndarray:
    """Continue the lips' flow into the opening from the nearest skin."""
    hole = (opening.mouth_pixels > 0).astype(np.uint8)
    if not hole.any() or hole.all():
        return flow
    _, found = cv2.distanceTransformWithLabels(hole, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    label = np.asarray(found, np.int64)
    outside = hole == 0
    nearest = np.zeros((label.max() + 1, 2), np.float32)
    nearest[label[outside]] = flow[outside]
    soft = cv2.GaussianBlur(nearest[label], (0, 0), 0.008 * opening.unit)
    return np.where(outside[..., None], flow, soft)


def _keep_off(shown: Opening, flow: np.ndarray, unit: float, change: float) -> np.ndarray:
    """Compress moving lips away from the photo's opening, whose light would line them."""
    if not shown.coverage.any():
        return flow
    margin, reach = change * LIP_MARGIN * unit, LIP_REACH * unit
    distance = shown.distance()
    slope = np.stack([np.gradient(distance, axis=1), np.gradient(distance, axis=0)], axis=-1)
    slope = cv2.GaussianBlur(slope, (0, 0), 0.01 * unit)
    field = np.dstack([distance, slope]).astype(np.float32)
    at = warp(field, flow, cv2.INTER_LINEAR)
    away = at[..., 1:] / np.maximum(np.linalg.norm(at[..., 1:], axis=-1, keepdims=True), 0.3)
    # Inside the opening's line the whole way out is missing, beyond it ever less.
    push = np.clip(margin * (1 - at[..., 0] / reach), 0, margin) + np.clip(
        -at[..., 0], 0, change * 2 * LIP_MARGIN * unit
    )
    return flow + push[..., None] * away


def _keep_side(
    subject: Subject, target: Pose, opening: Opening, flow: np.ndarray, change: float
) -> np.ndarray:
    """Keep lips that part from showing the other lip at their rim."""
    points = subject.model.landmark_vertices
    upper, lower = points[list(UPPER_INNER_LIP)], points[list(LOWER_INNER_LIP)]

    def line(pose: Pose, columns: np.ndarray) -> np.ndarray:
        middle = (pose.places[upper] + pose.places[lower]) / 2
        order = np.argsort(middle[:, 0])
        return np.interp(columns, middle[order, 0], middle[order, 1]).astype(np.float32)

    at = opening.places + flow
    side = np.where(opening.places[..., 1] < line(target, opening.places[..., 0]), -1, 1)
    away = side * (at[..., 1] - line(subject.pose, at[..., 0]))
    margin, reach = change * SIDE_MARGIN * subject.unit, SIDE_REACH * subject.unit
    push = np.clip(margin * (1 - away / reach), 0, margin) + np.clip(-away, 0, margin)
    ends = subject.pose.places[upper[[0, -1]], 0]
    inwards = np.minimum(at[..., 0] - ends.min(), ends.max() - at[..., 0]) / reach
    shifted = flow.copy()
    shifted[..., 1] += side * push * np.clip(inwards, 0, 1)
    return shifted


def _fill(edit, subject, target, bank, choice, opening, shown, lips, change) -> None:
    """Write flow, paint and opacity of the opening into `edit`."""
    anatomy, box, coverage = bank.anatomy(subject.model), opening.box, opening.coverage
    own, teeth_flow, drop = _own(subject, target, anatomy, opening, shown, change)
    tone = ToothTone(subject)
    if shown is not None and subject.gap > OWN_TEETH:
        tone.match(subject.crop.pixels[box][-shown.distance() > OWN_MARGIN[0] * subject.unit])
    new = paint_cavity(subject, target, bank, choice, opening, tone, drop)
    core = coverage > 0.99
    flow = np.where((core & (own > 0.02))[..., None], teeth_flow, lips)
    kept = np.clip(np.linalg.norm(teeth_flow - lips, axis=-1) / 0.25, 0, 1)
    opacity = np.where(core, 1 - own, coverage * np.maximum(1 - own, kept))
    rim = (~core & (coverage > 0))[..., None]
    carried = warp_box(subject.crop.pixels, teeth_flow, opening)
    paint = np.where(rim, own[..., None] * carried + (1 - own[..., None]) * new, new)
    edit.flow[box] = flow
    edit.paint[box] = np.clip(paint, 0, 1) * (opacity > 0)[..., None]
    edit.opacity[box] = opacity
    edit.painted[box] = coverage * (1 - own)


def warp_box(pixels: np.ndarray, flow: np.ndarray, opening: Opening) -> np.ndarray:
    """Sample the crop for the opening's box."""
    places = opening.places + flow
    return cv2.remap(
        pixels, places[..., 0], places[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
    )


def _own(
    subject: Subject,
    target: Pose,
    anatomy: MouthAnatomy,
    opening: Opening,
    shown: Opening | None,
    change: float,
) -> tuple[np.ndarray, np.ndarray, float]:
    """Return how much of each pixel the photo shows, (h, w) in [0, 1], and its flow (h, w, 2).

    And by how many pixels the photo's upper teeth end lower than the model's.

    The upper teeth and what is above their edge move with the head, the rest with the jaw.
    """
    places = opening.places
    nothing = np.zeros(places.shape[:2], np.float32)
    if shown is None or not shown.coverage.any():
        return nothing, np.zeros_like(places), 0.0
    source = subject.pose.places
    upper = SmoothMap(target.places[anatomy.upper], source[anatomy.upper]).on_grid(places) - places
    lower = SmoothMap(target.places[anatomy.lower], source[anatomy.lower]).on_grid(places) - places
    moved = np.linalg.norm(lower - upper, axis=-1).max()
    depth = np.maximum(-shown.distance(), 0) / subject.unit

    def seen(towards: np.ndarray, margin: tuple[float, float]) -> np.ndarray:
        low, high = margin[0] * change, max(margin[1] * change, 1e-6)
        found = warp(depth, towards, cv2.INTER_LINEAR)
        return np.clip((found - low) / (high - low), 0, 1)

    columns = places[0, :, 0]
    start = edge_of_model(source[anatomy.upper], columns) - places[0, 0, 1]
    luma = subject.crop.pixels[opening.box] @ LUMA
    edge = incisal_edge(luma, shown.coverage > 0.5, start, 0.07 * subject.unit)
    middle = np.abs(columns - np.median(source[anatomy.upper, 0])) < MIDDLE * subject.unit
    drop = float(np.median((edge - start)[middle])) if middle.any() else 0.0
    drop = float(np.clip(drop, -MOST_DROP * subject.unit, MOST_DROP * subject.unit))
    if moved < 0.3:
        return seen(upper, OWN_MARGIN).astype(np.float32), upper, drop
    rows = np.arange(len(places), dtype=np.float32)[:, None]
    # What is torn apart is torn clear of the teeth's tips.
    torn_share = min(moved / subject.unit / FULL_CHANGE, 1.0)
    torn = torn_share * TORN * subject.unit
    edge = cv2.GaussianBlur(edge[None], (0, 0), 0.01 * subject.unit)
    above = np.clip(edge + 1.0 - rows, 0, 1)
    below = np.clip((rows - edge - torn) / (1.0 + torn) + 1.0, 0, 1)
    of_upper = seen(upper, OWN_MARGIN) * warp(above, upper, cv2.INTER_LINEAR)
    of_lower = seen(lower, LOWER_MARGIN) * warp(below.astype(np.float32), lower, cv2.INTER_LINEAR)
    # What a smile shows below the upper teeth is their shadow and the wet lip: torn far from
    # them it would hang in the air. A mouth that is open shows a lower jaw.
    low, high = JAW_SHOWN
    shows_jaw = float(np.clip((subject.gap - low) / (high - low), 0, 1))
    of_lower *= max(shows_jaw, float(np.exp(-((moved / subject.unit / JAW_FALL) ** 2))))
    take_upper = of_upper >= 0.5
    own = np.where(take_upper, of_upper, np.where(of_lower > 0, of_lower, of_upper))
    flow = np.where((take_upper | (of_lower <= 0))[..., None], upper, lower)
    return own.astype(np.float32), flow, drop


def _contact(subject: Subject, target: Pose) -> np.ndarray:
    """Return the log ratio of the line where lips meet that were apart in the photo."""
    points = subject.model.landmark_vertices

    def gaps(pose: Pose) -> np.ndarray:
        return (
            pose.places[points[list(LOWER_INNER_LIP)], 1]
            - pose.places[points[list(UPPER_INNER_LIP)], 1]
        ) / subject.unit

    before, after = gaps(subject.pose), gaps(target)
    size = subject.crop.size
    if subject.gap < CLOSED or float(before.max()) < CLOSED:
        return np.zeros((size, size, 3), np.float32)
    # Lips a hair apart show a line too; wider ones show what is behind them.
    closing = np.clip(before / 0.03, 0, 1) * np.clip(1 - (after - 0.004) / 0.012, 0, 1)
    closing[[0, -1]] = 0.5 * closing[[1, -2]]
    if closing.max() <= 0:
        return np.zeros((size, size, 3), np.float32)
    middle = (
        target.places[points[list(UPPER_INNER_LIP)]] + target.places[points[list(LOWER_INNER_LIP)]]
    ) / 2
    order = np.argsort(middle[:, 0])
    columns = np.arange(size)
    rows = np.interp(columns, middle[order, 0], middle[order, 1])
    strength = np.interp(columns, middle[order, 0], closing[order], left=0, right=0)
    off = (grid((size, size))[..., 1] - rows[None]) / (CONTACT_WIDTH * subject.unit)
    line = strength[None] * np.exp(-(off**2))
    line = cv2.GaussianBlur(line.astype(np.float32), (0, 0), 0.6)
    return np.log1p(-line[..., None] * CONTACT_DEPTH).astype(np.float32)
