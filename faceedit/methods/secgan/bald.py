"""A head without hair, as a detail of an edit."""

import cv2
import numpy as np

from faceedit.channels import total
from faceedit.compose.hair.bare import BareHead
from faceedit.compose.hair.skull import Skull, fit_skull, reach
from faceedit.compose.mesh_flow import fill
from faceedit.compose.nearest import nearest
from faceedit.faces.align import BLANK
from faceedit.faces.pose import head_pose
from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import FACE_OVAL
from faceedit.methods.secgan.look import CHIN, NOSE_TIP, SIZE, Scene
from faceedit.methods.secgan.scalp import cover_skull, disc, like_hair
from faceedit.regions import Region
from faceedit.targets import AttributeChange

HAIRY = 0.25
"""Share of hair from which on a pixel is painted over."""
ROUND = 0.07
"""Eye distances over which the outline is rounded where skull and face meet."""
BESIDE = 0.14
"""Width of what is closed between a head and its ears, in eye distances."""
WIDER = (0.07, 0.13)
"""Eye distances about hair that are painted over, too, on the head and beyond it."""
WALL = 0.2
"""Eye distances from hair from which on nothing of it lies over what is behind."""
FEATURES = (
    Region.BROWS, Region.EYES, Region.EYEGLASSES, Region.LIPS, Region.MOUTH, Region.NOSE,
)  # fmt: skip
"""Segments that stay."""
LEAST = 0.25
"""Of the skull above the brows that hair covers, below which there is none to take away."""
BEARD = 0.55
"""Eye distances beside the chin within which a beard may hang."""
LONG = 0.1
"""Of all hair, that may lie below the ears."""
OVER = 0.25
"""Of the brows, that hair may hide."""
TORN = 0.45
"""Eye distances by which ways to mirror images may differ nearby."""
EAR = 0.3
"""Eye distances that is seen of an ear, from its top down, at least."""
ASIDE = 12.0
"""Degrees of yaw beyond which a head's far ear is not looked for."""


def shave_head(scene: Scene, change: AttributeChange) -> tuple[BareHead | None, str]:
    """Return what takes a person's hair away, or why that would not look real.

    Args:
        scene: the person.
        change: how far.
    """
    unit = scene.unit
    ears = scene.seen((Region.EARS,))
    if reason := _why_not(scene, ears):
        return None, reason
    skull = fit_skull(scene.crop.landmarks, SIZE)
    valid = ~(scene.crop.pixels == np.float32(BLANK)).all(-1)
    hairy = (scene.hair > HAIRY).astype(np.uint8)
    head = _outline(scene, skull, ears, valid)
    scalp = cover_skull(scene, skull, head, hairy)
    if scalp is None:
        return None, "too little of the forehead is seen"
    on, off = (cv2.dilate(hairy, disc(wide * unit)) for wide in WIDER)
    cover = np.maximum(np.where(head > 0.5, on, off), scalp.locks).astype(np.float32)
    free = 1 - np.clip(2 * scene.seen(FEATURES) - 0.3, 0, 1)
    free *= 1 - np.clip(3 * ears - 1, 0, 1) * (1 - like_hair(scene, 0.07))
    wall = valid & (cv2.dilate(head, disc(0.1 * unit)) < 0.3) & (ears < 0.3)
    wall &= (cv2.dilate(hairy, disc(WALL * unit)) == 0) & (scene.seen((Region.SKIN,)) < 0.3)
    # Clothes stand in for what is behind only where nothing else does.
    weight = wall * np.where(scene.person > 0.3, 0.02, 1).astype(np.float32)
    wall &= scene.person < 0.3
    made = BareHead(
        cover=cv2.GaussianBlur(cover, (0, 0), 0.025 * unit) * free.astype(np.float32),
        head=head,
        slope=float(1 / (ROUND * np.sqrt(2 * np.pi))),
        skin=scalp.skin,
        behind=cv2.GaussianBlur(fill(scene.crop.pixels, weight), (0, 0), 0.05 * unit),
        mirror=_mirror(wall, unit),
        known=(scalp.known.astype(np.float32), wall.astype(np.float32)),
        size=SIZE,
        unit=unit,
        seed=scene.seed,
        strength=change.strength,
    )
    return made, ""


def _outline(scene: Scene, skull: Skull, ears: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Return (S, S) float32 in [0, 1], smooth, that is 0.5 at the outline of the bare head."""
    unit = scene.unit
    ring = scene.crop.landmarks[list(FACE_OVAL), :2].astype(np.float64)
    oval = fill_polygon(ring, (SIZE, SIZE))
    gone = (np.maximum(scene.person, scene.hair) < 0.5) & valid & (oval < 0.5)
    radius = skull.radius / reach(skull, gone, ears)
    inside = np.maximum(np.clip((1 - radius) * 0.8 * unit + 0.5, 0, 1), oval).astype(np.float32)
    # Nothing behind is seen between a head and its ears.
    joined = np.maximum(inside, ears > 0.5).astype(np.float32)
    joined = cv2.morphologyEx(joined, cv2.MORPH_CLOSE, disc(BESIDE / 2 * unit))
    return cv2.GaussianBlur(np.maximum(inside, joined * (ears < 0.5)), (0, 0), ROUND * unit)


def _why_not(scene: Scene, ears: np.ndarray) -> str:
    """Return why hair cannot be taken away so that it looks real; empty where it can.

    Hair that is long, or hides ears or brows, leaves too much behind that no photo tells of.
    """
    hair, points = scene.hair, scene.crop.landmarks
    if hair.sum() < LEAST * np.square(scene.unit):
        return "there is no hair to be seen"
    oval = fill_polygon(points[list(FACE_OVAL), :2].astype(np.float64), (SIZE, SIZE))
    # Ears end at about the nose's tip; what hangs from the chin is a beard.
    x = np.arange(SIZE) - points[CHIN, 0]
    beside = (oval < 0.5) & (np.abs(x) > BEARD * scene.unit)
    hanging = np.maximum(hair, scene.seen((Region.HAIR,)) * beside)
    if (hanging * scene.below((NOSE_TIP,), 0.1)).sum() > LONG * hair.sum():
        return "the hair is long"
    if scene.brows_hidden > OVER:
        return "hair hides the brows"
    yaw, x = head_pose(points).yaw, np.arange(SIZE) - points[list(FACE_OVAL), 0].mean()
    for side, hidden in ((x < 0, yaw < -ASIDE), (x > 0, yaw > ASIDE)):
        rows = np.flatnonzero(((ears > 0.5) & side).any(1))
        if not hidden and (not len(rows) or np.ptp(rows) < EAR * scene.unit):
            return "hair hides an ear"
    return ""


def _mirror(wall: np.ndarray, unit: float) -> np.ndarray:
    """Return the way to the mirror image at the wall's edge, and how far that shows the wall."""
    # Every lock would be mirrored as a ripple.
    wide = cv2.morphologyEx(wall.astype(np.uint8), cv2.MORPH_OPEN, disc(0.35 * unit)) > 0
    if not wide.any():
        return np.zeros((SIZE, SIZE, 3), np.float32)
    places = np.dstack(np.meshgrid(*[np.arange(SIZE, dtype=np.float32)] * 2))
    own = 2 * (nearest(wide, places)[1] - places)
    flow, squares = (cv2.GaussianBlur(one, (0, 0), 0.1 * unit) for one in (own, own * own))
    # Where it comes from both sides, neither is right.
    torn = np.sqrt(np.maximum(total(squares - flow * flow), 0)) / np.float32(TORN * unit)
    at = places + flow
    seen = cv2.remap(wall.astype(np.float32), at[..., 0], at[..., 1], cv2.INTER_LINEAR)
    seen = cv2.erode(seen * (torn < 1), disc(0.05 * unit))
    trust = cv2.GaussianBlur(seen, (0, 0), 0.06 * unit)
    return np.dstack([flow, trust]).astype(np.float32)
