"""People before an even wall: their mattes are exact, which colours alone can tell."""

import cv2
import numpy as np

from faceedit.faces.align import crop_side
from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import FACE_OVAL
from faceedit.ramps import smoothstep

DEGREE = 3
"""Of the polynomial of places that a wall's colour is."""
ROUNDS = 8
NOISE = 0.012
"""Least deviation of a wall's colour from the polynomial, in display values."""
NEAR, FAR = 3.0, 9.0
"""Deviations up to which a pixel is the wall, and from which it is the person."""
STRAND = 0.012
"""Share of a crop's side over which thin gaps close."""


def wall_matte(pixels: np.ndarray, landmarks: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Separate a person from an even wall.

    Args:
        pixels: (S, S, 3) float32 RGB in [0, 1].
        landmarks: (478, 3) mesh points in pixels.
        valid: (S, S) bool, on the photo.

    Returns:
        (S, S) float32 opacity of the person in [0, 1].
    """
    size, side = pixels.shape[0], crop_side(landmarks)
    places = np.linspace(-1, 1, size)
    x, y = np.meshgrid(places, places)
    terms = np.stack([x**i * y**j for i in range(DEGREE + 1) for j in range(DEGREE + 1 - i)], -1)
    oval = landmarks[list(FACE_OVAL), :2].astype(np.float64)
    # To begin with, the wall is what lies above the chin and well away from the face.
    face = (fill_polygon(oval, (size, size)) > 0.5).astype(np.uint8)
    away = cv2.distanceTransform(1 - face, cv2.DIST_L2, 5) > 0.35 * side
    wall = valid & away & (np.arange(size) < oval[:, 1].max())[:, None]
    if wall.sum() < 200:
        return np.ones((size, size), np.float32)
    away_from_wall = np.zeros((size, size), np.float32)
    for _ in range(ROUNDS):
        solved, *_ = np.linalg.lstsq(terms[wall], pixels[wall], rcond=None)
        off = pixels - (terms @ solved).astype(np.float32)
        spread = np.maximum(1.48 * np.median(np.abs(off[wall]), axis=0), NOISE).astype(np.float32)
        away_from_wall = np.sqrt(np.square(off / spread).mean(2)).astype(np.float32)
        wall = valid & (away | (away_from_wall < 0.5 * NEAR)) & (away_from_wall < NEAR)
    matte = smoothstep(away_from_wall, (NEAR, FAR))
    matte[face > 0] = 1
    matte[~valid] = 0
    solid = cv2.morphologyEx(
        (matte > 0.5).astype(np.uint8),
        cv2.MORPH_CLOSE,
        np.ones((2 * round(STRAND * side) + 1,) * 2, np.uint8),
    )
    matte = np.where(_of_person(solid, face), np.maximum(matte, _filled(solid, face)), 0)
    # Shirts may be as white as the wall: below the chin all is the person that lies under it.
    chin = round(float(oval[:, 1].max()))
    matte[chin:] = np.maximum.accumulate(matte[chin:], axis=0)
    return matte.astype(np.float32)


def _of_person(solid: np.ndarray, face: np.ndarray) -> np.ndarray:
    """Return what hangs together with the face, with a rim about it, (S, S) bool."""
    _, parts = cv2.connectedComponents(solid)
    own = np.bincount(parts[(face > 0) & (solid > 0)]).argmax()
    return cv2.dilate((parts == own).astype(np.uint8), np.ones((7, 7), np.uint8)) > 0


def _filled(solid: np.ndarray, face: np.ndarray) -> np.ndarray:
    """Return the person with all holes inside filled, but for its rim, (S, S) float32."""
    contours, _ = cv2.findContours(solid, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    whole = np.zeros_like(solid)
    cv2.drawContours(whole, contours, -1, 1, cv2.FILLED)
    whole = np.maximum(whole, face)
    return cv2.erode(whole, np.ones((5, 5), np.uint8)).astype(np.float32)
