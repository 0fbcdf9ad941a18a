"""How much of a pixel is hair: at its outline it is mixed with what lies behind."""

from dataclasses import dataclass

import cv2
import numpy as np

from faceedit.channels import total
from faceedit.ramps import smoothstep

SOLID = (0.6, 0.95)
"""Opacity of pixels that show something else between strands, and nothing else."""
EDGE = 0.035
"""Eye distances from its edge within which hair may be mixed with something else."""
BLURRED = 0.04
"""Eye distances from hair within which nothing is surely free of it."""
ALIKE = 7.0
"""Distance in Lab of two colours that a mixture does not tell apart."""
WEIGHTS = np.array([0.3, 1.0, 1.0], np.float32)
"""Of L*, a* and b* in mixtures."""
FARTHER = 0.02
"""Weight of what lies close to hair, beside what is farther off, for colours beside it."""
UNEVEN = 1.2
"""Spreads of what lies around hair within which a colour is not taken for a mixture."""
COARSE = 0.04
"""Eye distances of a step of the grid on which colours are continued."""
NEARBY = ((1.0, 1.0), (4.0, 1e-3), (20.0, 1e-6))
"""Reach in steps, and weight, of what colours are continued from."""
SPILLED = (0.08, 1.0)
"""Shares of hair's hue that are no noise, and hair all over."""
VIVID = 12.0
"""Distance in a* and b* below which hair's hue hardly differs from that beside it."""


@dataclass(frozen=True)
class Shares:
    """What the pixels of a window show.

    Attributes:
        hair: (H, W, 3) CIE Lab of hair nearby.
        behind: (H, W, 3) and of what lies around it.
        opacity: (H, W) float32 in [0, 1], the hair's.
        solid: (H, W) float32, 1 where nothing else is seen.
        known: (H, W) float32, how far colours tell how much is hair.
    """

    hair: np.ndarray
    behind: np.ndarray
    opacity: np.ndarray
    solid: np.ndarray
    known: np.ndarray


def find_shares(
    lab: np.ndarray,
    matte: np.ndarray,
    wisps: np.ndarray,
    spill: np.ndarray,
    features: np.ndarray,
    unit: float,
) -> Shares:
    """Find how much of each pixel is hair.

    Args:
        lab: (H, W, 3) float32 CIE Lab.
        matte: (H, W) float32 in [0, 1], where hair is, its outline not exact.
        wisps: (H, W) float32 in [0, 1], where single hairs may lie beside it.
        spill: (H, W) float32 in [0, 1], where hair's colour may lie on what is behind it.
        features: (H, W) float32 in [0, 1], brows, eyes and lips, which hair does not lie on alone.
        unit: the eye distance in pixels.
    """
    # At its edges hair is mixed with what it lies on, some way into what counts as solid.
    solid = cv2.erode(matte, _square(EDGE * unit))
    solid = smoothstep(cv2.blur(solid, _square(EDGE * unit).shape), SOLID)
    # Close to hair wisps lie over what is beside it, and its blurred outline closer still.
    free = smoothstep(1 - cv2.dilate(matte, _square(BLURRED * unit)), (0.9, 1.0))
    free *= np.maximum(1 - wisps, np.float32(FARTHER))
    # Skin is what goes on under hair, and how uneven it is, not what is dark on it.
    free *= 1 - features
    hair, behind = _spread(lab, solid, unit), _spread(lab, free, unit)
    share, known = _mixed(lab, hair, behind, free, unit)
    opacity = matte * (1 - (1 - solid) * known * (1 - share))
    opacity = np.maximum(opacity, wisps * known * share * (1 - solid))
    spilled = _spilled(lab, hair, opacity, spill, unit)
    return Shares(hair, behind, np.maximum(opacity, spilled * (1 - solid)), solid, known)


def _mixed(
    lab: np.ndarray, hair: np.ndarray, behind: np.ndarray, free: np.ndarray, unit: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return how much of each pixel is hair's colour, and how far colours tell that.

    `free` is where what lies behind shows; the others are as in `Shares`.
    """
    # Light along a rim changes lightness more than hue.
    line = (hair - behind) * WEIGHTS
    squared = total(line * line)
    share = total((lab - behind) * WEIGHTS * line) / np.maximum(squared, 1)
    # A wall that is not even is no mixture with hair.
    uneven = _spread((share * share)[..., None], free, unit)
    uneven = np.float32(UNEVEN) * np.sqrt(np.maximum(uneven, 0))
    known = squared / (squared + np.float32(ALIKE**2))
    share = (share - uneven) / np.maximum(1 - uneven, 0.25)
    return np.clip(share, 0, 1), known


def _spilled(
    lab: np.ndarray, hair: np.ndarray, opacity: np.ndarray, spill: np.ndarray, unit: float
) -> np.ndarray:
    """Return (H, W) how much of each pixel behind hair has hair's hue.

    Blurred outlines and loose hair have it farther out than lightness tells.
    """
    # What hair lies on is seen beyond it.
    far = _spread(lab, smoothstep(1 - opacity, (0.9, 1.0)) * (1 - spill), unit)
    return spill * hue_shares(lab, hair, far)


def hue_shares(lab: np.ndarray, hair: np.ndarray, behind: np.ndarray) -> np.ndarray:
    """Return how far pixels have hair's hue and not that of what it lies on, (H, W) in [0, 1].

    Args:
        lab: (H, W, 3) float32 CIE Lab.
        hair: (H, W, 3), of hair nearby.
        behind: (H, W, 3), of what it lies on.
    """
    line = (hair - behind)[..., 1:]
    squared = total(line * line)
    share = total((lab - behind)[..., 1:] * line) / np.maximum(squared, 1)
    return squared / (squared + np.float32(VIVID**2)) * smoothstep(share, SPILLED)


def _spread(lab: np.ndarray, weight: np.ndarray, unit: float) -> np.ndarray:
    """Continue the colours of weighted pixels to all others."""
    step = max(1, int(COARSE * unit))
    size = (max(1, lab.shape[1] // step), max(1, lab.shape[0] // step))
    few = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)
    sums = cv2.resize(lab * weight[..., None], size, interpolation=cv2.INTER_AREA)
    total, near = few * 0, sums * 0
    for reach, share in NEARBY:
        total += share * cv2.GaussianBlur(few, (0, 0), reach)
        near += share * cv2.GaussianBlur(sums, (0, 0), reach)
    near = near.reshape(*few.shape, -1) / (total + np.float32(1e-9))[..., None]
    near = near[..., 0] if near.shape[2] == 1 else near
    return cv2.resize(near, lab.shape[1::-1], interpolation=cv2.INTER_LINEAR)


def _square(reach: float) -> np.ndarray:
    """Return a square of ones that reaches some pixels to each side."""
    side = 2 * round(reach) + 1
    return np.ones((side, side), np.uint8)
