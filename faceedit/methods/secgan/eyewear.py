"""Spectacles on a face, as a detail of an edit."""

import cv2
import numpy as np

from faceedit.compose.eyewear.draw import Eyewear
from faceedit.compose.eyewear.frames import STYLES, USUAL, Style, fit_frame
from faceedit.compose.light.skin import bare_skin
from faceedit.faces.raster import rasterize_mesh
from faceedit.faces.topology import N_SURFACE
from faceedit.methods.secgan.look import SIZE, Scene
from faceedit.targets import AttributeChange
from faceedit.tones import LUMA

WORN = 0.0
"""Logit of spectacles from which on a face wears some."""
RIM = 1.5
"""Pixels over which the shadow ends at the face's outline."""


def put_on(scene: Scene, change: AttributeChange) -> Eyewear | None:
    """Return spectacles for a face; None where it wears some.

    Args:
        scene: the person.
        change: spectacles that are to be there, of a kind or of any.
    """
    if scene.logit("eyeglasses") > WORN:
        return None
    points, pixels = scene.crop.landmarks, scene.crop.pixels
    seed = scene.seed
    inside = rasterize_mesh(points[:N_SURFACE], (SIZE, SIZE)).inside.astype(np.float32)
    lit = pixels[bare_skin(points, SIZE)]
    return Eyewear(
        frame=fit_frame(_style(change.kind, seed), points),
        hidden=scene.hair,
        skin=cv2.GaussianBlur(inside, (0, 0), RIM),
        light=float(np.median(lit @ LUMA)) if len(lit) else 0.5,
        mottle=seed,
        size=SIZE,
        unit=scene.unit,
        strength=change.strength,
    )


def _style(kind: str, seed: int) -> Style:
    """Return a frame of a kind, or of any that is usual; the seed decides."""
    styles = STYLES[kind or USUAL[seed % len(USUAL)]]
    return styles[seed // len(USUAL) % len(styles)]
