"""Beards and moustaches taken off, as details of an edit."""

import cv2
import numpy as np

from faceedit.compose.growth.beard import beard_map, moustache_map
from faceedit.compose.growth.shave import Shaved
from faceedit.compose.light.skin import bare_skin
from faceedit.faces.align import BLANK
from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import OUTER_LIPS
from faceedit.methods.secgan.beard import on_face
from faceedit.methods.secgan.look import CHIN, NOSE_TIP, SIZE, Scene
from faceedit.methods.secgan.scalp import SOFT, disc
from faceedit.methods.secgan.uncover import CHIN_ROWS, UncoverNetwork, uncover
from faceedit.regions import Region
from faceedit.targets import AttributeChange

SHARE = 1.5
"""Times the network's opacity: what hair is thin in its pixels is whole in the photo's."""
LEAST = 0.04
"""Square eye distances of hair below which there is none to take off."""
AROUND = 0.06
"""Eye distances about a moustache that belong to it."""
BELOW, ASIDE = (0.14, 0.34), 0.3
"""Eye distances below the chin, and to both sides of that, where a long beard hangs."""
HAIRLIKE, HANGS = 0.55, (0.5, 0.9)
"""Share of the way from skin's colour to the beard's from which on a pixel there is its hair; and
shares of such pixels from which on it hangs, the latter where the parser sees a neck."""
HIDDEN, PLAIN = 0.6, 0.7
"""Shares of what lies there that the parser takes for clothes, from which on a beard hides the
neck; and for neck, from which on the parser sees one."""
FEWEST = 0.01
"""Square eye distances of dense beard below which none hangs."""
DENSE = 0.8
"""Opacity of a beard that tells its colour."""


def shave(
    scene: Scene, change: AttributeChange, network: UncoverNetwork
) -> tuple[Shaved | None, str]:
    """Return what takes a beard off, or a moustache alone; or why that would not look real.

    Args:
        scene: the person.
        change: what is to go.
        network: on any device.

    Raises:
        NetworkError: the network's answer is not finite.
    """
    found = uncover(scene, CHIN_ROWS, network)
    points = scene.crop.landmarks
    where = scene.below((NOSE_TIP,), 0.1)
    if change.attribute == "moustache":
        where = cv2.dilate(on_face(moustache_map(), points), disc(AROUND * scene.unit))
    elif _hangs(scene, found[..., 0]):
        return None, "the beard hides the jaw"
    lips = fill_polygon(points[list(OUTER_LIPS), :2].astype(np.float64), (SIZE, SIZE))
    where = cv2.GaussianBlur(where * (1 - lips), (0, 0), 0.02 * scene.unit)
    cover = np.clip(SHARE * found[..., 0], 0, 1) * where
    if cover.sum() < LEAST * np.square(scene.unit):
        return None, ""
    made = Shaved(
        cover=cover.astype(np.float32),
        skin=found[..., 1:4],
        log_ratio=found[..., 4:] * where[..., None],
        known=bare_of_hair(scene).astype(np.float32),
        size=SIZE,
        unit=scene.unit,
        seed=scene.seed,
        strength=change.strength,
    )
    return made, ""


def find_beard(scene: Scene, network: UncoverNetwork) -> np.ndarray:
    """Return the opacity of a beard and moustache, (S, S) float32 in [0, 1].

    It is 0 all over where there is none, or one that hangs, which is found in part.
    """
    nothing = np.zeros((SIZE, SIZE), np.float32)
    if max(scene.logit("beard"), scene.logit("moustache")) < 0:
        return nothing
    opacity = uncover(scene, CHIN_ROWS, network)[..., 0]
    lips = fill_polygon(scene.crop.landmarks[list(OUTER_LIPS), :2].astype(np.float64), (SIZE, SIZE))
    return nothing if _hangs(scene, opacity) else opacity * (1 - lips) * (1 - scene.hair)


def bare_of_hair(scene: Scene) -> np.ndarray:
    """Return where a face shows skin on which no beard grows, (S, S) bool."""
    points, square = scene.crop.landmarks, np.ones((9, 9), np.uint8)
    hairy = cv2.dilate(on_face(np.maximum(beard_map(), moustache_map()), points), square)
    known = bare_skin(points, SIZE) & (hairy < 0.03) & (scene.hair < 0.1)
    known &= scene.seen((Region.SKIN, Region.NOSE)) > 0.8
    return known & (scene.seen((Region.EYEGLASSES,)) < 0.1) & (scene.below((CHIN,), 0.1) == 0)


def _hangs(scene: Scene, opacity: np.ndarray) -> bool:
    """Say whether the beard hangs over the neck, which then looks like it, or like clothes."""
    dense = opacity > DENSE
    down = [scene.below((CHIN,), 1.0) > low for low in BELOW]
    beside = np.abs(np.arange(SIZE) - scene.crop.landmarks[CHIN, 0]) < ASIDE * scene.unit
    there = down[0] & ~down[1] & beside & (scene.crop.pixels != BLANK).any(-1)
    if dense.sum() < FEWEST * np.square(scene.unit) or not there.any():
        return False
    # Necks in shade have a dark beard's colour, but the parser tells them.
    cloth, neck = (scene.seen((one,))[there].mean() for one in (Region.CLOTHES, Region.NECK))
    line = (np.median(scene.lab[dense], axis=0) - scene.skin_lab) * SOFT
    way = (scene.lab[there] - scene.skin_lab) * SOFT @ (line / max(float(line @ line), 1e-6))
    alike = float((way > HAIRLIKE).mean())
    return bool(cloth > HIDDEN or alike > HANGS[int(neck > PLAIN)])
