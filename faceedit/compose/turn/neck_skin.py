"""The bare neck that a photo shows below a jaw: it tells the colours of what is drawn behind it."""

from dataclasses import dataclass

import cv2
import numpy as np

from faceedit.compose.turn.head import Head
from faceedit.compose.turn.outline import JAW
from faceedit.compose.turn.reach import HEIGHTS, STEPS, Line, sampled

UNDER = 0.08
"""Eye distances below the photo's jaw, where skin is the neck's."""
SKIN, NEAR = 0.35, 0.02
"""Share of skin from which on a photo shows a bare neck; over how much that is averaged."""
LOWER, HIGH = 0.2, 0.1
"""Below the jaw, up to where it begins, and how high it is at least, to be shown."""
MARGIN, MIDDLE = 0.08, 0.2
"""Within a neck's outline, where colours mix with the wall's; and from the middle of the head,
where it fades."""


@dataclass(frozen=True)
class NeckSkin:
    """Where a photo shows the bare neck below the jaw, from a line out.

    Attributes:
        width: how far out it does, in eye distances.
        first: (F,) the highest that it does, at each of `STEPS`.
        last: (F,) the lowest.
    """

    width: float
    first: np.ndarray
    last: np.ndarray

    @classmethod
    def seen(cls, line: Line, head: Head, bare: np.ndarray, widest: float) -> "NeckSkin":
        """Look for it in a photo, up to `widest`; see `neck_layer`.

        Args:
            line: whose side is looked at.
            head: in the photo.
            bare: (S, S) float32 in [0, 1], where skin is bare.
            widest: eye distances.
        """
        jaw = head.landmarks[list(JAW), :2]
        order = np.argsort(line.far(jaw))
        edge = np.interp(STEPS, line.far(jaw)[order], line.low(jaw)[order]) + UNDER
        shown = cv2.GaussianBlur(bare, (0, 0), NEAR * head.unit)
        found = (sampled(shown, line.places()) > SKIN) & (HEIGHTS[:, None] > edge)
        begin = found.argmax(0)
        ended = ~found & (np.arange(len(HEIGHTS))[:, None] > begin)
        ended[-1] = True
        first, last = HEIGHTS[begin], HEIGHTS[ended.argmax(0)]
        none = ~found.any(0) | (first > edge + LOWER) | (last - first < HIGH)
        first, last = (np.where(none, edge, one) for one in (first, last))
        none &= STEPS > MIDDLE
        end = STEPS[none.argmax()] if none.any() else STEPS[-1]
        return cls(min(float(end), widest), first, last)

    def above(self, share: np.ndarray, below: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return how far out what is drawn is in the photo, and how far above what that shows.

        Args:
            share: (H, W) of the way from the line to the outline that is wanted.
            below: (H, W) how low it is drawn.
        """
        x = share * (self.width - MARGIN)
        return x, np.interp(x, STEPS, self.first) - below
