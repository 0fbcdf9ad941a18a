"""The lenses of spectacles: closed curves of best contrast around the eyes."""

import cv2
import numpy as np

from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import BROW_OUTLINES, EYES, OUTER_EYE_CORNERS

ANGLES, RADII = 64, 28
LENS = (0.30, 0.235)
"""Half axes of a usual lens, in eye distances."""
SQUARENESS = 3.0
"""Exponent of the superellipse that it is."""
REACH = (0.55, 1.5)
"""Smallest and largest lens looked for, beside the usual."""
CENTRE = (0.02, 0.07)
"""How much further out and lower than the eye's middle the lens lies, in eye distances."""
STEP = 3
"""Radii between a rim and what lies beside it."""
BEND = 0.02
"""Cost of another radius at the next angle."""
UNUSUAL = 0.10
"""Cost of a radius 0.45 off the usual."""
DARK = 0.4
"""Likeness of skin below which a lens hides the eye."""


def find_lenses(pixels: np.ndarray, landmarks: np.ndarray, skin: np.ndarray) -> list[np.ndarray]:
    """Find the outlines of both lenses of a person who wears spectacles.

    Around each eye, the closed curve is taken whose pixels differ most from those within and
    without (by dynamic programming over angles), near to the usual shape of a lens.

    Args:
        pixels: (S, S, 3) float32 RGB in [0, 1], an aligned crop.
        landmarks: (478, 3) mesh points in crop pixels.
        skin: (S, S) float32 in [0, 1], from `skin_likeness`.

    Returns:
        Two (ANGLES, 2) float32 polygons in crop pixels, in the order of `EYES`.
    """
    size = pixels.shape[0]
    left, right = (landmarks[i, :2] for i in OUTER_EYE_CORNERS)
    unit = float(np.linalg.norm(right - left))
    across = (right - left) / unit
    down = np.array([-across[1], across[0]])
    lab = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB) / np.float32(100)
    lab = cv2.GaussianBlur(lab, (0, 0), size / 160)
    own = _own_lines(landmarks, size)
    angles = np.arange(ANGLES) * (2 * np.pi / ANGLES)
    corners = np.column_stack([np.cos(angles), np.sin(angles)])
    corners /= (np.abs(corners) ** SQUARENESS).sum(1, keepdims=True) ** (1 / SQUARENESS)
    spokes = corners * LENS @ np.stack([across, down]) * unit
    radii = np.linspace(*REACH, RADII)
    found = []
    for eye, out in zip(EYES, (-1, 1), strict=True):
        middle = landmarks[list(eye), :2].mean(0)
        middle = middle + unit * (CENTRE[0] * out * across + CENTRE[1] * down)
        grid = (middle + radii[:, None] * spokes[:, None]).astype(np.float32)
        seen, likeness, lines = (_look(field, grid) for field in (lab, skin, own))
        score = _rim_contrast(seen) + 0.1 * (1 - likeness)
        score = score * (1 - 0.8 * lines) - UNUSUAL * ((radii - 1) / 0.45) ** 2
        found.append(grid[np.arange(ANGLES), _best_circle(score)])
    return found


def draw_lenses(lenses: list[np.ndarray], size: int) -> np.ndarray:
    """Draw lenses and the bridge between them: (size, size) bool.

    Args:
        lenses: two (n, 2) float polygons in crop pixels.
        size: side of the crop.
    """
    drawn = np.zeros((size, size), np.uint8)
    for lens in lenses:
        cv2.fillPoly(drawn, [np.rint(lens * 16).astype(np.int32)], 1, cv2.LINE_8, 4)
    squares = np.square(lenses[0][:, None] - lenses[1]).sum(2)
    first, second = np.unravel_index(squares.argmin(), squares.shape)
    bridge = np.rint([lenses[0][first], lenses[1][second]]).astype(np.int32)
    cv2.polylines(drawn, [bridge], False, 1, max(1, size // 80))
    return cv2.dilate(drawn, np.ones((3, 3), np.uint8)) > 0


def is_dark(lens: np.ndarray, landmarks: np.ndarray, skin: np.ndarray) -> bool:
    """Say whether no skin is seen through a lens.

    Args:
        lens: (n, 2) float polygon in crop pixels.
        landmarks: (478, 3) mesh points in crop pixels.
        skin: (S, S) float32 in [0, 1], from `skin_likeness`.
    """
    size = skin.shape[0]
    inside = (fill_polygon(lens, (size, size)) > 0.5) & (_own_lines(landmarks, size) < 0.1)
    return bool(inside.any() and np.median(skin[inside]) < DARK)


def _own_lines(landmarks: np.ndarray, size: int) -> np.ndarray:
    """Draw eyes and, more weakly, brows, which look like rims: (size, size) float32 in [0, 1]."""
    brows, eyes = (
        np.max([fill_polygon(landmarks[list(i), :2], (size, size)) for i in outlines], axis=0)
        for outlines in (BROW_OUTLINES, EYES)
    )
    eyes = cv2.dilate(eyes, np.ones((3, 3), np.uint8), iterations=2)
    brows = cv2.GaussianBlur(brows, (0, 0), size / 160)
    return np.maximum(0.7 * brows, eyes).astype(np.float32)


def _rim_contrast(seen: np.ndarray) -> np.ndarray:
    """(ANGLES, RADII, 3) colours along spokes to how much each looks like a rim."""
    padded = np.pad(seen, ((0, 0), (STEP, STEP), (0, 0)), mode="edge")
    within, without = padded[:, : -2 * STEP], padded[:, 2 * STEP :]
    sides = (np.linalg.norm(seen - other, axis=2) for other in (within, without))
    # A frame differs from both sides; a dark lens without one is an edge.
    return np.minimum(*sides) + 0.35 * np.linalg.norm(within - without, axis=2)


def _best_circle(score: np.ndarray) -> np.ndarray:
    """Return the (ANGLES,) radius numbers of the best curve that ends about where it began."""
    half = len(score) // 2
    # From where an open curve passes halfway round, a closed one is begun.
    begin = _best_path(score)[half]
    return np.roll(_best_path(np.roll(score, -half, 0), begin), half)


def _best_path(score: np.ndarray, begin: int | None = None) -> np.ndarray:
    """Return the (A,) columns of the best path through (A, R), one column aside at most a row."""
    total = score[0].copy()
    if begin is not None:
        total[np.arange(len(total)) != begin] = -np.inf
    steps = []
    for row in score[1:]:
        padded = np.pad(total, 1, constant_values=-np.inf)
        ways = np.stack([padded[:-2] - BEND, total, padded[2:] - BEND])
        steps.append(ways.argmax(0) - 1)
        total = ways.max(0) + row
    if begin is not None:
        total[np.abs(np.arange(len(total)) - begin) > 1] = -np.inf
    path = [int(total.argmax())]
    for step in reversed(steps):
        path.append(path[-1] + int(step[path[-1]]))
    return np.array(path[::-1])


def _look(field: np.ndarray, grid: np.ndarray) -> np.ndarray:
    x, y = cv2.split(grid)
    return cv2.remap(field, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
