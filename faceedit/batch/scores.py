"""How far an edit goes, in numbers that photos of all sizes share."""

import cv2
import numpy as np

from faceedit.faces.align import Crop
from faceedit.faces.edit import Edit
from faceedit.faces.topology import eye_distance


def edit_scores(edit: Edit, crop: Crop, mask: np.ndarray) -> dict[str, float]:
    """Measure an edit.

    Args:
        edit: in the crop's coordinates.
        crop: the face before.
        mask: (S, S) float32 in [0, 1].

    Returns:
        ``moved``: root mean square of the flow inside the mask in eye distances; ``relit``: that
        of the log ratio.
    """
    shares = {}
    for name, field in (("moved", edit.flow), ("relit", edit.log_ratio)):
        size = field.shape[1::-1]
        weight = cv2.resize(mask, size, interpolation=cv2.INTER_AREA)
        squares = np.square(field).mean(-1) * (field.shape[-1] if name == "moved" else 1)
        shares[name] = float(np.sqrt((squares * weight).sum() / max(float(weight.sum()), 1e-6)))
    shares["moved"] /= max(eye_distance(crop.landmarks), 1.0)
    return shares
