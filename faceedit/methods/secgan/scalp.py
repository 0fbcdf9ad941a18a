"""Skin over the skull, in the light of a photo, and what of hair lies on the face."""

from dataclasses import dataclass

import cv2
import numpy as np

from faceedit.channels import mean
from faceedit.compose.hair.skull import Skull
from faceedit.compose.light.left_over import fit_harmonics
from faceedit.compose.light.skin import bare_skin
from faceedit.compose.mesh_flow import fill
from faceedit.faces.topology import BROWS
from faceedit.methods.secgan.look import NOSE_TIP, SIZE, Scene
from faceedit.regions import Region

DARKEST = np.float32(0.03)
"""Added to display values before the logarithm."""
FEWEST = 150
"""Pixels of bare skin below which its colour is not known."""
TINT = np.float32(0.4)
"""Of what light does to colours, that goes on over the skull."""
LIGHT = (-0.8, 0.15)
"""Bounds of log brightness over the skull, beside the middle of the face."""
LIMB = np.float32(0.3)
"""Log brightness that skin loses where it turns away from the camera."""
SHADE, REACH = 0.13, 0.4
"""Log brightness below the light, just beside hair, from which on locks and their shadows are
found; and the eye distances within which they are."""
TOLD, ALIKE = 0.2, 20.0
"""Share of the way from skin's colour to hair's from which on it is a lock's; and the distance in
Lab below which colours do not tell."""
SOFT = np.array([0.5, 1.0, 1.0], np.float32)
"""Weight of L*, a* and b* in such a distance."""


@dataclass(frozen=True)
class Scalp:
    """Skin that goes on over a skull.

    Attributes:
        skin: (S, S, 3) float32 RGB in [0, 1].
        known: (S, S) bool, bare skin that it was continued from.
        locks: (S, S) float32 in [0, 1], hair on the forehead, and its shadow.
    """

    skin: np.ndarray
    known: np.ndarray
    locks: np.ndarray


def cover_skull(scene: Scene, skull: Skull, head: np.ndarray, hairy: np.ndarray) -> Scalp | None:
    """Continue a face's skin over its skull; None where too little of it is seen.

    Args:
        scene: the person.
        skull: of the person.
        head: (S, S) float32 in [0, 1], inside the head's outline.
        hairy: (S, S) uint8, 1 where hair is.
    """
    unit, logs = scene.unit, np.log(scene.crop.pixels + DARKEST)
    away = cv2.distanceTransform(1 - hairy, cv2.DIST_L2, 5) / unit
    brows = scene.crop.landmarks[[point for brow in BROWS for point in brow], 1]
    rows = np.arange(SIZE, dtype=np.float32)[:, None]
    face = bare_skin(scene.crop.landmarks, SIZE)
    known = (scene.seen((Region.SKIN,)) > 0.85) & (scene.person > 0.8) & (away > 0.1)
    known &= (face | (rows < brows.mean())) & (head > 0.5)
    known &= scene.below((NOSE_TIP,), 0.1) < 0.5
    if known.sum() < FEWEST:
        return None
    # Above the brows the skull says where skin faces.
    rise = np.clip((brows.mean() - rows) / (0.3 * unit), 0, 1)[..., None]
    normals = scene.normals + rise * (skull.normals - scene.normals)
    normals /= np.maximum(np.linalg.norm(normals, axis=2, keepdims=True), 1e-3)
    light = light_of(normals, logs, known)
    near = (away < REACH) & (head > 0.5) & (rows < brows.max())
    features = (Region.BROWS, Region.EYES, Region.EYEGLASSES, Region.EARS)
    near &= scene.seen(features) < 0.3
    off = cv2.GaussianBlur(mean(logs - light), (0, 0), 0.02 * unit)
    share = _hair_share(scene)
    slack = (1 + 2 * away).astype(np.float32)
    found = near & ((off < -SHADE * slack) | (share > TOLD * slack))
    locks = cv2.dilate(found.astype(np.uint8), disc(0.04 * unit))
    known &= locks == 0
    if known.sum() < FEWEST:
        return None
    rest = cv2.GaussianBlur(fill(logs - light, known.astype(np.float32)), (0, 0), 0.08 * unit)
    # Skin that turns away from the camera is darker.
    limb = np.square(1 - np.clip(skull.normals[..., 2:], 0, 1)) * rise
    skin = np.exp(light + rest - LIMB * limb) - DARKEST
    return Scalp(np.clip(skin, 0, 1).astype(np.float32), known, locks.astype(np.float32))


def like_hair(scene: Scene, away: float) -> np.ndarray:
    """Return which pixels within some eye distances of hair have its colour, (S, S) in [0, 1]."""
    far = cv2.distanceTransform((scene.hair < 0.3).astype(np.uint8), cv2.DIST_L2, 5) / scene.unit
    alike = np.clip((_hair_share(scene) - 0.45) / 0.3, 0, 1)
    return (alike * np.clip(2 - far / away, 0, 1)).astype(np.float32)


def light_of(normals: np.ndarray, logs: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return the log of skin's colours as even light on it has them, (S, S, 3) float32."""
    light = np.empty_like(logs)
    for k in range(3):
        solution, _ = fit_harmonics(normals[known], logs[known][:, k])
        light[..., k] = solution[0] + normals @ solution[1:].astype(np.float32)
    middle = np.median(light[known], axis=0)
    light -= middle
    grey = mean(light)[..., None]
    return middle + np.clip(grey, *LIGHT) + TINT * (light - grey)


def _hair_share(scene: Scene) -> np.ndarray:
    """Return how far colours are on the way from skin's to hair's, (S, S); 0 if these are alike."""
    sure = scene.hair > 0.7
    line = (np.median(scene.lab[sure], axis=0) - scene.skin_lab) * SOFT if sure.any() else 0 * SOFT
    square = float(line @ line)
    if square < ALIKE**2:
        return np.zeros((SIZE, SIZE), np.float32)
    return ((scene.lab - scene.skin_lab.astype(np.float32)) * SOFT) @ (line / square)


def disc(radius: float) -> np.ndarray:
    """Return a disc for morphology, (2 r + 1, 2 r + 1) uint8, of a radius of at least one pixel."""
    side = 2 * max(1, round(radius)) + 1
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
