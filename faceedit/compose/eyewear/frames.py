"""Frames of spectacles as curves on the mean face: x right, y down, z away, in eye distances."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from faceedit.compose.eyewear.styles import SHAPES, Style
from faceedit.faces.pose import Similarity3, to_mean_face
from faceedit.faces.topology import IRISES

POINTS = 96
"""Of a lens's outline."""
CENTRE, LOWER = 0.385, 0.035
"""How far lenses' centres lie beside the bridge, and below the eyes."""
BRIDGE_POINT, TEMPLES = 168, (127, 356)
"""Mesh points: the root of the nose, and where the head's sides begin."""
WIDTH = 1.582
"""Between the temples of the mean face."""
BEFORE = 0.04
"""How far the bridge stands before the root of the nose."""
WRAP, TILT = 0.34, 0.11
"""How the front bends back towards its ends, and its lower edge towards the cheeks."""
HINGE = 0.735
"""x of the hinges."""
EAR, LATER = (0.02, -0.05, 0.0), 0.3
"""Where temples pass a head's side: out, down and back of it; and how much farther they end."""

Placed = Callable[[np.ndarray], np.ndarray]
"""Bends flat points about a face."""


@dataclass(frozen=True)
class Wire:
    """A band of a frame: the area between two curves.

    Attributes:
        edges: two (N, 3) curves.
        closed: each curve is a ring, one within the other.
        part: what it is.
    """

    edges: tuple[np.ndarray, np.ndarray]
    closed: bool
    part: Literal["rim", "bridge", "temple", "pad", "end"]


@dataclass(frozen=True)
class Frame:
    """A frame on a face, its points in the face's own pixels.

    Attributes:
        style: what it looks like.
        lenses: two (N, 3) outlines, the picture's left one first.
        wires: all else, what is farther back first.
    """

    style: Style
    lenses: tuple[np.ndarray, np.ndarray]
    wires: tuple[Wire, ...]


def fit_frame(style: Style, landmarks: np.ndarray) -> Frame:
    """Put a frame on a face.

    Args:
        style: of the frame.
        landmarks: (478, 3) mesh points, z away from the camera in the unit of x and y.
    """
    pose = to_mean_face(landmarks)
    own = pose.points(landmarks.astype(np.float64))
    left, right = (own[point] for point in TEMPLES)
    wide = float(np.clip((right[0] - left[0]) / WIDTH, 0.88, 1.07))
    middle = own[BRIDGE_POINT].copy()
    middle[1] = float(np.mean([own[iris[0], 1] for iris in IRISES])) + LOWER
    middle[2] -= BEFORE

    def placed(points: np.ndarray) -> np.ndarray:
        """Bend flat points (x, y, depth) about the face, and take them to its pixels."""
        x, y, depth = (points[:, k] * wide for k in range(3))
        bent = np.column_stack([x, y, depth + WRAP * x * x + TILT * y])
        return pose.inverse_points(middle + bent).astype(np.float32)

    lenses, wires = [], []
    for side in (-1, 1):
        inner, outer = _outlines(style, side)
        lenses.append(placed(inner))
        end = _end(style, side, placed)
        past = (left, right)[side > 0] + np.array([side * EAR[0], EAR[1], EAR[2]])
        wires.insert(0, _temple(style, end, past, pose))
        wires.append(end)
        if style.rim:
            wires.append(_rim(style, inner, outer, placed))
        if style.pads:
            wires.append(_pad(side, placed))
    bars = [_bar(style, height, placed) for height in style.bars]
    return Frame(style, (lenses[0], lenses[1]), (*wires, *bars))


def _outlines(style: Style, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the (N, 3) outlines of a lens and of its rim."""
    knots = np.array(SHAPES[style.shape])
    t = np.arange(POINTS) * (len(knots) / POINTS)
    start, share = t.astype(int), (t % 1)[:, None]
    before, here, after, beyond = (knots[(start + k) % len(knots)] for k in (-1, 0, 1, 2))
    unit = here + 0.5 * share * (
        after - before
        + share * (2 * before - 5 * here + 4 * after - beyond)
        + share * share * (3 * here - before - 3 * after + beyond)
    )  # fmt: skip
    inner = unit * style.half
    along = np.roll(inner, -1, 0) - np.roll(inner, 1, 0)
    away = np.column_stack([along[:, 1], -along[:, 0]])
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    broad = np.full(POINTS, 2 * style.rim)
    if style.flat:
        # Sheets are cut broadest where the temples begin, and narrow below.
        up, out = np.clip(-away[:, 1], -1, 1), np.clip(away[:, 0], 0, 1)
        broad *= 1 + 0.22 * up + 0.55 * out * np.clip(up + 0.25, 0, 1)
    outer = inner + broad[:, None] * away
    flat = np.zeros(POINTS)
    first, second = (
        np.column_stack([side * (CENTRE + one[:, 0]), one[:, 1], flat]) for one in (inner, outer)
    )
    return first, second


def _rim(style: Style, inner: np.ndarray, outer: np.ndarray, placed: Placed) -> Wire:
    if not style.upper:
        return Wire((placed(inner), placed(outer)), True, "rim")
    # From one side over the top to the other.
    lower = inner[:, 1] > 0.12 * style.half[1]
    first = int(np.flatnonzero(lower & ~np.roll(lower, -1))[0]) + 1
    order = np.roll(np.arange(POINTS), -first)[: int((~lower).sum())]
    # Its ends run out along the lens.
    share = np.linspace(-1, 1, len(order))[:, None] ** 8
    outer = outer[order] + 0.6 * share * (inner[order] - outer[order])
    return Wire((placed(inner[order]), placed(outer)), False, "rim")


def _bar(style: Style, height: float, placed: Placed) -> Wire:
    """Return a bridge between the lenses."""
    gap = CENTRE - style.half[0]
    share = np.linspace(-1, 1, 25)
    thick = max(style.rim, 0.0075) * (1.5 if style.flat else 1.0)
    # A single bridge is an arch; one of two is straight.
    arch = (0.028 if style.flat else 0.042) if len(style.bars) == 1 else 0.01
    x = share * (gap + 0.012)
    y = -height - arch * (1 - share * share)
    flare = 1 + (0.7 if style.flat else 0.3) * np.abs(share) ** 3
    edges = [np.column_stack([x, y + sign * thick * flare, np.zeros(25)]) for sign in (1, -1)]
    return Wire((placed(edges[0]), placed(edges[1])), False, "bridge")


def _pad(side: int, placed: Placed) -> Wire:
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    x = side * (0.105 + 0.016 * np.cos(angle) + 0.02 * np.sin(angle))
    y = 0.07 + 0.045 * np.sin(angle)
    pad = placed(np.column_stack([x, y, np.full(24, 0.02)]))
    return Wire((pad, pad), True, "pad")


def _end(style: Style, side: int, placed: Placed) -> Wire:
    """Return what joins a lens's rim to the hinge, which bends back at its end."""
    knots = np.array(SHAPES[style.shape])
    corner = knots[int((knots[:, 0] - 0.7 * knots[:, 1]).argmax())] * style.half
    high = 0.78 * corner[1] if style.flat else 0.6 * corner[1]
    start = CENTRE + style.half[0] * (0.93 if style.rim else 0.88)
    x = np.linspace(start, max(HINGE, CENTRE + style.half[0] + 3 * style.rim), 8)
    depth = 0.03 * np.linspace(0, 1, 8) ** 3
    edges = [
        np.column_stack([side * x, high + sign * style.side * np.linspace(1.0, 1.1, 8), depth])
        for sign in (1, -1)
    ]
    return Wire((placed(edges[0]), placed(edges[1])), False, "end")


def _temple(style: Style, end: Wire, past: np.ndarray, pose: Similarity3) -> Wire:
    """Return the side piece from its hinge past the side of the head to the ear."""
    hinges = [pose.points(edge[-1:].astype(np.float64))[0] for edge in end.edges]
    hinge = (hinges[0] + hinges[1]) / 2
    way = past - hinge
    # It keeps the hinge's height, as far as the ear lies about there.
    way[1] *= 0.6
    goal = hinge + way * (1 + LATER / max(float(np.linalg.norm(way)), 0.1))
    share = np.linspace(0, 1, 24)[:, None]
    edges = []
    for sign, corner in zip((1, -1), hinges, strict=True):
        last = goal + np.array([0.0, sign * style.side * 0.55, 0.0])
        edges.append(pose.inverse_points(corner + share * (last - corner)).astype(np.float32))
    return Wire((edges[0], edges[1]), False, "temple")
