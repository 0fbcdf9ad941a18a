"""Where a face may change: inside the mesh's outline, softened."""

import cv2
import numpy as np

from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import FACE_OVAL, eye_distance

JAW_MARGIN = 0.16
"""How far the support reaches beyond the jaw, in eye distances: a smile moves the jaw line."""
HAIR_MARGIN = -0.04
"""The same at the top of the forehead: it stays inside, so that hair does not move."""
SOFTNESS = 0.16
"""Width of the soft rim in eye distances, inside the support."""


def face_mask(landmarks: np.ndarray, size: int) -> np.ndarray:
    """Draw the mask of one face in its crop.

    Args:
        landmarks: (478, 3) mesh points in crop pixels.
        size: side of the crop in pixels.

    Returns:
        (size, size) float32 in [0, 1]; exactly 0 outside the outline and on the crop's border.

    >>> from faceedit.faces.align import crop_affine, transform_landmarks
    >>> from faceedit.faces.topology import mean_shape
    >>> points = transform_landmarks(mean_shape(), crop_affine(mean_shape(), 256))
    >>> mask = face_mask(points, 256)
    >>> mask.shape, float(mask[128, 128]), float(mask[0].max())
    ((256, 256), 1.0, 0.0)
    """
    outline = landmarks[list(FACE_OVAL), :2].astype(np.float64)
    unit = eye_distance(landmarks.astype(np.float64))
    chin, top = outline[len(outline) // 2], outline[0]
    down = (chin - top) / max(float(np.linalg.norm(chin - top)), 1e-6)
    centre = outline.mean(axis=0)
    away = outline - centre
    away /= np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-6)
    lowness = np.clip((away @ down + 1.0) / 1.2, 0.0, 1.0)[:, None]
    outline = outline + away * unit * (HAIR_MARGIN + (JAW_MARGIN - HAIR_MARGIN) * lowness)
    support = fill_polygon(outline, (size, size)) > 0.5
    support[[0, -1]] = False
    support[:, [0, -1]] = False
    depth = cv2.distanceTransform(support.astype(np.uint8), cv2.DIST_L2, 5)
    rise = np.clip(depth / (SOFTNESS * unit), 0.0, 1.0)
    return (rise * rise * (3.0 - 2.0 * rise)).astype(np.float32)
