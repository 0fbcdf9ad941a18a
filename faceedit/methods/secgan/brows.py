"""Fuller brows, as a detail of an edit."""

import cv2
import numpy as np

from faceedit.compose.growth.brow import grow_brow
from faceedit.compose.growth.draw import Growth, Hairs
from faceedit.compose.light.skin import bare_skin
from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import EYES
from faceedit.methods.secgan.beard import hair_rgb, light_on
from faceedit.methods.secgan.look import SIZE, Scene
from faceedit.methods.secgan.scalp import disc
from faceedit.regions import Region
from faceedit.targets import AttributeChange
from faceedit.tones import LUMA

COUNT = 420
"""Hairs of a brow."""
LENGTH = 0.115
"""Of the longest, in eye distances."""
WIDTH = (0.001, 0.0019)
"""In eye distances."""
UNEVEN = 0.22
"""Spread of the log brightness of neighbouring hairs."""
SHADE = 0.4
"""Opacity of what roots give to the skin below."""
WIDER = 0.075
"""Eye distances about a brow that hairs may reach."""
DARK = 30
"""Percentile of a brow's pixels up to which they show hair."""
BRIGHTEST = 0.58
"""Of the skin's luma, that hairs of a brow have."""
HIDDEN = 0.25
"""Share of hair from which on it hides a brow."""
FEWEST = 25
"""Pixels below which brows tell no colour."""


def thicken(scene: Scene, change: AttributeChange, light: np.ndarray | None = None) -> Growth:
    """Return hairs along both brows, in their own colour.

    Args:
        scene: the person.
        change: how far.
        light: see `light_on`; None takes what the photo shows.
    """
    points = scene.crop.landmarks
    draw = np.random.default_rng(scene.seed + 2)
    length = LENGTH * scene.unit
    curves = np.vstack([grow_brow(points, brow, COUNT, length, draw) for brow in (0, 1)])
    colour, light = _colour(scene), light_on(scene) if light is None else light
    at = np.clip(np.round(curves[:, 0]).astype(int), 0, SIZE - 1)
    factor = np.exp(draw.normal(0, UNEVEN, len(curves))) * light[at[:, 1], at[:, 0]]
    order = np.argsort(factor + draw.normal(0, 0.25, len(curves)))
    inside = scene.within_brows
    around = cv2.dilate(inside, disc(WIDER * scene.unit))
    allowed = cv2.GaussianBlur(around, (0, 0), 0.015 * scene.unit)
    for ring in EYES:
        eye = fill_polygon(points[list(ring), :2].astype(np.float64), (SIZE, SIZE))
        allowed = allowed * (1 - cv2.GaussianBlur(eye, (0, 0), 0.02 * scene.unit))
    # Fringes and frames lie over brows.
    allowed = allowed * (1 - scene.hair) * (1 - np.clip(2 * scene.placed(Region.EYEGLASSES), 0, 1))
    return Growth(
        hairs=Hairs(
            curves[order],
            np.clip(colour * factor[order, None], 0, 1).astype(np.float32),
            draw.uniform(*WIDTH, len(curves)).astype(np.float32),
        ),
        roots=np.float32(SHADE) * cv2.GaussianBlur(inside, (0, 0), 0.03 * scene.unit),
        allowed=allowed.astype(np.float32),
        colour=np.clip(light[..., None] * colour, 0, 1).astype(np.float32),
        size=SIZE,
        unit=scene.unit,
        strength=change.strength,
    )


def _colour(scene: Scene) -> np.ndarray:
    """Return the colour of a brow's hairs in even light, (3,) RGB in [0, 1]."""
    inside = (scene.placed(Region.BROWS) > 0.7) & (scene.hair < HIDDEN)
    if inside.sum() < FEWEST:
        colour = hair_rgb(scene)
    else:
        rgb = scene.crop.pixels[inside] / np.maximum(light_on(scene)[inside], 0.3)[:, None]
        dark = rgb.sum(1)
        colour = np.median(rgb[dark <= np.percentile(dark, DARK)], axis=0)
    # Of thin brows the camera saw more skin than hair.
    skin = float(np.median(scene.crop.pixels[bare_skin(scene.crop.landmarks, SIZE)] @ LUMA))
    return colour * min(1.0, BRIGHTEST * skin / max(float(colour @ LUMA), 1e-3))
