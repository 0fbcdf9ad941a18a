"""Turns the head of a photo to the side.

The fitted model, with the photo on it, is turned about a vertical axis through the head; the neck
twists and the shoulders stay. Three layers lie over each other: the face, drawn by the model; hair,
ears and clothes, which follow smoothly, while the outline of the hair stays where it is, as a head
is about as deep as wide; and what is behind, continued where the head uncovers it.

How far it holds: within 15 degrees pictures pass as photographs. To 25 degrees the face does; ears
and the hair on the near side are stretched, since nothing behind them is known. At 30 degrees, or
if the photo is turned the same way already, the far cheek and nose depend on the model's depth and
long loose hair on the near side shows that it was stretched. `TurnEdit.trust` says so in a number.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from faceedit.compose.light.relief import Relief
from faceedit.faces.topology import IRISES, N_SURFACE
from faceedit.ramps import smoothstep
from faceedit.studio.fields import Fields, warp
from faceedit.studio.model import Part
from faceedit.studio.relief import build_relief
from faceedit.studio.subject import Pose, Subject
from faceedit.studio.turn_face import draw_turned, toned
from faceedit.studio.turn_hair import (
    behind_person,
    face_hull,
    hair_flow,
    replace_stray,
    stray_pieces,
)

AXIS = (0.0, 2.0, -1.0)
"""A point of the axis, between the ears, in the model's cm."""
NECK = (-15.0, -9.0)
"""y in the model's cm over which the neck twists: the shoulders do not turn at all."""
LARGEST = 30.0
"""Degrees."""
MADE_UP = 2.5
"""How much a part of the face that the photo does not show costs, relative to its share."""
FREE_TRUST = 60.0
"""Degrees of the turned face from the camera at which nothing is trusted any more."""
EXACT = 0.008
"""Differences that need no paint."""


@dataclass(frozen=True)
class TurnEdit:
    """A photo with its head turned, as fields.

    Attributes:
        pose: the model as turned; its places carry the snap along.
        pixels: (S, S, 3) float32 RGB.
        flow: (S, S, 2) float32 pixels.
        paint: (S, S, 3) float32 RGB.
        opacity: (S, S) float32 in [0, 1], of paint.
        landmarks: (478, 3) float32 crop pixels.
        trust: 0 to 1; from about 0.7 on it passes as a photo: 20 degrees from the front.
    """

    pose: Pose
    pixels: np.ndarray
    flow: np.ndarray
    paint: np.ndarray
    opacity: np.ndarray
    landmarks: np.ndarray
    trust: float


def turn_head(subject: Subject, yaw_degrees: float, matte: np.ndarray) -> TurnEdit:
    """Turn the head.

    Args:
        subject: the fitted face.
        yaw_degrees: positive to the picture's right, within ±30.
        matte: (S, S) float32 opacity of the person.

    Raises:
        ValueError: the angle is larger.
    """
    if abs(yaw_degrees) > LARGEST:
        raise ValueError(f"{yaw_degrees} degrees is beyond the {LARGEST:g} that a turn can do")
    pixels = subject.crop.pixels
    source, target = subject.pose, turned_pose(subject, yaw_degrees)
    relief = build_relief(source, pixels, matte, subject.unit)
    skin = _skin(source, relief)

    around = hair_flow(source, target, skin, matte, subject)
    behind = behind_person(pixels, matte)
    # What stays where it is needs no layers, and would lose its finest hair to them.
    moves = np.clip(np.linalg.norm(around, axis=2) / 1.5, 0, 1)
    empty = moves * (1 - warp(matte, around, cv2.INTER_LINEAR))
    person = warp(pixels, around)
    layers = person + empty[..., None] * (behind - person)
    stray = stray_pieces(source, target, skin, around, yaw_degrees)
    layers = replace_stray(layers, stray, behind, target, subject.unit)

    moved, face, mirrored, mirrored_face = draw_turned(source, target, skin, matte, subject.unit)
    picture = layers + mirrored_face[..., None] * (
        toned(warp(pixels, mirrored), layers, mirrored_face, subject.unit) - layers
    )
    picture += face[..., None] * (warp(pixels, moved) - picture)
    picture = np.clip(picture, 0, 1)

    flow = around + face[..., None] * (moved - around)
    missed = np.abs(warp(pixels, flow) - picture).max(2)
    wrong = cv2.dilate(np.clip((missed - EXACT) / (2 * EXACT), 0, 1), np.ones((3, 3), np.uint8))
    opacity = np.maximum(wrong, cv2.GaussianBlur(wrong, (0, 0), 1.0)).astype(np.float32)
    fields = Fields(flow.astype(np.float32), np.zeros_like(picture), picture, opacity)
    return TurnEdit(
        pose=target,
        pixels=fields.compose(pixels),
        flow=fields.flow,
        paint=fields.paint,
        opacity=opacity,
        landmarks=_moved_landmarks(subject, target),
        trust=_trust(target, face, yaw_degrees),
    )


def turned_pose(subject: Subject, yaw_degrees: float) -> Pose:
    """Return the model turned about the vertical through the head, its shoulders not."""
    source = subject.pose
    rotation = source.camera.rotation
    seen = source.vertices @ rotation.T
    axis = rotation @ np.array(AXIS)
    angle = np.radians(yaw_degrees) * smoothstep(source.vertices[:, 1], NECK)
    cosine, sine = np.cos(angle), np.sin(angle)

    def turn(x: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return cosine * x + sine * z, cosine * z - sine * x

    x, z = turn(seen[:, 0] - axis[0], seen[:, 2] - axis[2])
    turned = np.stack([x + axis[0], seen[:, 1], z + axis[2]], axis=1)
    vertices = (turned @ rotation).astype(np.float32)
    places, depth = source.camera.project(vertices)
    # The snap is a displacement of the surface across the view, and turns with it.
    projected, _ = source.camera.project(source.vertices)
    snap = source.places - projected
    across, _ = turn(snap[:, 0], np.zeros(len(snap)))
    places += np.stack([across, snap[:, 1]], axis=1).astype(np.float32)
    return replace(source, vertices=vertices, places=places, depth=depth)


def _skin(source: Pose, relief: Relief) -> np.ndarray:
    """Return what goes with the model, eyes and mouth too, (S, S) float32."""
    oval = cv2.erode(face_hull(source), np.ones((3, 3), np.uint8))
    return np.maximum(relief.skin, cv2.GaussianBlur(oval.astype(np.float32), (0, 0), 1.5))


def _moved_landmarks(subject: Subject, target: Pose) -> np.ndarray:
    """Return the photo's landmarks carried along, irises with the eyeballs."""
    source = subject.pose
    moved = subject.crop.landmarks.copy()
    points = source.model.landmark_vertices
    moved[:N_SURFACE, :2] += (target.places - source.places)[points]
    moved[:N_SURFACE, 2] -= source.camera.scale * (target.depth - source.depth)[points]
    part = source.model.vertex_part
    for iris, eye in zip(IRISES, (Part.RIGHT_EYE, Part.LEFT_EYE), strict=True):
        ball = np.flatnonzero(part == eye)
        if not len(ball):
            continue
        front = ball[source.depth[ball] >= np.median(source.depth[ball])]
        away = np.linalg.norm(source.places[front] - moved[iris[0], :2], axis=1)
        nearest = front[away.argmin()]
        moved[list(iris), :2] += (target.places - source.places)[nearest]
        moved[list(iris), 2] -= source.camera.scale * (target.depth - source.depth)[nearest]
    return moved


def _trust(target: Pose, face: np.ndarray, yaw_degrees: float) -> float:
    """Say how far a turn holds: how much of the face the photo shows, and how far it is turned."""
    # The rim of a face is soft, whatever is known.
    side = 2 * max(1, round(0.02 * target.size)) + 1
    inner = cv2.erode(face_hull(target), np.ones((side, side), np.uint8))
    drawn = (inner > 0) & (target.drawing.part >= 0)
    shown = float(face[drawn].mean()) if drawn.any() else 0.0
    x, _, z = target.camera.rotation[:, 2]
    away = np.degrees(np.arctan2(x, z)) + yaw_degrees
    turned = max(0.0, 1 - (away / FREE_TRUST) ** 2) * (1 - (yaw_degrees / FREE_TRUST) ** 2)
    return float(np.clip((1 - MADE_UP * (1 - shown)) * turned, 0, 1))
