"""Fitting the face model to landmarks by Gauss-Newton."""

from dataclasses import dataclass

import numpy as np

from faceedit.faces.topology import eye_distance
from faceedit.studio.camera import DISTANCE, Camera, rotation_matrix, rotation_vector
from faceedit.studio.model import FaceModel

ROUNDS = 10
POSE_ROUNDS = 2
"""The first rounds move the camera only."""
RIDGE = 0.01
IDENTITY_SPREAD, EXPRESSION_SPREAD = 0.03, 0.06
"""Square roots of how much a unit of weight costs, relative to RIDGE."""
HUBER = 0.05
"""Eye distances from which on a residual counts linearly."""
IDENTITY_RANGE = 3.0
EXPRESSION_RANGE = (0.0, 1.2)
NOT_FITTED = ("Pupil", "eyeLook", "mouthClose", "cheekRaiser")
"""Blendshapes that the landmarks of skin cannot tell apart from others."""


@dataclass(frozen=True)
class Fit:
    """A face model laid on landmarks.

    Attributes:
        camera: pixels of the landmarks' picture.
        identity: (I,) weights.
        expression: (E,) weights; shrunk by the ridge, and so no labels.
        error: (468,) float64 distances left, in eye distances.
    """

    camera: Camera
    identity: np.ndarray
    expression: np.ndarray
    error: np.ndarray


def fit_model(model: FaceModel, landmarks: np.ndarray) -> Fit:
    """Fit camera, identity and expression to mesh points.

    Args:
        model: the face model.
        landmarks: (>= 468, >= 2) mesh points in pixels.
    """
    vertices = model.landmark_vertices
    points = landmarks[: len(vertices), :2].astype(np.float64)
    unit = eye_distance(points)
    fitted = [i for i, n in enumerate(model.expression_names) if not n.startswith(NOT_FITTED)]
    base = model.neutral[vertices].astype(np.float64)
    basis = np.concatenate(
        [model.identity[:, vertices], model.expression[fitted][:, vertices]]
    ).astype(np.float64)
    solver = _Solver(points, unit, base, basis, len(model.identity), model.landmark_weights)
    for turn in range(ROUNDS):
        solver.step(pose_only=turn < POSE_ROUNDS)
    expression = np.zeros(len(model.expression_names))
    expression[fitted] = solver.weights[len(model.identity) :]
    return Fit(
        camera=Camera(rotation_vector(solver.rotation), solver.scale, solver.shift),
        identity=solver.weights[: len(model.identity)].copy(),
        expression=expression,
        error=np.linalg.norm(solver.residuals(), axis=1),
    )


class _Solver:
    """The state of one Gauss-Newton descent: rotation, log scale, shift, blend weights."""

    def __init__(
        self,
        points: np.ndarray,
        unit: float,
        base: np.ndarray,
        basis: np.ndarray,
        n_identity: int,
        trust: np.ndarray,
    ):
        self.points, self.unit, self.base, self.basis = points, unit, base, basis
        self.n_identity = n_identity
        self.trust = np.asarray(trust, np.float64)
        self.rotation = np.eye(3)
        self.scale = float(np.ptp(points[:, 0]) / np.ptp(base[:, 0]))
        middle = base.mean(0)
        self.shift = points.mean(0) - self.scale * np.array([middle[0], -middle[1]])
        self.weights = np.zeros(len(basis))
        spread = np.full(len(basis), EXPRESSION_SPREAD)
        spread[:n_identity] = IDENTITY_SPREAD
        self.ridge = RIDGE * spread**2
        self.low = np.full(len(basis), EXPRESSION_RANGE[0])
        self.high = np.full(len(basis), EXPRESSION_RANGE[1])
        self.low[:n_identity], self.high[:n_identity] = -IDENTITY_RANGE, IDENTITY_RANGE

    def residuals(self) -> np.ndarray:
        """Return (468, 2) in eye distances."""
        seen, k = self._seen()
        places = np.stack([k * seen[:, 0], -k * seen[:, 1]], axis=1) + self.shift
        return (self.points - places) / self.unit

    def _seen(self) -> tuple[np.ndarray, np.ndarray]:
        shape = self.base + np.tensordot(self.weights, self.basis, axes=1)
        seen = shape @ self.rotation.T
        return seen, self.scale * DISTANCE / (DISTANCE - seen[:, 2])

    def step(self, *, pose_only: bool) -> None:
        """Take one damped step; weights at a bound that pull outwards stay there."""
        seen, k = self._seen()
        n, m = len(self.points), len(self.basis)
        # d(place)/d(seen) of the weak perspective projection.
        bend = k / (DISTANCE - seen[:, 2])
        slope = np.zeros((n, 2, 3))
        slope[:, 0, 0], slope[:, 1, 1] = k, -k
        slope[:, 0, 2], slope[:, 1, 2] = bend * seen[:, 0], -bend * seen[:, 1]
        jacobian = np.zeros((n, 2, 6 + m))
        for axis in range(3):
            jacobian[:, :, axis] = np.einsum("nij,nj->ni", slope, np.cross(np.eye(3)[axis], seen))
        jacobian[:, 0, 3], jacobian[:, 1, 3] = k * seen[:, 0], -k * seen[:, 1]
        jacobian[:, 0, 4] = jacobian[:, 1, 5] = 1.0
        if not pose_only:
            turned = slope @ self.rotation
            jacobian[:, :, 6:] = np.matmul(turned, self.basis.transpose(1, 2, 0))
        jacobian /= self.unit

        residual = self.residuals()
        size = np.linalg.norm(residual, axis=1)
        weight = self.trust * np.sqrt(np.minimum(1.0, HUBER / np.maximum(size, 1e-9)))
        weight = np.repeat(weight / np.sqrt(n), 2)
        a = jacobian.reshape(2 * n, -1) * weight[:, None]
        normal = a.T @ a
        gradient = a.T @ (residual.ravel() * weight)
        normal[range(6, 6 + m), range(6, 6 + m)] += self.ridge
        gradient[6:] -= self.ridge * self.weights
        normal[np.diag_indices(6 + m)] += 1e-9
        stuck = (self.weights <= self.low) & (gradient[6:] < 0)
        stuck |= (self.weights >= self.high) & (gradient[6:] > 0)
        free = np.concatenate([np.ones(6, bool), ~stuck & (not pose_only)])
        move = np.zeros(6 + m)
        move[free] = np.linalg.solve(normal[np.ix_(free, free)], gradient[free])

        self.rotation = rotation_matrix(move[:3]) @ self.rotation
        self.scale *= float(np.exp(np.clip(move[3], -0.5, 0.5)))
        self.shift = self.shift + move[4:6]
        self.weights = np.clip(self.weights + move[6:], self.low, self.high)
