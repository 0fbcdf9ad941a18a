"""Hair of another colour, as a detail of an edit."""

import cv2
import numpy as np

from faceedit.compose.hair.colour import DARK, QUANTILES, HairColour, Tones
from faceedit.methods.secgan.look import SIZE, Scene
from faceedit.regions import Region
from faceedit.targets import AttributeChange

FEWEST = 60
"""Pixels of sure hair below which there is none to colour."""
BROWS = 0.25
"""Of the hair's change that brows follow."""


def recolour(scene: Scene, change: AttributeChange, tones: Tones) -> HairColour | None:
    """Return what gives a person hair of another colour; None where there is no hair to speak of.

    Args:
        scene: the person.
        change: a colour that is to be there.
        tones: of that colour.
    """
    sure = cv2.erode((scene.hair > 0.85).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    if sure.sum() < FEWEST:
        return None
    light = np.log(np.maximum(scene.lab[sure][:, 0], 0) + DARK)
    return HairColour(
        hair=scene.hair,
        roots=scene.roots,
        brows=np.float32(BROWS) * scene.placed(Region.BROWS),
        own=np.percentile(light, QUANTILES).astype(np.float32),
        wanted=tones.beside(scene.skin_light),
        size=SIZE,
        unit=scene.unit,
        strength=change.strength,
    )
