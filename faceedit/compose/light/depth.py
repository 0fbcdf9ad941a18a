"""How deep a colour is at which brightness.

Cameras hold bright things paler than they are, nearly white ones without any colour. What becomes
darker is therefore to get its colour back: by its log ratio alone, a highlight of skin turns to
lead. And what becomes brighter is to lose some, or it glows.
"""

from dataclasses import dataclass

import cv2
import numpy as np

DARKEST = 0.03
"""Added to display values before the logarithm."""
FEWEST = 200
"""Pixels of skin below which nothing is fitted."""
DEPTHS = (
    (0.0, 1.19), (0.18, 1.19), (0.27, 1.18), (0.34, 1.15), (0.42, 1.09),
    (0.51, 1.0), (0.62, 0.84), (0.76, 0.62), (0.93, 0.38), (1.0, 0.3),
)  # fmt: skip
"""Display values and how deep the colour of skin is at each: medians over 153 portraits of logs of
colours over their mean, beside their median in that face."""
STEPS = 64
"""Brightnesses at which a curve is held, from black to white."""
ALIKE = 1.5
"""Steps over which a face's own curve is smooth."""
SHOWN = 0.1
"""Share of the most frequent brightness from which a brightness is one that a face shows."""
OFF = 0.15
"""How far it may be from that of most faces, log ratio."""
STRAY = (0.08, 1.5)
"""Difference of logs, at least and in that of half a face, from which a colour is hardly skin's."""
DEEPEST = 2.2
"""By what factor a colour off skin becomes deeper or paler at most."""
OWN, VIVID, EVEN = 0.6, 0.7, 0.02
"""By how much a colour changes at most with its brightness, log per log, as what is around it
shows, if its logs are that far from grey, and the variance of mean logs below which nothing
shows."""
NONE, LOST = 0.01, np.float32(0.3)
"""Display values that count as none of a colour, and the least share of one that is left."""
_LEVELS = np.linspace(np.log(DARKEST), np.log(1 + DARKEST), STEPS).astype(np.float32)
_DEPTH = np.interp(
    _LEVELS, *np.log([[v + DARKEST for v, _ in DEPTHS], [d for _, d in DEPTHS]])
).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Depth:
    """Colours of a face's skin by brightness.

    Attributes:
        curve: (STEPS, 3) float32, logs of each colour over their mean.
    """

    curve: np.ndarray

    @classmethod
    def of(cls, level: np.ndarray, colour: np.ndarray) -> "Depth":
        """Find them.

        Args:
            level: (N,) float32, mean logs of the colours of skin, `DARKEST` added to them.
            colour: (N, 3) float32, logs of each colour over that.
        """
        if len(level) < FEWEST:
            return cls(np.zeros((STEPS, 3), np.float32))
        depth = np.exp(_DEPTH)[:, None]
        step = np.clip(np.rint((level - _LEVELS[0]) / (_LEVELS[1] - _LEVELS[0])), 0, STEPS - 1)
        step = step.astype(int)
        usual = np.median(colour / depth[step], axis=0) * depth
        off = colour - usual[step]
        # Strands of hair before a face, and lips, are far from what most of it shows.
        far = np.abs(off).max(1)
        skin = 1 / (1 + (far / max(STRAY[0], STRAY[1] * np.median(far))) ** 4)
        off = np.clip(off, -OFF, OFF) * skin[:, None]
        found = [np.bincount(step, weights, STEPS) for weights in (skin, *off.T)]
        weight, *sums = cv2.GaussianBlur(np.column_stack(found), (1, 0), ALIKE).T
        # Beyond what the face shows it is as far off: seams darker than skin are to stay their hue.
        known = np.flatnonzero(weight > SHOWN * weight.max())
        own = [np.interp(np.arange(STEPS), known, sums[k][known] / weight[known]) for k in range(3)]
        return cls((usual + np.column_stack(own)).astype(np.float32))

    def at(self, level: np.ndarray) -> np.ndarray:
        """Return the logs of each colour over their mean at (H, W) mean logs, (H, W, 3) float32."""
        return _drawn(self.curve, level)


def depth_change(level: np.ndarray, more: np.ndarray) -> np.ndarray:
    """Return by what share other colours than skin's become deeper, (H, W) float32.

    Args:
        level: (H, W) float32, mean logs of the colours before.
        more: (H, W) float32, how much brighter they become, log ratio.
    """
    deeper = _drawn(_DEPTH, level + more) - _drawn(_DEPTH, level)
    bound = np.float32(np.log(DEEPEST))
    return np.expm1(np.clip(deeper, -bound, bound))


def as_ratio(change: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """Return the log ratio of display values that changes logs of values beside `DARKEST` so.

    Almost none of a colour, such as the blue of skin in warm shade, takes many times more of it.

    Args:
        change: (H, W, 3) float32, of logs.
        pixels: (H, W, 3) float32 RGB, 0 or more.
    """
    least = np.float32(NONE)
    some = np.maximum(pixels, least)
    to = (some + np.float32(DARKEST)) * np.exp(change) - np.float32(DARKEST)
    return np.log(np.maximum(to, LOST * some) / some)


def darkened(
    level: np.ndarray, colour: np.ndarray, more: np.ndarray, weight: np.ndarray, radius: int
) -> np.ndarray:
    """Return how colours other than skin's change in less light, (H, W, 3) float32 log ratios.

    As they do between light and shade around them: yellow hair is orange in its depth, and olive
    if only dimmed.

    Args:
        level: (H, W) float32, mean logs of the colours before.
        colour: (H, W, 3) float32, logs of each colour over that.
        more: (H, W) float32, how much brighter they become, log ratio; what is above 0 is left out.
        weight: (H, W) float32 in [0, 1], what is looked at.
        radius: half the window that is looked at, in pixels.
    """

    def total(values: np.ndarray) -> np.ndarray:
        return cv2.blur(values, (2 * radius + 1,) * 2, borderType=cv2.BORDER_REFLECT)

    near = total(weight) + np.float32(1e-5)

    def around(values: np.ndarray) -> np.ndarray:
        if values.ndim == 2:
            return total(values * weight) / near
        return total(values * weight[..., None]) / near[..., None]

    middle = around(level)
    slope = around(level[..., None] * colour) - middle[..., None] * around(colour)
    slope /= (np.maximum(around(level * level) - middle * middle, 0) + np.float32(EVEN))[..., None]
    # Between two cloths it shows how they differ, of which grey ones are to take nothing.
    most = np.minimum(np.abs(colour).max(2) / np.float32(VIVID), 1)[..., None] * np.float32(OWN)
    return np.clip(around(slope), -most, most) * np.minimum(more, 0)[..., None]


def _drawn(curve: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Return a (STEPS, ...) curve at (H, W) levels."""
    step = (level - _LEVELS[0]) / (_LEVELS[1] - _LEVELS[0])
    return cv2.remap(
        curve[None], step, np.zeros_like(step), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
