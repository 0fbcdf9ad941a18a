"""How bright and of what colour a person's teeth are in the light of a photo."""

import cv2
import numpy as np

from faceedit.faces.topology import EYES, LIPS
from faceedit.studio.subject import Subject
from faceedit.tones import LUMA

OF_WHITES, OF_SKIN, CONSTANT = 0.28, 0.64, 0.15
"""Teeth's display luma from that of the whites of the eyes and of the skin: least squares over 72
portraits that show their teeth, mean error 0.11."""
LEAST, MOST = 1.0, 0.86
"""The least over the skin's luma; the most of display white."""
AGAINST_BRIGHTEST = 0.97
"""Teeth lie deep: never brighter than this share of the face's own brightest tones."""
LEAST_SEEN, PALE = 30, 0.62
"""Pixels of a mouth that say how its teeth look, and how near grey the brightest then are."""
SLOPE_KEPT, STEEPEST = 0.8, 0.45
"""Share of the light's fall across the skin that the teeth show; log ratio over a mouth."""
TEETH = np.array([1.065, 0.98, 0.93], np.float32)
SKIN = np.array([1.25, 0.93, 0.75], np.float32)
"""Mean RGB over luma of teeth and of skin in portraits."""
OF_WHITES_CAST, OF_SKIN_CAST = 0.3, 0.2
"""Exponents with which the casts of whites and skin tint the teeth."""
LEAST_RED, BLUEST = 1.05, 0.94
"""Of green, in light that is not blue."""
LIP_SHADE, LIP_SHADE_REACH = 0.5, 0.022
UPPER_SHADE, UPPER_SHADE_REACH = 0.3, 0.05
CORNER_SHADE = 0.45
"""Of light lost to the lips, to the upper lip beyond that, and towards the corners."""


class ToothTone:
    """The look of teeth in one photo.

    Attributes:
        colour: (3,) RGB in [0, 1] of lit teeth.
        skin: display luma of the skin.
        slope: (2,) log luma per eye distance, x and y: how the light falls across the mouth.
        middle: (2,) pixels, of the mouth.
    """

    def __init__(self, subject: Subject):
        pixels, landmarks = subject.crop.pixels, subject.crop.landmarks
        luma = pixels @ LUMA
        size = subject.crop.size
        whites = np.concatenate([pixels[_polygon(landmarks[list(eye), :2], size)] for eye in EYES])
        bright = whites @ LUMA
        lips = landmarks[list(LIPS), :2]
        self.middle = lips.mean(0)
        reach = 0.75 * max(float(np.ptp(lips[:, 0])), 0.3 * subject.unit)
        hull = np.asarray(cv2.convexHull(lips.astype(np.float32)))[:, 0]
        around = _grown(_polygon(hull, size), 0.04 * subject.unit)
        ring = _disc(self.middle, reach, size) & ~around
        skin = ring & subject.pose.drawing.skin
        if skin.sum() < 20:
            skin = _disc(self.middle, reach, size)
        self.skin = float(np.median(luma[skin]))
        white = float(np.percentile(bright, 95)) if len(bright) > 20 else 1.1 * self.skin
        brightest = max(float(np.percentile(luma[skin], 98)), white)
        tone = OF_WHITES * white + OF_SKIN * self.skin + CONSTANT
        tone = np.clip(tone, LEAST * self.skin, MOST)
        tone = min(float(tone), AGAINST_BRIGHTEST * brightest)
        self.colour = tone * self._tint(pixels[skin], whites, bright)
        self.slope = self._slope(luma, skin, subject.unit)

    @staticmethod
    def _tint(skin: np.ndarray, whites: np.ndarray, bright: np.ndarray) -> np.ndarray:
        tint = TEETH * (_cast(skin.mean(0)) / SKIN) ** OF_SKIN_CAST
        if len(bright) > 20:
            sclera = whites[bright >= np.percentile(bright, 70)].mean(0)
            tint *= np.clip(_cast(sclera), 0.7, 1.3) ** OF_WHITES_CAST
        # Irises and shadows of lids are blue, teeth are not, unless the light is.
        red, green, blue = (float(c) for c in _cast(skin.mean(0)))
        tint[0] = max(tint[0], min(LEAST_RED, red / max(green, 1e-3)) * tint[1])
        tint[2] = min(tint[2], max(BLUEST, blue / max(green, 1e-3)) * tint[1])
        return _cast(tint)

    def _slope(self, luma: np.ndarray, skin: np.ndarray, unit: float) -> np.ndarray:
        rows, columns = np.nonzero(skin)
        x, y = (columns - self.middle[0]) / unit, (rows - self.middle[1]) / unit
        log = np.log(np.maximum(luma[skin], 0.02))
        low, high = np.percentile(log, (10, 95))
        kept = (log >= low) & (log <= high)
        if kept.sum() < 20:
            return np.zeros(2)
        basis = np.stack([np.ones(kept.sum()), x[kept], y[kept]], axis=1)
        fitted = np.linalg.lstsq(basis, log[kept], rcond=None)[0]
        # Down the chin skin turns from the light as teeth do not.
        return np.array([SLOPE_KEPT * fitted[1], 0.0])

    def match(self, inside: np.ndarray) -> None:
        """Take the teeth's look from the photo's own open mouth, where it shows any.

        Args:
            inside: (N, 3) RGB of pixels between the lips.
        """
        if len(inside) < LEAST_SEEN:
            return
        luma = inside @ LUMA
        bright = inside[luma >= np.percentile(luma, 65)]
        mean = bright.mean(0)
        paleness = 1 - np.ptp(mean) / max(float(mean.max()), 1e-3)
        if paleness > PALE and float(mean @ LUMA) > 0.75 * self.skin:
            self.colour = mean.astype(np.float32)

    def light(self, places: np.ndarray, unit: float) -> np.ndarray:
        """Return the ratio (...,) of the light at (..., 2) pixels to that of the mouth's middle."""
        fall = ((places - self.middle) / unit) @ self.slope
        return np.exp(np.clip(fall, -STEEPEST, STEEPEST)).astype(np.float32)


def _cast(colour: np.ndarray) -> np.ndarray:
    """Return RGB over its luma."""
    return (colour / max(float(colour @ LUMA), 1e-3)).astype(np.float32)


def _polygon(points: np.ndarray, size: int) -> np.ndarray:
    mask = np.zeros((size, size), np.uint8)
    cv2.fillPoly(mask, [np.rint(points).astype(np.int32)], 1)
    return mask > 0


def _disc(middle: np.ndarray, radius: float, size: int) -> np.ndarray:
    mask = np.zeros((size, size), np.uint8)
    cv2.circle(mask, [round(float(c)) for c in middle], round(radius), 1, -1)
    return mask > 0


def _grown(mask: np.ndarray, by: float) -> np.ndarray:
    width = 2 * max(1, round(by)) + 1
    return cv2.dilate(mask.astype(np.uint8), np.ones((width, width), np.uint8)) > 0


def lip_shade(mask: np.ndarray, unit: float) -> np.ndarray:
    """Return the light that lips and corners leave, (H, W) float32.

    Args:
        mask: (H, W) bool, the opening.
        unit: the eye distance in its pixels.
    """
    inside = np.pad(mask.astype(np.uint8), 1)
    near = cv2.distanceTransform(inside, cv2.DIST_L2, 5)[1:-1, 1:-1] / unit
    shade = 1 - LIP_SHADE * np.exp(-near / LIP_SHADE_REACH)
    rows = np.arange(mask.shape[0], dtype=np.float32)[:, None]
    top = np.where(mask.any(0), mask.argmax(0), 0)[None]
    shade *= 1 - UPPER_SHADE * np.exp(-np.maximum(rows - top, 0) / (unit * UPPER_SHADE_REACH))
    columns = np.flatnonzero(mask.any(0))
    middle, half = columns.mean(), max(float(np.ptp(columns)) / 2, 1.0)
    aside = np.abs(np.arange(mask.shape[1]) - middle) / half
    shade *= 1 - CORNER_SHADE * np.clip((aside - 0.5) / 0.5, 0, 1)[None] ** 1.5
    return shade.astype(np.float32)
