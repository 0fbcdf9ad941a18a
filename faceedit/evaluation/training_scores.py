"""How edits of a few faces score while a network trains, by metrics of ``faceedit evaluate``."""

from collections.abc import Sequence

import numpy as np
import torch

from faceedit.compose.mask import face_mask
from faceedit.evaluation.edits import Album, Asked
from faceedit.evaluation.evidence import Evidence
from faceedit.evaluation.gallery import Gallery, Networks
from faceedit.evaluation.measure import measure
from faceedit.evaluation.own_networks import open_recognisers
from faceedit.evaluation.pairs import sharpness_ratio
from faceedit.faces.align import Crop
from faceedit.methods.base import Method, edit_crop
from faceedit.registry import open_registry
from faceedit.targets import EXPRESSIONS, Expression, Target

SIX = EXPRESSIONS[1:7]
METRICS = ("ECS", "FSS", "sharpness", "changed outside")


def judge_edits(
    method: Method,
    faces: Sequence[tuple[np.ndarray, np.ndarray]],
    device: torch.device | str,
) -> dict[str, float]:
    """Measure edits by the project's own networks on a device; see `training_scores`."""
    return training_scores(method, faces, open_recognisers(open_registry(), device))


def training_scores(
    method: Method, faces: Sequence[tuple[np.ndarray, np.ndarray]], networks: Networks
) -> dict[str, float]:
    """Lead faces to the six expressions at strength 1 and measure them.

    Args:
        method: with the networks that train.
        faces: a crop, (S, S, 3) uint8 RGB with S the method's `crop_size`, and its (478, 3)
            landmarks in pixels, of each.
        networks: that look; see `evaluation.own_networks`.

    Returns:
        ``ecs``, ``fss``, ``sharpness`` and ``changed_outside``, those that the networks can tell.
    """
    album = Album()
    unknown = np.full((478, 3), np.nan, np.float32)
    for number, (picture, landmarks) in enumerate(faces):
        name = str(number)
        crop = Crop(picture.astype(np.float32) / 255, np.array(landmarks), np.eye(2, 3))
        mask = face_mask(crop.landmarks, crop.size)
        before = album.add_picture(crop, name, "")
        for expression in SIX:
            target = Target((Expression(expression, 1.0),))
            edited = edit_crop(method, picture, crop, target)
            after = Crop(edited.astype(np.float32) / 255, unknown, crop.affine)
            album.add_edit(
                name,
                Asked(target),
                before,
                album.add_picture(after, name),
                sharpness=sharpness_ratio(picture, edited, mask > 0.5),
                changed_outside=float((edited != picture)[mask == 0].any(-1).sum()),
            )
    edits = album.close()
    found = measure(Evidence(edits, Gallery(edits.pictures, networks)), draws=1)
    values = {r.metric.name: r.groups[found.headline].value for r in found.results}
    return {name.lower().replace(" ", "_"): values[name] for name in METRICS if name in values}
