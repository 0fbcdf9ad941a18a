"""Drawing the landmark mesh and its parts on a pixel grid."""

from dataclasses import dataclass

import cv2
import numpy as np

from faceedit.channels import total
from faceedit.faces.topology import triangles

_SUBPIXEL = 4
"""Bits of the fractional pixel that cv2's polygon filler takes."""


@dataclass(frozen=True)
class MeshRaster:
    """Which triangle covers each pixel, and where in it the pixel lies.

    Attributes:
        inside: (H, W) bool, pixels that the mesh covers.
        vertices: (N, 3) int32 point numbers of these pixels, in order.
        weights: (N, 3) float32 barycentric coordinates of them.
    """

    inside: np.ndarray
    vertices: np.ndarray
    weights: np.ndarray

    def interpolate(self, values: np.ndarray) -> np.ndarray:
        """Spread per-point `values` (N, C) over the pixels: (H, W, C), 0 outside the mesh."""
        spread = np.zeros((*self.inside.shape, values.shape[1]), np.float32)
        at = values.astype(np.float32)[self.vertices]
        spread[self.inside] = np.einsum("nk,nkc->nc", self.weights, at)
        return spread


def rasterize_mesh(points: np.ndarray, size: tuple[int, int], *, hide: bool = False) -> MeshRaster:
    """Draw the skin triangles at 2D positions.

    Args:
        points: (>= 468, >= 2) positions x, y in pixels; pixel centres at integers.
        size: height and width of the grid.
        hide: of triangles that lie over each other the nearest is seen; points then have a z,
            smaller nearer the camera. Otherwise the last one is.
    """
    corners = points[:, :2].astype(np.float64)[triangles()]
    index = np.full(size, -1, np.int32)
    fixed = np.round(corners * (1 << _SUBPIXEL)).astype(np.int32)
    order = np.arange(len(fixed))
    if hide:
        order = np.argsort(-points[:, 2][triangles()].mean(1), kind="stable")
    low, high = corners.min(1), corners.max(1)
    seen = (high >= -1).all(1) & (low <= np.array(size[::-1])).all(1)
    order = order[seen[order]]
    for number, triangle in zip(order.tolist(), fixed[order], strict=True):
        cv2.fillConvexPoly(index, triangle, number, cv2.LINE_8, _SUBPIXEL)
    inside = index >= 0
    found = index[inside]
    a, b, c = (corners[:, k] for k in range(3))
    ab, ac = b - a, c - a
    area = ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]
    area = np.where(np.abs(area) < 1e-9, 1e-9, area)
    rows, columns = np.nonzero(inside)
    dx, dy = columns - a[found, 0], rows - a[found, 1]
    u = (dx * ac[found, 1] - dy * ac[found, 0]) / area[found]
    v = (dy * ab[found, 0] - dx * ab[found, 1]) / area[found]
    # The filler also takes pixels that a triangle's edge only touches.
    shares = np.clip(np.stack([1 - u - v, u, v], axis=-1), 0.0, 1.0)
    shares *= 1 / np.maximum(total(shares), 1e-9)[..., None]
    return MeshRaster(inside, triangles()[found], shares.astype(np.float32))


def fill_polygon(points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Draw a filled polygon with soft edges.

    Args:
        points: (N, 2) corners x, y in pixels.
        size: height and width of the grid.

    Returns:
        (H, W) float32 coverage in [0, 1].
    """
    canvas = np.zeros(size, np.uint8)
    cv2.fillPoly(canvas, [_fixed(points)], 255, cv2.LINE_AA, _SUBPIXEL)
    return canvas.astype(np.float32) / 255.0


def draw_lines(lines: list[np.ndarray], size: tuple[int, int]) -> np.ndarray:
    """Draw open lines, about three pixels wide and soft.

    Args:
        lines: (N, 2) points x, y in pixels each.
        size: height and width of the grid.

    Returns:
        (H, W) float32 in [0, 1].
    """
    canvas = np.zeros(size, np.uint8)
    cv2.polylines(canvas, [_fixed(p) for p in lines], False, 255, 1, cv2.LINE_AA, _SUBPIXEL)
    soft = cv2.GaussianBlur(canvas.astype(np.float32) / 255.0, (0, 0), 1.2)
    return np.clip(soft * 2.2, 0.0, 1.0)


def _fixed(points: np.ndarray) -> np.ndarray:
    return np.round(np.asarray(points)[:, :2] * (1 << _SUBPIXEL)).astype(np.int32)


def squares_about(values: np.ndarray, spots: np.ndarray, reach: int) -> list[np.ndarray]:
    """Cut (<= 2 reach + 1)^2 squares out of a picture, without those that lie outside it.

    Args:
        values: (H, W, ...).
        spots: (N, >= 2) their middles x, y in pixels.
        reach: pixels from a middle to the sides.
    """
    found = (
        values[max(y - reach, 0) : max(y + reach + 1, 0), max(x - reach, 0) : max(x + reach + 1, 0)]
        for x, y in np.rint(spots[:, :2]).astype(int)
    )
    return [one for one in found if one.size]
