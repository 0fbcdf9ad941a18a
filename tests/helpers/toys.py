"""A made-up face model on the mean mesh, and faces drawn with it: small, and like a face."""

from functools import cache

import cv2
import numpy as np
from scipy.optimize import linear_sum_assignment

from faceedit.faces.align import Crop
from faceedit.faces.topology import (
    BROWS,
    EYES,
    FACE_OVAL,
    INNER_LIPS,
    IRISES,
    LOWER_INNER_LIP,
    LOWER_LIDS,
    N_SURFACE,
    OUTER_EYE_CORNERS,
    UPPER_INNER_LIP,
    UPPER_LIDS,
    mean_shape,
    triangles,
)
from faceedit.studio.camera import DISTANCE, Camera
from faceedit.studio.drawing import NOTHING
from faceedit.studio.lips import LipSeal
from faceedit.studio.model import FaceModel, Part
from faceedit.studio.subject import Pose, Subject

CM = 9.0
"""Distance of the outer eye corners."""
EYES_AT = (0.0, 3.5, 8.7)
"""The middle between them, in the model's cm as in ICT-FaceKit."""
SIDE = 2.8 * CM
"""Of a crop in cm, as far away as the eyes."""
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
def toy_model(*, symmetric: bool = False) -> FaceModel:
    """Return a model whose skin is the mean mesh, with teeth, gums, sockets and eyeballs.

    Args:
        symmetric: whether left and right are exactly alike; the mean face's are not quite.
    """
    shape, corners = _symmetric_mesh() if symmetric else (mean_shape()[:N_SURFACE], triangles())
    skin = shape.astype(np.float64) * CM * (1, -1, -1) + EYES_AT
    vertices, faces, parts = [skin], [corners.astype(np.int64)], [Part.SKIN] * len(corners)
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
        add(_plane(np.add(middle, (0, 0, -0.6)), 2.6, 1.8, bulge=0.3), ball)

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


def _symmetric_mesh() -> tuple[np.ndarray, np.ndarray]:
    """Return the mean face averaged with its mirror image, and triangles that mirror each other."""
    shape, sides = mean_shape()[:N_SURFACE].astype(np.float64), (-1, 1, 1)
    away = np.square(shape[:, None] * sides - shape[None]).sum(-1)
    # Nearness pairs the points, but for those of brows and outline.
    ring, (right, left) = FACE_OVAL[1:], BROWS
    away[[*ring, *right, *left, 9], [*ring[::-1], *left, *right, 9]] = -1.0
    other = linear_sum_assignment(away)[1]
    shape = (shape + shape[other] * sides) / 2
    half = triangles()[shape[triangles(), 0].max(1) < 1e-6]
    return shape, np.concatenate([half, other[half][:, ::-1]])


def _plane(middle: np.ndarray, width: float, height: float, bulge: float = 0.0) -> np.ndarray:
    """Return a grid of (5, 9) vertices, bent back by `bulge` cm at a centimetre from its middle."""
    y, x = np.meshgrid(
        np.linspace(height / 2, -height / 2, 5),
        np.linspace(-width / 2, width / 2, 9),
        indexing="ij",
    )
    return np.stack([x, y, -bulge * (x**2 + y**2)], -1) + middle


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
        shut = _shut_lid(points, n_skin, 1 if sign > 0 else 0)
        shapes["eyeBlink" + side] = shut
        shapes["eyeSquint" + side] = 0.4 * shut
        shapes["eyeWide" + side] = -0.4 * shut
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


def _shut_lid(points: np.ndarray, n_skin: int, eye: int) -> np.ndarray:
    """Bring the upper lid of an eye to the lower, the skin above it following."""
    skin = points[:n_skin]
    upper, lower = list(UPPER_LIDS[eye]), list(LOWER_LIDS[eye])
    order = np.argsort(skin[upper, 0])
    line, gap = skin[upper][order], (skin[lower] - skin[upper])[order]
    moved = np.zeros_like(points)
    falls = np.interp(skin[:, 0], line[:, 0], gap[:, 1], 0.0, 0.0)
    above = skin[:, 1] - np.interp(skin[:, 0], line[:, 0], line[:, 1])
    moved[:n_skin, 1] = falls * np.exp(-((above / 0.5) ** 2)) * (above > 0) * (above < 1.2)
    moved[upper] = skin[lower] - skin[upper]
    return moved


def toy_camera(size: int, middle: float, turn: float = 0.0) -> Camera:
    """Return the camera that sees the eyes at column `middle`, SIDE cm wide."""
    scale = size / SIDE * (1 - EYES_AT[2] / DISTANCE)
    shift = np.array([middle, 0.40 * size + size / SIDE * EYES_AT[1]])
    return Camera(np.array([0.0, turn, 0.0]), scale, shift)


def toy_landmarks(model: FaceModel, places: np.ndarray, eye_radius: float) -> np.ndarray:
    """Return (478, 3) landmarks of a model's projected places, irises between the lids."""
    landmarks = np.zeros((478, 3), np.float32)
    landmarks[:N_SURFACE, :2] = places[model.landmark_vertices]
    for eye, iris in zip(EYES, IRISES, strict=True):
        middle = landmarks[list(eye)].mean(0)
        ring = np.array([[0, 0, 0], [1, 0, 0], [0, -1, 0], [-1, 0, 0], [0, 1, 0]])
        landmarks[list(iris)] = middle + ring * eye_radius
    return landmarks


def toy_crop(
    size: int = 128,
    expression: np.ndarray | None = None,
    turn: float = 0.0,
    seed: int = 0,
    grain: float = 4.0,
) -> Crop:
    """Return a drawn face with its true landmarks: skin, lips, eyes, lashes, background.

    Args:
        size: side in pixels.
        expression: (E,) weights; None for the neutral face.
        turn: of the head to the side, radians.
        seed: of the skin's grain.
        grain: its standard deviation, of 255.
    """
    model = toy_model()
    weights = np.zeros(len(model.expression_names)) if expression is None else expression
    vertices = model.blend(np.zeros(2), weights)
    camera = toy_camera(size, size / 2, turn)
    places, depth = camera.project(vertices)
    iris_radius = 0.065 * size / 2.8
    landmarks = toy_landmarks(model, places, iris_radius)
    landmarks[:N_SURFACE, 2] = -depth[:N_SURFACE] * camera.scale
    picture = np.full((size, size, 3), (90, 120, 150), np.uint8)

    def fixed(points: np.ndarray) -> np.ndarray:
        return np.round(points * 16).astype(np.int32)

    def fill(points: np.ndarray, colour: tuple[int, int, int]) -> None:
        cv2.fillPoly(picture, [fixed(points)], colour, shift=4)

    fill(cv2.convexHull(places[:N_SURFACE])[:, 0], (200, 150, 125))
    for eye, lid, iris in zip(EYES, UPPER_LIDS, IRISES, strict=True):
        opening = np.zeros((size, size), np.uint8)
        cv2.fillPoly(opening, [fixed(landmarks[list(eye), :2])], 1, shift=4)
        ball = np.full_like(picture, 235)
        centre = tuple(int(v) for v in fixed(landmarks[iris[0], :2]))
        for colour, share in (((50, 90, 130), 1.0), ((5, 5, 5), 0.4)):
            cv2.circle(ball, centre, int(16 * share * iris_radius), colour, -1, cv2.LINE_AA, 4)
        picture[opening > 0] = ball[opening > 0]
        lashes = [fixed(landmarks[list(lid), :2])]
        cv2.polylines(picture, lashes, False, (25, 12, 12), 1, cv2.LINE_AA, 4)
    fill(landmarks[list(INNER_LIPS), :2], (110, 40, 40))
    noise = np.random.default_rng(seed).normal(0, grain, picture.shape)
    pixels = np.clip(cv2.GaussianBlur(picture, (0, 0), 0.8) + noise, 0, 255) / 255
    return Crop(pixels.astype(np.float32), landmarks, np.eye(2, 3))


def frontal_subject(
    size: int = 96, pixels: np.ndarray | None = None, model: FaceModel | None = None
) -> Subject:
    """Lay a symmetric face straight before the camera: flatly lit skin on grey, not fitted.

    Args:
        size: side of the crop.
        pixels: (S, S, 3) another photo of it.
        model: with the vertices of the symmetric toy model, which is the default.
    """
    model = model or toy_model(symmetric=True)
    camera = toy_camera(size, (size - 1) / 2)
    places, depth = camera.project(model.neutral)
    rest = np.zeros(len(model.expression_names))
    pose = Pose(model, rest, model.neutral, places, depth, camera, size)
    if pixels is None:
        drawn = (pose.drawing.part != NOTHING)[..., None]
        pixels = np.where(drawn, (0.62, 0.47, 0.40), (0.5, 0.5, 0.5)).astype(np.float32)
    landmarks = toy_landmarks(model, places, 0.065 * size / 2.8)
    unit = float(np.linalg.norm(np.subtract(*landmarks[list(OUTER_EYE_CORNERS), :2])))
    return Subject(
        crop=Crop(pixels, landmarks, np.eye(2, 3)),
        identity=np.zeros(len(model.identity)),
        pose=pose,
        shifts=np.zeros_like(places),
        unit=unit,
        residual=0.0,
        gap=0.0,
        seal=LipSeal(toy_model(symmetric=True)),
    )
