"""What the tests of composing share: a face's landmarks, a photo and edits of it."""

from functools import cache

import cv2
import numpy as np
from face_networks import GOLDEN, astronaut

from faceedit.compose.edit import Edit, Paint, RasterPaint

SIZE = 256


@cache
def astronaut_landmarks() -> np.ndarray:
    return np.load(GOLDEN)["landmarks"].astype(np.float32)


def enlarged(factor: int, dtype: type = np.uint8) -> tuple[np.ndarray, np.ndarray]:
    """The astronaut's face at a scale, with fine grain, and its landmarks."""
    corner = np.array([130.0, 10.0])
    part = astronaut()[10:260, 130:330].astype(np.float32)
    side = part.shape[1] * factor, part.shape[0] * factor
    photo = cv2.resize(part, side, interpolation=cv2.INTER_CUBIC)
    photo += np.random.default_rng(0).normal(0, 6, photo.shape)
    unit = 257 if dtype is np.uint16 else 1
    landmarks = astronaut_landmarks().copy()
    landmarks[:, :2] = (landmarks[:, :2] - corner + 0.5) * factor - 0.5
    landmarks[:, 2] *= factor
    return np.rint(np.clip(photo, 0, 255) * unit).astype(dtype), landmarks


def offset(x: float, y: float) -> np.ndarray:
    """A shift to add to landmarks."""
    return np.array([x, y, 0], np.float32)


def rot90_points(points: np.ndarray, width: int) -> np.ndarray:
    """Where ``np.rot90`` takes points of a picture of that width."""
    turned = points.copy()
    turned[:, 0], turned[:, 1] = points[:, 1], width - 1 - points[:, 0]
    return turned


def smooth(channels: int, amount: float, size: int = 128, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=(size, size, channels)).astype(np.float32)
    field = cv2.GaussianBlur(noise, (0, 0), size / 16).reshape(size, size, channels)
    return field * np.float32(amount / field.std())


def nothing(size: int = 128) -> Edit:
    return edit(np.zeros((size, size, 2)), np.zeros((size, size, 3)), np.zeros((size, size)))


def edit(
    flow: np.ndarray | None = None,
    log_ratio: np.ndarray | None = None,
    opacity: np.ndarray | None = None,
    paint: Paint | None = None,
    size: int = 128,
) -> Edit:
    """An edit of a crop of `SIZE`; what is not given does nothing."""
    flow = np.zeros((size, size, 2)) if flow is None else flow
    log_ratio = np.zeros((size, size, 3)) if log_ratio is None else log_ratio
    opacity = np.zeros((size, size)) if opacity is None else opacity
    paint = paint or RasterPaint(np.zeros((8, 8, 3), np.float32), SIZE)
    fields = (np.asarray(field, np.float32) for field in (flow, log_ratio, opacity))
    return Edit(*fields, paint=paint, size=SIZE)


def busy() -> Edit:
    """Some of everything."""
    y, x = np.mgrid[:128, :128]
    opacity = np.exp(-(((x - 64) / 14) ** 2 + ((y - 86) / 7) ** 2)).astype(np.float32)
    paint = RasterPaint(np.clip(smooth(3, 0.2, seed=3) + 0.5, 0, 1), SIZE)
    return edit(smooth(2, 3.0, seed=1), smooth(3, 0.15, seed=2), opacity, paint)
