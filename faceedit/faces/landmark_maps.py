"""Landmarks drawn as pictures, the form in which networks read them."""

import cv2
import numpy as np

from faceedit.faces.face_alignment import MESH_POINTS
from faceedit.faces.raster import MeshRaster, draw_lines, fill_polygon, rasterize_mesh
from faceedit.faces.topology import (
    BROWS,
    EYES,
    FACE_OVAL,
    INNER_LIPS,
    IRISES,
    LOWER_INNER_LIP,
    LOWER_LIDS,
    N_SURFACE,
    OUTER_LIPS,
    UPPER_INNER_LIP,
    UPPER_LIDS,
    mean_shape,
)

CHANNELS = ("u", "v", "face", "eyes", "mouth", "upper_lip", "lower_lip", "lips", "upper_lids",
            "lower_lids", "irises", "brows")  # fmt: skip


HEAT_POINTS = (*FACE_OVAL[::2], *MESH_POINTS)
"""Outline, brows, nose, eyes and lips."""
HEAT_WIDTH = 0.012
"""Standard deviation of a point's Gaussian in sides of the map."""


def draw_landmark_maps(
    landmarks: np.ndarray, crop_size: int, size: int, raster: MeshRaster | None = None
) -> np.ndarray:
    """Draw a face's landmarks as maps.

    Args:
        landmarks: (478, >= 2) mesh points in crop pixels.
        crop_size: side of the crop in pixels.
        size: side of the maps in pixels.
        raster: of the mesh on the maps' pixels, where it has been drawn.

    Returns:
        (size, size, 12) float32 in [0, 1], channels as in `CHANNELS`: `u` and `v` are the place
        on the mean face, drawn by the mesh and continued beyond it by the nearest affine map.
    """
    grid = (size, size)
    points = (landmarks[:, :2].astype(np.float64) + 0.5) * (size / crop_size) - 0.5
    maps = np.zeros((*grid, len(CHANNELS)), np.float32)
    raster = raster or rasterize_mesh(points, grid)
    maps[..., :2] = np.where(
        raster.inside[..., None],
        raster.interpolate(mean_shape()[:N_SURFACE, :2]),
        _affine_places(points, grid),
    )
    maps[..., 0] = maps[..., 0] / 3.0 + 0.5
    maps[..., 1] = (maps[..., 1] - 0.33) / 3.0 + 0.5
    maps[..., 2] = raster.inside
    maps[..., 3] = sum(fill_polygon(points[list(eye)], grid) for eye in EYES)
    maps[..., 4] = fill_polygon(points[list(INNER_LIPS)], grid)
    maps[..., 5] = draw_lines([points[list(UPPER_INNER_LIP)]], grid)
    maps[..., 6] = draw_lines([points[list(LOWER_INNER_LIP)]], grid)
    maps[..., 7] = fill_polygon(points[list(OUTER_LIPS)], grid)
    maps[..., 8] = draw_lines([points[list(lid)] for lid in UPPER_LIDS], grid)
    maps[..., 9] = draw_lines([points[list(lid)] for lid in LOWER_LIDS], grid)
    maps[..., 10] = _draw_irises(points, grid)
    maps[..., 11] = draw_lines([points[list(brow)] for brow in BROWS], grid)
    return np.clip(maps, 0.0, 1.0)


def draw_heat_map(landmarks: np.ndarray, size: int) -> np.ndarray:
    """Draw 2D Gaussians at landmarks: the side image of LSSL (section 5.3).

    Args:
        landmarks: (478, >= 2) mesh points in pixels of the map.
        size: side of the map.

    Returns:
        (size, size) float32 in [0, 1], 1 at the points `HEAT_POINTS`.
    """
    points = landmarks[list(HEAT_POINTS), :2].astype(np.float32)
    away = np.arange(size, dtype=np.float32) - points[..., None]
    along = np.exp(-0.5 * (away / np.float32(HEAT_WIDTH * size)) ** 2)
    return (along[:, 1, :, None] * along[:, 0, None, :]).max(0)


def _affine_places(points: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
    """Continue u and v over the whole grid by the affine map that fits the mesh best."""
    surface = np.column_stack([points[:N_SURFACE], np.ones(N_SURFACE)])
    fit = np.linalg.lstsq(surface, mean_shape()[:N_SURFACE, :2].astype(np.float64), rcond=None)[0]
    rows, columns = np.mgrid[: grid[0], : grid[1]]
    return columns[..., None] * fit[0] + rows[..., None] * fit[1] + fit[2]


def _draw_irises(points: np.ndarray, grid: tuple[int, int]) -> np.ndarray:
    canvas = np.zeros(grid, np.uint8)
    for centre, *rim in IRISES:
        radius = float(np.linalg.norm(points[rim] - points[centre], axis=1).mean())
        place = np.round(points[centre] * 16).astype(int).tolist()
        cv2.circle(canvas, place, round(radius * 16), 255, cv2.FILLED, cv2.LINE_AA, 4)
    return canvas.astype(np.float32) / 255.0
