"""The skin of the face model: where its lips and lids are, and its atlas."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from faceedit.studio.model import Part, vertex_normals

ATLAS_HALF_ANGLE = 1.2
"""Radians from the middle of the atlas to its side."""
ATLAS_TOP, ATLAS_HEIGHT = 12.0, 21.0
ATLAS_AXIS = -1.0
"""z of the cylinder's axis."""

LIP_RADII = (3.6, 1.9, 4.0)
"""The ellipsoid about the closed mouth that holds the lips, cm."""
LID_RADIUS = 2.6
"""From the middle of an eye, in x and y, cm."""

RIGHT_EYE, LEFT_EYE = slice(36, 42), slice(42, 48)
UPPER_LID, UPPER_INNER_LIP, LOWER_INNER_LIP = 37, 62, 66
"""iBUG points."""


@dataclass(frozen=True)
class Skin:
    """The S vertices of the skin and how the jaw and the lids move them.

    Attributes:
        vertices: (S, 3) float64, neutral, cm.
        facing: (S,) z of the normals; positive looks at the camera.
        jaw: (S,) upward displacement by jawOpen, negative, cm.
        blink: (S,) upward displacement by both eyeBlink, negative, cm.
        landmarks: (68,) int, vertices of the iBUG points.
    """

    vertices: np.ndarray
    facing: np.ndarray
    jaw: np.ndarray
    blink: np.ndarray
    landmarks: np.ndarray

    @property
    def upper_jaw(self) -> np.ndarray:
        """Whether a vertex is not of the lower lip, (S,) bool."""
        return self.jaw > 0.25 * self.jaw[self.landmarks[LOWER_INNER_LIP]]

    @property
    def lower_jaw(self) -> np.ndarray:
        """Whether a vertex goes with the lower lip, (S,) bool; the corners are of neither."""
        return self.jaw < 0.5 * self.jaw[self.landmarks[LOWER_INNER_LIP]]

    @property
    def upper_lid(self) -> np.ndarray:
        """Whether a vertex goes with an upper lid, (S,) bool."""
        return self.blink < 0.3 * self.blink[self.landmarks[UPPER_LID]]

    @property
    def still_lid(self) -> np.ndarray:
        """Whether a vertex stays when the eyes close, (S,) bool: the lower lids do."""
        return self.blink > 0.1 * self.blink[self.landmarks[UPPER_LID]]


def make_skin(
    neutral: np.ndarray,
    triangles: np.ndarray,
    part: np.ndarray,
    expression: np.ndarray,
    expression_names: Sequence[str],
    landmarks: Sequence[int],
) -> Skin:
    """Take the skin out of a face model.

    Args:
        neutral: (V, 3), the skin first.
        triangles: (T, 3) int.
        part: (T,) a `Part` each.
        expression: (E, V, 3) displacements, cm.
        expression_names: E names, with jawOpen, eyeBlink_L and eyeBlink_R among them.
        landmarks: 68 vertices.
    """
    skin_triangles = triangles[part == Part.SKIN]
    count = int(skin_triangles.max()) + 1
    vertices = neutral[:count].astype(np.float64)

    def rise(name: str) -> np.ndarray:
        return expression[list(expression_names).index(name), :count, 1].astype(np.float64)

    return Skin(
        vertices=vertices,
        facing=vertex_normals(vertices, skin_triangles)[:, 2],
        jaw=rise("jawOpen"),
        blink=rise("eyeBlink_L") + rise("eyeBlink_R"),
        landmarks=np.array(landmarks, np.int64),
    )


def atlas_coordinates(neutral: np.ndarray) -> np.ndarray:
    """Unroll vertices onto a cylinder about the head.

    Args:
        neutral: (N, 3) in cm.

    Returns:
        (N, 2) float32: across, 0 at the person's right temple to 1 at the left one, and down, 0
        above the forehead to 1 at the neck. Ears and nape lie outside [0, 1].
    """
    x, y, z = neutral.astype(np.float64).T
    angle = np.arctan2(x, z - ATLAS_AXIS)
    across = (angle / ATLAS_HALF_ANGLE + 1.0) / 2.0
    return np.stack([across, (ATLAS_TOP - y) / ATLAS_HEIGHT], axis=1).astype(np.float32)


def lip_vertices(skin: Skin) -> tuple[np.ndarray, np.ndarray]:
    """Return the vertices of the upper lip and of the lower, int64, increasing."""
    inner = skin.vertices[skin.landmarks[[UPPER_INNER_LIP, LOWER_INNER_LIP]]].mean(0)
    near = (((skin.vertices - inner) / LIP_RADII) ** 2).sum(1) < 1.0
    return np.flatnonzero(near & skin.upper_jaw), np.flatnonzero(near & skin.lower_jaw)


def lid_vertices(skin: Skin) -> np.ndarray:
    """Return the vertices about both eyes, int64, increasing."""
    near = np.zeros(len(skin.vertices), bool)
    for eye in (RIGHT_EYE, LEFT_EYE):
        middle = skin.vertices[skin.landmarks[eye], :2].mean(0)
        near |= np.linalg.norm(skin.vertices[:, :2] - middle, axis=1) < LID_RADIUS
    return np.flatnonzero(near)
