"""A ball with a face's landmarks, lit from where a test wants it."""

import numpy as np
import torch

from faceedit.faces.align import Crop, crop_affine, transform_landmarks
from faceedit.faces.topology import mean_shape
from faceedit.lights import GAMMA, LIGHTS, Light
from faceedit.methods.legan.light_network import HEIGHT_UNIT, SIZE, Surface
from faceedit.studio.reliefs import CM, FIELD_SIZE, SHADING_STEP, ReliefTable, as_row

RADIUS = 62.0
NAMES = ("left", "right", "top", "bright")
SKIN = np.array([0.45, 0.32, 0.25], np.float32)


def landmarks() -> np.ndarray:
    points = transform_landmarks(mean_shape(), crop_affine(mean_shape(), SIZE // 2))
    return points + np.array([SIZE / 4, SIZE / 4, 0], np.float32)


def ball() -> tuple[np.ndarray, np.ndarray]:
    """Return (256, 256, 3) normals and (256, 256) which pixels are the ball's."""
    rows, columns = np.mgrid[:SIZE, :SIZE].astype(np.float32) - SIZE / 2 + 0.5
    x, y = columns / RADIUS, -rows / RADIUS
    inside = x**2 + y**2 < 0.98
    z = np.sqrt(np.maximum(1 - x**2 - y**2, 0.02))
    normals = np.dstack([x, y, z])
    normals /= np.linalg.norm(normals, axis=2, keepdims=True)
    normals[~inside] = (0, 0, 1)
    return normals.astype(np.float32), inside


def lit_by(light: Light | None) -> tuple[np.ndarray, np.ndarray]:
    """Return a picture of the ball before a grey wall, and the shading, log ratio to even light."""
    normals, inside = ball()
    linear = np.ones(normals.shape[:2], np.float32)
    if light is not None:
        facing = normals @ np.array(light.direction, np.float32)
        lit = np.maximum((facing + light.softness) / (1 + light.softness), 0)
        linear = light.ambient + light.key * lit
        linear /= linear[inside].mean()
    shading = np.repeat(np.log(linear)[..., None] / GAMMA, 3, 2).astype(np.float32)
    picture = np.where(inside[..., None], SKIN * np.exp(shading), 0.5)
    return picture.clip(0, 1).astype(np.float32), shading


def crop_of(picture: np.ndarray) -> Crop:
    return Crop(picture, landmarks(), np.eye(2, 3))


def surface_of(shading: np.ndarray) -> Surface:
    """Return what a perfect network would say."""
    normals, inside = ball()
    sure = np.where(inside, 12.0, -12.0).astype(np.float32)
    height = np.where(inside, normals[..., 2] * 6, 0).astype(np.float32) / HEIGHT_UNIT
    parts = (normals, height[..., None], sure[..., None], sure[..., None], shading)
    return Surface(*(torch.from_numpy(np.moveaxis(p, -1, 0).copy()) for p in parts))


def relief_table() -> ReliefTable:
    """Two photos of a ball in two lights each; the second is a validation person's."""
    normals, inside = ball()
    shadings = [lit_by(LIGHTS[name]) for name in NAMES]
    count = len(NAMES)

    def each(plane, kind):
        return np.repeat(plane.astype(kind)[None], count, 0)

    return ReliefTable(
        pictures=np.stack([np.rint(255 * p).astype(np.uint8) for p, _ in shadings]),
        matte=each(255 * inside, np.uint8),
        landmarks=each(landmarks(), np.float32),
        valid=np.ones((count, FIELD_SIZE, FIELD_SIZE), np.uint8),
        normals=each(np.rint(127 * _half(normals)), np.int8),
        height=each(np.rint(_half(inside) * 5 / CM), np.int8),
        skin=each(255 * _half(inside), np.uint8),
        shading=np.stack(
            [np.rint(_half(s) / SHADING_STEP).clip(-127, 127).astype(np.int8) for _, s in shadings]
        ),
        light=np.stack([as_row(LIGHTS[name]) for name in NAMES]),
        harmonics=np.zeros((count, 3), np.float32),
        scale=np.full(count, 5.0, np.float32),
        validation=np.array([False, False, True, True]),
        photo=np.array([0, 0, 1, 1], np.int32),
        shown=np.zeros(count, np.int32),
        plain=np.array([True, False, True, False]),
    )


def _half(plane: np.ndarray) -> np.ndarray:
    return plane[::2, ::2]
