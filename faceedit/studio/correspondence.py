"""Which vertex of the face model each of the 468 mesh points is.

The 68 iBUG points are known in both. A similarity and a thin-plate spline through them lay the mean
mesh on the model, and each point takes the nearest vertex. Lips and lids touch, so there "nearest"
is not enough: a point of the lower lip may only take a vertex that goes with the jaw, and so on.
Fits then say how far each point still is from where faces have it, and it moves there.
"""

from dataclasses import replace

import numpy as np

from faceedit.errors import UsageError
from faceedit.faces.pose import fit_similarity3
from faceedit.faces.topology import FACE_OVAL, LOWER_LIDS, N_SURFACE, UPPER_LIDS, mean_shape
from faceedit.studio.fit import fit_model
from faceedit.studio.model import FaceModel
from faceedit.studio.skin import Skin

IBUG_TO_MESH = (
    162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389,
    71, 63, 105, 66, 107, 336, 296, 334, 293, 301, 168, 197, 5, 4, 75, 97, 2, 326, 305,
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,
    61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181, 78, 82, 13, 312, 308, 317, 14, 87,
)  # fmt: skip
"""The mesh point of each of the 68 iBUG points."""
UPPER_LIP = (
    185, 40, 39, 37, 0, 267, 269, 270, 409, 191, 80, 81, 82, 13, 312, 311, 310, 415,
    184, 74, 73, 72, 11, 302, 303, 304, 408, 183, 42, 41, 38, 12, 268, 271, 272, 407,
)  # fmt: skip
LOWER_LIP = (
    146, 91, 181, 84, 17, 314, 405, 321, 375, 95, 88, 178, 87, 14, 317, 402, 318, 324,
    77, 90, 180, 85, 16, 315, 404, 320, 307, 96, 89, 179, 86, 15, 316, 403, 319, 325,
)  # fmt: skip
"""Four rows of mesh points each: outer edge, inner edge, and two between; no corners."""
UPPER_LID = UPPER_LIDS[0][1:-1] + UPPER_LIDS[1][1:-1]
LOWER_LID = LOWER_LIDS[0][1:-1] + LOWER_LIDS[1][1:-1]

OVAL_WEIGHT = 0.3
"""The outline is where a face turns away, not a fixed place of its skin."""
FACING = 0.02
"""Least z of the normal of a vertex that may be a landmark."""
DEPTH = 0.6
"""How much a difference in depth counts in the search for the nearest vertex."""
DEPTH_REFINED = 0.15
"""The same where only what photos show, x and y, says where a point is."""
SMOOTHING = 0.05
"""How loosely the spline is tied to the 68 points, cm."""
STEP = 0.7
"""How much of a residual one refinement takes."""
ROUNDS = 4
"""Refinements by fits to the mean face; more change nothing."""
NEUTRAL_EXPRESSION = 0.5
"""Size of the blendshapes in these fits: a neutral face should be explained by its identity."""
LARGEST_MISFIT = 2.0
"""Mean distance of the 68 points after the similarity, cm; ICT-FaceKit light has 0.5."""


def find_correspondence(skin: Skin) -> np.ndarray:
    """Find the vertex of each mesh point from shape alone.

    Returns:
        (468,) int32; the 68 iBUG points are exact.

    Raises:
        UsageError: the 68 points of the skin do not make a face.
    """
    mesh = mean_shape()[:N_SURFACE].astype(np.float64)
    known, target = list(IBUG_TO_MESH), skin.vertices[skin.landmarks]
    laid = fit_similarity3(mesh[known], target).points(mesh)
    misfit = float(np.linalg.norm(laid[known] - target, axis=1).mean())
    if misfit > LARGEST_MISFIT:
        raise UsageError(
            f"the landmarks of this face model are {misfit:.1f} cm from those of a face: its "
            "vertices are numbered as in another release; take the main branch of ICT-FaceKit"
        )
    found = _nearest(skin, laid + _spline(laid, laid[known], target - laid[known]), DEPTH)
    found[known] = skin.landmarks
    return found


def refine_correspondence(
    skin: Skin, correspondence: np.ndarray, residuals: np.ndarray
) -> np.ndarray:
    """Move mesh points along the skin to where photos show them.

    Args:
        skin: of the face model.
        correspondence: (468,) vertices used in fits to neutral photos.
        residuals: (468, 2 or 3) mean of landmark minus fitted vertex over those photos, in the
            model's axes and unit (`fit_residuals`). Only x and y are used.

    Returns:
        (468,) int32 vertices, STEP of the way along the residuals.
    """
    places = skin.vertices[correspondence]
    places[:, :2] += STEP * residuals[:, :2]
    return _nearest(skin, places, DEPTH_REFINED)


def refine_to_mean_face(model: FaceModel, skin: Skin) -> np.ndarray:
    """Refine a model's landmark vertices until it fits the mean of neutral faces.

    Returns:
        (468,) int32 vertices.
    """
    model = replace(model, expression=NEUTRAL_EXPRESSION * model.expression)
    face = mean_shape()
    for _ in range(ROUNDS):
        residuals = fit_residuals(model, face)
        vertices = refine_correspondence(skin, model.landmark_vertices, residuals)
        model = replace(model, landmark_vertices=vertices)
    return model.landmark_vertices


def fit_residuals(model: FaceModel, landmarks: np.ndarray) -> np.ndarray:
    """Return by how much landmarks miss a model that was fitted to them.

    Args:
        model: the face model.
        landmarks: (>= 468, >= 2) mesh points in pixels, seen from the front.

    Returns:
        (468, 2) float64 landmark minus vertex in cm, x to the person's left and y up.
    """
    fit = fit_model(model, landmarks)
    vertices = model.blend(fit.identity, fit.expression)[model.landmark_vertices]
    places, _ = fit.camera.project(vertices)
    missed = landmarks[:N_SURFACE, :2].astype(np.float64) - places
    return missed / fit.camera.scale * (1.0, -1.0)


def landmark_weights() -> np.ndarray:
    """Return how far a fit may trust each mesh point, (468,) float64 in [0, 1]."""
    weights = np.ones(N_SURFACE)
    weights[list(FACE_OVAL)] = OVAL_WEIGHT
    return weights


def _nearest(skin: Skin, places: np.ndarray, depth: float) -> np.ndarray:
    """Return for (468, 3) places the nearest vertices that the points may take, (468,) int32."""
    front = skin.facing > FACING
    found = np.empty(len(places), np.int32)
    for points, allowed in _groups(skin):
        candidates = np.flatnonzero(front & allowed)
        scale = np.array([1.0, 1.0, depth])
        a, b = places[points] * scale, skin.vertices[candidates] * scale
        # The squared length of a place is the same for all candidates.
        found[points] = candidates[np.argmin((b * b).sum(1) - 2.0 * a @ b.T, axis=1)]
    return found


def _groups(skin: Skin) -> list[tuple[list[int], np.ndarray]]:
    """Return mesh points with the vertices they may take, (S,) bool."""
    groups = [
        (list(UPPER_LIP), skin.upper_jaw),
        (list(LOWER_LIP), skin.lower_jaw),
        (list(UPPER_LID), skin.upper_lid),
        (list(LOWER_LID), skin.still_lid),
    ]
    grouped = {point for points, _ in groups for point in points}
    rest = [point for point in range(N_SURFACE) if point not in grouped]
    return [*groups, (rest, np.ones(len(skin.vertices), bool))]


def _spline(places: np.ndarray, knots: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Evaluate the smoothing thin-plate spline in space with values at knots.

    Args:
        places: (N, 3).
        knots: (K, 3).
        values: (K, C).

    Returns:
        (N, C).
    """
    count = len(knots)
    system = np.zeros((count + 4, count + 4))
    system[:count, :count] = _kernel(knots, knots) + SMOOTHING * np.eye(count)
    system[:count, count:] = np.column_stack([np.ones(count), knots])
    system[count:, :count] = system[:count, count:].T
    right = np.concatenate([values, np.zeros((4, values.shape[1]))])
    basis = np.column_stack([_kernel(places, knots), np.ones(len(places)), places])
    return basis @ np.linalg.solve(system, right)


def _kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    squares = ((a[:, None] - b[None]) ** 2).sum(-1)
    return 0.5 * squares * np.log(squares + 1e-12)
