"""A face to be damaged, and what damage is made of: regions, fields, displacement."""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import EYES, FACE_OVAL, OUTER_LIPS, eye_distance
from faceedit.training.recognisers.faces import FaceTable

COLOURLESS = 0.02
"""Mean spread of the channels below which a picture is grey."""


@dataclass(frozen=True)
class PlainFace:
    """A face to be damaged.

    Attributes:
        picture: (S, S, 3) float32 RGB in [0, 1], an aligned crop.
        landmarks: (478, 2) in its pixels.
    """

    picture: np.ndarray
    landmarks: np.ndarray

    @property
    def size(self) -> int:
        """Side in pixels."""
        return self.picture.shape[0]

    @property
    def unit(self) -> float:
        """Distance of the outer eye corners in pixels."""
        return max(eye_distance(self.landmarks), 1.0)


def region(face: PlainFace, rng: np.random.Generator) -> np.ndarray:
    """Draw a region with an edge of a pixel or two: a part, half the face, the face, a box."""
    way = int(rng.integers(4))
    points, box = part(face, rng), rng.uniform(0.25, 0.55, 2) * face.unit
    half = rng.random() < 0.5
    centre, edge = place_inside(face, rng), rng.uniform(0.3, 1.5)
    oval = face.landmarks[list(FACE_OVAL)].astype(np.float64)
    if way == 0:
        corners = cv2.convexHull(points.astype(np.float32))[:, 0]
        corners = corners.mean(0) + (corners - corners.mean(0)) * 1.6
    elif way == 1:
        corners = oval
    elif way == 2:
        middle = oval[:, 0].mean()
        corners = oval.copy()
        corners[:, 0] = np.minimum(oval[:, 0], middle) if half else np.maximum(oval[:, 0], middle)
    else:
        corners = centre + box * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    return cv2.GaussianBlur(fill_polygon(corners, face.picture.shape[:2]), (0, 0), edge)


def part(face: PlainFace, rng: np.random.Generator) -> np.ndarray:
    """Return the points of an eye or the mouth."""
    return face.landmarks[list((*EYES, OUTER_LIPS)[int(rng.integers(3))])]


def place_inside(face: PlainFace, rng: np.random.Generator) -> np.ndarray:
    """Return a point of the face, (2,)."""
    oval = face.landmarks[list(FACE_OVAL)]
    rim = oval[int(rng.integers(len(oval)))]
    return oval.mean(0) + (rim - oval.mean(0)) * 0.85 * np.sqrt(rng.random())


def soft_outline(face: PlainFace, points: tuple[int, ...], softness: float) -> np.ndarray:
    """Fill an outline, its edge `softness` eye distances wide; (S, S) float32."""
    mask = fill_polygon(face.landmarks[list(points)], face.picture.shape[:2])
    return blurred(mask, softness * face.unit)


def waves(size: int, rng: np.random.Generator) -> np.ndarray:
    """Return (S, S, 2) smooth random values of a length of at most 1."""
    cells = int(rng.integers(4, 8))
    coarse = rng.standard_normal((cells, cells, 2)).astype(np.float32)
    field = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)
    return field / max(float(np.sqrt((field * field).sum(-1).max())), 1e-6)


def displaced(picture: np.ndarray, field: np.ndarray) -> np.ndarray:
    """Look every pixel up where the (S, S, 2) field, in pixels, points."""
    x, y = grid(picture.shape[0])
    across, down = (x + field[..., 0]).astype(np.float32), (y + field[..., 1]).astype(np.float32)
    return cv2.remap(picture, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)


def blurred(picture: np.ndarray, deviation: float) -> np.ndarray:
    """Return a picture after a Gaussian filter of a standard deviation in pixels."""
    if deviation < 0.05:
        return picture
    return cv2.GaussianBlur(picture, (0, 0), float(deviation))


def as_jpeg(picture: np.ndarray, quality: int) -> np.ndarray:
    """Return a picture, (H, W, 3) float32 in [0, 1], as it comes back from a JPEG file."""
    data = np.rint(picture[..., ::-1] * 255).astype(np.uint8)
    _, code = cv2.imencode(".jpg", data, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR))[..., ::-1].astype(np.float32) / 255


@cache
def grid(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y of the pixels of a square, (S, S) float32 each; not to be written to."""
    y, x = np.mgrid[:size, :size].astype(np.float32)
    return x, y


def colourless(picture: np.ndarray) -> bool:
    """Say whether a picture is grey."""
    some = picture[::4, ::4]
    return float((some.max(-1) - some.min(-1)).mean()) < COLOURLESS


def plain_face(table: FaceTable, index: int) -> PlainFace:
    """Return a face of a table, to be damaged."""
    return PlainFace(table.pictures[index].astype(np.float32) / 255, table.landmarks[index])
