"""The pose of a head: the 3D similarity between its landmarks and the mean face."""

from dataclasses import dataclass

import numpy as np

from faceedit.faces.topology import STILL, mean_shape

_AXES = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0]])
"""The mean face's right and forward."""


@dataclass(frozen=True)
class Similarity3:
    """x → scale · x @ rotation + shift.

    Attributes:
        scale: positive.
        rotation: (3, 3), determinant 1.
        shift: (3,).
    """

    scale: float
    rotation: np.ndarray
    shift: np.ndarray

    def points(self, points: np.ndarray) -> np.ndarray:
        """Take (N, 3) points through."""
        return self.scale * points @ self.rotation + self.shift

    def vectors(self, vectors: np.ndarray) -> np.ndarray:
        """Take (N, 3) differences of points through."""
        return self.scale * vectors @ self.rotation

    def inverse_points(self, points: np.ndarray) -> np.ndarray:
        """Take (N, 3) points back."""
        return (points - self.shift) @ self.rotation.T / self.scale

    def inverse_vectors(self, vectors: np.ndarray) -> np.ndarray:
        """Take (N, 3) differences of points back."""
        return vectors @ self.rotation.T / self.scale


def fit_similarity3(source: np.ndarray, target: np.ndarray) -> Similarity3:
    """Fit the least-squares similarity without mirroring (Umeyama, 1991).

    Args:
        source: (N, 3) points.
        target: (N, 3) points.
    """
    a0, b0 = source.mean(0), target.mean(0)
    a, b = source - a0, target - b0
    u, singular, vt = np.linalg.svd(a.T @ b)
    signs = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    rotation = u * signs @ vt
    scale = float((singular * signs).sum() / (a * a).sum())
    return Similarity3(scale, rotation, b0 - scale * a0 @ rotation)


def to_mean_face(landmarks: np.ndarray) -> Similarity3:
    """Fit the similarity from a face to the mean face, by the points that expressions leave still.

    Args:
        landmarks: (478, 3), any unit.
    """
    still = list(STILL)
    return fit_similarity3(
        landmarks[still].astype(np.float64), mean_shape()[still].astype(np.float64)
    )


@dataclass(frozen=True)
class HeadPose:
    """Where a head is turned, in degrees, as the picture shows it.

    Attributes:
        yaw: positive where it looks to the image's right.
        pitch: positive where it looks up.
        roll: positive where it is tilted clockwise, towards the image's right shoulder.
    """

    yaw: float
    pitch: float
    roll: float


def head_pose(landmarks: np.ndarray) -> HeadPose:
    """Measure the pose of a head: yaw about the picture's vertical, then pitch, then roll.

    A face is straight (0, 0, 0) where it is symmetric and held like the mean face is.

    Args:
        landmarks: (478, 3), any unit.

    >>> pose = head_pose(mean_shape())
    >>> abs(round(pose.yaw, 3)), abs(round(pose.pitch, 3)), abs(round(pose.roll, 3))
    (0.0, 0.0, 0.0)
    """
    axes = to_mean_face(landmarks).inverse_vectors(_AXES)
    right, forward = axes / np.linalg.norm(axes, axis=1, keepdims=True)
    yaw = np.arctan2(forward[0], -forward[2])
    pitch = np.arcsin(np.clip(-forward[1], -1.0, 1.0))
    level = np.array([np.cos(yaw), 0.0, np.sin(yaw)])
    roll = np.arctan2(right @ np.cross(level, forward), right @ level)
    return HeadPose(*(float(np.degrees(angle)) for angle in (yaw, pitch, roll)))
