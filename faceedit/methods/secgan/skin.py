"""Skin in another tone, as a detail of an edit."""

from dataclasses import dataclass

import cv2
import numpy as np

from faceedit.compose.guided import guided_filter
from faceedit.compose.skin_tone import SkinTone
from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import BROW_OUTLINES, EYES, OUTER_LIPS
from faceedit.methods.secgan.look import SIZE, Scene
from faceedit.regions import Region
from faceedit.targets import AttributeChange

PARTS = (Region.SKIN, Region.NOSE, Region.EARS, Region.NECK)
LIPS = {True: 0.35, False: 0.75}
"""Of the skin's change that lips follow, of skin that becomes paler, and that becomes darker."""
LEAST_CHROMA = 2.0
"""Of a* and b* that is taken for colour."""
KEPT = {True: (0.55, 0.9), False: (1.08, 1.33)}
"""Bounds of factors of chroma, of skin that becomes lighter, and that becomes darker."""
EYES_LIGHT = 45.0
"""L* of the whites of eyes in a portrait's usual light."""


@dataclass(frozen=True)
class Complexion:
    """A tone of skin, beside the light of a photo.

    Attributes:
        level: log L* of the skin where the eyes' whites have L* of `EYES_LIGHT`.
        per_light: of the level, by L* of the whites beyond that.
        chroma: (2,) a* and b*.
        gains: least and largest change of log L*.
    """

    level: float
    per_light: float
    chroma: np.ndarray
    gains: tuple[float, float]


def tone(scene: Scene, change: AttributeChange, wanted: Complexion) -> SkinTone:
    """Return what makes a person's skin paler, or darker.

    Args:
        scene: the person.
        change: how far.
        wanted: the tone that skin is to have.
    """
    own = scene.skin_lab
    goal = wanted.level + wanted.per_light * (scene.eyes_light - EYES_LIGHT)
    gain = float(np.clip(goal - np.log(max(float(own[0]), 1.0)), *wanted.gains))
    reached = wanted.chroma / np.maximum(own[1:], LEAST_CHROMA)
    chroma = np.clip(reached, *KEPT[gain > 0])
    return SkinTone(
        skin=skin_of(scene, LIPS[gain > 0]),
        level=max(float(own[0]), 1.0),
        gain=gain,
        chroma=chroma.astype(np.float32),
        size=SIZE,
        unit=scene.unit,
        strength=change.strength,
    )


def skin_of(scene: Scene, lips: float = LIPS[True]) -> np.ndarray:
    """Return which pixels of the crop show skin, lips in part; (S, S) float32 in [0, 1]."""
    seen = scene.seen(PARTS) * np.clip(2 * scene.person, 0, 1)
    points = scene.crop.landmarks[:, :2].astype(np.float64)
    for rings, share in ((EYES, 0.0), ((OUTER_LIPS,), lips), (BROW_OUTLINES, 1.0)):
        for ring in rings:
            inside = fill_polygon(points[list(ring)], (SIZE, SIZE))
            inside = cv2.GaussianBlur(inside, (0, 0), 0.02 * scene.unit)
            seen = seen * (1 - inside) + inside * share
    seen *= 1 - np.clip(scene.hair * 1.2 - 0.2, 0, 1)
    return np.clip(guided_filter(scene.crop.pixels, seen.astype(np.float32), 3, 1e-3), 0, 1)
