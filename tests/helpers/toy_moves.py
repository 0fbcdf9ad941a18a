"""The mean face drawn in a crop, and edits of it as moved points."""

import cv2
import numpy as np

from faceedit.compose.details import EyesDetail, MouthDetail, MovedPoints
from faceedit.compose.mouth.opening import MouthPoints
from faceedit.compose.mouth.paint import (
    CORNER,
    JAW_MARKS,
    PER_CM,
    TEETH_EDGE,
    TEXTURE_SIZE,
    TeethTexture,
)
from faceedit.faces.align import crop_affine, transform_landmarks
from faceedit.faces.topology import (
    EYES,
    FACE_OVAL,
    INNER_LIPS,
    IRISES,
    LOWER_INNER_LIP,
    N_SURFACE,
    OUTER_EYE_CORNERS,
    OUTER_LIPS,
    UPPER_INNER_LIP,
    UPPER_LIDS,
    mean_shape,
)

SIDE = 160
"""Of the crop."""
SKIN, LIP, GUM = (0.78, 0.60, 0.50), (0.62, 0.28, 0.28), (0.25, 0.08, 0.08)
TONE = np.array([0.85, 0.80, 0.72], np.float32)


def eye_distance_of(landmarks: np.ndarray) -> float:
    return float(np.linalg.norm(np.subtract(*landmarks[list(OUTER_EYE_CORNERS), :2])))


def calm_face(size: int = SIDE, gap: float = 0.0) -> np.ndarray:
    """The mean face in a crop, (478, 3), its jaw lowered until the lips are `gap` apart."""
    face = transform_landmarks(mean_shape(), crop_affine(mean_shape(), size))
    upper, lower = list(UPPER_INNER_LIP[1:-1]), list(LOWER_INNER_LIP[1:-1])
    face[lower, :2] = face[upper, :2]
    return dropped(face, gap)


def dropped(landmarks: np.ndarray, amount: float) -> np.ndarray:
    """Lower the jaw, the lower lip with it, by `amount` eye distances at its middle."""
    face, unit = landmarks.copy(), eye_distance_of(landmarks)
    upper, lower = list(UPPER_INNER_LIP), list(LOWER_INNER_LIP)
    line = np.interp(face[:, 0], face[upper, 0], face[upper, 1])
    falls = np.clip((face[:, 1] - line) / (0.06 * unit), 0, 1)
    falls[lower] = 1
    falls[upper] = 0
    middle = face[upper, 0].mean()
    falls *= np.exp(-(((face[:, 0] - middle) / (0.5 * unit)) ** 2))
    face[:N_SURFACE, 1] += (amount * unit * falls)[:N_SURFACE]
    return face


def shut(landmarks: np.ndarray, share: float = 1.0) -> np.ndarray:
    """Bring the upper lids towards the lower ones; a negative share opens them wider."""
    face = landmarks.copy()
    for upper, ring in zip(UPPER_LIDS, EYES, strict=True):
        lower = [ring[0], *ring[:8:-1], ring[8]]
        face[list(upper), :2] += share * (face[lower, :2] - face[list(upper), :2])
    return face


def jaws_of(landmarks: np.ndarray, fall: float = 0.0) -> np.ndarray:
    """Marks of both jaws behind the lips, (20, 2), the lower `fall` eye distances lowered."""
    unit = eye_distance_of(landmarks)
    middle = landmarks[list(UPPER_INNER_LIP), :2].mean(0)
    marks = (JAW_MARKS - (0, TEETH_EDGE)) * (unit / 9) + middle + (0, 0.06 * unit)
    marks[1, :, 1] += fall * unit
    return marks.reshape(20, 2)


def mouth_of(landmarks: np.ndarray, fall: float = 0.0) -> MouthPoints:
    jaws = jaws_of(landmarks, fall)
    return MouthPoints(landmarks, jaws[:10], jaws[10:])


def teeth() -> TeethTexture:
    """White teeth with gaps between them."""
    height, width = TEXTURE_SIZE
    rows, columns = np.mgrid[:height, :width]
    colour = np.ones((height, width, 3), np.float32)
    colour[columns % 24 < 3] = 0.5
    edge = (TEETH_EDGE - CORNER[1]) * PER_CM
    return TeethTexture(colour, (rows < edge).astype(np.float32))


def drawn(landmarks: np.ndarray, size: int = SIDE, scale: float = 1.0) -> np.ndarray:
    """A soft drawing of a face in its crop, (size, size, 3) float32 in [0, 1]."""
    points = (landmarks[:, :2] + 0.5) * scale - 0.5
    picture = np.full((size, size, 3), (0.35, 0.45, 0.55), np.float32)

    def fill(ring: tuple[int, ...] | list[int], colour: tuple[float, float, float]) -> None:
        cv2.fillPoly(picture, [np.rint(points[list(ring)] * 16).astype(int)], colour, 16, 4)

    fill(FACE_OVAL, SKIN)
    fill(OUTER_LIPS, LIP)
    fill(INNER_LIPS, GUM)
    for eye, iris in zip(EYES, IRISES, strict=True):
        fill(eye, (0.9, 0.9, 0.9))
        fill(iris[1:], (0.2, 0.3, 0.45))
    rows, columns = np.mgrid[:size, :size] / (size / 12)
    picture *= (1 + 0.06 * np.sin(columns * 2 + rows))[..., None]
    return cv2.GaussianBlur(picture.astype(np.float32), (0, 0), 1.3)


def moved_mouth(gap: float = 0.12, start: float = 0.0) -> MovedPoints:
    """A mouth that opens to `gap`, from one that is open by `start`."""
    before = calm_face(gap=start)
    after = dropped(calm_face(), gap)[:, :2]
    return MovedPoints(before, after, jaws_of(before, start), jaws_of(before, gap))


def moved_lids(share: float = 1.0) -> MovedPoints:
    before = calm_face()
    jaws = jaws_of(before)
    return MovedPoints(before, shut(before, share)[:, :2], jaws, jaws)


def mouth_detail(gap: float = 0.12, start: float = 0.0) -> MouthDetail:
    return MouthDetail(moved_mouth(gap, start), teeth(), TONE)


def eyes_detail(share: float = 1.0, held: float = 0.0) -> EyesDetail:
    return EyesDetail(moved_lids(share), np.full((2, 2), held, np.float32), SIDE)
