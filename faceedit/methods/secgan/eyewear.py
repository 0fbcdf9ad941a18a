"""Spectacles on a face, as a detail of an edit."""

import cv2
import numpy as np

from faceedit.compose.eyewear.draw import Eyewear
from faceedit.compose.eyewear.frames import fit_frame
from faceedit.compose.eyewear.styles import STYLES, USUAL, Style
from faceedit.compose.light.skin import bare_skin
from faceedit.faces.raster import rasterize_mesh
from faceedit.faces.topology import N_SURFACE
from faceedit.methods.secgan.beard import light_on
from faceedit.methods.secgan.look import SIZE, Scene
from faceedit.ramps import ramp
from faceedit.targets import AttributeChange
from faceedit.tones import LUMA

WORN = 0.0
"""Logit of spectacles from which on a face wears some."""
SURE, DEEP = 0.7, (0.07, 0.15)
"""Opacity from which on hair hides the front, and eye distances from the face's outline from which
on it begins to, and does."""
FAR = float(SIZE)
"""Depth of what is behind no skin."""
LIT = (0.6, 1.25)
"""Bounds of the light on frames beside its middle."""
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
    return wear(scene, _style(change.kind, scene.seed), scene.seed, change.strength)


def wear(scene: Scene, style: Style, mottle: int, strength: float) -> Eyewear:
    """Return spectacles of a style.

    Args:
        scene: the person.
        style: of the frame.
        mottle: seed of a mottled frame's pattern.
        strength: share of their opacity.
    """
    points, pixels = scene.crop.landmarks, scene.crop.pixels
    raster = rasterize_mesh(points[:N_SURFACE], (SIZE, SIZE))
    inside = raster.inside.astype(np.float32)
    depth = raster.interpolate(points[:N_SURFACE, 2:3].astype(np.float64))[..., 0]
    deep = cv2.distanceTransform(raster.inside.astype(np.uint8), cv2.DIST_L2, 5) / scene.unit
    deep = ramp(deep, DEEP)
    lit = pixels[bare_skin(points, SIZE)]
    return Eyewear(
        frame=fit_frame(style, points),
        hidden=scene.hair,
        locks=(np.clip((scene.hair - SURE) / (1 - SURE), 0, 1) * deep).astype(np.float32),
        skin=cv2.GaussianBlur(inside, (0, 0), RIM),
        depth=np.where(raster.inside, depth, FAR).astype(np.float32),
        lit=np.clip(light_on(scene), *LIT).astype(np.float32),
        light=float(np.median(lit @ LUMA)) if len(lit) else 0.5,
        mottle=mottle,
        size=SIZE,
        unit=scene.unit,
        strength=strength,
    )


def _style(kind: str, seed: int) -> Style:
    """Return a frame of a kind, or of any that is usual; the seed decides."""
    styles = STYLES[kind or USUAL[seed % len(USUAL)]]
    return styles[seed // len(USUAL) % len(styles)]
