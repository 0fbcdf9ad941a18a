"""How the light on a face changes as its skin moves, from the model's shape alone."""

import numpy as np
import scipy.sparse as sparse

from faceedit.studio.model import FaceModel, vertex_normals
from faceedit.studio.subject import Pose

FROM_ABOVE = (0.0, 0.45, 0.89)
"""Towards the light where nothing better is known: x right, y up, z to the camera."""
AMBIENT = 0.4
DARKEST, BRIGHTEST = 0.6, 1.3
"""Bounds of the ratio: a triangle that turns away says little about a photo's light."""
HOLLOW_ROUNDS = 8
"""Of averaging over neighbours: hollows up to about a centimetre wide count."""
OCCLUSION = 1.3
"""Darkening per cm by which skin lies below its surroundings."""
DEEPEST = 0.25


def shading_log_ratio(
    source: Pose, target: Pose, towards: tuple[float, float, float] | np.ndarray = FROM_ABOVE
) -> np.ndarray:
    """Return the log ratio of light on each vertex of the skin, (n_skin,) float32.

    Lambert's law on the change of the normals, and less light in hollows that form.

    Args:
        source: as the photo is lit.
        target: of the same face.
        towards: (3,) unit vector to the light, x right, y up, z to the camera.
    """
    model = source.model
    light = np.asarray(towards, np.float32)
    faced = [_lambert(pose, light) for pose in (source, target)]
    ratio = np.log(np.clip(faced[1] / faced[0], DARKEST, BRIGHTEST))
    average = _averaging(model)
    hollow = [_hollow(pose, average) for pose in (source, target)]
    occluded = np.clip(OCCLUSION * (hollow[1] - hollow[0]), -0.5 * DEEPEST, DEEPEST)
    return (ratio - occluded).astype(np.float32)


def _lambert(pose: Pose, light: np.ndarray) -> np.ndarray:
    normals = pose.normals[: pose.model.n_skin]
    return AMBIENT + (1.0 - AMBIENT) * np.maximum(normals @ light, 0.0)


def _averaging(model: FaceModel) -> sparse.csr_matrix:
    """Return (n_skin, n_skin), the mean of a vertex and its neighbours."""
    n = model.n_skin
    ends = model.skin_triangles[:, [0, 1, 2, 1, 2, 0]].reshape(-1)
    starts = model.skin_triangles[:, [1, 2, 0, 0, 1, 2]].reshape(-1)
    linked = sparse.csr_matrix((np.ones(len(ends), np.float32), (ends, starts)), shape=(n, n))
    linked.data[:] = 1.0
    linked = linked + sparse.identity(n, np.float32, format="csr")
    return sparse.csr_matrix(linked.multiply(1.0 / linked.sum(1)))


def _hollow(pose: Pose, average: sparse.csr_matrix) -> np.ndarray:
    """Return how far each vertex of the skin lies below its surroundings, (n_skin,) cm."""
    model = pose.model
    skin = pose.vertices[: model.n_skin].astype(np.float32)
    around = skin
    for _ in range(HOLLOW_ROUNDS):
        around = average @ around
    normals = vertex_normals(skin, model.skin_triangles)
    return ((around - skin) * normals).sum(1)
