"""Simulated frontal faces: what LSSL makes realistic (section 3.2, Fig. 3b).

The paper draws them by a bilinear face model. Here the mesh of landmarks is the model: it is turned
to the camera, expression and all, with the photo as its texture, which shows what such simulations
show: a far cheek that is stretched, and a head that stays where it was around the face.
"""

import cv2
import numpy as np

from faceedit.compose.mesh_flow import mesh_flow, soften_jumps
from faceedit.faces.align import crop_affine, transform_landmarks
from faceedit.faces.pose import to_mean_face
from faceedit.faces.raster import rasterize_mesh
from faceedit.faces.topology import eye_distance


def frontal_landmarks(landmarks: np.ndarray, size: int) -> np.ndarray:
    """Return (478, 3) landmarks of the same face, of the same expression, looking at the camera.

    Args:
        landmarks: (478, 3) in pixels of a crop.
        size: of the crop, where they are placed as those of crops are.
    """
    straight = to_mean_face(landmarks).points(landmarks.astype(np.float64))
    return transform_landmarks(straight, crop_affine(straight, size))


def simulate_frontal(picture: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Return a crop with its face turned to the camera by the mesh.

    Args:
        picture: (S, S, 3) uint8 or float32 RGB.
        landmarks: (478, 3) in its pixels.
    """
    size = picture.shape[0]
    after = frontal_landmarks(landmarks, size)
    raster = rasterize_mesh(after[:, :2], (size, size))
    flow = mesh_flow(landmarks, after, raster, eye_distance(after), still_eyes=False)
    flow = soften_jumps(flow, size)
    rows, columns = np.mgrid[:size, :size].astype(np.float32)
    return cv2.remap(
        picture,
        columns + flow[..., 0],
        rows + flow[..., 1],
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
