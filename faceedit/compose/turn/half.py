"""Where the far half of a head is that is straightened."""

from dataclasses import dataclass

import numpy as np

from faceedit.compose.turn.flow import pixel_grid
from faceedit.compose.turn.head import CHIN, Head, mesh_points, rotation, turned
from faceedit.compose.turn.reach import Line
from faceedit.faces.topology import BROWS, N_SURFACE, mirror
from faceedit.ramps import ramp

ASIDE, NEARER = 15.0, (8.0, 11.0)
"""Yaw in degrees from which on a head has a far half, and by which it turns to come to show it:
within little, as half of an ear is a ghost, but not at once, as clips would jump."""
NARROW = 18.0
"""Yaw from which on a photo shows what is beside the nose too narrow."""
EVEN = (0.05, 0.3)
"""Eye distances from the middle over which the far half comes to be as wide as the near one."""
SEAM, ABOVE, UNDER = (0.0, 0.08), (-0.15, 0.0), (0.0, 0.15)
"""From the middle outwards, from the brows down and from the nose down, over which the reflection
comes and goes: further up and down patterns mirrored at the middle would be seen."""
FADE = (0.0, 0.1)
"""Before the end of what a photo shows of a far half, over which it goes."""
NOSE_BASE = 2


@dataclass(frozen=True)
class Half(Line):
    """Where the far half of a turned head is, from the line of reflection on.

    Attributes:
        face: (478, 3) float32 x, y and depth of the turned face, as wide on both sides.
        seam: from the line to the middle of the face, in eye distances.
        share: how far it is shown, 0 to 1.
        hidden: how far what is beside the nose is shown by reflection, 0 to 1.
        turn: (3, 3) rotation to the pose.
        other: (3, 3) that takes the head to the pose that is the mirror image.
    """

    face: np.ndarray
    seam: float
    share: float
    hidden: float
    turn: np.ndarray
    other: np.ndarray

    def below(self, places: np.ndarray) -> np.ndarray:
        """Return how far (..., 2) places are below the chin, in eye distances."""
        return (places - self.face[CHIN, :2]) @ self.down / np.float32(self.unit)

    def reflected(self, left: np.ndarray) -> np.ndarray:
        """Return how far the face is shown by reflection, (S, S) float32.

        A photo hides or narrows the far flank of a nose, and the eye and cheek beside it; brow,
        mouth and chin it shows, up to where it shows nothing any more.

        Args:
            left: (S, S) float32, how far it is to there, infinite on the near half.
        """
        places = pixel_grid(left.shape[0])
        low, brows = self.low(places), self.low(self.face[[i for brow in BROWS for i in brow], :2])
        beside = ramp(low - brows.min(), ABOVE) * ramp(self.far(places) - self.seam, SEAM)
        beside *= 1 - ramp(low - self.low(self.face[NOSE_BASE, :2]), UNDER)
        return np.maximum(self.hidden * beside, self.share * (1 - ramp(left, FADE)))


def straightened(head: Head, turn: np.ndarray) -> float:
    """Return how far a turn straightens a head that looks aside, 0 to 1.

    Args:
        head: in the photo.
        turn: (3, 3) rotation.
    """
    after = turn @ rotation(head.pose)
    yaw = float(np.degrees(np.arctan2(after[0, 2], after[2, 2])))
    share = float(ramp(np.sign(head.pose.yaw) * (head.pose.yaw - yaw), NEARER))
    return share if abs(head.pose.yaw) >= ASIDE else 0.0


def far_half(head: Head, turn: np.ndarray, share: float) -> Half:
    """Return where the far half will be of a head that is straightened.

    Args:
        head: in the photo.
        turn: (3, 3) rotation.
        share: as `straightened` returns it, above 0.
    """
    after = turn @ rotation(head.pose)
    down = (after[:2, 1] / np.linalg.norm(after[:2, 1])).astype(np.float32)
    out = np.float32(np.sign(head.pose.yaw)) * np.array([down[1], -down[0]], np.float32)
    reflection = np.eye(3)
    reflection[:2, :2] -= 2 * np.outer(out, out)
    other = reflection @ after @ np.diag([-1.0, 1.0, 1.0]) @ rotation(head.pose).T
    points = mesh_points(head.landmarks)
    whole = np.ones(len(points), np.float32)
    face, image = (turned(head, points, one, whole) for one in (turn, other))
    image = image[mirror()]
    middle = (face + image)[:N_SURFACE, :2].mean(0) / 2
    seam = ((face + face[mirror()])[:N_SURFACE, :2].mean(0) / 2 - middle) @ out / head.unit
    far, other_far = ((one[:, :2] - middle) @ out / head.unit for one in (face, image))
    # Depth, which tells how wide a far half is, is the least that landmarks know of it.
    part = (share * ramp(far - seam, EVEN))[:, None]
    wider = part * (-other_far - far)[:, None] * head.unit * out
    even = np.column_stack([face[:, :2] + wider, face[:, 2:] + part * (image - face)[:, 2:]])
    return Half(
        middle=middle,
        out=out,
        down=down,
        face=even.astype(np.float32),
        unit=head.unit,
        seam=float(seam),
        share=share,
        hidden=share if abs(head.pose.yaw) >= NARROW else 0.0,
        turn=turn,
        other=other,
    )
