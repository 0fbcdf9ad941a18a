"""The neck behind the jaw that comes round with a turning head.

A jaw turned towards the camera lies before the neck, whose outline goes straight down from the ear.
A photo shows that neck only below the jaw: what comes to be seen is drawn on from there.
"""

import cv2
import numpy as np

from faceedit.compose.turn.flow import Layer, pixel_grid
from faceedit.compose.turn.head import CHIN, Head, rise, rotation
from faceedit.compose.turn.outline import JAW, JAW_CORNERS
from faceedit.compose.turn.reach import HEIGHTS, STEPS, Line, extents

LOBE, AROUND, TUCKED = 0.2, 0.06, 0.03
"""Eye distances above the corner of the jaw, where the neck begins, by which heights more or less;
and how far within the outline of the head."""
ENTERS = 0.05
"""Below that, over which it comes to be seen."""
NARROWEST = 0.1, 0.25
"""Below the corner, and below the chin, between which a neck is narrowest."""
THINNEST = 0.3
"""Half the width of a neck, below which it is hidden by hair or cloth."""
EDGE = 0.15
"""Within the photo's lower edge, where the outline is not sure."""
UNDER = 0.08
"""Below the photo's jaw, where skin is the neck's."""
BROAD = (0.76, 0.86)
"""Half of that from which on it is hair beside a neck."""
ASIDE = 1.1
"""From the middle of the head, within which a neck lies."""
MIRRORED = 0.2
"""Of the heights above, those of the neck below that are drawn there."""
MARGIN, EVEN = 0.08, 5
"""Within a neck's outline, where colours mix with the wall's; steps of height over which it is at
its narrowest."""
ENDS = (0.2, 0.8)
"""Below the chin, over which a neck comes to be the person's own."""
OVERLAP = 0.07
"""Within the person's outline, which it goes on from."""
KEPT = (0.4, 0.9)
"""Share of the person from which on it is before the neck: what is less is hairs, or not sure."""
SKIN, NEAR = (0.1, 0.3), 0.08
"""Share of skin from which on what is drawn there is a neck and no cloth; over how much that is
averaged."""
BARE = (0.6, 0.8)
"""Share of skin in what is drawn above where the neck is narrowest, from which on it is shown."""
LEAST, ANY, WHOLE = 1e-3, 0.05, 0.3
"""Change of the sine of the yaw from which on a neck comes to be seen, is seen, and goes straight
up."""
SOFT, MIDDLE = 0.04, 0.2
"""Within its own, and from the middle of the head, where it fades."""


def neck_layer(
    head: Head, turn: np.ndarray, person: np.ndarray, shown: float = 1.0
) -> Layer | None:
    """Return the neck that comes to be seen, None where it is hidden.

    Args:
        head: in the photo.
        turn: (3, 3) rotation.
        person: (S, S) float32 in [0, 1], where the turned person is.
        shown: how far it is: not of straightened heads, whose necks stay (`below`).
    """
    right, down = rotation(head.pose)[:, 0], rotation(head.pose)[:2, 1].astype(np.float32)
    nearer = float((turn @ right - right)[2])
    side = np.float32(np.sign(nearer))
    down /= np.linalg.norm(down)
    out = side * np.array([down[1], -down[0]], np.float32)
    line = Line(head.axis[:2].astype(np.float32), out, down, head.unit)
    corner = head.landmarks[JAW_CORNERS[int(side > 0)], :2]
    low, chin = HEIGHTS, float(line.low(head.landmarks[CHIN, :2]))
    top = float(line.low(corner)) - LOBE
    bare = extents(line, (head.matte * head.valid).astype(np.float32))[:, None]
    bare = cv2.GaussianBlur(cv2.erode(bare, np.ones((EVEN, 1), np.uint8)), (0, 0), 2)[:, 0]
    last = _last(line, head.valid)
    seen = (low > line.low(corner) + NARROWEST[0]) & (low < min(chin + NARROWEST[1], last - UNDER))
    neck = int(np.where(seen, bare, np.inf).argmin())
    if abs(nearer) < LEAST or not seen.any() or bare[neck] < THINNEST:
        return None
    own = extents(line, person)
    start = own[np.abs(low - top) < AROUND].min() - TUCKED
    straight = np.interp(low, (top, low[neck]), (start, bare[neck]))
    wanted = np.where(low < top, 0, np.where(low < low[neck], straight, bare))
    wanted = np.minimum(wanted, own + min(1.0, abs(nearer) / WHOLE) * np.maximum(wanted - own, 0))
    box = _window(line, (top, chin + ENDS[1]), head.size)
    places = pixel_grid(head.size)[box]
    below, far = line.low(places), line.far(places)
    reach = np.interp(below, low, wanted)
    share = far / np.maximum(reach, THINNEST)
    drawn = _from_below(places, share, line, head, (low[neck], last), bare)
    width = 2 * max(1, round(OVERLAP * head.unit)) + 1
    inner = cv2.blur(cv2.erode(person[box], np.ones((width, width), np.uint8)), (width, width))
    opaque = rise(reach - far, (0.0, SOFT)) * rise(far, (0.0, MIDDLE)) * (1 - rise(inner, KEPT))
    opaque *= rise(below - top, (0.0, ENTERS)) * (1 - rise(below - chin, ENDS))
    opaque *= (1 - rise(bare[neck], BROAD)) * min(1.0, abs(nearer) / ANY)
    drawn = np.where(opaque[..., None] > 0, drawn, 0).astype(np.float32)
    at = places + drawn
    skin = cv2.remap(head.skin, at[..., 0], at[..., 1], cv2.INTER_LINEAR)
    skin = cv2.GaussianBlur(skin, (0, 0), NEAR * head.unit)
    upper, skin = opaque * (below < low[neck]), rise(skin, SKIN)
    opaque *= skin * rise((skin * upper).sum() / max(float(upper.sum()), 1e-3), BARE)
    flow, opacity = (np.zeros((*head.depth.shape, *n), np.float32) for n in ((2,), ()))
    flow[box], opacity[box] = drawn, shown * opaque
    return Layer(flow, opacity)


def _window(line: Line, between: tuple[float, float], size: int) -> tuple[slice, slice]:
    """Return the part of a crop of side `size` on a line's side, between two heights."""
    corners = [far * line.out + low * line.down for far in (0, ASIDE) for low in between]
    corners = line.middle + line.unit * np.array(corners)
    x0, y0 = np.clip(np.floor(corners.min(0)), 0, size - 1).astype(int)
    x1, y1 = np.clip(np.ceil(corners.max(0)), 1, size).astype(int)
    return slice(y0, max(y1, y0 + 1)), slice(x0, max(x1, x0 + 1))


def _from_below(
    places: np.ndarray,
    share: np.ndarray,
    line: Line,
    head: Head,
    between: tuple[float, float],
    bare: np.ndarray,
) -> np.ndarray:
    """Return the flow that draws a neck on from where the photo shows it, (H, W, 2) pixels.

    Args:
        places: (H, W, 2) pixels.
        share: (H, W) of the way from the line to the outline that is wanted.
        line: whose side is looked at.
        head: in the photo.
        between: heights where the neck is narrowest, and where the photo ends.
        bare: how far out the neck reaches in the photo, at each of `HEIGHTS`.
    """
    below, far = line.low(places), line.far(places)
    here = np.interp(np.maximum(below, between[0]), HEIGHTS, bare)
    jaw = head.landmarks[list(JAW), :2]
    order = np.argsort(line.far(jaw))
    edge = np.interp(share * here, line.far(jaw)[order], line.low(jaw)[order]) + UNDER
    lower = below + (1 + MIRRORED) * np.maximum(np.maximum(edge, between[0]) - below, 0)
    lower = np.minimum(lower, np.maximum(between[1], below)) - below
    inward = share * (here - MARGIN) - far
    return head.unit * (inward[..., None] * line.out + lower[..., None] * line.down)


def _last(line: Line, valid: np.ndarray) -> float:
    """Return how far below a line's middle a photo goes, less a margin.

    Args:
        line: whose side is looked at.
        valid: (S, S) bool, on the photo.
    """
    at = line.middle + np.float32(line.unit) * (MIDDLE * line.out + HEIGHTS[:, None] * line.down)
    seen = cv2.remap(valid.astype(np.uint8), at[:, 0], at[:, 1], cv2.INTER_NEAREST).ravel() > 0
    return float(HEIGHTS[seen].max(initial=-STEPS[-1])) - EDGE
