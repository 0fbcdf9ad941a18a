"""Faces on which edits of expressions go wrong: turned far, looking far up or down, shouting."""

from typing import Literal, get_args

import numpy as np

from faceedit.errors import UsageError
from faceedit.faces.pose import head_pose
from faceedit.faces.topology import LOWER_INNER_LIP, UPPER_INNER_LIP, eye_distance
from faceedit.targets import OPEN_MOUTHED, Part, Target

OnHard = Literal["edit", "skip"]
"""What is done with such faces."""
HARD = "hard to edit"
"""With what the reason begins why one is left alone."""
TURNED, UP, DOWN = 30.0, 22.0, 28.0
"""Degrees beyond which a head is turned aside, up and down too far."""
SHOUTS = 0.2
"""Gap of the lips in eye distances from which on a mouth is wide open."""


def check_on_hard(value: str) -> None:
    """Refuse what is none of `OnHard`.

    Raises:
        UsageError: it is none.
    """
    if value not in get_args(OnHard):
        raise UsageError(f"on_hard is edit or skip, not {value!r}")


def why_hard(landmarks: np.ndarray, target: Target) -> str:
    """Return why a face is hard to edit to a target; empty where it is not.

    Args:
        landmarks: (478, 3) of a crop of the face, which stands upright in it.
        target: what it is to show.
    """
    asked = target.expressions
    if not any(one.changes for one in target.terms if one.part in (Part.EXPRESSION, Part.UNITS)):
        return ""
    pose = head_pose(landmarks)
    if abs(pose.yaw) > TURNED:
        return f"{HARD}: the head is turned by {abs(pose.yaw):.0f} degrees"
    way, most = ("up", UP) if pose.pitch > 0 else ("down", DOWN)
    if abs(pose.pitch) > most:
        return f"{HARD}: the head looks {way} by {abs(pose.pitch):.0f} degrees"
    # Turned both ways, each too little to be hard, a mouth lies as far aside.
    if float(np.hypot(pose.yaw / TURNED, pose.pitch / most)) > 1:
        return (
            f"{HARD}: the head is turned by {abs(pose.yaw):.0f} degrees "
            f"and looks {way} by {abs(pose.pitch):.0f}"
        )
    closes = [one.name for one in asked if one.changes and one.name not in OPEN_MOUTHED]
    middle = len(UPPER_INNER_LIP) // 2
    lips = landmarks[[UPPER_INNER_LIP[middle], LOWER_INNER_LIP[middle]], :2]
    gap = float(np.linalg.norm(lips[1] - lips[0])) / max(eye_distance(landmarks), 1e-3)
    if closes and gap > SHOUTS:
        return f"{HARD}: the mouth is wide open, which {closes[0]} is not"
    return ""
