"""OBJ folders like ICT-FaceKit's, written from arrays."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from faceedit.faces.topology import N_SURFACE, mean_shape, triangles
from faceedit.studio.correspondence import IBUG_TO_MESH, LOWER_LIP, UPPER_LID
from faceedit.studio.facekit import NEUTRAL_FILE, Layout

CM = 8.9
"""Distance of the outer eye corners."""
EXPRESSIONS = ("eyeBlink_L", "eyeBlink_R", "jawOpen", "mouthSmile_L")


@dataclass(frozen=True)
class MadeUpKit:
    """A face model in full precision and how its files are laid out."""

    neutral: np.ndarray
    identity: np.ndarray
    expression: np.ndarray
    polygons: tuple[tuple[int, ...], ...]
    layout: Layout


def made_up_kit(n_identities: int = 3) -> MadeUpKit:
    """A model whose skin is the mean face mesh: the vertex of each mesh point is its own number.

    Eight small quads stand for the parts behind the skin, and one more for what is dropped.
    """
    rng = np.random.default_rng(5)
    skin = mean_shape()[:N_SURFACE].astype(np.float64) * CM * (1, -1, -1)
    corners = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]]) * 0.5
    parts = [corners + np.array([k - 4, -2, -8]) for k in range(9)]
    neutral = np.concatenate([skin, *parts]).round(6)
    quads = [tuple(N_SURFACE + 4 * k + c for c in range(4)) for k in range(9)]
    polygons = (*(tuple(t) for t in _facing(triangles(), skin).tolist()), *quads)

    identity = rng.normal(0, 0.2, (n_identities, 1, 3)) * neutral / CM
    expression = np.zeros((len(EXPRESSIONS), *neutral.shape))
    left = skin[:, 0] > 0
    lid = np.zeros(N_SURFACE, bool)
    lid[list(UPPER_LID)] = True
    expression[0, :N_SURFACE][lid & left, 1] = -0.9
    expression[1, :N_SURFACE][lid & ~left, 1] = -0.9
    jaw = skin[:, 1] < skin[17, 1]
    jaw[list(LOWER_LIP)] = True
    expression[2, :N_SURFACE][jaw] = (0.0, -3.0, -1.0)
    expression[3, :N_SURFACE][[291, 308]] = (0.6, 0.7, -0.3)
    n_triangles = len(triangles())
    layout = Layout(
        n_vertices=len(neutral),
        n_kept=len(neutral) - 4,
        part_ends=tuple(range(n_triangles, n_triangles + 9)),
        landmarks=IBUG_TO_MESH,
        n_identities=n_identities,
        expressions=EXPRESSIONS,
    )
    return MadeUpKit(neutral, identity, expression, polygons, layout)


def write_kit(kit: MadeUpKit, folder: Path) -> None:
    """Write one OBJ file for each mesh of a model."""
    folder.mkdir(parents=True, exist_ok=True)
    faces = [" ".join(f"{c + 1}/{c + 1}" for c in polygon) for polygon in kit.polygons]
    tail = "vt 0.5 0.5\nusemtl skin\n" + "".join(f"f {face}\n" for face in faces)
    shapes = [kit.neutral, *(kit.neutral + kit.identity), *(kit.neutral + kit.expression)]
    names = [NEUTRAL_FILE[:-4], *kit.layout.identities, *kit.layout.expressions]
    for name, shape in zip(names, shapes, strict=True):
        rows = "".join(f"v {x:.6f} {y:.6f} {z:.6f}\n" for x, y, z in shape.tolist())
        (folder / f"{name}.obj").write_text(f"mtllib a.mtl\n{rows}{tail}")


def _facing(faces: np.ndarray, vertices: np.ndarray) -> np.ndarray:
    """Turn triangles so that their fronts look at the camera."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    away = np.cross(b - a, c - a)[:, 2] < 0
    return np.where(away[:, None], faces[:, ::-1], faces)
