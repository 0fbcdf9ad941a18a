"""Where the lids lie in the photo and in another pose, and how the skin about them follows.

An eye has its own frame: x from one corner to the other, to the image's right, y across and down,
both in eye distances. All lines run along x, so that skin moves by columns.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from faceedit.faces.topology import IRISES, LOWER_LIDS, UPPER_LIDS
from faceedit.studio.subject import Pose, Subject

CREASES = ((247, 30, 29, 27, 28, 56, 190), (467, 260, 259, 257, 258, 286, 414))
"""Mesh points along the fold of the upper lid, outer first, in the order of `UPPER_LIDS`."""
UNDER_BROWS = ((113, 225, 224, 223, 222, 221, 189), (342, 445, 444, 443, 442, 441, 413))
UNDER_EYES = ((25, 110, 24, 23, 22, 26, 112), (255, 339, 254, 253, 252, 256, 341))
LASHES = 0.022
"""Height in eye distances of the strip along a lid's edge that moves as one, lashes and all."""
THIN = 0.004
"""The least height of a strip of skin."""
FADE = 0.07
"""Eye distances beyond corners and cheek over which the given flow takes over again."""
SMOOTH = 0.012
"""Eye distances along x over which the polygons through mesh points are rounded."""
_STEPS = 181
_REACH = 0.45


@dataclass(frozen=True)
class Line:
    """A line along an eye in the target, and where its skin lies in the photo.

    Attributes:
        target: (N,) y at each x of the grid.
        source: (N,) y of the same skin in the photo.
        along: (N,) its x in the photo less that in the target.
    """

    target: np.ndarray
    source: np.ndarray
    along: np.ndarray

    @property
    def move(self) -> np.ndarray:
        """How far it goes down, (N,)."""
        return self.target - self.source


@dataclass(frozen=True)
class Lids:
    """One eye's lines on a common grid.

    Attributes:
        origin: (2,) pixels, between the corners.
        axes: (2, 2), rows are the frame's x and y in pixels' directions.
        unit: the eye distance in pixels.
        grid: (N,) x.
        brow: below the eyebrow.
        crease: fold of the upper lid.
        upper: edge of the upper lid.
        lower: edge of the lower lid.
        under: below the lower lid.
        ends: x of the corners in the target.
        iris: centre (2,) and radius, in the frame.
    """

    origin: np.ndarray
    axes: np.ndarray
    unit: float
    grid: np.ndarray
    brow: Line
    crease: Line
    upper: Line
    lower: Line
    under: Line
    ends: tuple[float, float]
    iris: tuple[float, float, float]

    def at(self, values: np.ndarray, x: np.ndarray) -> np.ndarray:
        """Read (N,) values of the grid at any x."""
        return np.interp(x.ravel(), self.grid, values).reshape(x.shape)

    def photo_line(self, line: Line, x: np.ndarray) -> np.ndarray:
        """Return the y of a line in the photo at x of the photo, not of the target."""
        return np.interp(x.ravel(), self.grid + line.along, line.source).reshape(x.shape)

    def places(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return pixels (..., 2) of places in the frame."""
        scaled = np.stack([x, y], axis=-1) * self.unit
        return (scaled @ self.axes + self.origin).astype(np.float32)

    @property
    def opening(self) -> np.ndarray:
        """Height of the opening in the photo, (N,) at least 0."""
        return np.maximum(self.lower.source - self.upper.source, 0.0)

    @property
    def still(self) -> bool:
        """Whether no line moves by a hundredth of a pixel."""
        lines = (self.brow, self.crease, self.upper, self.lower, self.under)
        moved = max(max(np.abs(n.move).max(), np.abs(n.along).max()) for n in lines)
        return bool(moved * self.unit < 0.01)


def find_lids(subject: Subject, target: Pose, eye: int) -> Lids:
    """Lay the lines of one eye.

    Args:
        subject: the photo.
        target: the pose wanted.
        eye: 0 for the person's right, at the image's left, 1 for the other.
    """
    photo = subject.crop.landmarks[:, :2].astype(np.float64)
    moved = subject.moved_landmarks(target)[:, :2].astype(np.float64)
    corners = photo[[UPPER_LIDS[eye][0], UPPER_LIDS[eye][-1]]]
    corners = corners[np.argsort(corners[:, 0])]
    x_axis = (corners[1] - corners[0]) / np.linalg.norm(corners[1] - corners[0])
    axes = np.array([x_axis, [-x_axis[1], x_axis[0]]])
    origin, unit = corners.mean(0), subject.unit
    photo, moved = ((p - origin) @ axes.T / unit for p in (photo, moved))
    moved = _match_opening(subject, target, eye, photo, moved, axes)
    grid = np.linspace(-_REACH, _REACH, _STEPS)

    def line(points: tuple[int, ...]) -> Line:
        return _line(photo[list(points)], moved[list(points)], grid)

    upper, lower = line(UPPER_LIDS[eye]), line(LOWER_LIDS[eye])
    # Rounding the corners could cross the lids there.
    lower = Line(
        np.maximum(lower.target, upper.target),
        np.maximum(lower.source, upper.source),
        lower.along,
    )
    iris = photo[list(IRISES[eye])]
    radius = float(np.linalg.norm(iris[1:] - iris[0], axis=1).mean())
    ends = moved[[UPPER_LIDS[eye][0], UPPER_LIDS[eye][-1]], 0]
    return Lids(
        origin=origin,
        axes=axes,
        unit=unit,
        grid=grid,
        brow=line(UNDER_BROWS[eye]),
        crease=line(CREASES[eye]),
        upper=upper,
        lower=lower,
        under=line(UNDER_EYES[eye]),
        ends=(float(ends.min()), float(ends.max())),
        iris=(float(iris[0, 0]), float(iris[0, 1]), radius),
    )


def _match_opening(
    subject: Subject,
    target: Pose,
    eye: int,
    photo: np.ndarray,
    moved: np.ndarray,
    axes: np.ndarray,
) -> np.ndarray:
    """Close the photo's lids by the share by which the model's close, so that they can meet.

    The photo's eye may be wider or narrower than the fitted model's; adding the model's movement
    would leave a slit or cross the lids.
    """
    vertices = subject.model.landmark_vertices
    upper, lower = (list(lids[eye][1:-1]) for lids in (UPPER_LIDS, LOWER_LIDS))

    def gap(pose: Pose) -> np.ndarray:
        fitted = (pose.places - subject.shifts)[vertices]
        return (fitted[lower] - fitted[upper]) @ axes[1] / subject.unit

    before, after = np.maximum(gap(subject.pose), 1e-3), gap(target)
    had = photo[lower, 1] - photo[upper, 1]
    closing = after < before
    wanted = np.where(closing, had * np.clip(after / before, 0.0, 1.0), had + after - before)
    wanted = np.maximum(wanted, 0.0)
    moved = moved.copy()
    moved[upper, 1] = moved[lower, 1] - wanted
    return moved


def _line(photo: np.ndarray, moved: np.ndarray, grid: np.ndarray) -> Line:
    """Join points to a smooth line along x."""
    order = np.argsort(moved[:, 0])
    photo, moved = photo[order], moved[order]
    values = np.stack([moved[:, 1], photo[:, 1], photo[:, 0] - moved[:, 0]])
    joined = np.stack([np.interp(grid, moved[:, 0], v) for v in values])
    sigma = SMOOTH / (grid[1] - grid[0])
    kind = cv2.BORDER_REPLICATE
    target, source, along = cv2.GaussianBlur(joined, (0, 0), sigma, sigmaY=1e-3, borderType=kind)
    return Line(target, source, along)


def skin_sources(lids: Lids, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where in the photo the skin at places of the target comes from.

    Above the upper lid's edge and below the lower's; in between, the nearer lid's movement.

    Args:
        lids: of the eye.
        x, y: places in its frame, any shape.

    Returns:
        x and y in the frame, of the same shape.
    """
    brow, crease, edge = (_knot(lids, n, x) for n in (lids.brow, lids.crease, lids.upper))
    low, under = (_knot(lids, n, x) for n in (lids.lower, lids.under))
    roots = _moved(edge, -LASHES)
    crease = _apart(crease, roots, -1)
    brow = _apart(brow, crease, -1)
    tips = _moved(low, LASHES)
    under = _apart(under, tips, 1)
    cheek = _moved(under, FADE)
    upper_y, upper_x = _through((brow, crease, roots, edge), y)
    lower_y, lower_x = _through((low, tips, under, cheek), y)
    above = y - edge[0] < low[0] - y
    return x + np.where(above, upper_x, lower_x), np.where(above, upper_y, lower_y)


def reach(lids: Lids, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return how far the lids' own flow counts at places of the target, in [0, 1]."""
    brow, crease = lids.at(lids.brow.target, x), lids.at(lids.crease.target, x)
    under = lids.at(lids.under.target, x)
    above = smooth_step((y - brow) / np.maximum(crease - brow, THIN))
    below = 1 - smooth_step((y - under) / FADE)
    beside = np.maximum(np.maximum(lids.ends[0] - x, x - lids.ends[1]), 0.0)
    return above * below * (1 - smooth_step(beside / FADE))


def smooth_step(value: np.ndarray) -> np.ndarray:
    """Rise from 0 at 0 to 1 at 1 with level ends."""
    value = np.clip(value, 0.0, 1.0)
    return value * value * (3 - 2 * value)


_Knot = tuple[np.ndarray, np.ndarray, np.ndarray]


def _knot(lids: Lids, line: Line, x: np.ndarray) -> _Knot:
    return tuple(lids.at(v, x) for v in (line.target, line.source, line.along))  # type: ignore[return-value]


def _moved(knot: _Knot, by: float) -> _Knot:
    return knot[0] + by, knot[1] + by, knot[2]


def _apart(knot: _Knot, other: _Knot, side: int) -> _Knot:
    """Keep a knot on its side of another, in the target and in the photo."""
    keep = np.minimum if side < 0 else np.maximum
    return keep(knot[0], other[0] + side * THIN), keep(knot[1], other[1] + side * THIN), knot[2]


def _through(knots: tuple[_Knot, ...], y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Map y by the monotone cubic through knots, of slope 1 beyond (Fritsch and Carlson, 1980).

    Returns:
        y in the photo, and how far its x is from that of the target.
    """
    target, source, along = (np.stack(v) for v in zip(*knots, strict=True))
    width = np.maximum(np.diff(target, axis=0), 1e-6)
    secant = np.diff(source, axis=0) / width
    # A slope of at most three times either secant keeps the cubic monotone.
    inner = np.minimum(1.0, 3 * np.minimum(secant[:-1], secant[1:]))
    slopes = np.concatenate(
        [np.minimum(1.0, 3 * secant[:1]), inner, np.minimum(1.0, 3 * secant[-1:])]
    )
    last = len(knots) - 1
    mapped = np.where(y < target[0], y - target[0] + source[0], y - target[last] + source[last])
    shift = np.where(y < target[0], along[0], along[last])
    for k in range(last):
        t = (y - target[k]) / width[k]
        inside = (t >= 0) & (t < 1)
        t2, t3 = t * t, t * t * t
        value = (2 * t3 - 3 * t2 + 1) * source[k] + (3 * t2 - 2 * t3) * source[k + 1]
        value += width[k] * ((t3 - 2 * t2 + t) * slopes[k] + (t3 - t2) * slopes[k + 1])
        mapped = np.where(inside, value, mapped)
        shift = np.where(inside, along[k] + t * (along[k + 1] - along[k]), shift)
    return mapped, shift
