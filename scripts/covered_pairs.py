"""Portraits with their eyes or chins covered, and as they are: what `teach_uncover` learns from.

Spectacles are drawn, of kinds, sizes and colours by chance. Half the beards and moustaches are
drawn, too, of all lengths, densities and colours; half are other people's: their hair over what
their skin is without it, as log ratios that the mesh takes from face to face.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np

from faceedit.compose.canvas import Detail
from faceedit.compose.compose import compose
from faceedit.compose.edit import Edit, RasterPaint
from faceedit.compose.eyewear.styles import STYLES, Style
from faceedit.compose.growth.beard import beard_map, moustache_map
from faceedit.compose.mesh_flow import extend, fill
from faceedit.faces.raster import fill_polygon, rasterize_mesh
from faceedit.faces.topology import N_SURFACE, OUTER_LIPS
from faceedit.methods.secgan.beard import allowed, grow_beard, on_face
from faceedit.methods.secgan.eyewear import wear
from faceedit.methods.secgan.look import SIZE, Scene
from faceedit.methods.secgan.measured import Measured
from faceedit.methods.secgan.scalp import DARKEST, light_of
from faceedit.methods.secgan.shave import bare_of_hair
from faceedit.targets import AttributeChange

FEWEST = 200
"""Pixels of bare skin below which its colour is not known."""
SEEN = (0.08, 0.23)
"""Log ratios to bare skin from which on there is hair, and is for sure."""
ALIKE = 14.0
"""L* by which the skin of who lends a beard differs."""
STRONGEST = 2.5
"""Bound of log ratios."""


@dataclass(frozen=True)
class Lent:
    """Somebody's beard.

    Attributes:
        landmarks: (478, 3) mesh points of who has it, in crop pixels.
        light: L* of the skin.
        ratio: (S, S, 4) float32, log of hair over skin, and how far there is hair.
    """

    landmarks: np.ndarray
    light: float
    ratio: np.ndarray


def spectacles(scene: Scene, count: int, draw: np.random.Generator) -> Iterator[np.ndarray]:
    """Draw a person with pairs of spectacles, (S, S, 3) uint8 each."""
    for kind in draw.permutation([name for name in STYLES if name != "sunglasses"])[:count]:
        style = _varied(STYLES[kind][draw.integers(len(STYLES[kind]))], draw)
        yield _drawn(scene, wear(scene, style, int(draw.integers(1_000_000)), 1.0))


def beards(
    scene: Scene, count: int, lent: list[Lent], measured: Measured, draw: np.random.Generator
) -> Iterator[np.ndarray]:
    """Draw a person with beards or moustaches, (S, S, 3) uint8 each."""
    like = [one for one in lent if abs(one.light - scene.skin_light) < ALIKE]
    for k in range(count):
        if k % 2 and like:
            yield _worn(scene, like[draw.integers(len(like))])
        elif (grown := _grown(scene, measured, draw)) is not None:
            yield _drawn(scene, grown)


def lend(scene: Scene) -> Lent | None:
    """Return a person's beard as log ratios to the skin below; None where too little is seen."""
    points, logs = scene.crop.landmarks, np.log(scene.crop.pixels + DARKEST)
    density = cv2.dilate(on_face(np.maximum(beard_map(), moustache_map()), points), _square(5))
    known = bare_of_hair(scene)
    if known.sum() < FEWEST:
        return None
    light = light_of(scene.normals, logs, known)
    rest = cv2.GaussianBlur(fill(logs - light, known.astype(np.float32)), (0, 0), 0.08 * scene.unit)
    ratio = np.clip(logs - light - rest, -STRONGEST, STRONGEST)
    wide = np.abs(cv2.GaussianBlur(ratio, (0, 0), 0.03 * scene.unit)).max(-1)
    share = np.clip(2 * cv2.GaussianBlur(density, (0, 0), 1.5), 0, 1)
    share *= np.clip((wide - SEEN[0]) / (SEEN[1] - SEEN[0]), 0, 1)
    share = cv2.GaussianBlur(cv2.dilate(share, _square(3)), (0, 0), 1.2)
    share[fill_polygon(points[list(OUTER_LIPS), :2].astype(np.float64), (SIZE, SIZE)) > 0.3] = 0
    inside = rasterize_mesh(points[:N_SURFACE], (SIZE, SIZE)).inside
    both = extend(np.dstack([ratio, share]), inside, 0.12 * scene.unit)
    return Lent(points, scene.skin_light, both.astype(np.float32))


def _worn(scene: Scene, lent: Lent) -> np.ndarray:
    points = scene.crop.landmarks
    raster = rasterize_mesh(points[:N_SURFACE], (SIZE, SIZE))
    shift = raster.interpolate((lent.landmarks - points)[:N_SURFACE, :2].astype(np.float64))
    way = fill(shift, raster.inside.astype(np.float32)).astype(np.float32)
    x, y = np.meshgrid(*[np.arange(SIZE, dtype=np.float32)] * 2)
    found = cv2.remap(lent.ratio, x + way[..., 0], y + way[..., 1], cv2.INTER_CUBIC)
    share = (np.clip(found[..., 3], 0, 1) * allowed(scene))[..., None]
    made = (scene.crop.pixels + DARKEST) * np.exp(share * found[..., :3]) - DARKEST
    return np.rint(np.clip(made, 0, 1) * 255).astype(np.uint8)


def _grown(scene: Scene, measured: Measured, draw: np.random.Generator) -> Detail | None:
    name = "beard" if draw.random() < 0.7 else "moustache"
    change = AttributeChange(name, True, float(draw.uniform(0.1, 1.1)))
    tones = measured.hair[str(draw.choice(sorted(measured.hair)))]
    dye = (tones, float(draw.random())) if draw.random() < 0.6 else None
    made = grow_beard(scene, change, dye, int(draw.integers(1_000_000)))
    if made is None:
        return None
    hairs = replace(
        made.hairs,
        widths=made.hairs.widths * np.float32(draw.uniform(0.7, 2.0)),
        colours=np.clip(made.hairs.colours * np.float32(np.exp(draw.normal(0, 0.25))), 0, 1),
    )
    return replace(made, hairs=hairs, roots=made.roots * np.float32(draw.uniform(0.3, 1.3)))


def _drawn(scene: Scene, detail: Detail) -> np.ndarray:
    nothing = np.zeros((2, 2, 3), np.float32)
    paint = RasterPaint(nothing, SIZE)
    edit = Edit(
        nothing[..., :2], nothing, nothing[..., 0], paint, SIZE, details=(detail,), on_top=True
    )
    mask = np.pad(np.ones((SIZE - 2, SIZE - 2), np.float32), 1)
    return compose(scene.crop.to_bytes(), edit, np.eye(2, 3), mask)


def _varied(style: Style, draw: np.random.Generator) -> Style:
    """Return spectacles of another size and colour."""
    half = np.array(style.half) * [min(draw.uniform(0.88, 1.12), 1.08), draw.uniform(0.78, 1.22)]
    colour = np.clip(np.array(style.colour) * draw.uniform(0.6, 1.6) + draw.uniform(0, 0.06), 0, 1)
    tint = np.clip(np.array(style.opacity) * draw.uniform(0.5, 3), 0, 0.3)
    return replace(
        style,
        half=tuple(half.tolist()),
        colour=tuple(colour.tolist()),
        opacity=tuple(tint.tolist()),
        rim=style.rim * draw.uniform(0.7, 1.5),
        side=style.side * draw.uniform(0.7, 1.3),
    )


def _square(side: int) -> np.ndarray:
    return np.ones((side, side), np.uint8)
