"""What the studio cannot do well, and therefore leaves alone."""

import numpy as np

from faceedit.faces.pose import head_pose
from faceedit.studio.subject import Subject

MOST_RESIDUAL = 0.025
"""Eye distances between landmarks and the fitted model."""
MOST_GAP = 0.20
"""Of the lips, in eye distances: tongues, shouts and bites do not become a closed mouth."""
MOST_YAW = 32.0
"""Degrees; beyond it the far side of the face is guessed."""
LEAST_EYE_DISTANCE = 40.0
"""Photo pixels; less is a blur at 256."""
LEAST_TRUST = 0.7
"""In a turned head: below it ears, hair and the far cheek no longer look like a photo."""
LEAST_VALID = 0.72
"""Share of the crop that lies on the photo."""

REASONS = {
    "occluded": "something covers the face",
    "small": f"the eyes are less than {LEAST_EYE_DISTANCE:g} pixels apart",
    "cut off": f"more than {1 - LEAST_VALID:.0%} of the crop lies beyond the photo",
    "turned": f"the head is turned by more than {MOST_YAW:g} degrees",
    "not fitted": f"the model stays {MOST_RESIDUAL:g} eye distances from the landmarks",
    "turned too far": f"the turned head is trusted by less than {LEAST_TRUST:g}",
    "mouth open": f"the lips are more than {MOST_GAP:g} eye distances apart",
}


def refuse(subject: Subject, valid: np.ndarray, *, occluded: bool) -> str | None:
    """Return why a photo cannot be used, a key of `REASONS`, or None.

    A wide open mouth is refused too, except as a real target, which the caller decides.

    Args:
        subject: the fitted face.
        valid: (S, S) bool, pixels of the crop that lie on the photo.
        occluded: whether the photo is labelled so.
    """
    if occluded:
        return "occluded"
    if subject.unit / subject.crop.scale < LEAST_EYE_DISTANCE:
        return "small"
    if valid.mean() < LEAST_VALID:
        return "cut off"
    if abs(head_pose(subject.crop.landmarks).yaw) > MOST_YAW:
        return "turned"
    if subject.residual > MOST_RESIDUAL:
        return "not fitted"
    if subject.gap > MOST_GAP:
        return "mouth open"
    return None
