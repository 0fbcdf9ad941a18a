"""Weak perspective with depth: where the face model's vertices fall in a crop."""

from dataclasses import dataclass

import cv2
import numpy as np

DISTANCE = 80.0
"""Of the camera from the model's origin, in cm: a portrait lens."""


@dataclass(frozen=True)
class Camera:
    """Y = R X, k = scale · D / (D − Y_z), u = (k Y_x + shift_x, −k Y_y + shift_y).

    Attributes:
        turn: (3,) rotation vector of R.
        scale: pixels per cm at the model's origin.
        shift: (2,) pixels.
    """

    turn: np.ndarray
    scale: float
    shift: np.ndarray

    @property
    def rotation(self) -> np.ndarray:
        """R, (3, 3) float64."""
        return rotation_matrix(self.turn)

    def project(self, vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return positions (V, 2) in pixels and depths (V,) in cm, larger nearer, float32.

        Args:
            vertices: (V, 3) in the model's cm.
        """
        seen = vertices @ self.rotation.T.astype(vertices.dtype)
        k = self.scale * DISTANCE / (DISTANCE - seen[:, 2])
        places = np.stack([k * seen[:, 0], -k * seen[:, 1]], axis=1) + self.shift
        return places.astype(np.float32), seen[:, 2].astype(np.float32)


def rotation_matrix(turn: np.ndarray) -> np.ndarray:
    """Return the (3, 3) matrix of a rotation vector."""
    return cv2.Rodrigues(np.asarray(turn, np.float64))[0]


def rotation_vector(matrix: np.ndarray) -> np.ndarray:
    """Return the (3,) rotation vector of a matrix."""
    return cv2.Rodrigues(matrix)[0][:, 0]
