"""A fringe, as a detail of an edit."""

import numpy as np

from faceedit.compose.hair.fringe import Fringe
from faceedit.compose.hair.locks import TRIES, find_pieces
from faceedit.faces.pose import head_pose
from faceedit.faces.topology import BROWS, OUTER_EYE_CORNERS
from faceedit.methods.secgan.eyewear import WORN
from faceedit.methods.secgan.look import FOREHEAD, SIZE, Scene
from faceedit.targets import AttributeChange

LAYERS = (
    (40, (0.1, 0.2)),
    (50, (0.05, 0.14)),
    (40, (0.03, 0.1)),
    (45, (0.008, 0.02)),
)
"""Locks of each layer, the lowest first, and bounds of their widths in eye distances; the last are
single strands."""
FEWEST = 90
"""Locks that have to find a root."""
ROOT, SWEEP = 0.74, 1.05
"""How far from the middle locks begin and end, of their place across: they come from the crown."""
WIDE = 1.12
"""Half the fringe's width, of the forehead's."""
TIPS, SIDES, UNEVEN = (0.06, 0.05), 0.3, 0.05
"""Where locks end below the middle of the brows, of the lowest layer and how much higher each layer
above; how much lower at the sides; and by how much they differ, in eye distances."""
INSIDE = (0.1, 0.08, 0.1)
"""Eye distances above the hairline where locks begin, of the lowest layer, how much higher each
layer above, and by how much they differ."""
SHALLOW, DEEPEST = 0.12, 0.7
"""Least height of hair above the forehead, in eye distances, and share of it within which locks
begin."""
BROW_ROOT = 168
"""Mesh point between the eyes."""
HIGHEST = 1.2
"""Eye distances above the middle of the forehead within which hair begins."""
TEMPLES = (54, 284)
ASIDE = 35.0
"""Degrees of yaw beyond which a forehead is not seen from the front."""
OVER = 0.25
"""Of the brows, that hair may hide."""
LEAST = 1.1
"""Hair that is seen, in squares of the eye distance: less is too short to fall."""
STRAIGHT, WHOLE = 0.72, 0.08
"""How alike strands are in the 20th best piece of hair, and the share of places with a whole piece:
curls cannot be cut."""


def grow_fringe(scene: Scene, change: AttributeChange) -> tuple[Fringe | None, str]:
    """Return a fringe cut from a person's own hair, or why that would not look real.

    Args:
        scene: the person.
        change: how far.
    """
    if reason := _why_not(scene):
        return None, reason
    unit, points = scene.unit, scene.crop.landmarks[:, :2].astype(np.float64)
    down = scene.down
    left, right = (points[k] for k in OUTER_EYE_CORNERS)
    across = right - left - ((right - left) @ down) * down
    across /= np.linalg.norm(across)
    middle = 0.5 * (points[FOREHEAD] + points[BROW_ROOT])
    brow = float(((points[[k for ring in BROWS for k in ring]] - middle) @ down).mean())
    near = WIDE * ((points[list(TEMPLES)] - middle) @ across)
    draw = np.random.default_rng(scene.seed + 5)
    locks = []
    for layer, (count, widths) in enumerate(LAYERS):
        for k in range(count):
            at = (k + draw.uniform()) / count * 2 - 1
            x = float(np.interp(at, (-1, 0, 1), (near[0], 0, near[1])))
            line, deep = _hairline(scene, middle + 0.85 * x * across, down)
            if deep < SHALLOW * unit:
                continue
            tip = TIPS[0] - TIPS[1] * layer + SIDES * at * at + draw.normal(0, UNEVEN)
            root = INSIDE[0] + INSIDE[1] * layer + draw.uniform(0, INSIDE[2])
            aside = SWEEP * x + unit * draw.normal(0.02, UNEVEN)
            root = min(unit * root, DEEPEST * deep)
            begin = middle + ROOT * x * across + (line - root) * down
            end = middle + aside * across + (brow + unit * tip) * down
            locks.append((*begin, *end, unit * draw.uniform(*widths)))
    if len(locks) < FEWEST:
        return None, "too little hair is seen above the forehead"
    table = np.array(locks, np.float32)
    made = Fringe(
        hair=scene.hair,
        roots=table[:, :2],
        tips=table[:, 2:4],
        widths=table[:, 4],
        down=down,
        size=SIZE,
        unit=unit,
        seed=scene.seed,
        strength=change.strength,
    )
    return made, ""


def _why_not(scene: Scene) -> str:
    """Return why a fringe would not look real; empty where it can."""
    if abs(head_pose(scene.crop.landmarks).yaw) > ASIDE:
        return "the head is turned too far"
    if scene.logit("eyeglasses") > WORN:
        return "spectacles are in the way"
    if scene.hair.sum() < LEAST * np.square(scene.unit):
        return "the hair is short, or little of it is seen"
    if scene.brows_hidden > OVER:
        return "hair hides the brows already"
    return no_strands(scene)


def no_strands(scene: Scene) -> str:
    """Return why locks cannot be cut out of the hair; empty where they can."""
    draw = np.random.default_rng(scene.seed)
    _, alike = find_pieces(scene.crop.pixels, scene.hair, scene.unit, draw)
    if len(alike) < WHOLE * TRIES or alike[19] < STRAIGHT:
        return "the hair has no straight strands to take"
    return ""


def _hairline(scene: Scene, start: np.ndarray, down: np.ndarray) -> tuple[float, float]:
    """Return where hair begins above a point, and how high it is there, in pixels.

    The first counts down the face from the point; where there is no hair the second is 0.
    """
    steps = np.arange(0, 2.0 * scene.unit)
    x, y = np.clip(np.round(start - steps[:, None] * down), 0, SIZE - 1).astype(int).T
    bare = scene.hair[y, x] < 0.6
    first = int(bare.argmin())
    if bare[first] or first > HIGHEST * scene.unit:
        return 0.0, 0.0
    above = bare[first:]
    return -float(first), float(above.argmax() if above.any() else len(above))
