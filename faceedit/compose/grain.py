"""The grain of a surface, continued where the photo does not show it."""

import cv2
import numpy as np

from faceedit.compose.canvas import Canvas

SIDE = 0.18
"""Eye distances: side of a piece of grain."""
COARSEST = 0.025
"""Eye distances from which on differences are no grain."""
TRIES, QUIET = 160, 40
"""Pieces that are looked at, and the evenest of these, which are taken."""
LOUDEST = 0.011
"""Largest spread of display values."""
SURE = 0.97
"""Share of a surface from which on a pixel shows it."""


def grain_of(
    canvas: Canvas,
    known: np.ndarray,
    field: tuple[int, float],
    size: tuple[int, int],
    draw: np.random.Generator,
) -> np.ndarray:
    """Return grain of a surface that a photo shows where it is known; see `spread_grain`.

    Args:
        canvas: the photo.
        known: (h, w) float32 in [0, 1] that covers the crop, how far the surface is seen.
        field: side of the crop, and the eye distance, in crop pixels.
        size: H, W of the picture that is to be covered, in the photo's pixels.
        draw: what is by chance.

    Returns:
        (H, W, 3) float32 about 0.
    """
    side, unit = field
    box = canvas.where(known, side)
    if box is None:
        return np.zeros((*size, 3), np.float32)
    part = canvas.part(box)
    unit /= float(np.hypot(part.to_crop[0, 0], part.to_crop[1, 0]))
    return spread_grain(part.pixels, part.sample(known, side) > SURE, size, unit, draw)


def spread_grain(
    pixels: np.ndarray,
    known: np.ndarray,
    size: tuple[int, int],
    unit: float,
    draw: np.random.Generator,
) -> np.ndarray:
    """Lay pieces of a surface's grain over a picture.

    Args:
        pixels: (H, W, 3) float32 RGB.
        known: (H, W) bool, where the surface is seen.
        size: h, w of the picture that is to be covered.
        unit: the eye distance in pixels.
        draw: what is by chance.

    Returns:
        (h, w, 3) float32 about 0; all 0 where no piece of the surface is seen whole.
    """
    side = 2 * max(4, round(SIDE * unit / 2))
    window = np.sin(np.pi * (np.arange(side) + 0.5) / side).astype(np.float32)
    window = (window[:, None] * window)[..., None]
    pieces = [piece * window for piece in _pieces(pixels, known, side, unit, draw)]
    if not pieces:
        return np.zeros((*size, 3), np.float32)
    step, jitter = side // 2, side // 4
    made = np.full((size[0] + 4 * side, size[1] + 4 * side, 4), 1e-3, np.float32)
    for row in range(0, size[0] + 2 * side, step):
        for column in range(0, size[1] + 2 * side, step):
            # Few pieces laid evenly would be seen as a pattern: they are turned and moved.
            turns, mirrored, down, right = draw.integers(0, (4, 2, jitter + 1, jitter + 1))
            piece = np.rot90(pieces[draw.integers(len(pieces))], int(turns))
            piece = piece[:, ::-1] if mirrored else piece
            place = made[row + down : row + down + side, column + right : column + right + side]
            place[..., :3] += piece
            place[..., 3:] += np.square(window)
    made = made[side : side + size[0], side : side + size[1]]
    # Squares add up, as of what is independent.
    made = made[..., :3] / np.sqrt(made[..., 3:])
    spread = float(np.sqrt(np.square(made[::4, ::4]).mean()))
    return made * np.float32(min(1.0, LOUDEST / max(spread, 1e-6)))


def _pieces(
    pixels: np.ndarray, known: np.ndarray, side: int, unit: float, draw: np.random.Generator
) -> list[np.ndarray]:
    """Return pieces of a surface less its light, the evenest of those that are seen whole."""
    height, width = known.shape
    if min(height, width) <= side:
        return []
    sums = cv2.integral(known.astype(np.uint8))
    whole = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    rows, columns = np.nonzero(whole > 0.995 * side * side)
    if not len(rows):
        return []
    pieces = []
    for at in draw.integers(0, len(rows), TRIES):
        y, x = rows[at], columns[at]
        piece = pixels[y : y + side, x : x + side]
        pieces.append(piece - cv2.GaussianBlur(piece, (0, 0), max(1.0, COARSEST * unit)))
    # Moles and stray hairs would come again and again.
    return sorted(pieces, key=lambda one: float(np.square(one).sum()))[:QUIET]
