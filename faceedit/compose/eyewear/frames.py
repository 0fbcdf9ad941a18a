"""Frames of spectacles as curves on the mean face: x right, y down, z away, in eye distances."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

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
BEFORE = 0.05
"""How far the bridge stands before the root of the nose."""
WRAP, TILT = 0.26, 0.11
"""How the front bends back towards its ends, and its lower edge towards the cheeks."""
HINGE, EAR = 0.745, (0.012, -0.05, 0.06)
"""x of the hinges, and where temples end beside a head's side: out, down and back of it."""

RGB = tuple[float, float, float]
Placed = Callable[[np.ndarray], np.ndarray]
"""Bends flat points about a face."""


@dataclass(frozen=True)
class Style:
    """What a pair of spectacles looks like.

    Attributes:
        half: half width and half height of a lens.
        squareness: exponent of the superellipse that its outline is.
        taper: share by which it is narrower below than above.
        lift: how far its outer upper corner is drawn up.
        rim: half the width of the rim; 0 for none.
        upper: the lower half has no rim.
        side: half the height of the temples.
        colour: of the frame.
        second: what a mottled frame is mixed with; None for one colour.
        gloss: of highlights on it.
        bars: bridges, as their height above the lenses' middle.
        pads: it rests on pads.
        tint: of the lenses, above and below.
        opacity: of the tint, above and below.
    """

    half: tuple[float, float]
    squareness: float = 2.0
    taper: float = 0.0
    lift: float = 0.0
    rim: float = 0.012
    upper: bool = False
    side: float = 0.013
    colour: RGB = (0.05, 0.05, 0.05)
    second: RGB | None = None
    gloss: float = 0.5
    bars: tuple[float, ...] = (0.07,)
    pads: bool = True
    tint: tuple[RGB, RGB] = ((0.25, 0.3, 0.3), (0.25, 0.3, 0.3))
    opacity: tuple[float, float] = (0.03, 0.015)


GOLD, SILVER, STEEL = (0.62, 0.47, 0.24), (0.62, 0.62, 0.63), (0.2, 0.2, 0.21)
BLACK, BROWN = (0.035, 0.035, 0.04), (0.12, 0.065, 0.035)
WINE, HORN = (0.2, 0.04, 0.06), (0.42, 0.23, 0.1)
_DARK: tuple[RGB, RGB] = ((0.02, 0.02, 0.025), (0.05, 0.045, 0.045))
_AMBER: tuple[RGB, RGB] = ((0.06, 0.035, 0.02), (0.2, 0.12, 0.07))
_TWO = (0.04, 0.16)
_THICK = {"rim": 0.027, "side": 0.036, "pads": False, "gloss": 0.35}

STYLES: dict[str, tuple[Style, ...]] = {
    "round": (
        Style((0.268, 0.258), rim=0.011, colour=GOLD, gloss=0.9),
        Style((0.265, 0.252), 2.1, rim=0.017, side=0.022, colour=BROWN, second=HORN, pads=False),
    ),
    "square": (
        Style((0.292, 0.225), 3.4, 0.1, 0.015, rim=0.019, side=0.026, colour=BLACK, pads=False),
        Style((0.295, 0.215), 4.0, 0.06, rim=0.011, colour=STEEL, gloss=0.7),
    ),
    "aviator": (
        Style((0.305, 0.265), 2.5, 0.2, -0.01, rim=0.011, colour=GOLD, gloss=0.9, bars=_TWO),
        Style((0.305, 0.262), 2.5, 0.2, rim=0.011, colour=SILVER, gloss=0.9, bars=_TWO),
    ),
    "cat_eye": (
        Style((0.288, 0.205), 2.6, 0.12, 0.07, rim=0.019, side=0.024, colour=BLACK, pads=False),
        Style((0.288, 0.21), 2.6, 0.12, 0.065, rim=0.017, side=0.022, colour=WINE, pads=False),
    ),
    "rimless": (Style((0.28, 0.185), 3.0, 0.05, rim=0.0, side=0.008, colour=SILVER, gloss=0.9),),
    "half_rim": (
        Style((0.29, 0.19), 3.6, 0.06, rim=0.013, upper=True, colour=STEEL, gloss=0.7),
        Style((0.292, 0.2), 3.0, 0.1, 0.02, rim=0.022, upper=True, colour=BROWN, second=HORN),
    ),
    "thick": (Style((0.295, 0.228), 3.2, 0.1, 0.01, colour=BLACK, **_THICK),),
    "thin": (Style((0.285, 0.215), 2.8, 0.05, rim=0.007, side=0.009, colour=SILVER, gloss=0.9),),
    "metal": (Style((0.288, 0.205), 3.2, 0.05, rim=0.011, colour=STEEL, gloss=0.8),),
    "horn": (Style((0.29, 0.222), 3.0, 0.1, 0.015, colour=BROWN, second=HORN, **_THICK),),
    "sunglasses": (
        Style((0.3, 0.24), 3.0, 0.12, 0.015, rim=0.021, side=0.03, colour=BLACK, pads=False,
              tint=_DARK, opacity=(0.93, 0.86)),
        Style((0.31, 0.268), 2.5, 0.2, rim=0.011, colour=GOLD, gloss=0.9, bars=_TWO,
              tint=_AMBER, opacity=(0.9, 0.66)),
    ),
}  # fmt: skip
"""By `targets.KINDS` of spectacles, some of each."""
USUAL = tuple(kind for kind in STYLES if kind not in ("sunglasses", "rimless", "thin"))
"""Kinds that are chosen where none is asked for: plain to see, and seen through."""


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
    part: Literal["rim", "bridge", "temple", "pad"]


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
    wide = float(np.clip((right[0] - left[0]) / WIDTH, 0.93, 1.07))
    middle = own[BRIDGE_POINT].copy()
    middle[1] = float(np.mean([own[iris[0], 1] for iris in IRISES])) + LOWER
    middle[2] -= BEFORE

    def placed(points: np.ndarray) -> np.ndarray:
        """Bend flat points (x, y, depth) about the face, and take them to its pixels."""
        x, y, depth = (points[:, k] * wide for k in range(3))
        bent = np.column_stack([x, y, depth + WRAP * x * x + TILT * y])
        return _back(pose, middle + bent)

    lenses, wires = [], []
    for side in (-1, 1):
        inner = _outline(style, side, 0.0)
        lenses.append(placed(inner))
        ends = (left, right)[side > 0] + np.array([side * EAR[0], EAR[1], EAR[2]])
        wires.insert(0, _temple(style, side, ends, placed, middle, pose))
        if style.rim:
            wires.append(_rim(style, side, inner, placed))
        if style.pads:
            wires.append(_pad(side, placed))
    bars = [_bar(style, height, placed) for height in style.bars]
    return Frame(style, (lenses[0], lenses[1]), (*wires, *bars))


def _back(pose: Similarity3, points: np.ndarray) -> np.ndarray:
    return pose.inverse_points(points).astype(np.float32)


def _outline(style: Style, side: int, beyond: float) -> np.ndarray:
    """Return the (N, 3) outline of a lens, some way beyond its edge."""
    angle = np.linspace(0, 2 * np.pi, POINTS, endpoint=False)
    cosine, sine = np.cos(angle), np.sin(angle)
    radius = (np.abs(cosine) ** style.squareness + np.abs(sine) ** style.squareness) ** (
        -1 / style.squareness
    )
    x = (style.half[0] + beyond) * radius * cosine
    y = (style.half[1] + beyond) * radius * sine
    low = y / style.half[1]
    x = x * (1 - style.taper * (low + 1) / 2)
    out = np.clip(cosine, 0, 1) * np.clip(-sine, 0, 1)
    y = y - style.lift * 2 * out
    # The narrow lower end leans towards the cheek, away from the nose.
    x = x + style.taper * style.half[0] * 0.25 * np.clip(low, 0, 1)
    return np.column_stack([side * (CENTRE + x), y, np.zeros(POINTS)])


def _rim(style: Style, side: int, inner: np.ndarray, placed) -> Wire:
    outer = _outline(style, side, 2 * style.rim)
    if not style.upper:
        return Wire((placed(inner), placed(outer)), True, "rim")
    # From one side over the top to the other.
    order = np.roll(np.arange(POINTS), -POINTS // 2)[: POINTS // 2 + 1]
    order = order - POINTS // 40
    return Wire((placed(inner[order]), placed(outer[order])), False, "rim")


def _bar(style: Style, height: float, placed) -> Wire:
    """Return a bridge between the lenses."""
    gap = CENTRE - style.half[0] + 0.006
    share = np.linspace(-1, 1, 25)
    thick = max(style.rim, 0.009) * (1.1 if style.pads else 1.35)
    # A single bridge is an arch; one of two is straight.
    arch = 0.05 if len(style.bars) == 1 else 0.012
    x = share * (gap + 0.03)
    y = -height - arch * (1 - share * share)
    edges = [
        np.column_stack([x, y + sign * thick * (1 + 0.5 * np.abs(share) ** 3), np.zeros(25)])
        for sign in (-1, 1)
    ]
    return Wire((placed(edges[0]), placed(edges[1])), False, "bridge")


def _pad(side: int, placed) -> Wire:
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    x = side * (0.105 + 0.016 * np.cos(angle) + 0.02 * np.sin(angle))
    y = 0.07 + 0.045 * np.sin(angle)
    pad = placed(np.column_stack([x, y, np.full(24, 0.02)]))
    return Wire((pad, pad), True, "pad")


def _temple(
    style: Style,
    side: int,
    end: np.ndarray,
    placed,
    middle: np.ndarray,
    pose: Similarity3,
) -> Wire:
    """Return the side piece from a lens's outer edge by the hinge towards the ear."""
    high = -0.45 * style.half[1] - (style.lift if style.lift > 0 else 0)
    edges = []
    for sign in (-1, 1):
        lens = CENTRE + style.half[0] * 0.97 + style.rim
        front = np.array([[lens, high, 0], [(lens + HINGE) / 2, high, 0], [HINGE, high, 0.01]])
        front[:, 0] *= side
        front[:, 1] += sign * style.side * np.array([1.15, 1.1, 1.0])
        ahead = placed(front)
        hinge = pose.points(ahead[-1:].astype(np.float64))[0]
        # The end keeps the hinge's height, as far as the ear lies about there.
        goal = np.array([end[0], 0.5 * (hinge[1] + end[1]) + sign * style.side * 0.4, end[2]])
        share = np.linspace(0, 1, 20)[1:, None]
        edges.append(np.vstack([ahead, _back(pose, hinge + share * (goal - hinge))]))
    return Wire((edges[0], edges[1]), False, "temple")
