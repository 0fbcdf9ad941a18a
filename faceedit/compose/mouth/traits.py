"""What is a person's own in a mouth that a photo does not show: drawn from the face's shape."""

from dataclasses import dataclass

import numpy as np

from faceedit.faces.topology import eye_distance

_SPANS = ((98, 327), (168, 2), (234, 454), (172, 397), (33, 133))
"""Pairs of points that expressions hardly move apart: width and length of the nose, of the face at
its cheeks and at its jaw, of an eye."""
_MEANS = np.array([0.388, 0.571, 1.515, 1.205, 0.309])
_DEVIATIONS = np.array([0.034, 0.044, 0.066, 0.077, 0.030])
"""Over 1,609 portraits, in eye distances."""
_TURNS = 2.0
"""Radians that a standard deviation turns a trait by: enough that people differ, and that an error
of the landmarks does not change them."""


@dataclass(frozen=True)
class Traits:
    """A mouth's own looks, each trait in [-1, 1]; 0 is what is usual.

    Attributes:
        tongue_height: how high the tongue lies.
        tongue_light: how much light it gets.
        tongue_aside: how far it lies to the right.
        groove: how deep the line along it is.
        depth: how light the depth is.
        teeth_size: how large the teeth are.
        teeth_drop: how far the upper lip leaves them bare.
        yellow: how yellow they are.
        lower_teeth: how far the lower ones rise above the lip.
        smirk: on which side it smirks, the person's right where it is positive.
        course: in which of several manners the person shows an expression.
        width: how wide it is where it hangs open.
        askew: how much lower its right corner is then than the left one.
        tongue_back: how far the tongue's tip lies behind the lower lip.
        redness: how red the flesh is.
    """

    tongue_height: float = 0.0
    tongue_light: float = 0.0
    tongue_aside: float = 0.0
    groove: float = 0.0
    depth: float = 0.0
    teeth_size: float = 0.0
    teeth_drop: float = 0.0
    yellow: float = 0.0
    lower_teeth: float = 0.0
    smirk: float = 0.0
    course: float = 0.0
    width: float = 0.0
    askew: float = 0.0
    tongue_back: float = 0.0
    redness: float = 0.0


USUAL = Traits()
_COUNT = len(Traits.__dataclass_fields__)


def traits_of(landmarks: np.ndarray) -> Traits:
    """Return how a person's mouth looks inside, the same in every size and for every target.

    Args:
        landmarks: (>= 468, >= 2) in pixels, before an edit.

    >>> from faceedit.faces.topology import mean_shape
    >>> traits_of(mean_shape()) == traits_of(2 * mean_shape())
    True
    """
    spans = [landmarks[a, :2] - landmarks[b, :2] for a, b in _SPANS]
    lengths = np.linalg.norm(np.asarray(spans, np.float64), axis=1)
    off = (lengths / max(eye_distance(landmarks), 1e-3) - _MEANS) / _DEVIATIONS
    # Directions at golden angles: no two traits go together in all people.
    ways = np.sin(2.399963 * np.outer(np.arange(1, _COUNT + 1), np.arange(1, len(_SPANS) + 1)))
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    drawn = np.sin(_TURNS * (ways @ np.clip(off, -5, 5)) + np.arange(_COUNT))
    return Traits(*np.round(drawn, 6).tolist())
