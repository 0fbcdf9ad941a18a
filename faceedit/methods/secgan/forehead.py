"""A forehead without its fringe, as details of an edit."""

from dataclasses import replace

import cv2
import numpy as np

from faceedit.compose.canvas import Detail
from faceedit.compose.growth.draw import Growth
from faceedit.compose.hair.bare import BareHead
from faceedit.compose.hair.fringe import Fringe
from faceedit.compose.hair.skull import fit_skull
from faceedit.faces.pose import head_pose
from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import OUTER_EYE_CORNERS
from faceedit.methods.secgan.bald import HAIRY
from faceedit.methods.secgan.bangs import ASIDE, no_strands
from faceedit.methods.secgan.beard import light_on
from faceedit.methods.secgan.brows import thicken
from faceedit.methods.secgan.look import FOREHEAD, NOSE_TIP, SIZE, Scene
from faceedit.methods.secgan.scalp import Scalp, cover_skull, disc
from faceedit.regions import Region
from faceedit.targets import AttributeChange

HAIRLINE = (162, 21, 54, 103, 67, 109, 10, 338, 297, 332, 284, 251, 389)
"""Mesh points along it, from temple to temple."""
LIDS = (159, 386)
"""Mesh points on the upper ones."""
RAISED = 0.12
"""Eye distances by which hair begins above them in the middle: meshes end at a fringe."""
LONG = 0.03
"""Share of hair below the nose from which on it is parted and falls to both sides; shorter hair is
brushed up."""
BELOW = 0.14
"""Eye distances above the line over which brushed hair comes out of skin."""
HIDDEN = 0.4
"""Of the brows, that hair may hide: more would be guessed."""
SLIGHT = 0.02
"""Of the brows, that hair hides, below which they stay as they are."""
THROUGH = np.float32(0.75)
"""Opacity of brows where hair hid them: skin is seen through."""
PARTED = (
    (60, (0.1, 0.2)),
    (80, (0.05, 0.12)),
    (60, (0.03, 0.08)),
    (80, (0.008, 0.02)),
)
"""Locks of each layer, the lowest first, and bounds of their widths in eye distances."""
BRUSHED = ((90, (0.08, 0.16)), (140, (0.03, 0.08)), (200, (0.006, 0.016)))
ROOTED = 0.6
"""Share of hair where a lock comes from."""
FEWEST = 60
"""Locks that have to find hair to lie on."""
SHADOW = 0.15
"""Opacity of the shadow of hair that lies close."""


def clear_forehead(scene: Scene, change: AttributeChange) -> tuple[tuple[Detail, ...], str]:
    """Return what takes a fringe away, or why that would not look real.

    Skin goes on over the forehead, brows are drawn where hair hid them, and hair from above is laid
    along the hairline.

    Args:
        scene: the person.
        change: how far.
    """
    if abs(head_pose(scene.crop.landmarks).yaw) > ASIDE:
        return (), "the head is turned too far"
    if scene.brows_hidden > HIDDEN:
        return (), "hair hides the brows"
    if why := no_strands(scene):
        return (), why
    hairy = (scene.hair > HAIRY).astype(np.uint8)
    whole = np.ones((SIZE, SIZE), np.float32)
    scalp = cover_skull(scene, fit_skull(scene.crop.landmarks, SIZE), whole, hairy)
    if scalp is None:
        return (), "too little of the face is seen"
    below = (scene.hair * scene.below((NOSE_TIP,), 0.1)).sum()
    parted = bool(below > LONG * scene.hair.sum())
    locks = _locks(scene, parted)
    if len(locks) < FEWEST:
        return (), "too little hair is seen above the forehead"
    bare = _bare(scene, change, scalp, hairy, RAISED if parted else RAISED + BELOW)
    hair = Fringe(
        hair=scene.hair,
        roots=locks[:, :2],
        tips=locks[:, 2:4],
        widths=locks[:, 4],
        down=scene.down if parted else -scene.down,
        bow=0.55 if parted else 1.0,
        shadow=SHADOW,
        size=SIZE,
        unit=scene.unit,
        seed=scene.seed,
        strength=change.strength,
    )
    if scene.brows_hidden < SLIGHT:
        return (bare, hair), ""
    return (bare, _brows(scene, change, bare), hair), ""


def _bare(
    scene: Scene, change: AttributeChange, scalp: Scalp, hairy: np.ndarray, raised: float
) -> BareHead:
    """Return skin in place of hair, from the eyes up to some eye distances above the mesh."""
    unit, points = scene.unit, scene.crop.landmarks[:, :2].astype(np.float64)
    ring = points[[*HAIRLINE[1:-1], *OUTER_EYE_CORNERS[::-1]]]
    oval = fill_polygon(ring, (SIZE, SIZE)).astype(np.float32)
    shift = np.column_stack([np.eye(2), -raised * unit * scene.down])
    room = np.maximum(oval, cv2.warpAffine(oval, shift, (SIZE, SIZE)))
    room = cv2.GaussianBlur(room, (0, 0), 0.06 * unit) * (1 - scene.below(LIDS, 0.12))
    cover = np.maximum(cv2.dilate(hairy, disc(0.06 * unit)), scalp.locks).astype(np.float32)
    # What is parsed as brows below hair is its tips, too.
    seen = scene.seen((Region.EYES, Region.EYEGLASSES, Region.NOSE))
    seen = np.maximum(seen, scene.seen((Region.BROWS,)) * (1 - _hidden(scene)))
    free = 1 - np.clip(2 * seen - 0.3, 0, 1)
    known = scalp.known.astype(np.float32)
    return BareHead(
        cover=(cv2.GaussianBlur(cover, (0, 0), 0.025 * unit) * free * room).astype(np.float32),
        head=np.ones((2, 2), np.float32),
        slope=1.0,
        skin=scalp.skin,
        behind=scalp.skin,
        mirror=np.zeros((2, 2, 3), np.float32),
        known=(known, known),
        size=SIZE,
        unit=unit,
        seed=scene.seed,
        strength=change.strength,
    )


def _brows(scene: Scene, change: AttributeChange, bare: BareHead) -> Growth:
    """Return hairs of the brows where hair of the head hid them."""
    pixels = scene.crop.pixels + bare.cover[..., None] * (bare.skin - scene.crop.pixels)
    light = light_on(replace(scene, crop=replace(scene.crop, pixels=pixels)))
    made = thicken(scene, change, light)
    where = cv2.GaussianBlur(scene.within_brows * _hidden(scene), (0, 0), 0.02 * scene.unit)
    return replace(made, allowed=THROUGH * where)


def _hidden(scene: Scene) -> np.ndarray:
    """Return 1 where hair of the head may hide brows, (S, S) float32."""
    return cv2.dilate((scene.hair > HAIRY).astype(np.float32), disc(0.05 * scene.unit))


def _locks(scene: Scene, parted: bool) -> np.ndarray:
    """Return locks along the hairline, (N, 5): root, tip and width in crop pixels."""
    points = scene.crop.landmarks[:, :2].astype(np.float64)
    down = scene.down
    frame = scene.unit * np.array([[down[1], -down[0]], down])
    line = (points[list(HAIRLINE)] - points[FOREHEAD]) @ np.linalg.inv(frame)
    line[:, 1] -= RAISED * np.sqrt(np.sin(np.linspace(0, np.pi, len(line))))
    line = line[np.argsort(line[:, 0])]
    made = (_falling if parted else _rising)(line, np.random.default_rng(scene.seed + 6))
    places = points[FOREHEAD] + np.stack([made[:, :2], made[:, 2:4]]) @ frame
    # What hair is to come from has to be there.
    at = np.clip(np.round(places[0 if parted else 1]).astype(int), 0, SIZE - 1)
    locks = np.column_stack([*places, scene.unit * made[:, 4]])
    return locks[scene.hair[at[:, 1], at[:, 0]] > ROOTED].astype(np.float32)


def _falling(line: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Return (N, 5) locks from beside a parting to the temples, in eye distances across and down.

    Args:
        line: (K, 2) the hairline, from left to right.
        draw: what is by chance.
    """
    part, made = draw.uniform(-0.15, 0.15), []
    for count, widths in PARTED:
        side = np.where(np.arange(count) % 2, 1.0, -1.0)
        far = np.where(side > 0, line[-1, 0], line[0, 0])
        x = part + (1.12 - 0.3 * draw.uniform(size=count) ** 2) * (far - part)
        lift = draw.uniform(0, 0.5, count)
        y = np.interp(x, *line.T) - 0.5 * lift + draw.uniform(0, 0.25, count)
        top = np.interp(part, *line.T) - lift
        root = part + side * draw.uniform(0, 0.08, count)
        made.append(np.column_stack([root, top, x, y, draw.uniform(*widths, count)]))
    return np.vstack(made)


def _rising(line: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Return locks that are brushed up from the hairline, see `_falling`."""
    lean, made = draw.choice([-1.0, 1.0]) * draw.uniform(0.1, 0.25), []
    for layer, (count, widths) in enumerate(BRUSHED):
        x = draw.uniform(line[0, 0], line[-1, 0], count)
        y = np.interp(x, *line.T) + 0.08 - 0.03 * layer + draw.normal(0, 0.03, count)
        aside = x + 0.15 * x + lean + draw.normal(0, 0.06, count)
        tip = y - draw.uniform(0.25, 0.5, count)
        made.append(np.column_stack([x, y, aside, tip, draw.uniform(*widths, count)]))
    return np.vstack(made)
