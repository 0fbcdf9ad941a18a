"""Where the lids lie in the photo, and where they are to lie.

An eye has its own frame: x from one corner to the other, towards the person's left, y across
and down the face, both in eye distances. All lines run along x, so that skin moves by columns.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from faceedit.faces.topology import IRISES, LOWER_LIDS, OUTER_EYE_CORNERS, UPPER_LIDS

CREASES = ((247, 30, 29, 27, 28, 56, 190), (467, 260, 259, 257, 258, 286, 414))
"""Mesh points along the fold of the upper lid, outer first, in the order of `UPPER_LIDS`."""
UNDER_BROWS = ((113, 225, 224, 223, 222, 221, 189), (342, 445, 444, 443, 442, 441, 413))
UNDER_EYES = ((25, 110, 24, 23, 22, 26, 112), (255, 339, 254, 253, 252, 256, 341))
LASHES = 0.022
"""Height in eye distances of the strip along a lid's edge that moves as one, lashes and all."""
THIN = 0.004
"""The least height of a strip of skin."""
NARROW = (0.025, 0.05)
"""Openings in eye distances: below the first too little is seen of an eye to open it."""
SMOOTH = 0.012
"""Eye distances along x over which the polygons through mesh points are rounded."""
_REACH = 0.45
GRID = np.linspace(-_REACH, _REACH, 181)
"""x of the lines, in eye distances."""


@dataclass(frozen=True)
class Line:
    """A line along an eye in the target, and where its skin lies in the photo.

    Attributes:
        target: y, at each x.
        source: y of the same skin in the photo.
        along: its x in the photo less that in the target.
    """

    target: np.ndarray
    source: np.ndarray
    along: np.ndarray

    @property
    def move(self) -> np.ndarray:
        """How far it goes down."""
        return self.target - self.source


@dataclass(frozen=True)
class Columns:
    """The lines of an eye, read at one place or many.

    Attributes:
        brow: below the eyebrow.
        crease: fold of the upper lid.
        upper: edge of the upper lid.
        lower: edge of the lower lid.
        under: below the lower lid.
    """

    brow: Line
    crease: Line
    upper: Line
    lower: Line
    under: Line

    @classmethod
    def of(cls, values: np.ndarray) -> "Columns":
        """Take (15, ...) values apart."""
        return cls(*(Line(*values[3 * k : 3 * k + 3]) for k in range(5)))

    def rows(self, part: slice) -> "Columns":
        """Return the lines at some rows of the places."""
        lines = (self.brow, self.crease, self.upper, self.lower, self.under)
        return Columns(*(Line(n.target[part], n.source[part], n.along[part]) for n in lines))

    @property
    def move(self) -> np.ndarray:
        """How far the lids' edges move at most."""
        return np.maximum(np.abs(self.upper.move), np.abs(self.lower.move))

    @property
    def closed(self) -> np.ndarray:
        """Share of the photo's opening by which the lids close, in [0, 1]."""
        had = np.maximum(self.lower.source - self.upper.source, THIN)
        return np.clip(1 - (self.lower.target - self.upper.target) / had, 0.0, 1.0)


@dataclass(frozen=True)
class Lids:
    """One eye's lines on a common grid of x.

    Attributes:
        origin: (2,) pixels, between the corners.
        axes: (2, 2), rows are the frame's x and y in pixels' directions.
        unit: the eye distance in pixels.
        values: (17, N): the five lines of `Columns`, each as `Line`; then the y in the photo of the
            upper and the lower edge at x of the photo.
        ends: x of the corners in the target.
        iris: x, y and radius, in the frame.
    """

    origin: np.ndarray
    axes: np.ndarray
    unit: float
    values: np.ndarray
    ends: tuple[float, float]
    iris: tuple[float, float, float]

    @property
    def lines(self) -> Columns:
        """The lines at `GRID`."""
        return Columns.of(self.values)

    def columns(self, x: np.ndarray) -> Columns:
        """Return the lines at any x of the target."""
        return Columns.of(along_grid(self.values[:15], x))

    def photo_edges(self, x: np.ndarray) -> np.ndarray:
        """Return y of the upper and lower edge in the photo at x of the photo, (2, ...)."""
        return along_grid(self.values[15:], x)

    def places(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return pixels (..., 2) of places in the frame."""
        (ax, ay), (bx, by) = self.axes * self.unit
        pixels = [x * ax + y * bx + self.origin[0], x * ay + y * by + self.origin[1]]
        return np.stack(pixels, axis=-1).astype(np.float32)

    @property
    def still(self) -> bool:
        """Whether no line moves by a hundredth of a pixel."""
        lines = self.values[:15].reshape(5, 3, -1)
        moved = max(np.abs(lines[:, 0] - lines[:, 1]).max(), np.abs(lines[:, 2]).max())
        return bool(moved * self.unit < 0.01)


def along_grid(values: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Read (C, N) values of `GRID` at x of any shape: (C, *shape)."""
    place = np.clip((x + _REACH) / (GRID[1] - GRID[0]), 0.0, values.shape[1] - 1)
    index = np.minimum(place.astype(np.intp), values.shape[1] - 2)
    before, after = values.take(index, axis=1), values.take(index + 1, axis=1)
    after -= before
    after *= place - index
    after += before
    return after


def eye_frame(photo: np.ndarray, eye: int) -> tuple[np.ndarray, np.ndarray]:
    """Return an eye's frame: its origin (2,), and its axes (2, 2) as rows, in pixels.

    Args:
        photo: (478, 2) float64 pixels.
        eye: 0 for the person's right, at the image's left, 1 for the other.
    """
    corners = photo[[UPPER_LIDS[eye][0], UPPER_LIDS[eye][-1]]]
    # Along the face's own axis, so that heads may lie on a side or stand upside down.
    corners = corners[np.argsort(corners @ np.subtract(*photo[list(OUTER_EYE_CORNERS[::-1])]))]
    x_axis = (corners[1] - corners[0]) / np.linalg.norm(corners[1] - corners[0])
    return corners.mean(0), np.array([x_axis, [-x_axis[1], x_axis[0]]])


def lay_lids(photo: np.ndarray, moved: np.ndarray, unit: float, eye: int) -> Lids:
    """Lay the lines of one eye.

    Args:
        photo: (478, >= 2) landmarks in pixels.
        moved: (478, >= 2) where they are to lie.
        unit: the eye distance in pixels.
        eye: 0 for the person's right, at the image's left, 1 for the other.
    """
    photo, moved = (points[:, :2].astype(np.float64) for points in (photo, moved))
    origin, axes = eye_frame(photo, eye)
    photo, moved = ((p - origin) @ axes.T / unit for p in (photo, moved))
    rings = (UNDER_BROWS, CREASES, UPPER_LIDS, LOWER_LIDS, UNDER_EYES)
    lines = [_line(photo[list(ring[eye])], moved[list(ring[eye])]) for ring in rings]
    upper, lower = lines[2], lines[3]
    # Rounding at the corners could cross the lids there.
    lower[:2] = np.maximum(lower[:2], upper[:2])
    then = [np.interp(GRID, GRID + line[2], line[1]) for line in (upper, lower)]
    iris = photo[list(IRISES[eye])]
    ends = moved[[UPPER_LIDS[eye][0], UPPER_LIDS[eye][-1]], 0]
    return Lids(
        origin=origin,
        axes=axes,
        unit=unit,
        values=np.concatenate([*lines, then]),
        ends=(float(ends.min()), float(ends.max())),
        iris=(*iris[0], float(np.linalg.norm(iris[1:] - iris[0], axis=1).mean())),
    )


def _line(photo: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """Join points to a smooth line along x: (3, N), the parts of a `Line`."""
    order = np.argsort(moved[:, 0])
    photo, moved = photo[order], moved[order]
    values = np.stack([moved[:, 1], photo[:, 1], photo[:, 0] - moved[:, 0]])
    joined = np.stack([np.interp(GRID, moved[:, 0], v) for v in values])
    return blur_along(joined, SMOOTH)


def blur_along(values: np.ndarray, sigma: float) -> np.ndarray:
    """Blur (C, N) values of `GRID` along it, `sigma` in eye distances."""
    kind = cv2.BORDER_REPLICATE
    steps = sigma / (GRID[1] - GRID[0])
    return cv2.GaussianBlur(values, (0, 0), steps, sigmaY=1e-3, borderType=kind)
