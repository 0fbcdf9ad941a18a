"""What the 478 mesh points are: parts, triangles and a mean shape.

The triangles are those of MediaPipe's face mesh (Apache-2.0); eyes and mouth are holes in it. The
mean shape is that of 79 neutral faces and their mirror images, in units of the distance of the
outer eye corners, with its origin between them, x to the image's right, y down and z away.
"""

from functools import cache
from importlib.resources import files

import numpy as np

N_SURFACE = 468
"""Points of the skin; the ten after them are irises."""

FACE_OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
OUTER_LIPS = (
    61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185,
)  # fmt: skip
UPPER_INNER_LIP = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER_INNER_LIP = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
INNER_LIPS = UPPER_INNER_LIP + LOWER_INNER_LIP[-2:0:-1]
LIPS = OUTER_LIPS + INNER_LIPS
UPPER_LIDS = (
    (33, 246, 161, 160, 159, 158, 157, 173, 133),
    (263, 466, 388, 387, 386, 385, 384, 398, 362),
)
LOWER_LIDS = (
    (33, 7, 163, 144, 145, 153, 154, 155, 133),
    (263, 249, 390, 373, 374, 380, 381, 382, 362),
)
EYES = tuple(up + low[-2:0:-1] for up, low in zip(UPPER_LIDS, LOWER_LIDS, strict=True))
BROWS = ((70, 63, 105, 66, 107), (300, 293, 334, 296, 336))
BROW_OUTLINES = (
    (70, 63, 105, 66, 107, 55, 65, 52, 53, 46),
    (300, 293, 334, 296, 336, 285, 295, 282, 283, 276),
)
NOSE = (
    168, 351, 412, 343, 437, 429, 279, 358, 294, 327, 326, 2, 97, 98, 64, 129, 49, 209, 217, 114,
    188, 122,
)  # fmt: skip
"""Outline from the root over the wings to the lip and back."""
IRISES = ((468, 469, 470, 471, 472), (473, 474, 475, 476, 477))
"""Centre first."""
OUTER_EYE_CORNERS = (33, 263)
MOUTH_CORNERS = (61, 291)
CHEEKS = (205, 425)
"""Bare skin, too, of people with beards and spectacles."""
SUBNASALE = 2
"""Where the nose meets the upper lip."""
STILL = (
    10, 151, 9, 8, 168, 6, 197, 195, 33, 133, 362, 263, 127, 356, 234, 454, 21, 251, 103, 332,
    67, 297, 54, 284, 162, 389, 93, 323,
)  # fmt: skip
"""Points that expressions move least: they tell the pose of the head."""


def eye_distance(landmarks: np.ndarray) -> float:
    """Return the distance of the outer eye corners in the picture plane: the unit of faces.

    Args:
        landmarks: (N >= 264, >= 2) mesh points in any unit; it is that of the result. Depth does
            not count.

    >>> points = np.zeros((478, 3))
    >>> points[list(OUTER_EYE_CORNERS), 0] = 10, 70
    >>> eye_distance(points)
    60.0
    """
    left, right = OUTER_EYE_CORNERS
    return float(np.linalg.norm(landmarks[right, :2] - landmarks[left, :2]))


@cache
def triangles() -> np.ndarray:
    """Return the (852, 3) int32 triangles of the skin."""
    return _table("triangles").astype(np.int32)


@cache
def mean_shape() -> np.ndarray:
    """Return the (478, 3) float32 mean neutral face."""
    return _table("mean_shape")


@cache
def mirror() -> np.ndarray:
    """Return the (478,) int numbers of the points that each one is in a mirror."""
    return _table("mirror").astype(np.intp)


def _table(name: str) -> np.ndarray:
    with (files("faceedit.faces") / "topology.npz").open("rb") as file, np.load(file) as tables:
        return tables[name]
