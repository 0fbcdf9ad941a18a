"""How the light on a face changes as its skin moves, from the model's shape alone."""

import numpy as np

from faceedit.studio.subject import Pose

FROM_ABOVE = (0.0, 0.45, 0.89)
"""Towards the light where nothing better is known: x right, y up, z to the camera."""
AMBIENT = 0.4
DARKEST, BRIGHTEST = 0.6, 1.3
"""Bounds of the ratio: a triangle that turns away says little about a photo's light."""
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
    change = (target.expression - source.expression).astype(np.float32)
    sunk = np.tensordot(change, model.expression_hollows, axes=1)
    # Hollows are in the model's frame, normals in the camera's.
    normals = target.normals[: model.n_skin] @ target.camera.rotation.astype(np.float32)
    occluded = np.clip(OCCLUSION * (sunk * normals).sum(1), -0.5 * DEEPEST, DEEPEST)
    return (ratio - occluded).astype(np.float32)


def _lambert(pose: Pose, light: np.ndarray) -> np.ndarray:
    normals = pose.normals[: pose.model.n_skin]
    return AMBIENT + (1.0 - AMBIENT) * np.maximum(normals @ light, 0.0)
