"""Graded corruptions and the ratings that stand in for people's."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from faceedit.training.recognisers import corruption_kinds as kinds
from faceedit.training.recognisers.corruption_parts import PlainFace

UNTOUCHED = 9.0
"""Mean rating of a photo as it is."""
WORST = 1.0
AGREED, DISPUTED = 0.4, 1.0
"""Deviation of ratings at the ends of the scale and in its middle, where people disagree most."""

Damage = Callable[[PlainFace, PlainFace, float, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Corruption:
    """One kind of damage.

    Attributes:
        name: of the kind.
        apply: (face, donor, severity in [0, 1], generator) to an (S, S, 3) float32 picture, not
            clipped.
        lowest: mean rating at severity 1. A blurred face is not as unnatural as a melted one.
        held_out: kept from training, so that examinations can tell whether what was learned holds
            for faults that nobody showed.
    """

    name: str
    apply: Damage
    lowest: float = WORST
    held_out: bool = False

    def rating(self, severity: float) -> float:
        """Return the mean rating that stands for a severity."""
        return UNTOUCHED - (UNTOUCHED - self.lowest) * severity

    def __call__(self, face: PlainFace, donor: PlainFace, severity: float, seed: int) -> np.ndarray:
        """Damage a face; the same seed is the same fault at every severity.

        Returns:
            (S, S, 3) float32 in [0, 1].
        """
        made = self.apply(face, donor, severity, np.random.default_rng(seed))
        return np.clip(made, 0, 1).astype(np.float32)


CORRUPTIONS = (
    Corruption("ghost", kinds.ghost),
    Corruption("warp", kinds.warp),
    Corruption("blobs", kinds.blobs),
    Corruption("blur", kinds.blur, lowest=2.5),
    Corruption("seam", kinds.seam),
    Corruption("cast", kinds.cast, lowest=2.0),
    Corruption("jpeg", kinds.jpeg, lowest=2.5),
    Corruption("noise", kinds.noise, lowest=2.5),
    Corruption("checker", kinds.checker, lowest=2.0),
    Corruption("sharpen", kinds.sharpen, lowest=2.0),
    Corruption("mouth", kinds.mouth, lowest=2.0),
    Corruption("double", kinds.double, held_out=True),
    Corruption("pinch", kinds.pinch, held_out=True),
    Corruption("shifted", kinds.shifted, held_out=True),
    Corruption("eye", kinds.eye, lowest=2.0, held_out=True),
    Corruption("streaks", kinds.streaks, lowest=2.0, held_out=True),
    Corruption("washed", kinds.washed, lowest=2.5, held_out=True),
    Corruption("pixels", kinds.pixels, lowest=2.0, held_out=True),
    Corruption("bands", kinds.bands, lowest=2.5, held_out=True),
)


def deviation_of(mean: float | np.ndarray) -> np.ndarray:
    """Return the deviation that stands for people's disagreement about a mean rating."""
    middle, half = (UNTOUCHED + WORST) / 2, (UNTOUCHED - WORST) / 2
    off = np.clip((np.asarray(mean, np.float32) - middle) / half, -1, 1)
    return (AGREED + (DISPUTED - AGREED) * (1 - off * off)).astype(np.float32)


def combined(first: float, second: float) -> float:
    """Return the mean rating of a picture with two faults, from the ratings of either."""
    span = UNTOUCHED - WORST
    left = max(first - WORST, 0) / span * max(second - WORST, 0) / span
    return WORST + span * left
