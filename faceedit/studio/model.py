"""The face model: a linear blend of identities and FACS expressions over one mesh.

ICT-FaceKit light (Li et al., Learning Formation of Physically-Based Face Attributes, CVPR 2020).
Lengths are centimetres: x to the person's left, y up, z to the camera. Names that end in ``_L`` and
``_R`` are the person's own left and right.
"""

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit
from scipy import sparse

from faceedit.errors import MissingError, UsageError
from faceedit.faces.topology import N_SURFACE
from faceedit.untrusted import parse_json, read_arrays, read_text

MODEL_FILE = "face_model.npz"
LANDMARKS_FILE = "landmarks_to_vertices.json"


class Part(IntEnum):
    """What a triangle belongs to."""

    SKIN = 0
    HEAD = 1
    MOUTH_SOCKET = 2
    LEFT_SOCKET = 3
    RIGHT_SOCKET = 4
    GUMS = 5
    TEETH = 6
    LEFT_EYE = 7
    RIGHT_EYE = 8


SURROUNDING_ROUNDS = 8
"""Vertices of the face lie about 2 mm apart."""
MOUTH_PARTS = (Part.MOUTH_SOCKET, Part.GUMS, Part.TEETH)
EYE_PARTS = (Part.LEFT_SOCKET, Part.RIGHT_SOCKET, Part.LEFT_EYE, Part.RIGHT_EYE)


@dataclass(frozen=True)
class FaceModel:
    """A mesh of V vertices and T triangles with its blendshapes.

    Attributes:
        neutral: (V, 3) float32.
        identity: (I, V, 3) float32 displacements, unit variance.
        expression: (E, V, 3) float32 displacements; weights lie in [0, 1] or a little beyond.
        expression_names: E names, for example ``mouthSmile_L``.
        triangles: (T, 3) int32; the skin's vertices come first.
        part: (T,) uint8, a `Part` each.
        landmark_vertices: (468,) int32, the vertex of each mesh point.
        landmark_weights: (468,) float32 in [0, 1], trust in each mesh point.
    """

    neutral: np.ndarray
    identity: np.ndarray
    expression: np.ndarray
    expression_names: tuple[str, ...]
    triangles: np.ndarray
    part: np.ndarray
    landmark_vertices: np.ndarray
    landmark_weights: np.ndarray

    def __post_init__(self):
        if len(self.landmark_vertices) != N_SURFACE:
            raise ValueError(f"{len(self.landmark_vertices)} landmarks instead of {N_SURFACE}")
        count = len(self.neutral)
        # Compiled loops look at whatever these numbers name.
        for name, numbers in (
            ("triangles", self.triangles),
            ("landmark_vertices", self.landmark_vertices),
        ):
            if numbers.size and not 0 <= numbers.min() <= numbers.max() < count:
                raise ValueError(f"{name} name vertices beyond the {count} that there are")
        shapes = (
            ("neutral", self.neutral, (count, 3)),
            ("identity", self.identity, (len(self.identity), count, 3)),
            ("expression", self.expression, (len(self.expression_names), count, 3)),
            ("triangles", self.triangles, (len(self.triangles), 3)),
            ("part", self.part, (len(self.triangles),)),
            ("landmark_weights", self.landmark_weights, (N_SURFACE,)),
        )
        for name, array, shape in shapes:
            if array.shape != shape or not np.isfinite(array).all():
                raise ValueError(f"{name} is {array.shape}, not {shape}, or not finite")

    @cached_property
    def vertex_part(self) -> np.ndarray:
        """The `Part` of each vertex, (V,) uint8."""
        parts = np.zeros(len(self.neutral), np.uint8)
        for part in Part:
            parts[self.triangles[self.part == part].ravel()] = part
        return parts

    @cached_property
    def skin_triangles(self) -> np.ndarray:
        """The triangles of the skin, (T', 3) int32."""
        return self.triangles[self.part == Part.SKIN]

    @cached_property
    def n_skin(self) -> int:
        """How many vertices the skin has; they come first."""
        return int(self.skin_triangles.max()) + 1

    @cached_property
    def outer_triangles(self) -> np.ndarray:
        """The triangles of skin and head, (T', 3) int32."""
        return self.triangles[np.isin(self.part, (Part.SKIN, Part.HEAD))]

    @cached_property
    def expression_hollows(self) -> np.ndarray:
        """How far blendshapes push skin below what surrounds it, (E, n_skin, 3) float32 cm."""
        moved = self.expression[:, : self.n_skin]
        return surroundings(moved, self.skin_triangles) - moved

    @cached_property
    def mirror_vertices(self) -> np.ndarray:
        """For each vertex the nearest of the same part to its mirror image, (V,) int32."""
        found = np.arange(len(self.neutral), dtype=np.int32)
        mirrored_part = {
            Part.LEFT_SOCKET: Part.RIGHT_SOCKET,
            Part.RIGHT_SOCKET: Part.LEFT_SOCKET,
            Part.LEFT_EYE: Part.RIGHT_EYE,
            Part.RIGHT_EYE: Part.LEFT_EYE,
        }
        for part in Part:
            of_part = np.flatnonzero(self.vertex_part == part)
            across = np.flatnonzero(self.vertex_part == mirrored_part.get(part, part))
            if not len(across):
                continue
            there = self.neutral[across]
            lengths = (there * there).sum(1)
            for some in np.array_split(of_part, len(of_part) // 512 + 1):
                here = self.neutral[some] * (-1, 1, 1)
                squares = lengths - 2 * here.astype(np.float32) @ there.T
                found[some] = across[squares.argmin(1)]
        return found

    @cached_property
    def _index(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.expression_names)}

    @cached_property
    def mirrored(self) -> np.ndarray:
        """For each blendshape the number of its mirror image, (E,) int."""
        swap = {"_L": "_R", "_R": "_L"}
        pairs = {"mouthLeft": "mouthRight", "mouthRight": "mouthLeft"}
        pairs |= {"jawLeft": "jawRight", "jawRight": "jawLeft"}
        return np.array(
            [
                self._index[pairs.get(n, n[:-2] + swap[n[-2:]] if n[-2:] in swap else n)]
                for n in self.expression_names
            ]
        )

    def index(self, name: str) -> int:
        """Return the number of a blendshape.

        Raises:
            KeyError: the model has none of that name.
        """
        return self._index[name]

    def sides(self, name: str) -> tuple[int, ...]:
        """Return the numbers of a blendshape, of both its sides where it has sides."""
        if name in self._index:
            return (self._index[name],)
        return (self._index[f"{name}_L"], self._index[f"{name}_R"])

    def mean_weight(self, weights: np.ndarray, name: str) -> float:
        """Return the mean weight of both sides of a blendshape in (E,) `weights`."""
        return float(np.mean([weights[i] for i in self.sides(name)]))

    def weights(self, **named: float) -> np.ndarray:
        """Return (E,) float64 blend weights; a name without side means both sides."""
        weights = np.zeros(len(self.expression_names))
        for name, value in named.items():
            weights[list(self.sides(name))] += value
        return weights

    def blend(self, identity: np.ndarray, expression: np.ndarray) -> np.ndarray:
        """Return the vertices of a face, (V, 3) float32.

        Args:
            identity: (I,) weights.
            expression: (E,) weights.
        """
        moved = identity.astype(np.float32) @ self.identity.reshape(len(self.identity), -1)
        moved += expression.astype(np.float32) @ self.expression.reshape(len(self.expression), -1)
        return self.neutral + moved.reshape(self.neutral.shape)


def load_face_model(folder: Path) -> FaceModel:
    """Read a face model.

    Args:
        folder: what ``faceedit studio import`` wrote.

    Raises:
        MissingError: a file is not there.
    """
    arrays, landmarks = load_arrays(folder / MODEL_FILE), load_landmarks(folder)
    step = np.float32(arrays["q"])
    return FaceModel(
        neutral=arrays["neutral"].astype(np.float32),
        identity=arrays["identity_q"].astype(np.float32) * step,
        expression=arrays["expression_q"].astype(np.float32) * step,
        expression_names=tuple(str(n) for n in arrays["expression_names"]),
        triangles=arrays["tri"].astype(np.int32),
        part=arrays["part"].astype(np.uint8),
        landmark_vertices=np.array(landmarks["mp_to_ict_vertex"], np.int32),
        landmark_weights=np.array(landmarks["weights"], np.float32),
    )


def load_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read all arrays of an npz file of a rig.

    Raises:
        MissingError: it is not there.
        UsageError: it cannot be read.
    """
    try:
        return read_arrays(path)
    except FileNotFoundError as error:
        raise missing(path) from error
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error


def load_landmarks(folder: Path) -> dict[str, Any]:
    """Read where the landmarks of a rig's model lie.

    Raises:
        MissingError: the file is not there.
        UsageError: it cannot be read.
    """
    path = folder / LANDMARKS_FILE
    try:
        found = parse_json(read_text(path))
    except FileNotFoundError as error:
        raise missing(path) from error
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise UsageError(f"{path} does not say where landmarks lie")
    return found


def missing(path: Path) -> MissingError:
    """Return the error that says how to come by a file of a rig."""
    return MissingError(
        f"{path} is missing; build a rig with: faceedit studio import ICT-FACEKIT-FOLDER -o "
        f"{path.parent} and faceedit studio learn PAIRS-FOLDER --rig {path.parent}"
    )


def surroundings(values: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Average values on a mesh over about a centimetre: again and again over neighbours.

    Args:
        values: (K, N, C) float32.
        triangles: (T, 3) of the N vertices.
    """
    n = values.shape[1]
    ends, starts = triangles[:, [0, 1, 2, 1, 2, 0]], triangles[:, [1, 2, 0, 0, 1, 2]]
    ones = np.ones(ends.size, np.float32)
    linked = sparse.csr_matrix((ones, (ends.ravel(), starts.ravel())), shape=(n, n))
    linked.data[:] = 1.0
    linked.setdiag(1.0)
    count = np.asarray(linked.sum(1), np.float32)
    flat = np.moveaxis(values, 1, 0).reshape(n, -1).astype(np.float32)
    for _ in range(SURROUNDING_ROUNDS):
        flat = (linked @ flat) / count
    return np.moveaxis(flat.reshape(n, values.shape[0], values.shape[2]), 0, 1)


def vertex_normals(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Return unit normals, (V, 3) float32; 0 for vertices of no triangle."""
    normals = _facing(np.asarray(vertices, np.float64), np.asarray(triangles))
    length = np.sqrt((normals**2).sum(1, keepdims=True))
    return (normals / np.maximum(length, 1e-12)).astype(np.float32)


@njit(cache=True)
def _facing(vertices, triangles):
    """Sum the cross products of the triangles about each vertex."""
    total = np.zeros(vertices.shape)
    for t in range(len(triangles)):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ux, uy, uz = vertices[b] - vertices[a]
        vx, vy, vz = vertices[c] - vertices[a]
        cross = (uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx)
        for k in range(3):
            total[a, k] += cross[k]
            total[b, k] += cross[k]
            total[c, k] += cross[k]
    return total
