"""A made-up face model on the mean mesh, and faces drawn with it: small, and like a face."""

from functools import cache

import cv2
import numpy as np

from faceedit.faces.align import Crop
from faceedit.faces.topology import (
    EYES,
    INNER_LIPS,
    IRISES,
    LOWER_INNER_LIP,
    N_SURFACE,
    UPPER_INNER_LIP,
    mean_shape,
    triangles,
)
from faceedit.studio.camera import Camera
from faceedit.studio.model import FaceModel, Part

CM = 9.0
"""Distance of the outer eye corners."""
BOTH_SIDES = (
    "browDown", "browInnerUp", "browOuterUp", "cheekPuff", "cheekRaiser", "cheekSquint", "eyeBlink",
    "eyeLookDown", "eyeLookIn", "eyeLookOut", "eyeLookUp", "eyeSquint", "eyeWide", "mouthDimple",
    "mouthFrown", "mouthLowerDown", "mouthPress", "mouthSmile", "mouthStretch", "mouthUpperUp",
    "noseSneer", "PupilDilate",
)  # fmt: skip
ONE_SIDED = (
    "jawForward", "jawLeft", "jawOpen", "jawRight", "mouthClose", "mouthFunnel", "mouthLeft",
    "mouthPucker", "mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower",
    "mouthShrugUpper",
)  # fmt: skip


@cache
def toy_model() -> FaceModel:
    """Return a model whose skin is the mean mesh, with teeth, gums, sockets and eyeballs."""
    skin = mean_shape()[:N_SURFACE].astype(np.float64) * CM
    skin = skin * (1, -1, -1)
    vertices, faces, parts = [skin], [triangles().astype(np.int64)], [Part.SKIN] * len(triangles())
    count = len(skin)

    def add(points: np.ndarray, part: Part) -> None:
        nonlocal count
        rows, columns = points.shape[:2]
        number = np.arange(rows * columns).reshape(rows, columns) + count
        a, b, c, d = number[:-1, :-1], number[:-1, 1:], number[1:, :-1], number[1:, 1:]
        new = np.concatenate([np.stack(t, -1).reshape(-1, 3) for t in ((a, c, b), (b, c, d))])
        vertices.append(points.reshape(-1, 3))
        faces.append(new)
        parts.extend([part] * len(new))
        count += rows * columns

    mouth = skin[list(INNER_LIPS)].mean(0)
    add(_plane(np.add(mouth, (0, 0, -2.5)), 4.4, 3.4), Part.MOUTH_SOCKET)
    add(_plane(np.add(mouth, (0, 0.9, -1.2)), 3.6, 0.5), Part.GUMS)
    add(_plane(np.add(mouth, (0, 0.2, -1.0)), 3.6, 0.8), Part.TEETH)
    add(_plane(np.add(mouth, (0, -0.8, -1.1)), 3.2, 0.7), Part.TEETH)
    sockets = (Part.RIGHT_SOCKET, Part.LEFT_SOCKET)
    balls = (Part.RIGHT_EYE, Part.LEFT_EYE)
    for eye, socket, ball in zip(EYES, sockets, balls, strict=True):
        middle = skin[list(eye)].mean(0)
        add(_plane(np.add(middle, (0, 0, -1.4)), 3.0, 2.0), socket)
        add(_plane(np.add(middle, (0, 0, -0.7)), 2.6, 1.8), ball)

    points = np.concatenate(vertices)
    names, expression = _blendshapes(points, len(skin))
    wide = np.zeros_like(points)
    wide[:, 0] = 0.03 * points[:, 0]
    long = np.zeros_like(points)
    long[:, 1] = 0.03 * points[:, 1]
    return FaceModel(
        neutral=points.astype(np.float32),
        identity=np.stack([wide, long]).astype(np.float32),
        expression=expression.astype(np.float32),
        expression_names=names,
        triangles=np.concatenate(faces).astype(np.int32),
        part=np.array(parts, np.uint8),
        landmark_vertices=np.arange(N_SURFACE, dtype=np.int32),
        landmark_weights=np.ones(N_SURFACE, np.float32),
    )


def _plane(middle: np.ndarray, width: float, height: float) -> np.ndarray:
    y, x = np.meshgrid(
        np.linspace(height / 2, -height / 2, 5),
        np.linspace(-width / 2, width / 2, 9),
        indexing="ij",
    )
    return np.stack([x, y, np.zeros_like(x)], -1) + middle


def _blendshapes(points: np.ndarray, n_skin: int) -> tuple[tuple[str, ...], np.ndarray]:
    """Make every blendshape a bump about where it acts; lips and lids part where they should."""
    skin = points[:n_skin]
    mouth = skin[list(INNER_LIPS)].mean(0)
    shapes: dict[str, np.ndarray] = {}

    def bump(at: np.ndarray, reach: float, move: tuple[float, float, float]) -> np.ndarray:
        near = np.exp(-((skin - at)[:, :2] ** 2).sum(1) / reach**2)
        moved = np.zeros_like(points)
        moved[:n_skin] = near[:, None] * np.array(move)
        return moved

    for side, sign in (("_L", 1.0), ("_R", -1.0)):
        eye = skin[list(EYES[1 if sign > 0 else 0])].mean(0)
        brow = np.add(eye, (0, 1.6, 0))
        corner = np.add(mouth, (sign * 2.4, 0, 0))
        cheek = np.add(mouth, (sign * 3.0, 2.0, 0))
        places = {
            "browDown": (brow, 1.5, (0, -0.6, 0)),
            "browInnerUp": (np.subtract(brow, (sign * 1.0, 0, 0)), 1.2, (0, 0.7, 0)),
            "browOuterUp": (np.add(brow, (sign * 1.0, 0, 0)), 1.2, (0, 0.7, 0)),
            "cheekSquint": (cheek, 1.5, (0, 0.3, 0.1)),
            "mouthSmile": (corner, 1.5, (sign * 0.7, 0.8, -0.2)),
            "mouthFrown": (corner, 1.5, (0, -0.7, 0)),
            "mouthStretch": (corner, 1.5, (sign * 0.8, -0.2, 0)),
            "mouthDimple": (corner, 1.0, (sign * 0.3, 0.1, -0.3)),
            "mouthUpperUp": (np.add(mouth, (sign * 1.0, 0.6, 0)), 0.9, (0, 0.5, 0)),
            "mouthLowerDown": (np.add(mouth, (sign * 1.0, -0.6, 0)), 0.9, (0, -0.5, 0)),
            "noseSneer": (np.add(mouth, (sign * 1.2, 3.0, 0)), 1.2, (0, 0.5, 0.1)),
        }
        for name in BOTH_SIDES:
            shapes[name + side] = (
                bump(*places[name]) if name in places else bump(cheek, 0.8, (0, 0.01, 0))
            )
        shapes["eyeBlink" + side] = _lids(points, n_skin, eye, -0.9)
        shapes["eyeSquint" + side] = _lids(points, n_skin, eye, -0.35)
        shapes["eyeWide" + side] = _lids(points, n_skin, eye, 0.4)
    for name in ONE_SIDED:
        shapes[name] = bump(mouth, 1.0, (0, 0.01, 0))
    opened = bump(np.subtract(mouth, (0, 2.0, 0)), 3.0, (0, -2.0, -0.3))
    # The mean mouth is not quite level: the lips' line is followed, not a height.
    line = skin[list(UPPER_INNER_LIP)][:, :2]
    below = np.interp(skin[:, 0], line[:, 0], line[:, 1]) - skin[:, 1]
    falls = np.clip(below / 0.3, 0.0, 1.0)
    falls[list(UPPER_INNER_LIP)] = 0.0
    falls[list(LOWER_INNER_LIP[1:-1])] = 1.0
    opened[:n_skin] *= falls[:, None]
    # The jaw carries its own teeth.
    behind = points[n_skin:]
    in_mouth = (np.abs(behind - mouth) < (2.0, 1.3, 1.2)).all(1)
    opened[n_skin:][in_mouth & (behind[:, 1] < mouth[1] - 0.3)] = (0, -1.6, -0.2)
    shapes["jawOpen"] = opened
    names = tuple(sorted(shapes))
    return names, np.stack([shapes[n] for n in names])


def _lids(points: np.ndarray, n_skin: int, eye: np.ndarray, amount: float) -> np.ndarray:
    """Move the upper lid of an eye."""
    skin = points[:n_skin]
    away = (skin - eye)[:, :2]
    above = (away[:, 1] > 0.02) & (away[:, 1] < 1.2)
    near = np.exp(-((away[:, 0] / 1.2) ** 2) - ((away[:, 1] - 0.3) / 0.5) ** 2) * above
    moved = np.zeros_like(points)
    moved[:n_skin, 1] = amount * near
    return moved


def toy_crop(
    size: int = 128, expression: np.ndarray | None = None, turn: float = 0.0, seed: int = 0
) -> Crop:
    """Return a drawn face with its true landmarks: skin, lips, eyes, hair, background."""
    model = toy_model()
    weights = np.zeros(len(model.expression_names)) if expression is None else expression
    vertices = model.blend(np.zeros(2), weights)
    camera = Camera(np.array([0.0, turn, 0.0]), size / 2.8 / CM, np.array([size / 2, 0.40 * size]))
    places, depth = camera.project(vertices)
    landmarks = np.zeros((478, 3), np.float32)
    landmarks[:N_SURFACE, :2] = places[:N_SURFACE]
    landmarks[:N_SURFACE, 2] = -depth[:N_SURFACE] * camera.scale
    for eye, iris in zip(EYES, IRISES, strict=True):
        middle = landmarks[list(eye)].mean(0)
        ring = np.array([[0, 0, 0], [1, 0, 0], [0, -1, 0], [-1, 0, 0], [0, 1, 0]])
        landmarks[list(iris)] = middle + ring * 0.045 * size / 2.8
    picture = np.full((size, size, 3), (90, 120, 150), np.uint8)
    hull = cv2.convexHull(np.round(landmarks[:N_SURFACE, :2]).astype(np.int32))
    cv2.fillPoly(picture, [hull], (200, 150, 125))

    def fill(points: tuple[int, ...], colour: tuple[int, int, int]) -> None:
        cv2.fillPoly(picture, [np.round(landmarks[list(points), :2]).astype(np.int32)], colour)

    for eye, iris in zip(EYES, IRISES, strict=True):
        fill(eye, (235, 235, 235))
        x, y = np.round(landmarks[iris[0], :2]).astype(int).tolist()
        cv2.circle(picture, (x, y), max(1, size // 60), (60, 40, 30), -1)
    fill(INNER_LIPS, (110, 40, 40))
    noise = np.random.default_rng(seed).normal(0, 4, picture.shape)
    pixels = np.clip(cv2.GaussianBlur(picture, (0, 0), 0.8) + noise, 0, 255) / 255
    affine = np.array([[1.0, 0, 0], [0, 1.0, 0]])
    return Crop(pixels.astype(np.float32), landmarks, affine)
