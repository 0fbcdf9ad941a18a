"""Drawing the face model with a depth buffer."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numba import njit

from faceedit.studio.model import EYE_PARTS, MOUTH_PARTS, FaceModel, Part

NOTHING = -1


@dataclass(frozen=True)
class Drawing:
    """What of the model each pixel shows.

    Attributes:
        part: (H, W) int8, a `Part` or `NOTHING`.
        vertices: (H, W, 3) int32 corners of the triangle; 0 where nothing is drawn.
        weights: (H, W, 3) float32 barycentric coordinates; 0 where nothing is drawn.
        depth: (H, W) float32 in cm, larger nearer; -1e30 where nothing is drawn.
    """

    part: np.ndarray
    vertices: np.ndarray
    weights: np.ndarray
    depth: np.ndarray

    @cached_property
    def skin(self) -> np.ndarray:
        """Pixels of the face's skin, (H, W) bool."""
        return self.part == Part.SKIN

    @cached_property
    def mouth(self) -> np.ndarray:
        """Pixels between the lips, (H, W) bool."""
        return np.isin(self.part, MOUTH_PARTS)

    @cached_property
    def eyes(self) -> np.ndarray:
        """Pixels between the lids, (H, W) bool."""
        return np.isin(self.part, EYE_PARTS)

    def interpolate(self, values: np.ndarray) -> np.ndarray:
        """Spread (V, C) values per vertex over the pixels: (H, W, C) float32, 0 outside."""
        return _interpolate(np.ascontiguousarray(values, np.float32), self.vertices, self.weights)


def draw_model(
    model: FaceModel,
    places: np.ndarray,
    depth: np.ndarray,
    size: tuple[int, int],
    parts: tuple[Part, ...] = tuple(Part),
) -> Drawing:
    """Draw some parts of the model; nearer triangles hide those behind.

    Args:
        model: the face model.
        places: (V, 2) pixels of the vertices; pixel centres at integers.
        depth: (V,) in cm, larger nearer.
        size: height and width.
        parts: which to draw; the others hide nothing.
    """
    drawn = np.isin(model.part, parts)
    triangles = model.triangles[drawn] if not drawn.all() else model.triangles
    of_part = model.part[drawn] if not drawn.all() else model.part
    index, weights, buffer = _rasterize(
        np.ascontiguousarray(places, np.float32),
        np.ascontiguousarray(depth, np.float32),
        np.ascontiguousarray(triangles),
        size[0],
        size[1],
    )
    shown = index >= 0
    found = np.maximum(index, 0)
    part = np.where(shown, of_part[found].astype(np.int8), np.int8(NOTHING))
    vertices = np.where(shown[..., None], triangles[found], 0)
    return Drawing(part, vertices, weights, buffer)


@njit(cache=True)
def _rasterize(places, depth, triangles, height, width):
    index = np.full((height, width), -1, np.int32)
    weights = np.zeros((height, width, 3), np.float32)
    buffer = np.full((height, width), -1e30, np.float32)
    for t in range(len(triangles)):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ax, ay = places[a, 0], places[a, 1]
        bx, by = places[b, 0], places[b, 1]
        cx, cy = places[c, 0], places[c, 1]
        area = (by - cy) * (ax - cx) + (cx - bx) * (ay - cy)
        if abs(area) < 1e-9:
            continue
        x0, x1 = max(0, int(np.ceil(min(ax, bx, cx)))), min(width - 1, int(max(ax, bx, cx)))
        y0, y1 = max(0, int(np.ceil(min(ay, by, cy)))), min(height - 1, int(max(ay, by, cy)))
        for y in range(y0, y1 + 1):
            for x in range(x0, x1 + 1):
                u = ((by - cy) * (x - cx) + (cx - bx) * (y - cy)) / area
                v = ((cy - ay) * (x - cx) + (ax - cx) * (y - cy)) / area
                w = 1 - u - v
                if u < -1e-5 or v < -1e-5 or w < -1e-5:
                    continue
                z = u * depth[a] + v * depth[b] + w * depth[c]
                if z > buffer[y, x]:
                    buffer[y, x], index[y, x] = z, t
                    weights[y, x, 0], weights[y, x, 1], weights[y, x, 2] = u, v, w
    return index, weights, buffer


@njit(cache=True)
def _interpolate(values, vertices, weights):
    height, width = vertices.shape[:2]
    channels = values.shape[1]
    spread = np.zeros((height, width, channels), np.float32)
    for y in range(height):
        for x in range(width):
            for k in range(3):
                weight = weights[y, x, k]
                if weight != 0:
                    for c in range(channels):
                        spread[y, x, c] += weight * values[vertices[y, x, k], c]
    return spread
