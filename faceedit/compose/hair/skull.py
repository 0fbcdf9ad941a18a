"""The shape of a head without hair: an ellipsoid behind the face, as the picture shows it."""

from dataclasses import dataclass

import cv2
import numpy as np

from faceedit.faces.pose import Similarity3, to_mean_face
from faceedit.faces.topology import mean_shape

CENTRE = (0.0, -0.37, 0.8)
"""Of the skull on the mean face, in its units; as the studio's face model has it."""
RADII = (0.82, 0.9, 0.97)
"""Half its width, height and length, as a camera some ten eye distances away shows them."""
SIDES = (127, 356, 162, 389, 21, 251)
"""Mesh points at the sides of a head."""
WIDTHS = (0.92, 1.1)
"""Bounds of how wide a head is, beside the mean."""
BINS = 72
"""Directions about the middle of a skull in which its outline is corrected."""
WIDER, ABOUT = 0.25, 28.0
"""Most that a skull is widened to reach an ear, and degrees about the ear over which it is."""
HAIR = 0.04
"""Least thickness of hair, of the skull's radius."""
FEWEST = 30
"""Pixels below which an ear is not seen."""


@dataclass(frozen=True)
class Skull:
    """A skull in a crop.

    Attributes:
        radius: (S, S) float32, 1 on its outline, 0 in its middle.
        normals: (S, S, 3) float32 unit, x right, y up, z to the camera; those of the outline beyond
            it.
        centre: (2,) of its middle in pixels.
    """

    radius: np.ndarray
    normals: np.ndarray
    centre: np.ndarray


def fit_skull(landmarks: np.ndarray, size: int) -> Skull:
    """Return the skull that belongs to a face.

    Args:
        landmarks: (478, 3) in pixels of a crop, z away from the camera.
        size: S, side of the crop.

    >>> from faceedit.faces.align import crop_affine, transform_landmarks
    >>> face = transform_landmarks(mean_shape(), crop_affine(mean_shape(), 128))
    >>> skull = fit_skull(face + np.float32([64, 64, 0]), 256)
    >>> bool(skull.radius[90, 128] < 0.3), bool(skull.radius[250, 128] > 1)
    (True, True)
    """
    fit = to_mean_face(landmarks)
    own, mean = (
        np.abs(one[list(SIDES), 0]).mean()
        for one in (fit.points(landmarks.astype(np.float64)), mean_shape())
    )
    wide = float(np.clip(own / mean, *WIDTHS))
    radii = np.array(RADII) * np.array([wide, np.sqrt(wide), np.sqrt(wide)])
    y, x = np.mgrid[:size, :size].astype(np.float64)
    start = (fit.points(np.dstack([x, y, 0 * x]).reshape(-1, 3)) - CENTRE) / radii
    way = fit.vectors(np.array([[0.0, 0.0, 1.0]]))[0] / radii
    # The ray through a pixel is nearest to the middle at t, and enters before that.
    square = float(way @ way)
    nearest = start - (start @ way / square)[:, None] * way
    radius = np.linalg.norm(nearest, axis=1)
    depth = np.sqrt(np.maximum(1 - radius**2, 0) / square)
    on = nearest / np.maximum(radius, 1)[:, None] - depth[:, None] * way
    return Skull(
        radius.reshape(size, size).astype(np.float32),
        _normals(on, radii, fit).reshape(size, size, 3),
        fit.inverse_points(np.array([CENTRE]))[0, :2],
    )


def reach(skull: Skull, gone: np.ndarray, ears: np.ndarray) -> np.ndarray:
    """Return how far out a head's outline is, of its skull's radius: wider at ears, within hair.

    Args:
        skull: of the head.
        gone: (S, S) bool, where the person is surely not.
        ears: (S, S) float32 in [0, 1], which pixels show ears.

    Returns:
        (S, S) float32, the same along each direction from the middle.
    """
    size = len(gone)
    y, x = np.mgrid[:size, :size].astype(np.float32)
    across = x - np.float32(skull.centre[0])
    at = np.arctan2(across, np.float32(skull.centre[1]) - y) * (BINS / (2 * np.pi)) % BINS
    limit = np.ones(BINS)
    for side in (across < 0, across > 0):
        ear = (ears > 0.5) & side
        if ear.sum() < FEWEST:
            continue
        root = skull.radius[ear & (y < np.percentile(y[ear], 60))]
        wider = np.clip(np.percentile(root, 35) - 1, 0, WIDER)
        middle = np.median(at[ear & (y <= np.percentile(y[ear], 15))])
        off = np.abs((np.arange(BINS) + 0.5 - middle + BINS / 2) % BINS - BINS / 2) * 360 / BINS
        limit += wider * np.exp(-0.5 * np.square(off / ABOUT))
    bound = np.full(BINS, np.inf)
    outside = gone & (skull.radius > 0.6)
    np.minimum.at(bound, at[outside].astype(int), skull.radius[outside] - HAIR)
    limit = np.minimum(limit, bound)
    limit = np.minimum(limit, np.minimum(np.roll(limit, 1), np.roll(limit, -1)))
    around = np.tile(limit, 3)[None].astype(np.float32)
    limit = cv2.GaussianBlur(around, (0, 0), 2.0)[0, BINS : 2 * BINS + 1]
    return np.interp((at - 0.5) % BINS, np.arange(BINS + 1), limit).astype(np.float32)


def _normals(on: np.ndarray, radii: np.ndarray, fit: Similarity3) -> np.ndarray:
    """Return normals of an ellipsoid at points of the unit sphere that it is stretched from."""
    normals = fit.inverse_vectors(on / radii) * np.array([1, -1, -1])
    return (normals / np.linalg.norm(normals, axis=1, keepdims=True)).astype(np.float32)
