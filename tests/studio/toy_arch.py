"""A made-up face model with bent arches of teeth, and sitters whose jaw is open."""

from functools import cache

import numpy as np

from faceedit.compose.mouth.opening import lip_gap
from faceedit.faces.align import Crop
from faceedit.faces.topology import (
    LOWER_INNER_LIP,
    N_SURFACE,
    OUTER_EYE_CORNERS,
    UPPER_INNER_LIP,
    mean_shape,
    triangles,
)
from faceedit.studio.camera import Camera
from faceedit.studio.lips import LipSeal
from faceedit.studio.model import FaceModel, Part
from faceedit.studio.subject import Pose, Subject

SIZE, CM = 192, 8.9
BELOW = np.array(LOWER_INNER_LIP[1:-1])


def facing(corners, vertices):
    a, b, c = (vertices[corners[:, k], :2] for k in range(3))
    turn = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    return np.where((turn > 0)[:, None], corners, corners[:, ::-1])


def sheet(low, high, depth, start):
    """A bent grid of 13 x 4 vertices, as an arch of teeth is bent; and its triangles."""
    x, y = np.meshgrid(np.linspace(low[0], high[0], 13), np.linspace(low[1], high[1], 4))
    vertices = np.stack([x, y, depth - 0.12 * x**2], axis=-1).reshape(-1, 3)
    k = np.arange(52).reshape(4, 13)
    squares = [k[:-1, :-1], k[:-1, 1:], k[1:, 1:], k[1:, :-1]]
    a, b, c, d = (q.ravel() for q in squares)
    return vertices, np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)]) + start


@cache
def arched_model() -> FaceModel:
    """Skin, two arches of teeth and a socket; its one blendshape lowers the jaw."""
    skin = mean_shape()[:N_SURFACE].astype(np.float64) * CM * (1, -1, -1)
    lips = skin[list(UPPER_INNER_LIP + LOWER_INNER_LIP)]
    x, y, z = lips.mean(0)
    ring = set(UPPER_INNER_LIP + LOWER_INNER_LIP)
    faces = np.array([t for t in triangles() if not set(t.tolist()) <= ring])
    parts, tris, labels = [skin], [facing(faces, skin)], [np.zeros(len(faces), np.uint8)]
    for low, high, deep, label in (
        ((-2.4, -0.9), (2.4, 1.0), -1.0, Part.TEETH),
        ((-2.4, -2.0), (2.4, -0.91), -1.1, Part.TEETH),
        ((-4.0, -4.0), (4.0, 3.0), -4.0, Part.MOUTH_SOCKET),
    ):
        start = sum(len(p) for p in parts)
        vertices, corners = sheet(
            (x + low[0], y + low[1]), (x + high[0], y + high[1]), z + deep, start
        )
        parts.append(vertices)
        tris.append(facing(corners - start, vertices) + start)
        labels.append(np.full(len(corners), label, np.uint8))
    neutral = np.concatenate(parts).astype(np.float32)
    jaw = np.zeros_like(neutral)
    # All that is below the lips' line, lips too, falls with the jaw.
    jaw[:N_SURFACE][(skin[:, 1] < y) & ~np.isin(range(N_SURFACE), UPPER_INNER_LIP)] = (0, -2.5, 0)
    jaw[BELOW] = (0, -2.5, 0)
    jaw[N_SURFACE + 52 : N_SURFACE + 104] = (0, -2.5, 0)
    return FaceModel(
        neutral=neutral,
        identity=np.zeros((1, *neutral.shape), np.float32),
        expression=jaw[None],
        expression_names=("jawOpen",),
        triangles=np.concatenate(tris).astype(np.int32),
        part=np.concatenate(labels),
        landmark_vertices=np.arange(N_SURFACE, dtype=np.int32),
        landmark_weights=np.ones(N_SURFACE, np.float32),
    )


def sitter(model, jaw, pixels=None):
    """A made-up photo whose jaw is open by `jaw`."""
    rng = np.random.default_rng(3)
    camera = Camera(np.zeros(3), SIZE / 25, np.array([SIZE / 2, SIZE / 2]))
    expression = np.array([jaw])
    vertices = model.blend(np.zeros(1), expression)
    places, depth = camera.project(vertices)
    landmarks = np.zeros((478, 3), np.float32)
    landmarks[:N_SURFACE, :2] = places[:N_SURFACE]
    unit = float(np.linalg.norm(np.subtract(*landmarks[list(OUTER_EYE_CORNERS), :2])))
    gap = lip_gap(landmarks, unit)
    seal = LipSeal(model)
    shifts = np.zeros_like(places)
    if jaw == 0:
        places = seal.close(places, unit).astype(np.float32)
        shifts = places - camera.project(vertices)[0]
        gap = 0.0
    if pixels is None:
        pixels = rng.uniform(0.5, 0.6, (SIZE, SIZE, 3)).astype(np.float32)
    pose = Pose(model, expression, vertices, places, depth, camera, SIZE)
    crop = Crop(pixels, landmarks, np.eye(2, 3))
    return Subject(crop, np.zeros(1), pose, shifts, unit, 0.0, gap, seal)
