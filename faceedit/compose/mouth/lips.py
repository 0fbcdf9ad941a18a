"""How the flow of skin goes on at lips that part or move."""

import math
from dataclasses import replace

import cv2
import numpy as np

from faceedit.channels import length
from faceedit.compose.mouth.opening import CLOSED, MouthPoints, Opening, box_of
from faceedit.faces.raster import fill_polygon, rasterize_mesh
from faceedit.faces.topology import LOWER_INNER_LIP, N_SURFACE, UPPER_INNER_LIP
from faceedit.ramps import smoothstep

Lines = tuple[np.ndarray, np.ndarray]

LIP_MARGIN, LIP_REACH = 0.014, 0.09
"""Eye distances: lips that move are sampled this far from the photo's opening, where teeth may
shine under the landmarks' line; the lip is compressed by it over the reach."""
SIDE_MARGIN, SIDE_REACH = 0.011, 0.06
"""The same for lips that were closed, from the line where they met."""
ENDS, CORNERS, CORNER_MARGIN = 0.02, 0.16, 0.01
"""Eye distances from the line's ends over which that sets in, and within which it is more."""
SEAL = (0.02, 0.06)
"""Widest gaps in eye distances that lips which are to meet still close, and from which on they
stay as far apart as they are: landmarks are predicted, and a small error would show teeth."""
RIM = 0.04
"""Eye distances about the inner lips within which skin follows the landmarks alone."""
FINEST = 180.0
"""Eye distance in pixels of the finest grid that the landmarks' mesh is drawn on."""
FULL_CHANGE = 0.02
"""Eye distances of lip movement from which on the margins are whole."""


def lip_change(before: MouthPoints, after: MouthPoints, unit: float) -> float:
    """Return in [0, 1] how far the inner lips move."""
    moved = np.linalg.norm(after.ring - before.ring, axis=1).max()
    change = float(moved) / unit / FULL_CHANGE
    return min(change, 1.0) if change > 1e-3 else 0.0


def seal(before: MouthPoints, after: MouthPoints, unit: float) -> MouthPoints:
    """Let lips meet that are nearly closed after an edit, and were closed or are closing.

    Args:
        before: the mouth in the photo.
        after: in the target.
        unit: the eye distance in pixels.
    """

    def widest(points: MouthPoints) -> float:
        upper, lower = points.lips
        return float((lower - upper)[:, 1].max()) / unit

    had, has = widest(before), widest(after)
    closing = 1.0 if had < CLOSED else float(np.clip(2 * (1 - has / had), 0, 1))
    # What does not move stays as it is.
    closing *= lip_change(before, after, unit)
    kept = 1 - closing * (1 - float(smoothstep(has, SEAL)))
    if kept == 1:
        return after
    landmarks = after.landmarks.copy()
    upper, lower = (list(line[1:-1]) for line in (UPPER_INNER_LIP, LOWER_INNER_LIP))
    middle = (landmarks[upper, :2] + landmarks[lower, :2]) / 2
    for line in (upper, lower):
        landmarks[line, :2] = middle + kept * (landmarks[line, :2] - middle)
    return replace(after, landmarks=landmarks)


def follow_lips(
    opening: Opening, flow: np.ndarray, before: MouthPoints, after: MouthPoints
) -> np.ndarray:
    """Let the rims of the lips follow the landmarks, where a coarse flow mixes in what is between.

    Lips that stay closed have nothing between, and at their corners the mesh may fold.

    Args:
        opening: of the target.
        flow: (h, w, 2) pixels, in the opening's box.
        before: the mouth in the photo.
        after: in the target.
    """
    unit, (height, width) = opening.unit, flow.shape[:2]
    step = max(1.0, unit / FINEST)
    size = (max(2, round(height / step)), max(2, round(width / step)))
    scale = np.array([size[1] / width, size[0] / height])
    corner = opening.places[0, 0]
    landmarks = (after.landmarks[:, :2] - corner + 0.5) * scale - 0.5
    ring = (after.ring - corner + 0.5) * scale - 0.5
    raster = rasterize_mesh(landmarks, size)
    between = fill_polygon(ring, size) > 0.5
    unknown = (~raster.inside | between).astype(np.uint8)
    if unknown.all():
        return flow
    shift = raster.interpolate((before.landmarks - after.landmarks)[:N_SURFACE, :2])
    _, found = cv2.distanceTransformWithLabels(
        unknown, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    labels = np.asarray(found, np.int64)
    nearest = np.zeros((int(labels.max()) + 1, 2), np.float32)
    nearest[labels[unknown == 0]] = shift[unknown == 0]
    outline = cv2.morphologyEx(between.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3)))
    line = np.ones(size, np.uint8)
    cv2.polylines(line, [np.rint(ring).astype(np.int32)], True, 0)
    away = cv2.distanceTransform(line & (1 - np.minimum(outline, 1)), cv2.DIST_L2, 5)
    near = np.exp(-((away / (RIM * unit * scale[0])) ** 2))
    exact, near = (
        cv2.resize(values.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
        for values in (nearest[labels], near)
    )
    columns, order = opening.places[0, :, 0], np.argsort(middle_of(after.lips)[:, 0])
    apart = np.maximum(*(apart_of(mouth, unit) for mouth in (before, after)))
    near *= np.interp(columns, middle_of(after.lips)[order, 0], apart[order]).astype(np.float32)
    return flow + near[..., None] * (exact - flow)


def continue_flow(opening: Opening, flow: np.ndarray) -> np.ndarray:
    """Continue the lips' flow into the opening from the nearest skin.

    Args:
        opening: of the target.
        flow: (h, w, 2) pixels, in the opening's box.
    """
    hole = (opening.mouth_pixels > 0).astype(np.uint8)
    if not hole.any() or hole.all():
        return flow
    blur = 0.008 * opening.unit
    # What is nearest, and what is blurred, lies no farther away.
    box = box_of(hole, math.ceil(4 * blur) + 3)
    hole, around = hole[box], flow[box]
    _, found = cv2.distanceTransformWithLabels(hole, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    label = np.asarray(found, np.int64)
    outside = hole == 0
    nearest = np.zeros((label.max() + 1, 2), np.float32)
    nearest[label[outside]] = around[outside]
    soft = cv2.GaussianBlur(nearest[label], (0, 0), blur)
    continued = flow.copy()
    continued[box] = np.where(outside[..., None], around, soft)
    return continued


def keep_off(shown: Opening, flow: np.ndarray, change: float) -> np.ndarray:
    """Compress moving lips away from the photo's opening, whose light would line them.

    Args:
        shown: the photo's opening.
        flow: (h, w, 2) pixels, in its box.
        change: of `lip_change`.
    """
    if not shown.coverage.any():
        return flow
    unit = shown.unit
    margin, reach = change * LIP_MARGIN * unit, LIP_REACH * unit
    distance = shown.distance()
    slope = np.stack([np.gradient(distance, axis=1), np.gradient(distance, axis=0)], axis=-1)
    slope = cv2.GaussianBlur(slope, (0, 0), 0.01 * unit)
    at = sample_box(np.dstack([distance, slope]).astype(np.float32), flow)
    away = at[..., 1:] / np.maximum(length(at[..., 1:])[..., None], 0.3)
    # Inside the opening's line the whole way out is missing, beyond it ever less.
    push = np.clip(margin * (1 - at[..., 0] / reach), 0, margin) + np.clip(
        -at[..., 0], 0, change * 2 * LIP_MARGIN * unit
    )
    return flow + push[..., None] * away


def keep_side(
    opening: Opening, flow: np.ndarray, before: Lines, after: Lines, change: float
) -> np.ndarray:
    """Keep lips that part from showing the other lip at their rim.

    Args:
        opening: of the target.
        flow: (h, w, 2) pixels, in its box.
        before: inner lines of the lips in the photo, which are closed.
        after: in the target.
        change: of `lip_change`.
    """
    unit = opening.unit
    at = opening.places + flow
    side = np.where(
        opening.places[..., 1] < rows_at(middle_of(after), opening.places[..., 0]), -1, 1
    )
    away = side * (at[..., 1] - rows_at(middle_of(before), at[..., 0]))
    ends = before[0][[0, -1], 0]
    inwards = np.minimum(at[..., 0] - ends.min(), ends.max() - at[..., 0]) / unit
    # Towards the corners, landmarks are less sure of the line and its shadow is wider.
    corner = np.clip(1 - inwards / CORNERS, 0, 1)
    margin = change * unit * (SIDE_MARGIN + CORNER_MARGIN * corner)
    push = margin * np.clip(1 - away / (SIDE_REACH * unit), 0, 1) + np.clip(-away, 0, margin)
    shifted = flow.copy()
    shifted[..., 1] += side * push * np.clip(inwards / ENDS, 0, 1)
    return shifted


def middle_of(lines: Lines) -> np.ndarray:
    """Return the line between two lips, (11, 2)."""
    return (lines[0] + lines[1]) / 2


def rows_at(line: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return the rows of an (N, 2) line at some columns, float32; beyond it those of its ends."""
    order = np.argsort(line[:, 0])
    return np.interp(columns, line[order, 0], line[order, 1]).astype(np.float32)


def apart_of(mouth: MouthPoints, unit: float) -> np.ndarray:
    """Return in [0, 1] how far lips are apart, (11,) along their lines."""
    apart = np.clip((mouth.lips[1] - mouth.lips[0])[:, 1] / unit / 0.03, 0, 1)
    apart[[0, -1]] = apart[[1, -2]]
    return apart


def sample_box(values: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """Sample (h, w, ...) values of a box at its places plus flow, bilinear."""
    height, width = flow.shape[:2]
    x = (flow[..., 0] + np.arange(width)).astype(np.float32)
    y = (flow[..., 1] + np.arange(height)[:, None]).astype(np.float32)
    return cv2.remap(values, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
