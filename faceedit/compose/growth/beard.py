"""Where beards grow on the mean face, which way, and how their hairs lie on a face."""

from functools import cache

import cv2
import numpy as np

from faceedit.faces.pose import Similarity3, to_mean_face
from faceedit.faces.topology import N_SURFACE, mean_shape, triangles

GRID, SPAN, TOP = 256, 2.0, -0.65
"""Side of the maps in pixels and eye distances, and their upper edge on the mean face."""
BEARD = (
    (0.95, 0.05), (0.755, 0.05), (0.735, 0.25), (0.69, 0.47), (0.60, 0.62), (0.48, 0.70),
    (0.36, 0.715), (0.315, 0.78), (0.295, 0.84), (0.20, 0.965), (0.1, 0.99), (0.0, 0.94),
    (0.0, 1.5), (0.95, 1.5),
)  # fmt: skip
MOUSTACHE = (
    (0.0, 0.575), (0.09, 0.565), (0.18, 0.575), (0.25, 0.615), (0.315, 0.68), (0.335, 0.745),
    (0.31, 0.785), (0.28, 0.765), (0.24, 0.73), (0.16, 0.685), (0.08, 0.655), (0.0, 0.67),
)  # fmt: skip
PATCH = ((0.0, 0.9), (0.05, 0.905), (0.06, 0.94), (0.03, 1.0), (0.0, 1.0))
"""Outlines of the right half, x right and y down in eye distances."""
EDGE, CHEEK = 0.04, 0.06
"""Eye distances over which they thin out, moustaches and beards."""
NONE = 0.16
"""Density below which there are none: single hairs on a cheek look like dirt."""
PATCHY = 0.3
"""By how much the density of a beard differs from place to place."""
LONG = ((0.0, 0.3, 0.6, 0.8), (1.15, 1.0, 0.62, 0.5))
"""Length of hairs by their distance from the middle of the face: those on cheeks are shorter."""
TUFT = 0.022
"""Eye distances of a tuft, whose hairs lean together."""
SHORT = 0.3
"""Length of hairs where there are none around, of that of others."""
LEAN = 0.45
"""How far they do at their tips."""
SPARSE = 0.4
"""Density between the lower lip and the chin's beard."""
POINTS = 7
"""Of a hair."""
JITTER = 0.42
"""Radians by which neighbours differ."""
CURL = 0.8
"""Of a hair's direction that turns along it."""
LIFT = 0.5
"""How far hairs stand off the skin, of their length."""


@cache
def beard_map() -> np.ndarray:
    """Return how densely a full beard stands without its moustache, (GRID, GRID) in [0, 1]."""
    sparse = ((0.0, 0.9), (0.22, 0.88), (0.30, 0.82), (0.3, 1.05), (0.0, 1.05))
    drawn = np.maximum(_area(BEARD, CHEEK), SPARSE * _area(sparse, EDGE))
    noise = np.random.default_rng(0).normal(size=(GRID, GRID)).astype(np.float32)
    noise = cv2.GaussianBlur(noise, (0, 0), 0.035 * GRID / SPAN)
    drawn = drawn * np.clip(1 + PATCHY * noise / noise.std() * (1.2 - drawn), 0, 1)
    drawn = np.clip((drawn - NONE) / (1 - NONE), 0, 1)
    return np.maximum(drawn, _area(PATCH, EDGE)).astype(np.float32)


@cache
def moustache_map() -> np.ndarray:
    """Return how densely a moustache stands, (GRID, GRID) in [0, 1]."""
    return np.clip(1.5 * _area(MOUSTACHE, EDGE), 0, 1)


def grid_places(points: np.ndarray) -> np.ndarray:
    """Return where points of the mean face lie on the maps, (..., 2) of their pixels."""
    corner = np.array([-SPAN / 2, TOP], np.float32)
    return ((points[..., :2] - corner) * (GRID / SPAN) - 0.5).astype(np.float32)


def grow(
    density: np.ndarray, landmarks: np.ndarray, count: int, length: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Lay hairs on a face where its skin is seen.

    Args:
        density: (GRID, GRID) in [0, 1] on the mean face.
        landmarks: (478, 3) mesh points in pixels, z away from the camera.
        count: how many hairs a face has that is seen all around.
        length: of the longest, in eye distances.
        seed: of what is drawn by chance.

    Returns:
        (N, POINTS, 2) float32 curves in the landmarks' pixels, from root to tip, and (N,) the
        numbers of their tufts.
    """
    draw = np.random.default_rng(seed)
    corners, weights, flat, dense = _roots(density, count, draw)
    points = landmarks[:N_SURFACE].astype(np.float64)
    root = (points[corners] * weights[..., None]).sum(1)
    normal = _normals(points)[corners]
    normal = _unit((normal * weights[..., None]).sum(1))
    pose = to_mean_face(landmarks)
    way = _along(flat, draw, pose)
    way = _unit(way - (way * normal).sum(1, keepdims=True) * normal)
    side = np.cross(normal, way)
    bend = draw.normal(0, CURL, len(root))[:, None]
    scale = length * draw.uniform(0.4, 1.0, len(root)) / pose.scale
    scale *= np.interp(np.abs(flat[:, 0]), *LONG) * (SHORT + (1 - SHORT) * dense)
    t = np.linspace(0, 1, POINTS)[:, None, None]
    curves = way * t + side * bend * t * t + normal * LIFT * (t - 0.75 * t * t)
    # Tips hang down.
    down = _unit(pose.inverse_vectors(np.array([[0.0, 1.0, 0.0]])))
    curves = root + (curves + 0.35 * down * t * t) * scale[:, None]
    tufts = _tufts(flat, draw)
    # Within a tuft hairs end at about the same place.
    ends = np.column_stack([np.bincount(tufts, curves[-1][:, k]) for k in range(3)])
    ends /= np.maximum(np.bincount(tufts), 1)[:, None]
    curves = curves + LEAN * t**1.5 * (ends[tufts] - curves[-1])
    seen = normal[:, 2] < 0.05
    return curves.transpose(1, 0, 2)[seen, :, :2].astype(np.float32), tufts[seen]


def _tufts(places: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Return the numbers of the tufts that hairs at places belong to."""
    cells = np.floor((places + draw.normal(0, 0.25 * TUFT, places.shape)) / TUFT).astype(int)
    return np.unique(cells, axis=0, return_inverse=True)[1].reshape(-1)


def _area(outline: tuple[tuple[float, float], ...], edge: float) -> np.ndarray:
    """Return 1 inside an outline and its mirror image, soft over eye distances at the edge."""
    right = np.array(outline, np.float32)
    drawn = np.zeros((GRID, GRID), np.uint8)
    for sign in (1, -1):
        places = grid_places(right * np.array([sign, 1], np.float32))
        cv2.fillPoly(drawn, [np.round(places * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    soft = cv2.GaussianBlur(drawn.astype(np.float32) / 255, (0, 0), edge * GRID / SPAN)
    return np.clip(soft, 0, 1)


def _roots(
    density: np.ndarray, count: int, draw: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return corners (N, 3) and weights of roots, their places, and how dense they are, (N,)."""
    shape = mean_shape()[:N_SURFACE].astype(np.float64)
    faces = shape[triangles()]
    area = np.linalg.norm(np.cross(faces[:, 1] - faces[:, 0], faces[:, 2] - faces[:, 0]), axis=1)
    chosen = draw.choice(len(area), size=count, p=area / area.sum())
    u, v = draw.random((2, count))
    over = u + v > 1
    u, v = np.where(over, 1 - u, u), np.where(over, 1 - v, v)
    weights = np.column_stack([1 - u - v, u, v])
    corners = triangles()[chosen]
    places = (shape[corners] * weights[..., None]).sum(1)[:, :2]
    at = grid_places(places)
    dense = cv2.remap(
        density.astype(np.float32), at[:, :1].copy(), at[:, 1:].copy(), cv2.INTER_LINEAR
    )[:, 0]
    kept = draw.random(count) < dense
    return corners[kept], weights[kept], places[kept], dense[kept]


def _along(places: np.ndarray, draw: np.random.Generator, pose: Similarity3) -> np.ndarray:
    """Return (N, 3) unit directions in which hairs grow, in the face's own pixels."""
    x, y = places[:, 0], places[:, 1]
    near = np.clip(np.abs(x) / 0.3, 0, 1)
    # A moustache is parted in the middle; beards grow down, and towards the chin from the sides.
    parted = np.clip((0.8 - y) / 0.1, 0, 1) * np.clip((0.42 - np.abs(x)) / 0.08, 0, 1)
    across = np.sign(x) * (parted * (0.25 + 0.75 * near) - (1 - parted) * 0.22 * near)
    angle = np.arctan2(across, 1 - 0.35 * parted)
    angle = angle + draw.normal(0, JITTER, len(x)) + _waves(places, draw)
    way = np.column_stack([np.sin(angle), np.cos(angle), np.zeros(len(x))])
    return _unit(pose.inverse_vectors(way))


def _waves(places: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Return angles that vary slowly over the face: hairs lie in tufts."""
    total = np.zeros(len(places))
    for _ in range(4):
        pitch, phase = draw.normal(0, 14, 2), draw.uniform(0, 6.28)
        total += 0.11 * np.sin(places @ pitch + phase)
    return total


def _normals(points: np.ndarray) -> np.ndarray:
    """Return (468, 3) unit normals of a mesh, out of the face."""
    faces = points[triangles()]
    flat = np.cross(faces[:, 1] - faces[:, 0], faces[:, 2] - faces[:, 0])
    total = np.zeros_like(points)
    for corner in range(3):
        np.add.at(total, triangles()[:, corner], flat)
    # Most of what a camera sees faces it, whichever way triangles turn.
    return _unit(total if total[:, 2].sum() < 0 else -total)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
