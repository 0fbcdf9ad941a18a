"""What shows between the lips: the photo's own teeth where it has them, a donor's elsewhere."""

from dataclasses import dataclass

import numpy as np

from faceedit.compose.mouth.edit import edit_mouth as edit_between_lips
from faceedit.compose.mouth.opening import MouthPoints, mouth_box
from faceedit.studio.mouth_bank import MouthBank, MouthChoice, draw_mouth_choice
from faceedit.studio.mouth_cavity import DrawnMouth, paint_cavity
from faceedit.studio.mouth_tone import ToothTone
from faceedit.studio.subject import Pose, Subject
from faceedit.studio.teeth import MouthAnatomy

__all__ = ["MouthChoice", "MouthEdit", "draw_mouth_choice", "move_mouth"]


@dataclass(frozen=True)
class MouthEdit:
    """What an edit does at the mouth; S is the crop's side.

    Attributes:
        flow: (S, S, 2) float32 pixels, the given flow corrected in and about the mouth.
        log_ratio: (S, S, 3) float32, the contact line of lips that close.
        paint: (S, S, 3) float32 RGB in [0, 1].
        opacity: (S, S) float32 in [0, 1].
        painted: (S, S) float32 in [0, 1], opening that the photo does not show.
        tooth_coordinates: (S, S, 2) float32 in [0, 1], `MouthAnatomy.chart` where the opening is.
        inside: (S, S) float32 in [0, 1], the target's opening, anti-aliased.
    """

    flow: np.ndarray
    log_ratio: np.ndarray
    paint: np.ndarray
    opacity: np.ndarray
    painted: np.ndarray
    tooth_coordinates: np.ndarray
    inside: np.ndarray


def move_mouth(
    subject: Subject, target: Pose, flow: np.ndarray, bank: MouthBank, choice: MouthChoice
) -> MouthEdit:
    """Fill the target's mouth.

    Args:
        subject: the photo and its fit.
        target: the pose to show.
        flow: (S, S, 2) backward flow of the skin.
        bank: donors of teeth.
        choice: whose teeth, where new ones show.
    """
    size = subject.crop.size
    anatomy = bank.anatomy(subject.model)
    before, after = (mouth_points(anatomy, pose) for pose in (subject.pose, target))
    box = mouth_box([before.ring, after.ring], subject.unit, (size, size))
    drawn = DrawnMouth(anatomy, target, subject.unit, box)

    def paint(inside: np.ndarray | None, drop: float, _: float) -> np.ndarray:
        tone = ToothTone(subject)
        if inside is not None:
            tone.match(inside)
        return paint_cavity(subject, target, bank, choice, drawn, tone, drop)

    fields = edit_between_lips(
        subject.crop.pixels,
        flow[box],
        before,
        after,
        drawn.opening,
        subject.gap,
        lambda: DrawnMouth(anatomy, subject.pose, subject.unit, box).opening,
        paint,
    )

    def whole(values: np.ndarray, around: np.ndarray | None = None) -> np.ndarray:
        shape = (size, size, *values.shape[2:])
        filled = np.zeros(shape, np.float32) if around is None else around.astype(np.float32)
        filled[box] = values
        return filled

    return MouthEdit(
        flow=whole(fields.flow, flow),
        log_ratio=whole(fields.log_ratio),
        paint=whole(fields.paint),
        opacity=whole(fields.opacity),
        painted=whole(fields.painted),
        tooth_coordinates=whole(drawn.chart()),
        inside=whole(drawn.opening.coverage),
    )


def mouth_points(anatomy: MouthAnatomy, pose: Pose) -> MouthPoints:
    """Return where a pose has its lips and the fronts of its jaws."""
    return MouthPoints(pose.landmarks(), pose.places[anatomy.upper], pose.places[anatomy.lower])
