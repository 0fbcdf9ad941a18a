"""Faces on which edits of expressions go wrong: turned far, looking up or down, tongues out."""

from typing import Literal, get_args

import numpy as np

from faceedit.errors import UsageError
from faceedit.faces.align import Crop
from faceedit.faces.pose import head_pose
from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import INNER_LIPS, LOWER_INNER_LIP, UPPER_INNER_LIP, eye_distance
from faceedit.targets import OPEN_MOUTHED, Part, Target
from faceedit.tones import LUMA

OnHard = Literal["edit", "skip"]
"""What is done with such faces."""
HARD = "hard to edit"
"""With what the reason begins why one is left alone."""
TURNED, UP, DOWN = 30.0, 22.0, 28.0
"""Degrees beyond which a head is turned aside, up and down too far."""
SHOUTS = 0.2
"""Gap of the lips in eye distances from which on a mouth is wide open."""
ROUND, LIT, DARKER = 0.4, 0.7, 20
"""Gap of the lips over their length from which on a mouth is no smile; light in its lower half over
that of the cheeks from which on a tongue covers the dark, and the percentile that tells: of 91
portraits with the widest mouths 11 of 12 tongues, and nothing else."""
CHEEKS = ((50, 205, 187), (280, 425, 411))
"""Triangles on them."""


def check_on_hard(value: str) -> None:
    """Refuse what is none of `OnHard`.

    Raises:
        UsageError: it is none.
    """
    if value not in get_args(OnHard):
        raise UsageError(f"on_hard is edit or skip, not {value!r}")


def why_never(crop: Crop, target: Target) -> str:
    """Return why a face is left alone whatever is asked for; empty where it is not.

    Args:
        crop: of the face.
        target: what it is to show.
    """
    points, lips = crop.landmarks[:, :2], list(INNER_LIPS)
    gap, length = _gap(points), float(np.linalg.norm(points[lips[0]] - points[LOWER_INNER_LIP[-1]]))
    if not _moves(target) or gap < max(SHOUTS * eye_distance(points), ROUND * length):
        return ""
    luma = crop.pixels @ LUMA
    mouth = fill_polygon(points[lips], luma.shape) > 0.5
    cheeks = np.maximum(*(fill_polygon(points[list(c)], luma.shape) for c in CHEEKS)) > 0.5
    if not mouth.any() or not cheeks.any():
        return ""
    rows = np.flatnonzero(mouth.any(1))
    mouth[: (rows[0] + rows[-1]) // 2 + 1] = False
    lit = float(np.percentile(luma[mouth], DARKER))
    return f"{HARD}: the tongue is out" if lit > LIT * np.median(luma[cheeks]) else ""


def why_hard(landmarks: np.ndarray, target: Target) -> str:
    """Return why a face is hard to edit to a target; empty where it is not.

    Args:
        landmarks: (478, 3) of a crop of the face, which stands upright in it.
        target: what it is to show.
    """
    asked = target.expressions
    if not _moves(target):
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
    if closes and _gap(landmarks) > SHOUTS * eye_distance(landmarks):
        return f"{HARD}: the mouth is wide open, which {closes[0]} is not"
    return ""


def _moves(target: Target) -> bool:
    """Say whether a target moves the parts of a face."""
    parts = (Part.EXPRESSION, Part.UNITS)
    return any(one.changes for one in target.terms if one.part in parts)


def _gap(landmarks: np.ndarray) -> float:
    """Return how far the middles of the inner lips are apart, pixels."""
    middle = len(UPPER_INNER_LIP) // 2
    lips = landmarks[[UPPER_INNER_LIP[middle], LOWER_INNER_LIP[middle]], :2]
    return float(np.linalg.norm(lips[1] - lips[0]))
