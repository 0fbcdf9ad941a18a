"""A face older or younger, a man's or a woman's: its shape and the relief of its skin."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from faceedit.compose.mesh_flow import mesh_flow
from faceedit.compose.skin_relief import SkinRelief
from faceedit.faces.pose import to_mean_face
from faceedit.faces.raster import fill_polygon, rasterize_mesh
from faceedit.faces.topology import BROW_OUTLINES, EYES, N_SURFACE, OUTER_LIPS, mean_shape
from faceedit.methods.fields.shade_layer import draw_shade
from faceedit.methods.secgan.lines import SPAN, TOP, draw_lines
from faceedit.methods.secgan.look import SIZE, Scene
from faceedit.methods.secgan.skin import skin_of
from faceedit.targets import AttributeChange


@dataclass(frozen=True)
class Difference:
    """How faces of two kinds differ in the mean: old from young, men from women.

    Attributes:
        shade: (A, A, 3) float32 log ratio of the one's skin to the other's, on the atlas.
        shape: (478, 3) float32, from the other's mesh points to the one's, on the mean face.
    """

    shade: np.ndarray
    shape: np.ndarray


@dataclass(frozen=True)
class Way:
    """How far a face goes along a difference.

    Attributes:
        shape: times the difference of shapes.
        shade: times that of shades.
        lighter: share of what becomes lighter: much of it is the hair of others.
        colours: share of what is no grey.
        gains: of pores and lines, and of folds, see `SkinRelief`.
    """

    shape: float
    shade: float
    lighter: float
    colours: float
    gains: tuple[float, float]


WAYS = {
    ("young", False): Way(1.0, 1.5, 0.25, 0.7, (0.9, 0.7)),
    ("young", True): Way(-1.0, -1.3, 0.25, 0.7, (-0.65, -0.7)),
    ("male", True): Way(2.2, 1.7, 0.4, 0.8, (0.25, 0.2)),
    ("male", False): Way(-2.6, -1.8, 0.12, 0.5, (-0.55, -0.5)),
}
"""By attribute, and whether it is set."""
FACES = ("young", "male")
"""Attributes of the whole face."""
GREY = 0.62
"""Share of the way to grey that hair goes."""
SMOOTH = 0.055
"""Eye distances over which a shape's flow is smoothed."""
RIM = 0.07
"""Eye distances from the edge of the mesh over which all fades."""


def reshape(
    scene: Scene, changes: list[tuple[AttributeChange, Difference]]
) -> tuple[np.ndarray, Scene]:
    """Give a face another shape.

    Args:
        scene: the person.
        changes: of `FACES`, one or more.

    Returns:
        The backward flow, (S, S, 2) float32 crop pixels, and the scene with landmarks as they are
        after it.
    """
    shift = sum(
        WAYS[one.attribute, one.on].shape * one.strength * difference.shape
        for one, difference in changes
    )
    before = scene.crop.landmarks
    after = (before + to_mean_face(before).inverse_vectors(np.asarray(shift))).astype(np.float32)
    raster = rasterize_mesh(after[:N_SURFACE], (SIZE, SIZE))
    flow = mesh_flow(before, after, raster, scene.unit, still_eyes=False)
    # At the mesh's edge it has steps, which no difference between people has.
    flow = cv2.GaussianBlur(flow, (0, 0), SMOOTH * scene.unit)
    return flow.astype(np.float32), replace(scene, crop=replace(scene.crop, landmarks=after))


def change_face(scene: Scene, change: AttributeChange, difference: Difference) -> SkinRelief:
    """Return what changes on the skin of a face.

    Args:
        scene: the person, in the new shape.
        change: of `FACES`.
        difference: of that attribute.
    """
    way, ages = WAYS[change.attribute, change.on], change.attribute == "young" and not change.on
    raster = rasterize_mesh(scene.crop.landmarks[:N_SURFACE], (SIZE, SIZE))
    away = cv2.distanceTransform(raster.inside.astype(np.uint8), cv2.DIST_L2, 5)
    rim = np.clip(away / np.float32(RIM * scene.unit), 0, 1)
    bare = 1 - np.clip(1.3 * scene.hair, 0, 1)
    shade = draw_shade(_bounded(way, difference.shade), raster) * (rim * bare)[..., None]
    corner = np.array([-SPAN / 2, TOP])
    places = raster.interpolate((mean_shape()[:N_SURFACE, :2] - corner) / SPAN)
    return SkinRelief(
        log_ratio=shade.astype(np.float32),
        skin=(_creased(scene) * rim).astype(np.float32),
        gains=way.gains,
        places=places.astype(np.float32),
        lines=draw_lines(scene.seed + 3) if ages else np.zeros((2, 2), np.float32),
        size=SIZE,
        unit=scene.unit,
        strength=change.strength,
    )


def _bounded(way: Way, difference: np.ndarray) -> np.ndarray:
    """Return (A, A, 3) log ratios of a way along a difference of shades."""
    wanted = np.float32(way.shade) * difference
    light = wanted.mean(2, keepdims=True)
    bounded = np.where(light > 0, np.float32(way.lighter) * light, light)
    return bounded + np.float32(way.colours) * (wanted - light)


def _creased(scene: Scene) -> np.ndarray:
    """Return where skin has creases of its own: no brows, eyes, lips or hair."""
    skin = skin_of(scene)
    points = scene.crop.landmarks[:, :2].astype(np.float64)
    for ring in (*EYES, *BROW_OUTLINES, OUTER_LIPS):
        inside = fill_polygon(points[list(ring)], (SIZE, SIZE))
        inside = cv2.dilate(inside, np.ones((3, 3), np.uint8))
        skin = skin * (1 - cv2.GaussianBlur(inside, (0, 0), 0.015 * scene.unit))
    return skin
