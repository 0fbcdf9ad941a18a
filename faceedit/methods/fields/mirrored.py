"""A face in a mirror, and the edit of one seen from the front again."""

from dataclasses import replace

import numpy as np

from faceedit.compose.corners import CornersDetail
from faceedit.compose.details import EyesDetail, MouthDetail, MovedPoints
from faceedit.compose.edit import Edit
from faceedit.compose.folds import FoldsDetail
from faceedit.faces.align import Crop
from faceedit.faces.topology import mirror

_JAWS = np.arange(20).reshape(4, 5)[:, ::-1].ravel()
"""Numbers of the marks of the jaws in a mirror: five along each edge of the teeth."""


def mirror_crop(crop: Crop) -> Crop:
    """Return what a mirror shows of a crop; of what lies around it, nothing."""
    pixels = np.ascontiguousarray(crop.pixels[:, ::-1])
    return Crop(pixels, _mirrored(crop.landmarks, mirror(), crop.size), crop.affine)


def mirror_edit(edit: Edit) -> Edit:
    """Return the edit of a mirrored crop as one of the crop itself."""
    flow = np.ascontiguousarray(edit.flow[:, ::-1]) * np.array([-1, 1], np.float32)
    landmarks = edit.landmarks
    if landmarks is not None:
        landmarks = _mirrored(landmarks, mirror(), edit.size)
    return replace(
        edit,
        flow=flow,
        log_ratio=np.ascontiguousarray(edit.log_ratio[:, ::-1]),
        opacity=np.ascontiguousarray(edit.opacity[:, ::-1]),
        landmarks=landmarks,
        details=tuple(
            _mirrored_detail(one, edit.size)
            for one in edit.details
            if isinstance(one, EyesDetail | MouthDetail | CornersDetail | FoldsDetail)
        ),
    )


def _mirrored_detail(
    one: EyesDetail | MouthDetail | CornersDetail | FoldsDetail, size: int
) -> EyesDetail | MouthDetail | CornersDetail | FoldsDetail:
    seen = replace(one, points=_mirrored_points(one.points, size))
    if isinstance(seen, EyesDetail):
        return replace(seen, held=np.ascontiguousarray(seen.held[:, ::-1]))
    return seen


def _mirrored_points(points: MovedPoints, size: int) -> MovedPoints:
    return MovedPoints(
        _mirrored(points.before, mirror(), size),
        _mirrored(points.after, mirror(), size),
        _mirrored(points.jaws_before, _JAWS, size),
        _mirrored(points.jaws_after, _JAWS, size),
    )


def _mirrored(points: np.ndarray, order: np.ndarray, size: int) -> np.ndarray:
    moved = points[order].copy()
    moved[:, 0] = size - 1 - moved[:, 0]
    return moved
