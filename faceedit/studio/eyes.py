"""The eyes of the studio's poses: lids as the face model moves them."""

import numpy as np

from faceedit.compose.eyes.edit import EyeEdit, edit_eye
from faceedit.compose.eyes.lids import NARROW, Lids, eye_frame, lay_lids
from faceedit.faces.topology import LOWER_LIDS, UPPER_LIDS
from faceedit.ramps import smoothstep
from faceedit.studio.subject import Pose, Subject

SHUT = 0.1
"""Of the opening: a lid that leaves no more is shut."""


def edit_eyes(
    subject: Subject,
    target: Pose,
    flow: np.ndarray,
    held: np.ndarray | None = None,
    *,
    may_open: bool = False,
) -> EyeEdit:
    """Correct a flow at the eyes and paint what it cannot bring.

    Args:
        subject: the photo.
        target: the pose wanted.
        flow: (S, S, 2) float32 backward flow from the photo to it.
        held: (S, S) float32 in [0, 1], where 1 keeps the given flow and paints nothing: glasses.
        may_open: True opens eyes that are almost shut in the photo too, as where the caller knows
            what lies behind the lids.
    """
    size = subject.crop.size
    edit = EyeEdit(
        flow=flow.copy(),
        log_ratio=np.zeros((size, size, 3), np.float32),
        paint=np.zeros((size, size, 3), np.float32),
        opacity=np.zeros((size, size), np.float32),
        revealed=np.zeros((size, size), np.float32),
    )
    for eye in (0, 1):
        lids = find_lids(subject, target, eye, may_open=may_open)
        if not lids.still:
            edit_eye(edit, lids, subject.crop.pixels, held)
    return edit


def find_lids(subject: Subject, target: Pose, eye: int, *, may_open: bool = True) -> Lids:
    """Lay the lines of one eye.

    Args:
        subject: the photo and its fit.
        target: the pose wanted.
        eye: 0 for the person's right, at the image's left, 1 for the other.
        may_open: False opens an eye that is almost shut in the photo no further.
    """
    moved = subject.moved_landmarks(target)
    moved[:, :2] = match_opening(subject, target, eye, moved[:, :2], may_open=may_open)
    return lay_lids(subject.crop.landmarks, moved, subject.unit, eye)


def seen_landmarks(subject: Subject, target: Pose, *, may_open: bool = False) -> np.ndarray:
    """Return the landmarks of the picture that shows a pose, (478, 3) float32 crop pixels.

    Args:
        subject: the photo and its fit.
        target: the pose shown.
        may_open: as in `edit_eyes`.
    """
    moved = subject.moved_landmarks(target)
    for eye in (0, 1):
        moved[:, :2] = match_opening(subject, target, eye, moved[:, :2], may_open=may_open)
    return moved


def match_opening(
    subject: Subject, target: Pose, eye: int, moved: np.ndarray, *, may_open: bool = True
) -> np.ndarray:
    """Close the photo's lids by the share by which the model's close, so that they can meet.

    The photo's eye may be wider or narrower than the fitted model's; adding the model's movement
    would leave a slit or cross the lids.

    Args:
        subject: the photo and its fit.
        target: the pose wanted.
        eye: as in `find_lids`.
        moved: (478, 2) pixels, the photo's landmarks carried along by the model.
        may_open: as in `find_lids`.

    Returns:
        (478, 2) pixels, the upper lid's moved.
    """
    photo = subject.crop.landmarks[:, :2].astype(np.float64)
    axis, unit = eye_frame(photo, eye)[1][1], subject.unit
    vertices = subject.model.landmark_vertices
    upper, lower = (list(lids[eye][1:-1]) for lids in (UPPER_LIDS, LOWER_LIDS))

    def gap(pose: Pose) -> np.ndarray:
        fitted = (pose.places - subject.shifts)[vertices]
        return (fitted[lower] - fitted[upper]) @ axis / unit

    before, after = np.maximum(gap(subject.pose), 1e-3), gap(target)
    had = (photo[lower] - photo[upper]) @ axis / unit
    left = np.clip((after / before - SHUT) / (1 - SHUT), 0.0, 1.0)
    opened = after - before
    if not may_open:
        opened = opened * smoothstep(had.mean(), NARROW)
    wanted = np.maximum(np.where(after < before, had * left, had + opened), 0.0)
    moved = moved.astype(np.float64)
    missing = (moved[lower] - moved[upper]) @ axis - wanted * unit
    moved[upper] += missing[:, None] * axis
    return moved
