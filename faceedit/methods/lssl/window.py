"""The part of a wide crop that the correction of turned heads sees: head, hair and neck."""

import cv2
import numpy as np

from faceedit.faces.landmark_maps import draw_landmark_maps
from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import FACE_OVAL, eye_distance
from faceedit.ramps import ramp

WIDE = 256
"""Side of the wide crop in pixels."""
SIDE = 160
"""Of the window, 3.5 distances of the outer eye corners."""
CORNER = (48, 40)
"""Left and top of the window."""
MAPS_SIDE = 40
"""At which landmark maps are drawn for it."""
WALL = (0.1, 0.4)
"""Eye distances beyond a person's outline over which nothing is moved any more."""
INNER, SOFT = 0.85, 0.12
"""Share of a face's outline within which landmarks say all, and eye distances over which that
ends."""


def window_affine(affine: np.ndarray) -> np.ndarray:
    """Return the (2, 3) similarity from a photo's pixels to the window's, from that to the crop."""
    return affine - np.array([[0, 0, CORNER[0]], [0, 0, CORNER[1]]])


def cut_window(pixels: np.ndarray) -> np.ndarray:
    """Return the window of a wide crop's (256, 256, 3) pixels, (160, 160, 3)."""
    x, y = CORNER
    return pixels[y : y + SIDE, x : x + SIDE]


def into_crop(field: np.ndarray) -> np.ndarray:
    """Return a (h, h, C) field of the window as one of the whole crop, 0 elsewhere.

    Args:
        field: h is `SIDE`, its half or its quarter.
    """
    ratio = SIDE // field.shape[0]
    x, y = (at // ratio for at in CORNER)
    whole = np.zeros((WIDE // ratio, WIDE // ratio, *field.shape[2:]), np.float32)
    whole[y : y + field.shape[0], x : x + field.shape[1]] = field
    return whole


def window_maps(landmarks: np.ndarray) -> np.ndarray:
    """Return `landmark_maps` of a head in the window, (40, 40, 12) float32 in [0, 1].

    Args:
        landmarks: (478, >= 2) in pixels of the wide crop.
    """
    return draw_landmark_maps(landmarks[:, :2] - np.array(CORNER), SIDE, MAPS_SIDE)


def inner_face(landmarks: np.ndarray) -> np.ndarray:
    """Return where landmarks say all, about eyes, nose and mouth, (160, 160) float32 in [0, 1].

    Args:
        landmarks: (478, >= 2) in pixels of the wide crop.
    """
    outline = landmarks[list(FACE_OVAL), :2] - np.array(CORNER)
    middle = outline.mean(0)
    filled = fill_polygon(middle + INNER * (outline - middle), (SIDE, SIDE)).astype(np.float32)
    return cv2.GaussianBlur(filled, (0, 0), SOFT * eye_distance(landmarks))


def near_person(matte: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Return a person and what is next to it, (160, 160) float32 in [0, 1]: the wall stays.

    Args:
        matte: (256, 256) float32 in [0, 1], of the turned person.
        landmarks: (478, >= 2) in pixels of the wide crop.
    """
    wall = (cut_window(matte) < 0.5).astype(np.uint8)
    beyond = cv2.distanceTransform(wall, cv2.DIST_L2, 5) / np.float32(eye_distance(landmarks))
    return 1 - ramp(beyond, WALL)
