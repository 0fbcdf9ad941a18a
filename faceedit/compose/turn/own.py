"""What a photo shows of the far half of a head that is straightened.

Depth beside a face is not known well. But both halves of a head have one shape: where the far one's
points were in the photo is told by those of the near one, reflected in the head's own middle.
"""

import cv2
import numpy as np

from faceedit.compose.mesh_flow import extend
from faceedit.compose.turn.flow import pixel_grid
from faceedit.compose.turn.half import Half
from faceedit.compose.turn.head import CAMERA, Head, mesh_points
from faceedit.compose.turn.reach import STEP, STEPS, first, sampled
from faceedit.faces.raster import fill_polygon, rasterize_mesh
from faceedit.faces.topology import FACE_OVAL, N_SURFACE, mirror

COARSER = 2
"""Pixels for one in which this flow, which is smooth, is told."""
RIM = 0.5
"""Eye distances beyond the face over which what the mesh and the reflection say is reconciled."""
STRETCH = 0.3
"""Share of its width that a part has in the photo, below which it is not shown well enough."""
OUTLINE = 0.035
"""Eye distances within a person's outline where colours mix with the wall's."""
NOSE, LEAST = 0.45, 0.1
"""How far from its middle a face's nose reaches at most, and what is seen at least."""
EDGE = 0.035
"""Within the far edge of a photo's face, where it may be hair or wall."""
FAR_EDGE, OTHER_EDGE = slice(3, 15), slice(22, 34)
"""Points of the oval there: of a head that looks to the picture's right, and left."""
EVEN, EVEN_WIDTH = 0.1, 0.06
"""Heights over which the end is smoothed, and way outwards over which the share of a width is."""


def own_flow(head: Head, half: Half, twin: np.ndarray) -> np.ndarray:
    """Return the flow of a far half from where the photo has it, (S, S, 2) float32.

    Args:
        head: in the photo.
        half: where it will be.
        twin: (S, S, 2) float32, the flow of its mirror image.
    """
    size = head.size // COARSER
    small = cv2.resize(twin, (size, size), interpolation=cv2.INTER_AREA)
    here = pixel_grid(size) * COARSER + np.float32((COARSER - 1) / 2)
    at = here + small
    depth = cv2.remap(
        head.depth, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    right, far = head.right, np.float32(CAMERA * head.unit)
    points = _upright(head, mesh_points(head.landmarks)[:N_SURFACE])
    middle = np.float32(((points + points[mirror()[:N_SURFACE]]) @ right).mean() / 2)
    away = _upright(head, np.dstack([at, depth]))
    away -= 2 * (away @ right - middle)[..., None] * right
    source = away[..., :2] / (1 - away[..., 2:] / far) + head.axis[:2].astype(np.float32)
    flow = (source - here).astype(np.float32)
    drawn = rasterize_mesh((mesh_points(half.face) + 0.5) / COARSER - 0.5, (size, size), hide=True)
    face = drawn.interpolate(head.landmarks[:N_SURFACE, :2]) - here
    known = drawn.inside & (half.far(here) > half.seam)
    flow += extend(face - flow, known, RIM * head.unit / COARSER)
    return cv2.resize(flow, (head.size, head.size), interpolation=cv2.INTER_LINEAR)


def reach_of_own(head: Head, half: Half, own: np.ndarray) -> np.ndarray:
    """Return how far out of its middle the photo shows a far half, (H,) float32.

    In eye distances, at each of `reach.HEIGHTS`: up to where skin or hair would be stretched by
    too much or are mixed with the wall.

    Args:
        head: in the photo.
        half: where it will be.
        own: as `own_flow` returns it.
    """
    width = 2 * max(1, round(OUTLINE * head.unit)) + 1
    person = (head.matte * head.valid > 0.5).astype(np.uint8)
    inner = cv2.erode(person, np.ones((width, width), np.uint8)).astype(np.float32)
    places = half.places()
    face = sampled(fill_polygon(half.face[list(FACE_OVAL), :2], own.shape[:2]), places) > 0.5
    source = sampled(own, places) + places
    place = half.far(source)
    narrow = cv2.GaussianBlur(np.gradient(place, STEP, axis=1), (0, 0), EVEN_WIDTH / STEP) < STRETCH
    # A nose hides a part, and is no end.
    narrow &= ~face | (half.seam + NOSE < STEPS)
    mixed = face & (sampled(_from_edge(head), source) < EDGE)
    lost = narrow | mixed | (sampled(inner, source) < 0.5)
    return first(lost & (half.seam + LEAST < STEPS), EVEN)


def _from_edge(head: Head) -> np.ndarray:
    """Return how far a place is from the far edge of the photo's face, in eye distances, (S, S)."""
    edge = FACE_OVAL[FAR_EDGE if head.pose.yaw > 0 else OTHER_EDGE]
    free = np.ones((head.size, head.size), np.uint8)
    cv2.polylines(free, [head.landmarks[list(edge), :2].round().astype(np.int32)], False, 0)
    return cv2.distanceTransform(free, cv2.DIST_L2, 5) / np.float32(head.unit)


def _upright(head: Head, points: np.ndarray) -> np.ndarray:
    """Return (..., 3) points from the axis, as a camera far away would see them."""
    away = (points - head.axis).astype(np.float32)
    away[..., :2] *= 1 - away[..., 2:] / np.float32(CAMERA * head.unit)
    return away
