"""A face model of the mesh points alone, and a drawn photo of it: enough for lids to move."""

import cv2
import numpy as np

from faceedit.faces import topology
from faceedit.faces.align import Crop
from faceedit.studio.model import FaceModel
from faceedit.studio.subject import Subject, fit_subject

CM = 9.0
"""Outer eye distance."""
NAMES = ("jawOpen", "eyeBlink_L", "eyeBlink_R", "eyeWide_L", "eyeWide_R")


def small_model() -> FaceModel:
    """Return a model whose skin is the mean face's mesh and whose only movements are few."""
    mean = topology.mean_shape()[: topology.N_SURFACE]
    neutral = (mean * [CM, -CM, -CM]).astype(np.float32)
    expression = np.zeros((len(NAMES), len(neutral), 3), np.float32)
    jaw = list(topology.LOWER_INNER_LIP[1:-1])
    expression[0, jaw, 1] = -2.0
    for eye, side in enumerate("RL"):
        upper, lower = topology.UPPER_LIDS[eye][1:-1], topology.LOWER_LIDS[eye][1:-1]
        shut = neutral[list(lower)] - neutral[list(upper)]
        expression[NAMES.index(f"eyeBlink_{side}"), list(upper)] = shut
        expression[NAMES.index(f"eyeWide_{side}"), list(upper)] = -0.4 * shut
    return FaceModel(
        neutral=neutral,
        identity=np.zeros((1, *neutral.shape), np.float32),
        expression=expression,
        expression_names=NAMES,
        triangles=topology.triangles().astype(np.int32),
        part=np.zeros(len(topology.triangles()), np.uint8),
        landmark_vertices=np.arange(len(neutral), dtype=np.int32),
        landmark_weights=np.ones(len(neutral), np.float32),
    )


def small_subject(size: int = 256) -> Subject:
    """Return a drawn face fitted with `small_model`: skin, whites, irises with a pupil, lashes."""
    scale = 0.36 * size
    landmarks = topology.mean_shape() * scale
    landmarks[:, :2] += (size / 2, 0.45 * size)
    pixels = np.full((size, size, 3), (0.8, 0.6, 0.5), np.float32)
    for eye in (0, 1):
        opening = np.zeros((size, size), np.uint8)
        cv2.fillPoly(opening, [_fixed(landmarks[list(topology.EYES[eye]), :2])], 255, shift=4)
        ball = np.full_like(pixels, 0.9)
        centre, radius = landmarks[topology.IRISES[eye][0], :2], 0.065 * scale
        for colour, share in (((0.2, 0.35, 0.5), 1.0), ((0.02, 0.02, 0.02), 0.4)):
            middle = tuple(int(v) for v in _fixed(centre))
            cv2.circle(ball, middle, int(16 * share * radius), colour, -1, cv2.LINE_AA, 4)
        pixels = np.where(opening[..., None] > 0, ball, pixels)
        lashes = _fixed(landmarks[list(topology.UPPER_LIDS[eye]), :2])
        cv2.polylines(pixels, [lashes], False, (0.1, 0.05, 0.05), 1, cv2.LINE_AA, 4)
    crop = Crop(pixels, landmarks.astype(np.float32), np.eye(2, 3))
    return fit_subject(small_model(), crop)


def _fixed(points: np.ndarray) -> np.ndarray:
    return np.round(points * 16).astype(np.int32)
