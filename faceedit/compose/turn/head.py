"""The shape of a head, and where its points go when it turns about the neck."""

from dataclasses import dataclass

import cv2
import numpy as np

from faceedit.compose.mesh_flow import extend
from faceedit.faces.pose import HeadPose, head_pose, to_mean_face
from faceedit.faces.raster import rasterize_mesh
from faceedit.faces.topology import N_SURFACE, OUTER_EYE_CORNERS, triangles
from faceedit.ramps import smoothstep
from faceedit.targets import Turn

AXIS = (0.12, 0.85)
"""Of the point about which a head turns, between the ears: below the outer eye corners and behind
them, in their distances."""
NECK = (0.05, 0.75)
"""Below the chin, in the same unit, over which the neck twists: shoulders do not turn."""
RIM = 0.5
"""Over which what the mesh and the surface around say of the depth is reconciled."""
CAMERA = 7.0
"""Distance of the camera in eye distances: what comes near grows."""
CHIN = 152


@dataclass(frozen=True)
class Head:
    """A head in a wide crop. Depth is in pixels, larger nearer the camera.

    Attributes:
        landmarks: (478, 3) float32 pixels, z as landmarks have it, smaller nearer.
        depth: (S, S) float32, of the whole person.
        matte: (S, S) float32 in [0, 1], of the person.
        skin: (S, S) float32 in [0, 1], how far the person is skin.
        hair: (S, S) float32 in [0, 1], how far hair hangs over the face.
        valid: (S, S) bool, on the photo.
        unit: distance of the outer eye corners in pixels, in space.
        axis: (3,) of the point that stays: x, y and depth.
        pose: of the head.
    """

    landmarks: np.ndarray
    depth: np.ndarray
    matte: np.ndarray
    skin: np.ndarray
    hair: np.ndarray
    valid: np.ndarray
    unit: float
    axis: np.ndarray
    pose: HeadPose

    @property
    def size(self) -> int:
        """Side of the crop in pixels."""
        return self.depth.shape[0]

    @property
    def right(self) -> np.ndarray:
        """The head's right in the picture, (3,) float32 unit: what its symmetry turns round."""
        return rotation(self.pose)[:, 0].astype(np.float32)

    def share(self, places: np.ndarray) -> np.ndarray:
        """Return how far what lies at (..., 2) places turns with the head: 1 on it, 0 below."""
        chin = self.landmarks[CHIN, :2]
        down = chin - self.axis[:2]
        down = down / max(float(np.linalg.norm(down)), 1e-3)
        below = ((places - chin) @ down) / self.unit
        return (1 - smoothstep(below, NECK)).astype(np.float32)


def build_head(
    landmarks: np.ndarray,
    height: np.ndarray,
    matte: np.ndarray,
    skin: np.ndarray,
    valid: np.ndarray,
) -> Head:
    """Join the mesh of a face and the surface of a person around it.

    Args:
        landmarks: (478, 3) pixels of a wide crop.
        height: (S, S) float32 depth of the person in eye distances, larger nearer.
        matte: (S, S) float32 in [0, 1].
        skin: likewise.
        valid: (S, S) bool, on the photo.
    """
    size = height.shape[0]
    left, right = (landmarks[i].astype(np.float64) for i in OUTER_EYE_CORNERS)
    unit = float(np.linalg.norm(right - left))
    fit = to_mean_face(landmarks)
    down, back = fit.inverse_vectors(np.array([[0.0, AXIS[0], 0.0], [0.0, 0.0, AXIS[1]]]))
    lengths = np.array([np.linalg.norm(one) for one in (down, back)])
    axis = (left + right) / 2
    axis += unit * (AXIS[0] * down / lengths[0] + AXIS[1] * back / lengths[1])
    raster = rasterize_mesh(landmarks, (size, size), hide=True)
    face = raster.interpolate(-landmarks[:N_SURFACE, 2:])[..., 0]
    around = height * np.float32(unit)
    missed = np.repeat((face - around)[..., None], 2, axis=2)
    # The surface around is right but for an offset, which the rim of the mesh tells.
    offset = np.float32(np.median((face - around)[raster.inside])) if raster.inside.any() else 0
    depth = around + offset + extend(missed - offset, raster.inside, RIM * unit)[..., 0]
    return Head(
        landmarks=landmarks.astype(np.float32),
        depth=cv2.GaussianBlur(depth, (0, 0), 0.01 * unit),
        matte=matte.astype(np.float32),
        skin=skin.astype(np.float32),
        hair=np.zeros_like(skin, np.float32),
        valid=valid,
        unit=unit,
        axis=np.array([axis[0], axis[1], -axis[2]]),
        pose=head_pose(landmarks),
    )


def wanted_pose(turn: Turn, pose: HeadPose, affine: np.ndarray) -> HeadPose:
    """Return the pose that a head is to have.

    Args:
        turn: asked for.
        pose: that the head has in a crop.
        affine: (2, 3) similarity from the photo's pixels to the crop's: says what is level.
    """
    far = turn.strength
    if turn.to is None:
        return HeadPose(
            pose.yaw + far * turn.yaw, pose.pitch + far * turn.pitch, pose.roll + far * turn.roll
        )
    pitch, roll = pose.pitch, pose.roll
    if turn.up is not None:
        pitch += far * (turn.up - pitch)
    tilt = 0.0 if turn.level else turn.tilt
    if tilt is not None:
        roll += far * (level_roll(affine) + tilt - roll)
    return HeadPose(pose.yaw + far * (turn.to - pose.yaw), pitch, roll)


def level_roll(affine: np.ndarray) -> float:
    """Return the roll in degrees that level eyes have in a crop.

    Args:
        affine: as in `wanted_pose`.
    """
    return float(np.degrees(np.arctan2(affine[1, 0], affine[0, 0])))


def turn_degrees(turn: Turn, landmarks: np.ndarray, affine: np.ndarray) -> float:
    """Return by how many degrees a turn turns a head.

    Args:
        turn: asked for.
        landmarks: (478, 3) in a crop.
        affine: as in `wanted_pose`.
    """
    pose = head_pose(landmarks)
    return degrees_of(rotation(wanted_pose(turn, pose, affine)) @ rotation(pose).T)


def degrees_of(turn: np.ndarray) -> float:
    """Return by how many degrees a (3, 3) rotation turns."""
    return float(np.degrees(np.linalg.norm(cv2.Rodrigues(turn)[0])))


def rotation(pose: HeadPose) -> np.ndarray:
    """Return the matrix that takes a straight head's vectors to those of a pose, (3, 3).

    Vectors are x right, y down, z towards the camera; see `faces.pose.head_pose`.
    """
    yaw, pitch, roll = np.radians([pose.yaw, pose.pitch, pose.roll])
    about_z = np.array(
        [[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]]
    )
    about_x = np.array(
        [[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]]
    )
    about_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    return about_y @ about_x @ about_z


def nearer(head: Head, turn: np.ndarray) -> float:
    """Return by how much a (3, 3) turn brings the side at the picture's right nearer, a sine."""
    right = rotation(head.pose)[:, 0]
    return float((turn @ right - right)[2])


def turned(head: Head, points: np.ndarray, turn: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return where points go, as (..., 3) x, y and depth.

    Args:
        head: that turns.
        points: (..., 3) x, y and depth in pixels.
        turn: (3, 3) rotation.
        share: (...) how far each goes along.
    """
    vector = cv2.Rodrigues(turn)[0][:, 0]
    angle = float(np.linalg.norm(vector))
    axis = vector / max(angle, 1e-9)
    away = (points - head.axis).astype(np.float32)
    far = np.float32(CAMERA * head.unit)
    away[..., :2] *= 1 - away[..., 2:] / far
    part = (share * np.float32(angle))[..., None]
    cosine, sine = np.cos(part), np.sin(part)
    # Rodrigues' formula, with an angle for each point.
    along = (away @ axis.astype(np.float32))[..., None] * axis.astype(np.float32)
    across = np.cross(axis.astype(np.float32), away)
    seen = along + cosine * (away - along) + sine * across
    seen[..., :2] /= 1 - seen[..., 2:] / far
    return seen + head.axis.astype(np.float32)


def mesh_points(landmarks: np.ndarray) -> np.ndarray:
    """Return (N, 3) landmarks with depth, larger nearer, in place of z; and back."""
    return landmarks * np.array([1, 1, -1], np.float32)


def facing(landmarks: np.ndarray) -> np.ndarray:
    """Return how far each of the 468 points faces the camera, z of its normal, (468,) float32."""
    points, corners = landmarks[:N_SURFACE].astype(np.float64), triangles()
    a, b, c = (points[corners[:, k]] for k in range(3))
    faces = np.cross(b - a, c - a)
    total = np.zeros_like(points)
    for k in range(3):
        np.add.at(total, corners[:, k], faces)
    length = np.maximum(np.linalg.norm(total, axis=1), 1e-9)
    towards = total[:, 2] / length
    return (towards * np.sign(np.median(towards))).astype(np.float32)
