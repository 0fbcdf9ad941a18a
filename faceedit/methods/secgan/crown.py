"""Short hair on a bald head, as a detail of an edit."""

import cv2
import numpy as np

from faceedit.compose.blur import blur_wide
from faceedit.compose.growth.draw import Growth, Hairs
from faceedit.compose.hair.skull import Skull, fit_skull
from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import FACE_OVAL
from faceedit.methods.secgan.beard import deep_rgb
from faceedit.methods.secgan.look import FOREHEAD, SIZE, Scene
from faceedit.methods.secgan.scalp import disc
from faceedit.regions import Region
from faceedit.targets import AttributeChange
from faceedit.tones import LUMA

COUNT = 5200
"""Hairs on a square of the eye distance."""
LENGTH = (0.07, 0.16)
"""Of hairs at the sides and on top, in eye distances."""
WIDTH = (0.0012, 0.0022)
"""Of hairs, in eye distances."""
UNEVEN = 0.24
"""Spread of the log brightness of neighbouring hairs."""
JITTER, LIFT = 0.35, 0.55
"""Radians by which neighbours differ, and how far hairs stand off the skull, of their length."""
SHADE = 0.85
"""Opacity of what roots give to the skin below."""
LIGHT = (0.55, 1.35)
"""Bounds of the light on hair, beside that on most of it: skin shines more."""
BROAD = 0.12
"""Eye distances over which that light is even."""
RAISED, EDGE = 0.1, 0.16
"""Eye distances by which hair begins above the mesh, and over which it becomes dense."""
OUT = 0.1
"""Eye distances beyond the head that hairs reach."""
POINTS = 5
"""Of a hair."""
TEMPLES = (127, 356)
"""Mesh points down to which hair grows before the ears."""
FEWEST = 60
"""Pixels of hair below which it tells no colour."""
LEAST = 0.5
"""Squares of the eye distance of the head that have to be seen above the hairline."""


def grow_crown(scene: Scene, change: AttributeChange) -> tuple[Growth | None, str]:
    """Return short hair over a skull in the colour of brows and hair, or why none can grow.

    Args:
        scene: the person.
        change: how far.
    """
    unit, skull = scene.unit, fit_skull(scene.crop.landmarks, SIZE)
    density = _density(scene, skull)
    if density.sum() < LEAST * unit**2:
        return None, "too little of the head is seen"
    draw = np.random.default_rng(scene.seed + 7)
    roots = _roots(density, COUNT / unit**2, draw)
    curves = _curves(roots, scene, skull, draw)
    luma = blur_wide(scene.crop.pixels @ LUMA.astype(np.float32) * density, BROAD * unit)
    light = luma / (blur_wide(density, BROAD * unit) + np.float32(1e-3))
    light = np.clip(light / np.median(light[density > 0.5]), *LIGHT)
    colour = _colour(scene)
    at = np.clip(roots.round().astype(int), 0, SIZE - 1)
    factor = np.exp(draw.normal(0, UNEVEN, len(roots))) * light[at[:, 1], at[:, 0]]
    order = np.argsort(factor + draw.normal(0, 0.25, len(roots)))
    shape = cv2.dilate((density > 0.02).astype(np.float32), np.ones((3, 3)))
    near = cv2.dilate(shape, disc(OUT * unit))
    kept = scene.seen((Region.EARS, Region.BROWS, Region.EYES, Region.EYEGLASSES, Region.NECK))
    allowed = cv2.GaussianBlur(near, (0, 0), 0.02 * unit) * (1 - np.clip(2 * kept, 0, 1))
    made = Growth(
        hairs=Hairs(
            curves[order],
            np.clip(colour * factor[order, None], 0, 1).astype(np.float32),
            draw.uniform(*WIDTH, len(roots)).astype(np.float32),
        ),
        roots=np.float32(SHADE) * cv2.GaussianBlur(density, (0, 0), 0.02 * unit),
        allowed=allowed.astype(np.float32),
        colour=np.clip(light[..., None] * colour * 0.9, 0, 1).astype(np.float32),
        size=SIZE,
        unit=unit,
        strength=change.strength,
    )
    return made, ""


def _colour(scene: Scene) -> np.ndarray:
    """Return (3,) RGB of the hair that beards and the head's sides have, else of brows."""
    shown = scene.placed(Region.HAIR) > 0.7
    if shown.sum() < FEWEST:
        return deep_rgb(scene)
    return np.median(scene.crop.pixels[shown], axis=0)


def _density(scene: Scene, skull: Skull) -> np.ndarray:
    """Return how densely hair is to stand, (S, S) float32 in [0, 1]."""
    unit, points = scene.unit, scene.crop.landmarks[:, :2].astype(np.float64)
    shift = np.column_stack([np.eye(2), -RAISED * unit * scene.down])
    face = fill_polygon(points[list(FACE_OVAL)], (SIZE, SIZE)).astype(np.uint8)
    face = np.maximum(face, cv2.warpAffine(face, shift, (SIZE, SIZE)))
    away = cv2.distanceTransform(1 - face, cv2.DIST_L2, 5) / np.float32(EDGE * unit)
    head = np.clip(2 * scene.person - 0.5, 0, 1) * (skull.radius < 1.25)
    head *= 1 - scene.below(TEMPLES, 0.2)
    head *= 1 - np.clip(2 * scene.seen((Region.EARS, Region.CLOTHES)), 0, 1)
    # Who has hair at the sides keeps it.
    return (head * np.clip(away, 0, 1) * (1 - scene.hair)).astype(np.float32)


def _roots(density: np.ndarray, each: float, draw: np.random.Generator) -> np.ndarray:
    """Return (N, 2) places of roots: `each` on a pixel where hair is dense."""
    rows, columns = np.nonzero(density > 0.02)
    number = draw.poisson(each * density[rows, columns])
    places = np.column_stack([np.repeat(columns, number), np.repeat(rows, number)])
    return places + draw.uniform(-0.5, 0.5, places.shape)


def _curves(roots: np.ndarray, scene: Scene, skull: Skull, draw: np.random.Generator) -> np.ndarray:
    """Return hairs, (N, POINTS, 2) float32: from the crown down the skull, and off it."""
    at = np.clip(roots.round().astype(int), 0, SIZE - 1)
    normals = skull.normals[at[:, 1], at[:, 0]] * np.array([1, -1, 1])
    points = scene.crop.landmarks[:, :2].astype(np.float64)
    up = -scene.down
    crown = skull.centre + 0.9 * scene.unit * up
    way = np.column_stack([roots - crown, np.zeros(len(roots))])
    way /= np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-6)
    way -= (way * normals).sum(1, keepdims=True) * normals
    way /= np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-6)
    waves = sum(
        0.15 * np.sin(roots @ draw.normal(0, 9 / scene.unit, 2) + draw.uniform(0, 6.28))
        for _ in range(4)
    )
    angle = draw.normal(0, JITTER, len(roots)) + waves
    cosine, sine = np.cos(angle)[:, None], np.sin(angle)[:, None]
    way = cosine * way + sine * np.cross(normals, way)
    above = np.clip((roots - points[FOREHEAD]) @ up / scene.unit, 0, 0.6) / 0.6
    length = scene.unit * (LENGTH[0] + (LENGTH[1] - LENGTH[0]) * above)
    length = length * draw.uniform(0.5, 1.0, len(roots))
    t = np.linspace(0, 1, POINTS)[:, None, None]
    curves = way * t + normals * LIFT * (t - 0.6 * t * t)
    curves = roots + curves[..., :2] * length[:, None]
    return curves.transpose(1, 0, 2).astype(np.float32)
