"""Square looks at a photo: letterboxed, padded, tiled or turned by quarters."""

from dataclasses import dataclass, replace

import cv2
import numpy as np


@dataclass(frozen=True)
class View:
    """A rectangle of a photo seen in a square.

    Attributes:
        left: first column, which may lie outside the photo.
        top: first row, likewise.
        width: columns.
        height: rows.
        quarters: quarter turns counter-clockwise of the square.
    """

    left: float
    top: float
    width: float
    height: float
    quarters: int = 0

    @classmethod
    def whole(cls, pixels: np.ndarray, padding: float = 0.0, quarters: int = 0) -> "View":
        """The whole photo with a margin of ``padding`` times its sides all round."""
        height, width = pixels.shape[:2]
        return cls(
            left=-padding * width,
            top=-padding * height,
            width=width * (1 + 2 * padding),
            height=height * (1 + 2 * padding),
            quarters=quarters,
        )


class Looks:
    """Renders views of one photo, those that are alike but for a turn only once.

    Args:
        pixels: (H, W, 3) uint8.
    """

    def __init__(self, pixels: np.ndarray):
        self.pixels = pixels
        self._upright: dict[tuple[View, int], tuple[np.ndarray, np.ndarray]] = {}

    def render(self, view: View, size: int) -> tuple[np.ndarray, np.ndarray]:
        """As `render`, of this photo."""
        upright = replace(view, quarters=0)
        if (upright, size) not in self._upright:
            self._upright[upright, size] = render(self.pixels, upright, size)
        return _turned(*self._upright[upright, size], view.quarters)


def render(pixels: np.ndarray, view: View, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Look at a photo.

    Args:
        pixels: (H, W, 3) uint8.
        view: what to see of it.
        size: side of the square.

    Returns:
        square: (size, size, 3) uint8, black where the photo ends.
        to_photo: (2, 3) float64 from the square's pixels to the photo's.
    """
    scale = size / max(view.width, view.height)
    height, width = pixels.shape[:2]
    left, right = max(0, round(view.left)), min(width, round(view.left + view.width))
    top, bottom = max(0, round(view.top)), min(height, round(view.top + view.height))
    part = pixels[top:bottom, left:right]
    columns = min(size, max(1, round((right - left) * scale)))
    rows = min(size, max(1, round((bottom - top) * scale)))
    # The view's own centre is the square's; the part that exists lies about it as in the photo.
    x = round(size / 2 + ((left + right) / 2 - view.left - view.width / 2) * scale - columns / 2)
    y = round(size / 2 + ((top + bottom) / 2 - view.top - view.height / 2) * scale - rows / 2)
    x, y = min(max(x, 0), size - columns), min(max(y, 0), size - rows)
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    square = np.zeros((size, size, 3), np.uint8)
    square[y : y + rows, x : x + columns] = cv2.resize(
        part, (columns, rows), interpolation=interpolation
    )
    across, down = (right - left) / columns, (bottom - top) / rows
    to_photo = np.array(
        [
            [across, 0, left + (0.5 - x) * across - 0.5],
            [0, down, top + (0.5 - y) * down - 0.5],
        ]
    )
    return _turned(square, to_photo, view.quarters)


def tiles(pixels: np.ndarray, level: int, overlap: float = 0.3) -> list[View]:
    """Square tiles of a photo.

    Args:
        pixels: (H, W, 3).
        level: tiles along the longer side.
        overlap: of neighbours, as a share of a tile's side.

    Returns:
        Views that cover the photo.
    """
    height, width = pixels.shape[:2]
    side = max(width, height) / (level - (level - 1) * overlap)
    return [
        View(left, top, min(side, width), min(side, height))
        for top in _starts(height, side, overlap)
        for left in _starts(width, side, overlap)
    ]


def _turned(
    square: np.ndarray, to_photo: np.ndarray, quarters: int
) -> tuple[np.ndarray, np.ndarray]:
    if quarters % 4 == 0:
        return square, to_photo
    turn = np.array([[0.0, -1, len(square) - 1], [1, 0, 0], [0, 0, 1]])
    turned = np.ascontiguousarray(np.rot90(square, quarters))
    return turned, to_photo @ np.linalg.matrix_power(turn, quarters % 4)


def _starts(length: int, side: float, overlap: float) -> list[float]:
    if side >= length:
        return [0.0]
    # A hair below the count keeps rounding from adding a tile.
    count = int(np.ceil((length - side) / (side * (1 - overlap)) - 1e-6)) + 1
    return np.linspace(0, length - side, count).tolist()
