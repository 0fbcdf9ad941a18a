"""An older or a younger face, as details of an edit."""

import cv2
import numpy as np

from faceedit.compose.canvas import Detail
from faceedit.compose.hair.colour import Tones
from faceedit.compose.skin_relief import SkinRelief
from faceedit.faces.raster import fill_polygon, rasterize_mesh
from faceedit.faces.topology import BROW_OUTLINES, EYES, N_SURFACE, OUTER_LIPS, mean_shape
from faceedit.methods.fields.shade_layer import draw_shade
from faceedit.methods.secgan.hair import recolour
from faceedit.methods.secgan.lines import SPAN, TOP, draw_lines
from faceedit.methods.secgan.look import SIZE, Scene
from faceedit.methods.secgan.skin import skin_of
from faceedit.targets import AttributeChange

SHADE = {False: 1.5, True: -1.3}
"""Times the difference of old and young that a face becomes older, and younger, by."""
LIGHTER = np.float32(0.25)
"""Of that difference, where a face becomes lighter."""
GAINS = {False: (0.9, 0.7), True: (-0.65, -0.7)}
"""Of pores and lines, and of folds."""
GREY = 0.62
"""Share of the way to grey that hair goes."""
RIM = 0.07
"""Eye distances from the edge of the mesh over which all fades."""


def change_age(
    scene: Scene, change: AttributeChange, difference: np.ndarray, grey: Tones
) -> tuple[Detail, ...]:
    """Return what makes a face older or younger.

    Args:
        scene: the person.
        change: of ``young``.
        difference: (A, A, 3) log ratio of old people's skin to young people's, on the atlas.
        grey: tones of hair.
    """
    points = scene.crop.landmarks
    raster = rasterize_mesh(points[:N_SURFACE], (SIZE, SIZE))
    away = cv2.distanceTransform(raster.inside.astype(np.uint8), cv2.DIST_L2, 5)
    rim = np.clip(away / (RIM * scene.unit), 0, 1)
    bare = 1 - np.clip(1.3 * scene.hair, 0, 1)
    wanted = np.float32(SHADE[change.on]) * difference
    # What becomes lighter is as much the beards of the young as the skin of the old.
    shade = draw_shade(np.where(wanted > 0, LIGHTER * wanted, wanted), raster)
    shade = shade * (rim * bare)[..., None]
    corner = np.array([-SPAN / 2, TOP])
    places = raster.interpolate((mean_shape()[:N_SURFACE, :2] - corner) / SPAN)
    lines = np.zeros((2, 2), np.float32) if change.on else draw_lines(scene.seed + 3)
    relief = SkinRelief(
        log_ratio=shade.astype(np.float32),
        skin=(_creased(scene) * rim).astype(np.float32),
        gains=GAINS[change.on],
        places=places.astype(np.float32),
        lines=lines,
        size=SIZE,
        unit=scene.unit,
        strength=change.strength,
    )
    # What colour grey hair once had, a photo does not say.
    hair = None if change.on else recolour(scene, change, grey)
    return (relief,) if hair is None else (relief, hair.scaled(GREY))


def _creased(scene: Scene) -> np.ndarray:
    """Return where skin has creases of its own: no brows, eyes, lips or hair."""
    skin = skin_of(scene)
    points = scene.crop.landmarks[:, :2].astype(np.float64)
    for ring in (*EYES, *BROW_OUTLINES, OUTER_LIPS):
        inside = fill_polygon(points[list(ring)], (SIZE, SIZE))
        inside = cv2.dilate(inside, np.ones((3, 3), np.uint8))
        skin = skin * (1 - cv2.GaussianBlur(inside, (0, 0), 0.015 * scene.unit))
    return skin
