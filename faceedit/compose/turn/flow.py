"""Where the pixels of a turned face come from, by its mesh."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from faceedit.compose.mesh_flow import fill
from faceedit.compose.turn.head import Head, mesh_points
from faceedit.faces.raster import MeshRaster, fill_polygon, rasterize_mesh
from faceedit.faces.topology import EYES, FACE_OVAL, INNER_LIPS, N_SURFACE, mirror
from faceedit.ramps import ramp

BEHIND = 0.1
"""Eye distances by which a point lies behind another that hides it."""
GRAZING = (0.05, 0.22)
"""z of normals in the photo from which on skin is shown well enough to be used."""
OUTLINE = 0.035
"""Eye distances within which a person's outline is not sure."""
SMOOTH = 0.022
"""Eye distances over which the flow of the face is smoothed."""
INSIDE = 0.03
"""Of the mesh's outline, which no landmark finds exactly."""
CLEARER = (0.1, 0.3)
"""By how much more a mirror image faces the camera, from where on it is better."""
YIELDS = (0.05, 0.3)
"""How far skin is held by an outline, from where on it goes over into what is around."""
BARELY = 0.02
"""Opacity that is not seen."""
SPOT = 0.08
"""Radius below which a part that is not seen is not worth a mirror image."""
FACING = (0.22, 0.45)
"""z of normals in the photo from which on a mirror image is used, and is not needed."""


@dataclass(frozen=True)
class Layer:
    """A part of the turned head.

    Attributes:
        flow: (S, S, 2) float32 pixels: where it comes from, less its own place.
        opacity: (S, S) float32 in [0, 1].
        log_ratio: (S, S, 3) float32, of brightness; None changes none.
    """

    flow: np.ndarray
    opacity: np.ndarray
    log_ratio: np.ndarray | None = None


def face_layers(
    head: Head,
    target: np.ndarray,
    around: np.ndarray,
    towards: np.ndarray,
    reflected: float | np.ndarray = 0.0,
    sides: tuple[np.ndarray, np.ndarray] | None = None,
) -> tuple[Layer, Layer, np.ndarray]:
    """Return the face as the mesh shows it, and what only its mirror image shows.

    Args:
        head: in the photo.
        target: (468, 3) x, y and depth of the turned face.
        around: as `flow_around` returns it.
        towards: (468,) float32, as `facing` returns it of the photo's landmarks.
        reflected: how far the mirror image is shown whatever the photo shows: of the far half of a
            head that is straightened, (S, S) float32 in [0, 1].
        sides: as `far_rim` and `near_hold` return them: what is far moves as what is around,
            before which it would stand out, and what is held is left to it.

    Returns:
        Both, and how far the photo shows both, (S, S) float32 in [0, 1]: it tells their light.
    """
    size, skin = head.size, head.landmarks[:N_SURFACE]
    source = mesh_points(skin)
    photo = rasterize_mesh(skin, (size, size), hide=True)
    drawn = rasterize_mesh(mesh_points(target), (size, size), hide=True)
    front = photo.interpolate(source[:, 2:])[..., 0]
    front = np.where(photo.inside, front, -1e4).astype(np.float32)
    rings = [fill_polygon(target[list(ring), :2], (size, size)) for ring in (*EYES, INNER_LIPS)]
    holes = np.max(rings, axis=0) > 0
    own, shown = _layer(source, towards, drawn, front, head, around, holes)
    if sides is not None:
        own = own + looked_up(sides[0], own)[..., None] * (around - own)
    other = mirror()[:N_SURFACE]
    twin, seen = _layer(source[other], towards[other], drawn, front, head, around, holes)
    here, there = np.moveaxis(drawn.interpolate(np.column_stack([towards, towards[other]])), -1, 0)
    both = seen * cv2.erode(shown, np.ones((3, 3), np.uint8))
    seen *= np.where(holes, 1, ramp(there, FACING))
    better = seen * ramp(there - here, CLEARER) * (1 - ramp(here, FACING))
    better += reflected * (seen - better)
    shown = _closed(shown * (1 - better), SPOT * head.unit)
    # The mirror image lies under the face, and nothing shows between them.
    seen *= cv2.dilate((shown < 1 - BARELY).astype(np.uint8), np.ones((3, 3), np.uint8))
    inside = _inside(mesh_points(target), drawn, head.unit)
    if sides is not None:
        inside *= 1 - ramp(looked_up(sides[1], own), YIELDS)
    # Hair over a face moves with the hair around, and hides what is under it.
    inside *= 1 - cv2.GaussianBlur(looked_up(head.hair, own), (0, 0), SMOOTH * head.unit)
    seen *= 1 - looked_up(head.hair, twin)
    return Layer(own, inside * shown), Layer(twin, inside * seen), inside * both


def _layer(
    source: np.ndarray,
    towards: np.ndarray,
    drawn: MeshRaster,
    front: np.ndarray,
    head: Head,
    around: np.ndarray,
    holes: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the flow of the drawn face from where its points are, and how far these are seen."""
    here = pixel_grid(head.size)
    # What lies behind would show through eyes and mouth: they go with what is around them.
    known = drawn.inside & ~holes
    values = drawn.interpolate(np.column_stack([source, towards]))
    own = np.where(known[..., None], values[..., :2] - here, 0).astype(np.float32)
    flow = np.where(known[..., None], own, around)
    flow[holes] = fill(own, known.astype(np.float32))[holes]
    at = here + flow
    met = cv2.remap(
        front, at[..., 0], at[..., 1], cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE
    )
    clear = (values[..., 2] > met - BEHIND * head.unit).astype(np.float32)
    clear *= ramp(values[..., 3], GRAZING)
    person = (head.matte * head.valid).astype(np.float32)
    # Skin seen at a grazing angle is mixed with the wall behind it.
    width = 2 * max(1, round(OUTLINE * head.unit)) + 1
    inner = cv2.erode(person, np.ones((width, width), np.uint8))
    matte = np.where(values[..., 3] > 0.5, looked_up(person, flow), looked_up(inner, flow))
    clear = cv2.morphologyEx(
        np.where(known, clear, 1).astype(np.float32), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)
    )
    clear = cv2.GaussianBlur(clear, (0, 0), 0.012 * head.unit) * np.clip(1.4 * matte - 0.2, 0, 1)
    return _smooth_within(flow, known | holes, SMOOTH * head.unit), clear


def _inside(target: np.ndarray, drawn: MeshRaster, unit: float) -> np.ndarray:
    """Return the drawn face without its outermost rim, soft, eyes and mouth too."""
    hull = cv2.morphologyEx(
        drawn.inside.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)
    )
    oval = fill_polygon(target[list(FACE_OVAL), :2], hull.shape) > 0.5
    depth = cv2.distanceTransform(np.maximum(hull, oval).astype(np.uint8), cv2.DIST_L2, 5)
    rise = np.clip(depth / (INSIDE * unit), 0, 1).astype(np.float32)
    return cv2.GaussianBlur(rise, (0, 0), 0.6)


def _closed(shown: np.ndarray, radius: float) -> np.ndarray:
    """Return what is shown without its spots: what is hidden by little is stretched."""
    width = 2 * round(radius) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
    return cv2.morphologyEx(shown, cv2.MORPH_CLOSE, kernel)


def _smooth_within(flow: np.ndarray, known: np.ndarray, over: float) -> np.ndarray:
    """Smooth a flow where it is known, from what is known."""
    share = known.astype(np.float32)
    held = cv2.GaussianBlur(share, (0, 0), over)[..., None]
    smooth = cv2.GaussianBlur(flow * share[..., None], (0, 0), over)
    return np.where(held > 0.05, smooth / np.maximum(held, 1e-3), flow).astype(np.float32)


def looked_up(field: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """Return a (S, S, ...) field at each pixel's own place plus flow."""
    at = pixel_grid(field.shape[0]) + flow
    return cv2.remap(field, at[..., 0], at[..., 1], cv2.INTER_LINEAR)


@lru_cache(maxsize=8)
def pixel_grid(size: int) -> np.ndarray:
    """Return each pixel's own place, (S, S, 2) float32, not to be written to."""
    steps = np.arange(size, dtype=np.float32)
    grid = np.dstack(np.meshgrid(steps, steps))
    grid.flags.writeable = False
    return grid
