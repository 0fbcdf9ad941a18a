"""The light on a neck that is drawn on behind a jaw.

A photo shows a neck where it is in the jaw's shade. What comes to be seen beside it is lit as the
cheek is, but for a soft shadow along the jaw: so 159 portraits show that look aside by 15 to 40
degrees, whose necks are darker than the cheek by 0.13 in the logarithm, and by 0.3 next to the jaw.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from faceedit.compose.turn.head import Head, rise
from faceedit.compose.turn.neck_skin import NeckSkin
from faceedit.compose.turn.reach import HEIGHTS, STEP, STEPS, Line, sampled
from faceedit.tones import muted

CHEEKS = ((50, 117, 123, 137, 147, 187), (280, 346, 352, 366, 376, 411))
"""Points of the mesh on the cheeks, above a beard."""
DARKEST = 0.03
"""Added to display values before the logarithm."""
FINE = 0.04
"""Eye distances: what differs over less is skin, and no light."""
LIKE_CHEEK, RISE = -0.13, (0.0, 0.35)
"""Log of a neck's light to the cheek's; and above what the photo shows, over which it comes."""
SHADOW, SOFT, SHADES = -0.17, 0.1, (0.0, 0.12)
"""Log of the shadow next to the jaw, over how much it is soft; and above what the photo shows, over
which it comes."""
SEAM, BEGIN = 0.06, (0.0, 0.03)
"""Of a neck, where what is drawn begins; and over how much it takes that light on."""
BAND, ACROSS = 0.35, 0.08
"""How much of a neck tells its colours, and over how much these are averaged."""
MOST = 0.9
"""Bound of the log ratio."""


@dataclass(frozen=True)
class NeckLight:
    """The light on a neck and beside it.

    Attributes:
        light: (S, S, 3) float32, log of that on bare skin.
        bare: (S, S) float32 in [0, 1], how far that is known.
        first: (F, 3) of the neck where what is drawn begins, at each of `STEPS`.
        neck: (F, 3) of all that is seen of it.
        cheek: (3,) of the cheek beside it.
        unit: eye distance in pixels.
    """

    light: np.ndarray
    bare: np.ndarray
    first: np.ndarray
    neck: np.ndarray
    cheek: np.ndarray
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
        cheek = sampled(light, head.landmarks[None, list(CHEEKS[int(line.out[0] > 0)]), :2])[0]
        places, heights = line.places(), HEIGHTS[:, None]
        values, known = sampled(light, places), sampled(held, places) * (skin.width > STEPS)

        def averaged(height: float) -> np.ndarray:
            band = (heights >= skin.first) & (heights <= np.minimum(skin.last, skin.first + height))
            weight = (band * known)[..., None]
            total, sure = (
                cv2.GaussianBlur(one.sum(0), (0, 0), sigmaX=0.01, sigmaY=ACROSS / STEP)
                for one in (values * weight, weight)
            )
            return total / np.maximum(sure.reshape(-1, 1), 1e-3)

        return cls(light, held, averaged(SEAM), averaged(BAND), np.median(cheek, axis=0), head.unit)

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
        shade = SHADOW * near * rise(above, SHADES)
        change = rise(above, BEGIN)[..., None] * change + shade[..., None]
        return np.clip(change, -MOST, MOST).astype(np.float32)
