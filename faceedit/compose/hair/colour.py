"""Another colour of hair: its tones moved to those of people who have it, strand by strand.

Hair of all colours has about the same contrast in log lightness (0.5 between its quartiles), so
that a shift there keeps strands, shade and highlights. Its chroma follows from its lightness, by
the colour that is wanted, and varies from strand to strand. What a dark photo does not show of
strands, light hair would: they are drawn along it (`strands`).
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from faceedit.compose.canvas import Canvas, Fading, Patch
from faceedit.compose.edit import LARGEST_COLOUR, sample_field
from faceedit.compose.hair.shares import find_shares, hue_shares
from faceedit.compose.hair.strands import strands
from faceedit.compose.matte import draw_matte
from faceedit.numerics import check_answer
from faceedit.ramps import ramp

DARK = np.float32(3)
"""Of CIE L*, added before logarithms: noise in black is not contrast."""
KNOTS = np.array([4, 14, 25, 37, 52, 70, 90], np.float32)
"""L* at which the chroma of a colour is known."""
EVEN_SKIN = 50.0
"""L* of skin in a portrait's usual light."""
QUANTILES = (5, 50, 95)
LEAST, MOST = 0.5, (1.3, 2.2)
"""Bounds of how contrast of light and shade may change, the latter of hair that becomes lighter and
darker."""
SHINE = 1.1
"""Least change of contrast of the lights of hair that becomes darker."""
SHEEN = 0.8
"""Share of that contrast that the lights of hair that becomes lighter keep."""
DEPTH = 0.3
"""Share by which shade of hair at the dark end of `DIM` deepens, where it becomes e times as light:
black hair shows the least of it."""
DETAIL = (0.6, 2.2)
"""Bounds of how contrast of strands may change."""
DIM = (6.0, 25.0)
"""L* of hair that is nearly all noise, and of hair whose strands are plain to see."""
FAIR = ((0.8, 1.05), (0.3, 0.9))
"""Largest change of contrast of strands where hair becomes lighter, and log lightness beyond which
it bends, of either: light passes through fair hair."""
BROAD = 0.06
"""Eye distances below which differences are strands."""
NOISE = np.float32(1.5)
"""L* that a camera's noise has in the dark; strands are plain above it."""
ROOTS = 0.35
"""Log lightness by which hair that becomes lighter is darker at its roots."""
FIRM = np.float32(0.1)
"""Share of hair from which on a pixel's paint is what it is to show, behind its hair, too."""
RANGE = (24, 16)
"""L* below and above that of the hair around beyond which contrast is compressed."""
GLARING = 25.0
"""L* beyond the lightest of hair from which on nothing becomes lighter still: lights, or what lies
behind."""
TOP = np.float32(97)
KNEE = np.float32(78)
"""L* above which highlights bend, below white."""
SHINING = np.float32(8)
"""L* beyond the lights of such hair that its strongest lights reach."""
UNLIKE, MOST_UNLIKE = np.float32(0.13), np.float32(0.17)
"""Deviation of log lightness between strands nearby: 0.12 in grey hair, 0.15 in blond and red, of
people labelled so; what is drawn makes it up, and of hair that becomes lighter it is no larger."""
AROUND = 0.15
"""Eye distances over which that is told."""
STRANDS, SINGLE = np.array([0.1, 0.08], np.float32), np.array([1.0, 0.15], np.float32)
"""Weights of strands and of locks in what is drawn, and what `Tones.mixed` of them is added."""
TINTS = np.array([0.07, 0.12], np.float32)
"""Log chroma by which they differ."""
SALT = 0.4
"""Of the variance of yes and no, by which strands differ in their share of the way."""
OWN = np.float32(0.3)
"""Of the own differences of chroma between strands that are kept, up to `MOST_OWN` of Lab."""
MOST_OWN = 6.0

BESIDE, LONE = 0.12, 0.02
"""Eye distances within which brows and beards have skin beside them, and least share of it."""
HAIRS = (0.06, 0.3)
"""Share of that skin's light that a pixel lacks, from where on it shows hair, and only hair."""


@dataclass(frozen=True)
class Tones:
    """Lightness and chroma of hair.

    Attributes:
        level: (3,) quantiles of log(L* + `DARK`), those of `QUANTILES`.
        per_skin: of the level, by L* of the skin beyond `EVEN_SKIN`.
        chroma: (7, 2) a* and b* at `KNOTS`.
        gains: least and largest change of the middle of the level.
        mixed: how far single strands differ rather than locks: grey hair is white hair among dark.
    """

    level: np.ndarray
    per_skin: float
    chroma: np.ndarray
    gains: tuple[float, float] = (-9.0, 9.0)
    mixed: float = 0.0

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
        wisps: (h, w) float32 in [0, 1], where single hairs may lie beside it.
        roots: (h, w) float32 in [0, 1], 1 where it grows out of the skin.
        spill: (h, w) float32 in [0, 1], where hair's colour may lie on what is behind it.
        brows: (h, w) float32 in [0, 1], brows that follow in part.
        features: (h, w) float32 in [0, 1], brows, eyes and lips.
        skin: (3,) CIE Lab of the face's skin.
        own: (3,) as `Tones.level`, of the hair as it is.
        wanted: the tones that it is to have.
        size: side of the crop in crop pixels.
        unit: the eye distance in crop pixels.
    """

    hair: np.ndarray
    wisps: np.ndarray
    roots: np.ndarray
    spill: np.ndarray
    brows: np.ndarray
    features: np.ndarray
    skin: np.ndarray
    own: np.ndarray
    wanted: Tones
    size: int
    unit: float

    def check(self, size: int) -> None:
        """See `Detail.check`."""
        check_answer(LARGEST_COLOUR, hair=self.hair, roots=self.roots, brows=self.brows)
        check_answer(LARGEST_COLOUR, spill=self.spill, features=self.features)
        check_answer(LARGEST_COLOUR, skin=self.skin / 100)
        check_answer(LARGEST_COLOUR, tones=self.own, wanted=self.wanted.level, wisps=self.wisps)

    def draw(self, canvas: Canvas) -> list[Patch]:
        """See `Detail.draw`."""
        if self.strength == 0 or not self.hair.any():
            return []
        fields = (self.hair, self.wisps, self.spill, self.brows)
        box = canvas.where(np.max(fields, axis=0), self.size)
        if box is None:
            return []
        part = canvas.part(box)
        pixels, to_crop = part.pixels, part.to_crop
        matte = draw_matte(self.hair, pixels, 1.0, to_crop, self.size)
        shape = matte.shape
        roots = sample_field(self.roots, self.size, to_crop, shape)
        lab = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB)
        unit = self.unit / float(np.hypot(to_crop[0, 0], to_crop[1, 0]))
        wisps, spill = (np.clip(part.sample(f, self.size), 0, 1) for f in (self.wisps, self.spill))
        features = np.clip(part.sample(self.features, self.size), 0, 1)
        seen = find_shares(lab, matte, wisps, spill, features, unit)
        matte = seen.opacity
        brows = np.clip(sample_field(self.brows, self.size, to_crop, shape), 0, 1) * (1 - matte)
        dark = darker(lab[..., 0], np.maximum(matte, np.minimum(2 * brows, 1)), unit)
        # Locks that hang over them are hair's by hue, and no darker than skin.
        locks = np.minimum(6 * brows, features) * hue_shares(lab, seen.hair, self.skin)
        brows = dark * brows + (1 - dark) * locks
        # What hair is mixed with is neither its shade nor its strands.
        whole = np.maximum(seen.solid, brows > matte)[..., None]
        clean = seen.hair + whole * (lab - seen.hair)
        lines = strands(np.log(np.maximum(lab[..., 0], 0) + DARK), matte, unit, to_crop, self.size)
        moved = self._moved(clean, roots, lines, unit)
        low, high = (self._level(seen.hair, roots) + off for off in (-RANGE[0], RANGE[1]))
        moved[..., 0] = _between(
            moved[..., 0], np.minimum(low, clean[..., 0]), np.maximum(high, clean[..., 0])
        )
        # Half way to a colour some strands have it and some have not.
        uneven = SALT * max(self.strength * (1 - self.strength), 0.0)
        share = np.clip(np.float32(self.strength) + np.float32(uneven) * lines[..., :1], 0, None)
        opacity = np.maximum(matte, brows)[..., None]
        made = lab + opacity * share * (moved - clean)
        # A mixture lies between what it shows, or what is behind it, and hair of the new colour.
        way = lab + np.maximum(share, 1) * (moved - lab)
        behind = lab + (1 - whole) * seen.known[..., None] * (seen.behind - lab)
        low, high = np.minimum(lab, way), np.maximum(lab, way)
        made = np.clip(made, np.minimum(low, behind), np.maximum(high, behind))
        drawn = np.minimum(opacity / FIRM, 1)
        made = lab + (made - lab) / np.maximum(drawn, np.float32(1e-6))
        made = cv2.cvtColor(made, cv2.COLOR_LAB2RGB)
        return [Patch(box, np.clip(made, 0, 1), drawn[..., 0])]

    @property
    def _gain(self) -> float:
        """Log lightness that the middle of the hair gains."""
        return float(np.clip(self.wanted.level[1] - self.own[1], *self.wanted.gains))

    def _level(self, lab: np.ndarray, roots: np.ndarray) -> np.ndarray:
        """Return (H, W) L* of the light and shade of hair in the colour that is wanted."""
        return cv2.exp(self._shaded(cv2.log(np.maximum(lab[..., 0], 0) + DARK), roots)) - DARK

    def _shaded(self, log: np.ndarray, roots: np.ndarray) -> np.ndarray:
        """Return log lightness without strands moved to that of the colour that is wanted."""
        goal, own, gain = self.wanted.level, self.own, self._gain
        slopes = [
            float(
                np.clip((goal[k] - goal[1]) / _not_nothing(own[k] - own[1]), LEAST, MOST[gain < 0])
            )
            for k in (0, 2)
        ]
        if gain < 0:
            # Dark hair shines no less than fair hair.
            slopes[1] = max(slopes[1], SHINE)
        else:
            # The sheen of dark hair is stronger than fair hair's.
            slopes[1] *= SHEEN
            dark = np.interp(np.exp(own[1]) - DARK, DIM, (DEPTH, 0))
            slopes[0] *= 1 + float(dark) * min(gain, 1)
        off = log - np.float32(own[1])
        moved = np.where(off < 0, off * np.float32(slopes[0]), off * np.float32(slopes[1]))
        moved += np.float32(own[1] + gain) - np.float32(ROOTS * np.clip(gain, 0, 1)) * roots
        if gain > 0:
            glaring = np.clip((np.exp(log) - np.exp(own[2])) / np.float32(GLARING), 0, 1)
            moved += glaring * np.minimum(log - moved, 0)
        return moved

    def _moved(
        self, lab: np.ndarray, roots: np.ndarray, lines: np.ndarray, unit: float
    ) -> np.ndarray:
        """Return (H, W, 3) CIE Lab in the colour that is wanted; `lines` are `strands`."""
        light = np.maximum(lab[..., 0], 0)
        log = cv2.log(light + DARK)
        broad = cv2.GaussianBlur(log, (0, 0), max(0.6, BROAD * unit))
        fine, gain = log - broad, self._gain
        noise = np.square(NOISE / (light + DARK)) if gain > 0 else np.float32(0)
        fine = fine * fine * fine / (fine * fine + noise + np.float32(1e-9))
        wide = self.own[2] - self.own[0]
        goal = self.wanted.level[2] - self.wanted.level[0]
        most, soft = (np.interp(np.exp(self.own[1]) - DARK, DIM, pair) for pair in FAIR)
        most = most if gain > 0 else DETAIL[1]
        fine *= np.float32(np.clip(goal / _not_nothing(wide), DETAIL[0], most))
        if gain > 0:
            fine = fine / np.sqrt(1 + np.square(fine / np.float32(soft)))
            # Strands of lighter hair differ no more than such people's do; where the dark hides
            # them, what lacks is drawn.
            own = cv2.GaussianBlur(fine * fine, (0, 0), max(1.0, AROUND * unit))
            fine = fine * np.minimum(1, MOST_UNLIKE / np.sqrt(own + np.float32(1e-6)))
        own = cv2.GaussianBlur(fine * fine, (0, 0), max(1.0, AROUND * unit))
        contrast = STRANDS + np.float32(self.wanted.mixed) * SINGLE
        drawn = (lines @ contrast) * np.float32(min(abs(gain), 1) / np.linalg.norm(contrast))
        drawn *= np.sqrt(np.maximum(UNLIKE**2 - own, 0))
        made = np.empty_like(lab)
        moved = cv2.exp(self._shaded(broad, roots) + fine + drawn)
        moved -= DARK
        if gain > 0:
            moved = np.maximum(_under(moved, np.exp(self.wanted.level[2]) - DARK), light)
        made[..., 0] = bright = _bent(moved)
        tint = cv2.exp(lines @ TINTS)
        for k in (1, 2):
            own = np.ascontiguousarray(lab[..., k])
            own = own - cv2.GaussianBlur(own, (0, 0), max(0.6, 3 * BROAD * unit))
            made[..., k] = np.interp(bright, KNOTS, self.wanted.chroma[:, k - 1]) * tint
            made[..., k] += OWN * np.clip(own, -MOST_OWN, MOST_OWN)
        return made


def darker(light: np.ndarray, hair: np.ndarray, unit: float) -> np.ndarray:
    """Return how far pixels are darker than the skin beside brows or a beard, as its hairs are.

    Args:
        light: (H, W) float32 L*.
        hair: (H, W) float32 in [0, 1], how far a pixel may show hair.
        unit: the eye distance in pixels.

    Returns:
        (H, W) float32 in [0, 1]; 1 where no skin is near.
    """
    sigma, skin = max(0.6, BESIDE * unit), 1 - hair
    near = cv2.GaussianBlur(skin, (0, 0), sigma)
    beside = cv2.GaussianBlur(skin * light, (0, 0), sigma) / np.maximum(near, 1e-3)
    dark = ramp(1 - light / np.maximum(beside, 1), HAIRS)
    return np.where(near > LONE, dark, 1).astype(np.float32)


def _not_nothing(number: float) -> float:
    return np.copysign(max(abs(number), 1e-3), number)


def _bent(light: np.ndarray) -> np.ndarray:
    """Bend L* above the knee under white."""
    over = np.maximum(light - KNEE, 0) / (TOP - KNEE)
    return np.clip(np.minimum(light, KNEE) + (TOP - KNEE) * (1 - np.exp(-over)), 0, TOP)


def _under(light: np.ndarray, top: float) -> np.ndarray:
    """Bend L* above the lights of such hair, which else would glare, towards `SHINING` more."""
    over = np.maximum(light - np.float32(top), 0)
    return np.minimum(light, np.float32(top)) + SHINING * (1 - np.exp(-over / SHINING))


def _between(light: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Compress what lies beyond bounds to a quarter."""
    inside = np.clip(light, low, high)
    return inside + (light - inside) * np.float32(0.25)
