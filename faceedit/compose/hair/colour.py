"""Another colour of hair: its tones moved to those of people who have it, strand by strand.

Hair of all colours has about the same contrast in log lightness (0.5 between its quartiles), so
that a shift there keeps strands, shade and highlights. Its chroma follows from its lightness, by
the colour that is wanted.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from faceedit.channels import total
from faceedit.compose.canvas import Canvas, Fading, Patch
from faceedit.compose.edit import LARGEST_COLOUR, sample_field
from faceedit.compose.matte import draw_matte
from faceedit.numerics import check_answer

DARK = np.float32(3)
"""Of CIE L*, added before logarithms: noise in black is not contrast."""
KNOTS = np.array([4, 14, 25, 37, 52, 70, 90], np.float32)
"""L* at which the chroma of a colour is known."""
EVEN_SKIN = 50.0
"""L* of skin in a portrait's usual light."""
QUANTILES = (5, 50, 95)
LEAST, MOST = 0.5, 1.15
"""Bounds of how contrast may change."""
CALM = 1.9
"""Times by which grain and the finest strands may be amplified."""
ALIKE = 10.0
"""Distance in Lab of two colours that a mixture does not tell apart."""
BASE = 0.012
"""Eye distances below which differences are grain and the finest strands."""
ROOTS = 0.16
"""Log lightness by which hair that becomes lighter is darker at its roots."""
SOLID = (0.6, 0.95)
"""Opacity of pixels that show something else between strands, and nothing else."""
RANGE = (20, 11)
"""L* below and above that of the hair around beyond which contrast is compressed."""
NEARBY = ((2.0, 1.0), (8.0, 1e-3), (40.0, 1e-6))
"""Reach in steps of 0.02 eye distances, and weight, of what colours are continued from."""
EDGE = 0.02
"""Eye distances from its edge within which hair may be mixed with something else."""
TOP = np.float32(97)
KNEE = np.float32(78)
"""L* above which highlights bend, below white."""


@dataclass(frozen=True)
class Tones:
    """Lightness and chroma of hair.

    Attributes:
        level: (3,) quantiles of log(L* + `DARK`), those of `QUANTILES`.
        per_skin: of the level, by L* of the skin beyond `EVEN_SKIN`.
        chroma: (7, 2) a* and b* at `KNOTS`.
        gains: least and largest change of the middle of the level.
    """

    level: np.ndarray
    per_skin: float
    chroma: np.ndarray
    gains: tuple[float, float] = (-9.0, 9.0)

    def beside(self, skin: float) -> "Tones":
        """Return the tones that such hair has beside skin of some L*."""
        # Skin is dark in dim light, and where it is dark; hair is darker in the first case alone.
        shift = np.float32(self.per_skin * (skin - EVEN_SKIN))
        return replace(self, level=self.level + shift, per_skin=0.0)

    def middle(self) -> np.ndarray:
        """Return the CIE Lab of hair of middling lightness, (3,)."""
        lightness = float(np.exp(self.level[1]) - DARK)
        chroma = [np.interp(lightness, KNOTS, self.chroma[:, k]) for k in (0, 1)]
        return np.array([lightness, *chroma])


@dataclass(frozen=True)
class HairColour(Fading):
    """Hair in another colour, a `Detail`.

    Attributes:
        hair: (h, w) float32 in [0, 1], which pixels of the crop show hair.
        roots: (h, w) float32 in [0, 1], 1 where it grows out of the skin.
        brows: (h, w) float32 in [0, 1], brows that follow in part.
        own: (3,) as `Tones.level`, of the hair as it is.
        wanted: the tones that it is to have.
        size: side of the crop in crop pixels.
        unit: the eye distance in crop pixels.
    """

    hair: np.ndarray
    roots: np.ndarray
    brows: np.ndarray
    own: np.ndarray
    wanted: Tones
    size: int
    unit: float

    def check(self, size: int) -> None:
        """See `Detail.check`."""
        check_answer(LARGEST_COLOUR, hair=self.hair, roots=self.roots, brows=self.brows)
        check_answer(LARGEST_COLOUR, tones=self.own, wanted=self.wanted.level)

    def draw(self, canvas: Canvas) -> list[Patch]:
        """See `Detail.draw`."""
        if self.strength == 0 or not self.hair.any():
            return []
        box = canvas.where(np.maximum(self.hair, self.brows), self.size)
        if box is None:
            return []
        part = canvas.part(box)
        pixels, to_crop = part.pixels, part.to_crop
        matte = draw_matte(self.hair, pixels, 1.0, to_crop, self.size)
        shape = matte.shape
        roots = sample_field(self.roots, self.size, to_crop, shape)
        brows = np.clip(sample_field(self.brows, self.size, to_crop, shape), 0, 1) * (1 - matte)
        lab = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB)
        unit = self.unit / float(np.hypot(to_crop[0, 0], to_crop[1, 0]))
        # At its edges hair is mixed with what it lies on, some way into what counts as solid.
        side = 2 * round(EDGE * unit) + 1
        solid = cv2.blur(cv2.erode(matte, np.ones((side, side), np.uint8)), (side, side))
        solid = _rise(solid, *SOLID)
        hair, other = _spread(lab, solid, unit), _spread(lab, _rise(1 - matte, 0.9, 1.0), unit)
        matte *= 1 - (1 - solid) * (1 - _share(lab, hair, other))
        around = self._moved(hair, hair, roots)
        moved = self._moved(lab, cv2.GaussianBlur(lab, (0, 0), max(0.5, BASE * unit)), roots)
        low, high = around[..., 0] - np.float32(RANGE[0]), around[..., 0] + np.float32(RANGE[1])
        moved[..., 0] = _between(
            moved[..., 0], np.minimum(low, lab[..., 0]), np.maximum(high, lab[..., 0])
        )
        solid = np.maximum(solid, brows > matte)[..., None]
        moved = (moved - lab) * solid + (around - hair) * (1 - solid)
        made = cv2.cvtColor(lab + np.float32(self.strength) * moved, cv2.COLOR_LAB2RGB)
        return [Patch(box, np.clip(made, 0, 1), np.maximum(matte, brows))]

    def _moved(self, lab: np.ndarray, base: np.ndarray, roots: np.ndarray) -> np.ndarray:
        """Return (H, W, 3) CIE Lab in the colour that is wanted; `base` is it without grain."""
        smooth, light = (np.maximum(one[..., 0], 0) for one in (base, lab))
        goal, own = self.wanted.level, self.own
        gain = float(np.clip(goal[1] - own[1], *self.wanted.gains))
        slopes = [
            float(np.clip((goal[k] - goal[1]) / _not_nothing(own[k] - own[1]), LEAST, MOST))
            for k in (0, 2)
        ]
        off = cv2.log(smooth + DARK) - np.float32(own[1])
        moved = np.where(off < 0, off * np.float32(slopes[0]), off * np.float32(slopes[1]))
        moved += np.float32(own[1] + gain) - np.float32(ROOTS * max(min(gain, 1.0), 0.0)) * roots
        moved = cv2.exp(moved)
        grain = np.minimum(moved / (smooth + DARK), np.float32(CALM))
        made = np.empty_like(lab)
        made[..., 0] = bright = _bent(moved - DARK + grain * (light - smooth))
        for k in (0, 1):
            made[..., 1 + k] = np.interp(bright, KNOTS, self.wanted.chroma[:, k])
        return made


def _not_nothing(number: float) -> float:
    return np.copysign(max(abs(number), 1e-3), number)


def _share(lab: np.ndarray, hair: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return how much of each pixel is hair's colour, 1 where the two colours are alike."""
    line = hair - other
    squared = total(line * line)
    share = np.clip(total((lab - other) * line) / np.maximum(squared, 1), 0, 1)
    known = squared / (squared + np.float32(ALIKE**2))
    return 1 - known * (1 - share)


def _bent(light: np.ndarray) -> np.ndarray:
    """Bend L* above the knee under white."""
    over = np.maximum(light - KNEE, 0) / (TOP - KNEE)
    return np.clip(np.minimum(light, KNEE) + (TOP - KNEE) * (1 - np.exp(-over)), 0, TOP)


def _between(light: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Compress what lies beyond bounds to a quarter."""
    inside = np.clip(light, low, high)
    return inside + (light - inside) * np.float32(0.25)


def _spread(lab: np.ndarray, weight: np.ndarray, unit: float) -> np.ndarray:
    """Continue the colours of weighted pixels to all others."""
    step = max(1, int(0.02 * unit))
    size = (max(1, lab.shape[1] // step), max(1, lab.shape[0] // step))
    few = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)
    sums = cv2.resize(lab * weight[..., None], size, interpolation=cv2.INTER_AREA)
    total, near = few * 0, sums * 0
    for reach, share in NEARBY:
        total += share * cv2.GaussianBlur(few, (0, 0), reach)
        near += share * cv2.GaussianBlur(sums, (0, 0), reach)
    near /= (total + np.float32(1e-9))[..., None]
    return cv2.resize(near, lab.shape[1::-1], interpolation=cv2.INTER_LINEAR)


def _rise(values: np.ndarray, start: float, end: float) -> np.ndarray:
    rise = np.clip((values - np.float32(start)) / np.float32(end - start), 0, 1)
    return rise * rise * (3 - 2 * rise)
