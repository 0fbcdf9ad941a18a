"""The neck behind the jaw that comes round with a turning head.

A jaw turned towards the camera lies before the neck, whose outline goes straight down from the ear.
A photo shows that neck only below the jaw: what comes to be seen is drawn, in its colours, from ear
to collar, wherever the person does not lie before it.
"""

import cv2
import numpy as np

from faceedit.compose.turn.flow import Layer, looked_up, pixel_grid
from faceedit.compose.turn.head import CHIN, Head, rise, rotation
from faceedit.compose.turn.neck_light import MIDDLE, UNDER, bare_width, drawn_skin
from faceedit.compose.turn.outline import JAW_CORNERS
from faceedit.compose.turn.reach import HEIGHTS, STEPS, Line, extents

LOBE, AROUND, TUCKED, BROADEST = 0.28, 0.06, 0.03, 0.8
"""Eye distances above the corner of the jaw, where the neck begins, by which heights more or less;
how far within the outline of the head, and how far from its middle at most."""
EAR = 0.5
"""Eye distances above that, up to which a neck goes on where there is wall between jaw and ear."""
ENTERS = 0.05
"""Below that, over which it comes to be seen."""
NARROWEST = 0.1, 0.25
"""Below the corner, and below the chin, between which a neck is narrowest."""
THINNEST = 0.3
"""Half the width of a neck, below which it is hidden by hair or cloth."""
EDGE = 0.15
"""Within the photo's lower edge, where the outline is not sure."""
SEEN = 0.25
"""Half the width of bare skin below a jaw from which on it is known what a neck looks like."""
SPARE, USUAL = 0.08, 0.66
"""Beyond bare skin, and from the middle, up to where a neck goes that hair or cloth hides."""
BOWED = (16.0, 18.0)
"""Degrees by which a face looks down, over which its jaw comes to hide a neck."""
ASIDE = 1.1
"""From the middle of the head, within which a neck lies."""
EVEN = 5
"""Steps of height over which a neck is at its narrowest."""
JOINT, DEEPEST = 0.05, 0.4
"""Below the chin, where a neck meets the person's own, and to where cloth is looked for there."""
ENDS = (0.05, 0.2)
"""Below that, over which a neck comes to be the person's own."""
OVERLAP = 0.07
"""Within the person's outline, which it goes on from."""
KEPT = (0.4, 0.9)
"""Share of the person from which on it is before the neck: what is less is hairs, or not sure."""
THIN = 0.05
"""Half the width up to which what is no skin is none of cloth, but the rim of a neck."""
LEAST, ANY, WHOLE = 1e-3, 0.05, 0.3
"""Change of the sine of the yaw from which on a neck comes to be seen, is seen, and goes straight
up."""
CRUMB = 0.03
"""Square eye distances below which a part of a neck that is seen alone is none."""
SOFT = 0.04
"""Within its own outline, where it fades."""


def neck_layer(
    head: Head,
    pixels: np.ndarray,
    turn: np.ndarray,
    around: np.ndarray,
    cloth: np.ndarray,
    shown: float = 1.0,
) -> Layer | None:
    """Return the neck that comes to be seen, None where it is hidden.

    Args:
        head: in the photo.
        pixels: (S, S, 3) float32 RGB of the crop.
        turn: (3, 3) rotation.
        around: (S, S, 2) float32 flow of the person.
        cloth: (S, S) float32 in [0, 1], where the photo shows what is no skin.
        shown: how far the neck is: not of straightened heads, whose necks stay (`below`).
    """
    right = rotation(head.pose)[:, 0]
    nearer = float((turn @ right - right)[2])
    line = _beside(head, np.float32(np.sign(nearer)))
    corner = float(line.low(head.landmarks[JAW_CORNERS[int(nearer > 0)], :2]))
    low, chin, top = HEIGHTS, float(line.low(head.landmarks[CHIN, :2])), corner - LOBE
    photo = (head.matte * head.valid).astype(np.float32)
    bare = extents(line, photo)[:, None]
    bare = cv2.GaussianBlur(cv2.erode(bare, np.ones((EVEN, 1), np.uint8)), (0, 0), 2)[:, 0]
    end = min(chin + NARROWEST[1], _last(line, head.valid) - UNDER)
    seen = (low > corner + NARROWEST[0]) & (low < end)
    neck = int(np.where(seen, bare, np.inf).argmin())
    if abs(nearer) < LEAST or not seen.any() or bare[neck] < THINNEST:
        return None
    bared = (head.skin * (1 - cloth) * photo).astype(np.float32)
    skin = bare_width(line, head, bared)
    if skin < SEEN:
        return None
    width = min(float(bare[neck]), max(skin + SPARE, USUAL))
    person = looked_up(photo, around)
    own = extents(line, person)
    top, start = _begins(own, top, width)
    joint, width = _joint(own, max(chin, low[neck]), width)
    wanted = np.where(low < top, 0, np.interp(low, (top, joint), (start, width)))
    wanted = np.minimum(wanted, own + min(1.0, abs(nearer) / WHOLE) * np.maximum(wanted - own, 0))
    box = _window(line, (top, joint + ENDS[1]), head.size)
    places = pixel_grid(head.size)[box]
    below, far = line.low(places), line.far(places)
    reach = np.interp(below, low, wanted)
    before = looked_up(_before(head, photo, cloth), around)[box]
    opaque = rise(reach - far, (0.0, SOFT)) * rise(far, (0.0, MIDDLE)) * (1 - rise(before, KEPT))
    opaque *= rise(below - top, (0.0, ENTERS)) * (1 - rise(below - joint, ENDS))
    opaque *= min(1.0, abs(nearer) / ANY) * (1 - rise(-head.pose.pitch, BOWED))
    opaque *= _whole(opaque > 0.5, head.unit)
    opacity = np.zeros_like(head.depth)
    opacity[box] = shown * opaque
    flow, ratio = drawn_skin(line, head, pixels, bared, around)
    return Layer(flow, opacity, ratio)


def _beside(head: Head, side: np.float32) -> Line:
    """Return the line down a head, out of which is its side: 1 for the picture's right, or -1."""
    down = rotation(head.pose)[:2, 1].astype(np.float32)
    down /= np.linalg.norm(down)
    out = side * np.array([down[1], -down[0]], np.float32)
    return Line(head.axis[:2].astype(np.float32), out, down, head.unit)


def _begins(own: np.ndarray, top: float, width: float) -> tuple[float, float]:
    """Return the height where a neck begins, and how far out.

    Args:
        own: (H,) how far out the turned head goes at each of `HEIGHTS`.
        top: where a neck begins that is no wider than the head.
        width: of the neck, half.
    """
    above = top - HEIGHTS
    start = min(float(own[np.abs(above) < AROUND].min()) - TUCKED, BROADEST)
    ears = (above > 0) & (above < EAR) & (own >= width)
    if start < width and ears.any():
        return float(HEIGHTS[ears].max()) - OVERLAP - ENTERS, width
    return top, start


def _joint(own: np.ndarray, least: float, width: float) -> tuple[float, float]:
    """Return the height where a neck meets the person's own outline, and how far out.

    Args:
        own: as in `_begins`.
        least: where it is at least.
        width: of the neck, half.
    """
    below = HEIGHTS - least
    met = (below > 0) & (below < DEEPEST) & (own > width)
    if met.any():
        return float(HEIGHTS[met].min()) + JOINT, width
    joint = int(np.argmin(np.abs(below - JOINT)))
    return float(HEIGHTS[joint]), min(width, float(own[joint]))


def _whole(seen: np.ndarray, unit: float) -> np.ndarray:
    """Return where there are no crumbs, (H, W) bool, of what is `seen`."""
    _, parts, stats, _ = cv2.connectedComponentsWithStats(seen.astype(np.uint8))
    small = np.flatnonzero(stats[:, cv2.CC_STAT_AREA] < CRUMB * unit * unit)
    crumbs = seen & np.isin(parts, small)
    return cv2.dilate(crumbs.astype(np.uint8), np.ones((5, 5), np.uint8)) == 0


def _before(head: Head, photo: np.ndarray, cloth: np.ndarray) -> np.ndarray:
    """Return what of a person lies before its neck, (S, S) float32 in [0, 1].

    Hair and cloth do as they are. Of skin the rim is left out, whose colours are the wall's, too.

    Args:
        head: in the photo.
        photo: (S, S) float32 in [0, 1], of the person.
        cloth: (S, S) float32 in [0, 1].
    """
    rim, thin = (
        np.ones(2 * (2 * max(1, round(one * head.unit)) + 1,), np.uint8) for one in (OVERLAP, THIN)
    )
    inner = cv2.blur(cv2.erode(photo, rim), rim.shape)
    other = photo * np.maximum(cloth, 1 - cv2.dilate(head.skin, thin))
    other = cv2.dilate(cv2.morphologyEx(other, cv2.MORPH_OPEN, thin), rim)
    return np.maximum(inner, other * photo)


def _window(line: Line, between: tuple[float, float], size: int) -> tuple[slice, slice]:
    """Return the part of a crop of side `size` on a line's side, between two heights."""
    corners = [far * line.out + low * line.down for far in (0, ASIDE) for low in between]
    corners = line.middle + line.unit * np.array(corners)
    x0, y0 = np.clip(np.floor(corners.min(0)), 0, size - 1).astype(int)
    x1, y1 = np.clip(np.ceil(corners.max(0)), 1, size).astype(int)
    return slice(y0, max(y1, y0 + 1)), slice(x0, max(x1, x0 + 1))


def _last(line: Line, valid: np.ndarray) -> float:
    """Return how far below a line's middle a photo goes, less a margin.

    Args:
        line: whose side is looked at.
        valid: (S, S) bool, on the photo.
    """
    at = line.middle + np.float32(line.unit) * (MIDDLE * line.out + HEIGHTS[:, None] * line.down)
    seen = cv2.remap(valid.astype(np.uint8), at[:, 0], at[:, 1], cv2.INTER_NEAREST).ravel() > 0
    return float(HEIGHTS[seen].max(initial=-STEPS[-1])) - EDGE
