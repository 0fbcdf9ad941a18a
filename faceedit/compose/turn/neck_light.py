"""The light on a neck that is drawn on behind a jaw.

A photo shows a neck where it is in the jaw's shade. What comes to be seen beside it is lit as the
cheek is, but for a soft shadow along the jaw: so 159 portraits show that look aside by 15 to 40
degrees, whose necks are darker than the cheek by 0.13 in the logarithm, and by 0.3 next to the jaw.
What is finer than light is that of the smoothest skin of the face: what little is seen of a neck
has folds, chains, hairs and the edge of cloth, all of which would be seen again.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from faceedit.compose.turn.head import Head, rise
from faceedit.compose.turn.neck_skin import NeckSkin
from faceedit.compose.turn.reach import HEIGHTS, STEP, STEPS, Line, sampled
from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import FACE_OVAL
from faceedit.tones import muted

CHEEKS = ((50, 117, 123, 137, 147, 187), (280, 346, 352, 366, 376, 411))
"""Points of the mesh on the cheeks, above a beard."""
DARKEST = 0.03
"""Added to display values before the logarithm."""
PATCH = (0.08, 0.12)
"""Half the sides of what of a face tells the finest of skin."""
LARGER = 2.0
"""By how much that is drawn larger: patterns that come again would be seen."""
FEW, UNSEEN = 0.5, -0.25
"""How much a neck is seen that tells its colours; log of its light to the cheek's, of less."""
FINE = 0.04
"""Eye distances: what differs over less is skin, and no light."""
LIKE_CHEEK, RISE = -0.13, (0.0, 0.35)
"""Log of a neck's light to the cheek's; and above what the photo shows, over which it comes."""
SHADOW, SOFT, SHADES = -0.17, 0.1, (0.0, 0.12)
"""Log of the shadow next to the jaw, over how much it is soft; and above what the photo shows, over
which it comes."""
SEAM = 0.06
"""Of a neck, where what is drawn begins."""
BAND, ACROSS = 0.35, 0.15
"""How much of a neck tells its colours, and over how much these are averaged."""
GREY, HUE = (-0.9, 0.15), 0.3
"""Bounds of the log of a neck's light to the cheek's, and of its colour."""
MOST = 1.5
"""Bound of the log ratio."""


@dataclass(frozen=True)
class NeckLight:
    """The light on a neck and beside it.

    Attributes:
        light: (S, S, 3) float32, log of that on bare skin.
        first: (F, 3) of the neck where what is drawn begins, at each of `STEPS`.
        neck: (F, 3) of all that is seen of it.
        cheek: (3,) of the cheek beside it.
        middle: (2,) of the smoothest skin, pixels.
        unit: eye distance in pixels.
    """

    light: np.ndarray
    first: np.ndarray
    neck: np.ndarray
    cheek: np.ndarray
    middle: np.ndarray
    unit: float

    @classmethod
    def seen(
        cls, head: Head, pixels: np.ndarray, bare: np.ndarray, skin: NeckSkin, line: Line
    ) -> "NeckLight":
        """Look for it in a photo.

        Args:
            head: in the photo.
            pixels: (S, S, 3) float32 RGB of the crop.
            bare: (S, S) float32 in [0, 1], where skin is bare.
            skin: of the neck.
            line: whose side is looked at.
        """
        over = FINE * head.unit
        held = cv2.GaussianBlur(bare, (0, 0), over)
        low = cv2.GaussianBlur(pixels * bare[..., None], (0, 0), over)
        low /= np.maximum(held, 1e-3)[..., None]
        light = np.log(np.maximum(low, 0) + np.float32(DARKEST))
        points = head.landmarks[list(CHEEKS[int(line.out[0] > 0)]), :2]
        cheek = np.median(sampled(light, points[None])[0], axis=0)
        places, heights = line.places(), HEIGHTS[:, None]
        values, known = sampled(light, places), sampled(held, places) * (skin.width > STEPS)

        def averaged(height: float) -> np.ndarray:
            band = (heights >= skin.first) & (heights <= np.minimum(skin.last, skin.first + height))
            weight = (band * known)[..., None]
            total, sure = (
                cv2.GaussianBlur(one.sum(0), (0, 0), sigmaX=0.01, sigmaY=ACROSS / STEP)
                for one in (values * weight, weight)
            )
            sure = sure.reshape(-1, 1)
            return (total + FEW * unseen) / (sure + FEW)

        unseen = cheek + UNSEEN
        middle = _smoothest(np.log(pixels + np.float32(DARKEST)) - light, head, bare)
        first, neck = (_like_skin(averaged(one), cheek) for one in (SEAM, BAND))
        return cls(light, first, neck, cheek, middle, head.unit)

    def skin_at(self, places: np.ndarray) -> np.ndarray:
        """Return which pixels of the face tell what skin looks like at (..., 2) places."""
        away = (places - self.middle) / np.float32(LARGER * self.unit)
        half = np.array(PATCH, np.float32)
        folded = np.abs(np.mod(away, 4 * half) - 2 * half) - half
        return (self.middle + np.float32(self.unit) * folded).astype(np.float32)

    def ratio(
        self, source: np.ndarray, x: np.ndarray, above: np.ndarray, person: np.ndarray
    ) -> np.ndarray:
        """Return the log ratio of the light on what is drawn to that in the photo, (H, W, 3).

        Args:
            source: (H, W, 2) float32, where in the photo it is.
            x: (H, W) float32, how far out of the line that is, in eye distances.
            above: (H, W) float32, how far above what the photo shows it is drawn.
            person: (H, W) float32 in [0, 1], what lies before it.
        """
        first, neck = (
            np.dstack([np.interp(x, STEPS, one) for one in across.T])
            for across in (self.first, self.neck)
        )
        wanted = neck + muted(self.cheek + LIKE_CHEEK - neck, 0.0)
        near = np.minimum(2 * cv2.GaussianBlur(person, (0, 0), SOFT * self.unit), 1)
        share = rise(above, RISE)[..., None]
        change = first + share * (wanted - first) - sampled(self.light, source)
        change += (SHADOW * near * rise(above, SHADES))[..., None]
        return np.clip(change, -MOST, MOST).astype(np.float32)


def _like_skin(seen: np.ndarray, cheek: np.ndarray) -> np.ndarray:
    """Return light on a neck, (F, 3), without what is none: of cloth, of the wall."""
    change = seen - cheek
    grey = muted(change, 0.0)
    return cheek + np.clip(grey, *GREY) + np.clip(change - grey, -HUE, HUE)


def _smoothest(fine: np.ndarray, head: Head, bare: np.ndarray) -> np.ndarray:
    """Return the middle of the smoothest part of a face, (2,) float32 pixels.

    Args:
        fine: (S, S, 3) float32, what differs on skin over little.
        head: in the photo.
        bare: (S, S) float32 in [0, 1], where skin is bare.
    """
    across, high = (2 * max(1, round(one * head.unit)) + 1 for one in PATCH)
    face = fill_polygon(head.landmarks[list(FACE_OVAL), :2], bare.shape)
    rough = cv2.blur(np.square(fine).sum(2), (across, high))
    clear = cv2.erode(np.minimum(face, bare), np.ones((high, across), np.uint8))
    at = int(np.argmin(rough + 10 * (1 - clear)))
    return np.array([at % bare.shape[1], at // bare.shape[1]], np.float32)
