"""The far half of a head that is straightened: the mirror image of its near half.

What a photo from the side hides, an ear, hair, the outline of a cheek, is much the same on both
sides. So the near half, as it is seen in the mirrored pose, is reflected about the head's middle,
and where the person reached further than that the wall goes on.
"""

import cv2
import numpy as np

from faceedit.compose.turn.below import with_body
from faceedit.compose.turn.flow import Layer, looked_up, pixel_grid
from faceedit.compose.turn.half import FADE, Half
from faceedit.compose.turn.head import Head
from faceedit.compose.turn.own import own_flow, reach_of_own
from faceedit.compose.turn.person import flow_around
from faceedit.compose.turn.reach import HEIGHTS, STEP, extents
from faceedit.faces.raster import fill_polygon
from faceedit.faces.topology import FACE_OVAL
from faceedit.ramps import ramp

STRAIGHT = 0.03
"""Difference of the turns to a pose and to its mirror image up to which they are one."""
SEAM = (0.0, 0.12)
"""Eye distances from the middle of the face over which the mirror image comes in."""
SOLID = (0.45, 0.9)
"""Of a matte, from where on a person's colours are its own, and all of them."""
EASED = (0.0, 0.25)
"""Over which the flow comes to be that of a half which is as wide as the near one."""
SPARE = (-0.1, 0.0)
"""Beyond the end of what the photo shows, up to where the flow is what it would be there."""
LOBES, WIDTHS, CHEEK = (-0.85, -0.45), (1.0, 0.08), 0.08
"""Below the chin, over which ever less beside the face is mirrored upon the wall, how far out, and
how softly: cloth would be a ghost there, and hair cut off."""
NECK = (-0.4, 0.0)
"""Below the chin, over which the mirror image ends."""
HELD = (-0.7, -0.3)
"""Below the chin, over which the outline comes to be the person's own."""
BRIM = (0.7, 1.1)
"""By how much a person reaches further, from where on that is a brim or a plait, and stays."""
LENS, MARGIN = 21, 0.08
"""Heights over which an outline is drawn in as one, as spectacles that stand out are thin, and by
how much more than it shows."""
CROWN = (-2.0, -1.7)
"""Below the middle of the face, over which it comes to be held."""
CALM, NEXT = 0.35, (0.1, 0.6)
"""Eye distances over which the wall's flow is averaged, and from the outline, over which it is."""
WALL = 1.2
"""Beyond the outline, up to where the wall gives way."""


def with_twin(head: Head, half: Half, around: np.ndarray) -> tuple[np.ndarray, Layer, np.ndarray]:
    """Return a person's flow whose far half is as wide as the near one, and a mirror image over it.

    Args:
        head: in the photo.
        half: where the far half will be.
        around: (S, S, 2) float32 backward flow of the person, as `flow_around` returns it.

    Returns:
        The flow; the mirror image, where the photo does not show the far half; and how far it is,
        in eye distances, to where it does not any more, (S, S) float32, infinite on the near half.
    """
    places = pixel_grid(head.size)
    straight = np.abs(half.other - half.turn).max() < STRAIGHT
    image = around if straight else flow_around(head, half.other)
    across = (-2 * half.unit * half.far(places))[..., None] * half.out
    twin = _after(image, across.astype(np.float32))
    person = head.matte * head.valid
    before, mirrored = (looked_up(person, one) for one in (around, twin))
    own, far = own_flow(head, half, twin), half.far(places)
    reach = reach_of_own(head, half, own)
    wanted = np.maximum(extents(half, mirrored), reach)
    # As one over some heights.
    reached = cv2.dilate(extents(half, before)[:, None], np.ones((LENS, 1), np.uint8))[:, 0]
    around = _after(around, half.share * _held(half, reached, wanted, places))
    left = np.interp(half.low(places), HEIGHTS, reach) - far
    part = half.share * ramp(far - half.seam, EASED) * (1 - ramp(half.below(places), NECK))
    around = around + (part * ramp(left, SPARE))[..., None] * (own - around)
    left = np.where(far > half.seam, left, np.inf).astype(np.float32)
    shown = _solid(mirrored) * _upon(half, _solid(before)) * half.share * (1 - ramp(left, FADE))
    return (
        with_body(head, half, around.astype(np.float32)),
        Layer(twin, shown.astype(np.float32)),
        left,
    )


def _upon(half: Half, own: np.ndarray) -> np.ndarray:
    """Return where a mirrored half may lie, (S, S) float32 in [0, 1].

    Args:
        half: where it is.
        own: (S, S) float32 in [0, 1], where the person's own pixels are.
    """
    places = pixel_grid(own.shape[0])
    beyond = (fill_polygon(half.face[list(FACE_OVAL), :2], own.shape) < 0.5).astype(np.uint8)
    away = cv2.distanceTransform(beyond, cv2.DIST_L2, 5) / np.float32(half.unit)
    below = half.below(places)
    width = np.interp(below, LOBES, WIDTHS).astype(np.float32)
    upon = np.maximum(np.clip((width - away) / CHEEK + 1, 0, 1), own)
    shown = ramp(half.far(places) - half.seam, SEAM) * (1 - ramp(below, NECK))
    return shown * upon


def _held(half: Half, own: np.ndarray, wanted: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return the flow that draws a far outline in to where it is to be, (S, S, 2) float32.

    Args:
        half: where it is.
        own: of the person, as `extents` returns it.
        wanted: where it is to be, likewise.
        places: (S, S, 2) float32, each pixel's own.
    """
    low = half.low(places)
    here, there = (np.interp(low, HEIGHTS, one).astype(np.float32) for one in (own, wanted))
    here = here + MARGIN
    over = np.maximum(here - there, 0) * (1 - ramp(half.below(places), HELD))
    over *= ramp(low, CROWN)
    over = over * (1 - ramp(over, BRIM))
    there = np.maximum(here - over, STEP)
    far = half.far(places)
    end = here + WALL
    beyond = here + (far - there) * (end - here) / (end - there)
    source = np.where(far < there, far * here / there, beyond)
    shift = (np.where((far > 0) & (far < end), source - far, 0) * half.unit).astype(np.float32)
    # What is straight on the wall stays so, but for what is next to the person.
    width = 2 * round(CALM * half.unit) + 1
    calm = cv2.blur(cv2.blur(shift, (width, width)), (width, width))
    shift += ramp(far - there, NEXT) * (calm - shift)
    return cv2.GaussianBlur((shift[..., None] * half.out).astype(np.float32), (0, 0), 1.0)


def _after(flow: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Return the flow that goes by one and then, from there, by another, (S, S, 2) float32."""
    return before + looked_up(flow, before)


def _solid(matte: np.ndarray) -> np.ndarray:
    """Return a matte without its rim, where colours are mixed with the wall's: a halo elsewhere."""
    return ramp(matte, SOLID)
