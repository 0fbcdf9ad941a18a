"""Measures of an edit against the same person's own photo, and against the photo edited."""

import cv2
import numpy as np

from faceedit.faces.align import similarity
from faceedit.faces.pose import fit_similarity3
from faceedit.faces.topology import LIPS, N_SURFACE, STILL, eye_distance


def landmark_error(
    landmarks: np.ndarray, real: np.ndarray, points: tuple[int, ...] = LIPS
) -> float:
    """Return the mean distance of landmarks to a real photo's, in eye distances.

    The real photo's landmarks are first brought into the other's head pose, in 3D, by the points
    that expressions leave still.

    Args:
        landmarks: (478, 3) of the edited photo.
        real: (478, 3) of the real photo with the expression.
        points: those compared; the lips unless others are named.
    """
    still = list(STILL)
    brought = fit_similarity3(real[still].astype(np.float64), landmarks[still].astype(np.float64))
    return _mean_distance(landmarks, brought.points(real.astype(np.float64)), points)


def aligned_error(landmarks: np.ndarray, real: np.ndarray, points: tuple[int, ...]) -> float:
    """Return the same after a similarity of the picture plane over all points of the skin.

    The usual alignment of landmark errors; it lets a wrong expression pull the pose along.

    Args:
        landmarks: (478, >= 2) of the edited photo.
        real: (478, >= 2) of the real photo with the expression.
        points: those compared.
    """
    affine = similarity(real[:N_SURFACE, :2], landmarks[:N_SURFACE, :2])
    brought = real[:, :2] @ affine[:, :2].T + affine[:, 2]
    return _mean_distance(landmarks, brought, points)


def _mean_distance(found: np.ndarray, wanted: np.ndarray, points: tuple[int, ...]) -> float:
    chosen = list(points)
    away = np.linalg.norm(found[chosen, :2] - wanted[chosen, :2], axis=1)
    return float(away.mean() / eye_distance(wanted))


def sharpness_ratio(before: np.ndarray, after: np.ndarray, mask: np.ndarray) -> float:
    """Return the mean gradient magnitude inside a mask after an edit over that before it.

    Args:
        before: (H, W, 3) uint8 RGB.
        after: the same size.
        mask: (H, W) bool.
    """

    def energy(image: np.ndarray) -> float:
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
        x, y = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
        return float(np.hypot(x, y)[mask].mean())

    return energy(after) / energy(before)
