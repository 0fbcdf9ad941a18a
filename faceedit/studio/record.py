"""One training pair: two pictures of a person, what leads from one to the other, what was asked."""

from dataclasses import dataclass, field

import numpy as np

from faceedit.studio.expressions import Ask
from faceedit.studio.fields import Fields
from faceedit.targets import ACTION_UNITS

AS_PHOTOGRAPHED = "as photographed"
"""The light of a target whose light was not changed."""


@dataclass(frozen=True)
class Choices:
    """Every number that shaped a target beside what was asked; a network cannot guess them.

    Attributes:
        seed: of the generator that all else was drawn from.
        mouth: donor of teeth, −1 where the photo's own show or none do.
        mouth_brightness: factor on the teeth's brightness.
        mouth_warmth: how much warmer (positive) than the donor's the teeth are.
        mouth_size: factor on the teeth's size.
        mouth_midline: shift of their midline to image-right, in cm.
        folds: the maps that folds came from, as numbers.
        fold_gain: factor on folds.
        gap_input: opening of the input's lips in eye distances.
        gap_target: of the target's.
    """

    seed: int
    mouth: int = -1
    mouth_brightness: float = 1.0
    mouth_warmth: float = 0.0
    mouth_size: float = 1.0
    mouth_midline: float = 0.0
    folds: tuple[float, ...] = ()
    fold_gain: float = 1.0
    gap_input: float = 0.0
    gap_target: float = 0.0


@dataclass(frozen=True)
class Labels:
    """What a pair is about.

    Attributes:
        ask: what the target shows.
        shown: what the input shows, as far as it is known; () for the photo's own.
        action_units: (17,) intensities 0 to 5 of the target in the order of `ACTION_UNITS`:
            what was asked, or explained from the fitted model where the target is a photo.
        measured: whether `action_units` were measured on a photo and not asked for.
        light: name of the target's light.
        light_colour: RGB of its key light.
        input_light: estimated direction of the photo's light (x right, y up, z to the camera)
            times its strength.
        turn: degrees that the head was turned, positive to the image's right.
        trust: 0 to 1, in the turn; 1 without one.
        real: which side is the untouched photo, "input" or "target".
        file: name of the photo.
        source: the collection it comes from.
        person: the same for all photos of one person.
        split: "train" or "val".
        eyeglasses: whether the person wears any.
    """

    ask: Ask
    shown: Ask = field(default_factory=Ask)
    action_units: tuple[float, ...] = (0.0,) * len(ACTION_UNITS)
    measured: bool = False
    light: str = AS_PHOTOGRAPHED
    light_colour: tuple[float, float, float] = (1.0, 1.0, 1.0)
    input_light: tuple[float, float, float] = (0.0, 0.0, 0.0)
    turn: float = 0.0
    trust: float = 1.0
    real: str = "input"
    file: str = ""
    source: str = ""
    person: str = ""
    split: str = "train"
    eyeglasses: bool = False


@dataclass(frozen=True)
class Pair:
    """A record of the studio, on crops of S × S pixels.

    Attributes:
        input: (S, S, 3) uint8 RGB.
        target: (S, S, 3) uint8 RGB.
        fields: lead from input to target.
        part: (S, S) int8, `model.Part` of the target or −1.
        regions_input: (S, S) uint8, `semantic.Region` of the input.
        regions_target: (S, S) uint8, of the target.
        valid: (S, S) bool, False where the crop reaches beyond the photo.
        painted: (S, S) float32 in [0, 1], pixels between the lips that the input does not show.
        tooth_coordinates: (S, S, 2) float32 in [0, 1] on the chart of the teeth, 0 elsewhere.
        shown_eye: (S, S) float32 in [0, 1], eye that the input's lids hide.
        landmarks_input: (478, 3) float32 crop pixels.
        landmarks_target: (478, 3) float32 crop pixels.
        jaws_input: (20, 2) float32 crop pixels, `teeth.jaw_points` of the input.
        jaws_target: (20, 2) float32 crop pixels.
        labels: what the pair is about.
        choices: what shaped it beside that.
    """

    input: np.ndarray
    target: np.ndarray
    fields: Fields
    part: np.ndarray
    regions_input: np.ndarray
    regions_target: np.ndarray
    valid: np.ndarray
    painted: np.ndarray
    tooth_coordinates: np.ndarray
    shown_eye: np.ndarray
    landmarks_input: np.ndarray
    landmarks_target: np.ndarray
    jaws_input: np.ndarray
    jaws_target: np.ndarray
    labels: Labels
    choices: Choices
