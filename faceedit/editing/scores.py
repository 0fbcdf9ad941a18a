"""How far an edit goes, in numbers that photos of all sizes share."""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from faceedit.channels import mean
from faceedit.compose.edit import Edit
from faceedit.editing.steps import Edits
from faceedit.faces.align import Crop
from faceedit.faces.topology import eye_distance
from faceedit.targets import MAX_STRENGTH

FAINT_MOVED, FAINT_RELIT = 0.012, 0.025
"""``moved`` and ``relit`` below which nobody sees an edit of strength 1.

Of the protocol's 765 edits to an expression at strengths 0.5 to 1.5 none is below both, scaled by
its strength; at strength 1 the least has 0.017 and 0.022. Of its 66 edits to ``neutral``, of faces
that show little, 14 are, and laid side by side none of them differs from its photo to the eye.
"""


def measure_edits(edits: Edits, crop: Crop, masks: Sequence[np.ndarray]) -> dict[str, float]:
    """Measure the edits of a face, those of several steps together.

    Args:
        edits: in the crop's coordinates.
        crop: the face before.
        masks: (S, S) float32 in [0, 1] of each.

    Returns:
        ``moved``: root mean square of the flow inside the mask in eye distances; ``relit``: that
        of the log ratio. Squares of steps add up. ``turned``, where a head is: by how many degrees.
    """
    each = [_measure(edit, crop, mask) for edit, mask in zip(edits, masks, strict=True)]
    turned = max((edit.turned for edit in edits), default=0.0)
    return {
        **{n: float(np.sqrt(sum(one[n] ** 2 for one in each))) for n in ("moved", "relit")},
        **({"turned": turned} if turned else {}),
    }


def are_faint(edits: Edits, scores: Mapping[str, float], strength: float) -> bool:
    """Say whether nobody would see edits.

    Args:
        edits: what was to be applied. One that paints over the person is never faint.
        scores: their ``moved`` and ``relit``, see `measure_edits`.
        strength: that was asked for; the less of it, the less has to be seen.
    """
    if any(edit.paints for edit in edits):
        return False
    # Many terms are one edit, and no more of it has to be seen than of one term.
    strength = min(strength, MAX_STRENGTH)
    return scores["moved"] < FAINT_MOVED * strength and scores["relit"] < FAINT_RELIT * strength


def _measure(edit: Edit, crop: Crop, mask: np.ndarray) -> dict[str, float]:
    shares = {}
    for name, field in (("moved", edit.flow), ("relit", edit.log_ratio)):
        size = field.shape[1::-1]
        weight = cv2.resize(mask, size, interpolation=cv2.INTER_AREA)
        if edit.matte is not None:
            weight *= cv2.resize(edit.matte, size, interpolation=cv2.INTER_AREA)
        squares = mean(np.square(field)) * (field.shape[-1] if name == "moved" else 1)
        shares[name] = float(np.sqrt((squares * weight).sum() / max(float(weight.sum()), 1e-6)))
    side = 2 * crop.size if edit.wide else crop.size
    shares["moved"] *= side / edit.size / max(eye_distance(crop.landmarks), 1.0)
    return shares
