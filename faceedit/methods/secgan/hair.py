"""Hair of another colour, as a detail of an edit."""

from dataclasses import replace

import cv2
import numpy as np

from faceedit.compose.hair.colour import DARK, KNOTS, QUANTILES, HairColour, Tones
from faceedit.methods.secgan.look import SIZE, Scene
from faceedit.regions import Region
from faceedit.targets import AttributeChange

FEWEST = 60
"""Pixels of sure hair below which there is none to colour."""
BROWS, BEARD = np.float32(0.55), np.float32(0.85)
"""Of the hair's change that brows follow, and beards."""
DARKEST = 3.0
"""L* of hair's lights below which it lies in the dark."""
CAST, MOST_CAST = 0.4, 8.0
"""Of what skin's chroma is beyond the usual, that hair has, too, and its bound."""
USUAL, BRIGHT = np.array([12.0, 16.0]), 50.0
"""a* and b* of skin in white light, and L* from which on hair has all of the cast."""
WISPS = (0.4, 0.3)
"""Eye distances from hair that single hairs reach, over what lies behind and over skin."""
SPILL = 0.25
"""Eye distances from hair within which its hue lies on what is behind."""
BARE = (Region.SKIN, Region.NOSE, Region.EARS, Region.NECK)
"""Segments of skin."""


def recolour(
    scene: Scene, change: AttributeChange, tones: Tones, beard: np.ndarray
) -> HairColour | None:
    """Return what gives hair another colour; None where none is seen, or it lies in the dark.

    Args:
        scene: the person.
        change: a colour that is to be there.
        tones: of that colour.
        beard: (S, S) float32 in [0, 1], hair of the face, which follows.
    """
    sure = cv2.erode((scene.locks > 0.85).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    if sure.sum() < FEWEST:
        return None
    if np.percentile(scene.lab[sure][:, 0], 90) < DARKEST:
        return None
    away = cv2.distanceTransform((scene.locks < 0.5).astype(np.uint8), cv2.DIST_L2, 5) / scene.unit
    light = np.log(np.maximum(scene.lab[sure][:, 0], 0) + DARK)
    return HairColour(
        hair=scene.locks,
        wisps=_wisps(scene, away),
        spill=_spill(scene, away),
        roots=scene.roots,
        brows=np.maximum(BROWS * scene.placed(Region.BROWS), BEARD * beard),
        features=_features(scene),
        skin=scene.skin_lab,
        own=np.percentile(light, QUANTILES).astype(np.float32),
        wanted=lit(tones.beside(scene.skin_light), scene),
        size=SIZE,
        unit=scene.unit,
        strength=change.strength,
    )


def lit(tones: Tones, scene: Scene) -> Tones:
    """Return tones as a photo's light colours them, as far as skin tells."""
    cast = np.clip(CAST * (scene.skin_lab[1:] - USUAL), -MOST_CAST, MOST_CAST)
    shift = np.minimum(KNOTS / BRIGHT, 1)[:, None] * cast
    return replace(tones, chroma=(tones.chroma + shift).astype(np.float32))


def _spill(scene: Scene, away: np.ndarray) -> np.ndarray:
    """Return where hair's hue may lie on a wall or on clothes, (S, S) float32 in [0, 1].

    Args:
        scene: the person.
        away: (S, S) float32 eye distances from hair.
    """
    bare = np.clip(2 * scene.seen((*BARE, Region.BROWS, Region.EYES, Region.LIPS)), 0, 1)
    return (np.clip(2 * (1 - away / SPILL), 0, 1) * (1 - bare)).astype(np.float32)


def _wisps(scene: Scene, away: np.ndarray) -> np.ndarray:
    """Return where single hairs may lie beside the hair, (S, S) float32 in [0, 1]; see `_spill`."""
    skin = np.clip(2 * scene.seen(BARE), 0, 1)
    reach = WISPS[0] + (WISPS[1] - WISPS[0]) * skin
    return (np.clip(1.5 * (1 - away / reach), 0, 1) * (1 - _features(scene))).astype(np.float32)


def _features(scene: Scene) -> np.ndarray:
    """Return where brows, eyes, lips and spectacles are, (S, S) float32 in [0, 1]."""
    regions = (Region.BROWS, Region.EYES, Region.EYEGLASSES, Region.LIPS)
    return np.clip(2 * scene.seen(regions), 0, 1).astype(np.float32)
