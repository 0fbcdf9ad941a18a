"""What the refinement network is shown of a face: the photo moved by the layers, and maps."""

from dataclasses import dataclass

import cv2
import numpy as np

from faceedit.compose.mesh_flow import mesh_flow
from faceedit.faces.landmark_maps import draw_landmark_maps
from faceedit.faces.raster import rasterize_mesh
from faceedit.faces.topology import eye_distance
from faceedit.methods.fields.shade_layer import draw_shade

FIELD_SIZE = 128
"""Side of the fields."""
WORKING_SIZE = 64
"""Side at which the network works."""


@dataclass(frozen=True)
class Drawn:
    """One face, moved by the shape layer, on the target's pixels.

    Attributes:
        moved: (128, 128, 3) float32 RGB in [0, 1], the photo under `flow`.
        maps: (64, 64, 12) float32 in [0, 1], `landmark_maps` of the moved face.
        flow: (128, 128, 2) float32 crop pixels, of the moved mesh.
        shade: (128, 128, 3) float32, the shade layer's log ratio.
        acting: (64, 64, P) float32, how far each number of a condition acts at a place; None for
            conditions that act everywhere.
    """

    moved: np.ndarray
    maps: np.ndarray
    flow: np.ndarray
    shade: np.ndarray
    acting: np.ndarray | None = None


def draw_face(
    pixels: np.ndarray,
    landmarks: np.ndarray,
    moved: np.ndarray,
    shade: np.ndarray,
    acting: np.ndarray | None = None,
) -> Drawn:
    """Draw what the layers make of a face.

    Args:
        pixels: (S, S, 3) float32 RGB in [0, 1].
        landmarks: (478, 3) crop pixels.
        moved: (478, 2) crop pixels, after the edit.
        shade: (A, A, 3) log ratio on the atlas.
        acting: (468, P) float32 at the points of the mesh, see `Drawn.acting`.
    """
    size = pixels.shape[0]
    grid, scale = (FIELD_SIZE, FIELD_SIZE), FIELD_SIZE / size
    before = (landmarks[:, :2].astype(np.float64) + 0.5) * scale - 0.5
    after = (moved.astype(np.float64) + 0.5) * scale - 0.5
    raster = rasterize_mesh(after, grid)
    flow = mesh_flow(before, after, raster, eye_distance(before))
    small = cv2.resize(pixels, grid, interpolation=cv2.INTER_AREA)
    x = flow[..., 0] + np.arange(FIELD_SIZE, dtype=np.float32)
    y = flow[..., 1] + np.arange(FIELD_SIZE, dtype=np.float32)[:, None]
    shown = cv2.remap(small, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    maps = draw_landmark_maps(moved, size, FIELD_SIZE, raster)
    working = (WORKING_SIZE, WORKING_SIZE)
    maps = cv2.resize(maps, working, interpolation=cv2.INTER_AREA)
    if acting is not None:
        drawn = raster.interpolate(acting) * raster.inside[..., None]
        acting = cv2.resize(drawn.astype(np.float32), working, interpolation=cv2.INTER_AREA)
    return Drawn(shown, maps, flow / np.float32(scale), draw_shade(shade, raster), acting)
