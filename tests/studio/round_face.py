"""A made-up face for tests of light and turns: half an egg with a nose, left and right alike."""

from functools import cache

import numpy as np

from faceedit.faces.align import Crop
from faceedit.faces.topology import N_SURFACE, OUTER_EYE_CORNERS, mean_shape
from faceedit.studio.camera import Camera
from faceedit.studio.lips import LipSeal
from faceedit.studio.model import FaceModel, Part
from faceedit.studio.subject import Pose, Subject

COLUMNS, ROWS = 61, 71
WIDTH, HEIGHT, DEPTH = 7.5, 10.5, 8.0
NOSE = (0.9, 1.8, 2.4)
"""Half width, half height, height in cm."""
CM = 8.9
SIDE = 25.0
"""Of a crop in cm."""


@cache
def round_model() -> FaceModel:
    """A face model without identities and with one expression that opens the jaw."""
    x, y = np.meshgrid(np.linspace(-1, 1, COLUMNS), np.linspace(-1, 1, ROWS))
    # A square of unit side becomes a disc, so that the grid ends at the outline.
    u, v = x * np.sqrt(1 - y**2 / 2), y * np.sqrt(1 - x**2 / 2)
    z = DEPTH * np.sqrt(np.maximum(1 - u**2 - v**2, 0))
    z += NOSE[2] * np.exp(-((u * WIDTH / NOSE[0]) ** 2) - (v * HEIGHT / NOSE[1]) ** 2)
    neutral = np.stack([u * WIDTH, v * HEIGHT, z], axis=-1).reshape(-1, 3).astype(np.float32)

    index = np.arange(ROWS * COLUMNS).reshape(ROWS, COLUMNS)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    left = np.broadcast_to(np.arange(COLUMNS - 1) < COLUMNS // 2, a.shape)
    one = np.where(left[..., None], np.stack([a, b, c], -1), np.stack([a, b, d], -1))
    two = np.where(left[..., None], np.stack([a, c, d], -1), np.stack([b, c, d], -1))
    triangles = np.concatenate([one.reshape(-1, 3), two.reshape(-1, 3)]).astype(np.int32)

    face = mean_shape()[:N_SURFACE].astype(np.float64) * CM * (1, -1, -1)
    square = ((face[:, None, :2] - neutral[None, :, :2]) ** 2).sum(-1)
    jaw = np.zeros_like(neutral)
    jaw[neutral[:, 1] < -4] = (0.0, -1.0, 0.0)
    return FaceModel(
        neutral=neutral,
        identity=np.zeros((1, *neutral.shape), np.float32),
        expression=jaw[None],
        expression_names=("jawOpen",),
        triangles=triangles,
        part=np.full(len(triangles), Part.SKIN, np.uint8),
        landmark_vertices=square.argmin(1).astype(np.int32),
        landmark_weights=np.ones(N_SURFACE, np.float32),
    )


def round_subject(size: int = 96, pixels: np.ndarray | None = None) -> Subject:
    """The model straight in front of the camera; its photo is flatly lit skin on grey.

    Args:
        size: side of the crop.
        pixels: (S, S, 3) another photo of it.
    """
    model = round_model()
    camera = Camera(np.zeros(3), size / SIDE, np.full(2, (size - 1) / 2))
    places, depth = camera.project(model.neutral)
    pose = Pose(model, np.zeros(1), model.neutral, places, depth, camera, size)
    if pixels is None:
        skin = pose.drawing.skin[..., None]
        pixels = np.where(skin, (0.62, 0.47, 0.40), (0.5, 0.5, 0.5)).astype(np.float32)
    landmarks = np.zeros((478, 3), np.float32)
    landmarks[:N_SURFACE, :2] = pose.landmarks()
    for middle, lids in ((468, (33, 133)), (473, (263, 362))):
        landmarks[middle : middle + 5, :2] = landmarks[list(lids), :2].mean(0)
        landmarks[middle + 1 : middle + 5, :2] += (
            0.02 * size * np.array([[1, 0], [0, 1], [-1, 0], [0, -1]])
        )
    unit = float(np.linalg.norm(np.subtract(*landmarks[list(OUTER_EYE_CORNERS), :2])))
    return Subject(
        crop=Crop(pixels, landmarks, np.eye(2, 3)),
        identity=np.zeros(1),
        pose=pose,
        shifts=np.zeros_like(places),
        unit=unit,
        residual=0.0,
        gap=0.0,
        seal=LipSeal(model),
    )
