"""What lies on and between the lids when they move.

The eyeball stands still; a lid's edge and lashes move as one; what an opening lid uncovers is
continued from the eye that the photo shows; what a closing lid unfolds is skin of the lid's own
colour.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from faceedit.compose.eyes.eyeball import LID_SHADOW, Between, between_lids
from faceedit.compose.eyes.lidflow import reach, reach_box, rows_of, skin_sources
from faceedit.compose.eyes.lids import LASHES, NARROW, Columns, Lids
from faceedit.compose.eyes.lidskin import (
    Sampler,
    grain_margin,
    lashes_over_lid,
    lid_colour,
    may_unfold,
    met_lashes,
    skin_grain,
    unfolded_skin,
)
from faceedit.ramps import smoothstep

Slices = tuple[slice, slice]

BOX = (0.42, 0.34)
"""Half the width and height of what an eye's edit may touch, in eye distances."""
MOVED = 0.008
"""Eye distances of a lid's movement from which on it counts in full."""
LOWERED = 0.06
"""Eye distances of an upper lid's descent from which on its shadow is in full."""


@dataclass(frozen=True)
class EyeEdit:
    """The fields of both eyes.

    Attributes:
        flow: (S, S, 2) float32 pixels, the given one corrected about the eyes.
        log_ratio: (S, S, 3) float32.
        paint: (S, S, 3) float32 RGB in [0, 1].
        opacity: (S, S) float32 in [0, 1].
        revealed: (S, S) float32 in [0, 1], eye that the photo's lids hid.
    """

    flow: np.ndarray
    log_ratio: np.ndarray
    paint: np.ndarray
    opacity: np.ndarray
    revealed: np.ndarray


def edit_eye(edit: EyeEdit, lids: Lids, pixels: np.ndarray, held: np.ndarray | None = None) -> None:
    """Write one eye's fields into `edit`, over what it holds.

    Args:
        edit: on the pixels' grid; its flow is corrected, elsewhere only about the eye.
        lids: in the pixels' own coordinates.
        pixels: (H, W, 3) float32 RGB in [0, 1].
        held: (H, W) float32 in [0, 1], where 1 keeps the given flow and paints nothing: glasses.
    """
    touched = _touched(lids, pixels.shape[1::-1])
    if touched is None:
        return
    box, _ = touched
    places, x, y = _in_frame(lids, box)
    columns = lids.columns(x)
    near = reach(lids, columns, x, y)
    if held is not None:
        near = near * (1 - held[box])
    counts = near * smoothstep(columns.move / MOVED)

    def look(at_x: np.ndarray, at_y: np.ndarray) -> np.ndarray:
        where = lids.places(at_x, at_y)
        found = cv2.remap(
            pixels, where[..., 0], where[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101
        )
        return np.clip(found, 0.0, 1.0)

    above, below = skin_sources(columns, x, y, 2 / lids.unit)
    of_eye, of_upper, of_lower = _coverage(columns, y, lids.unit)
    inside = of_eye > np.maximum(of_upper, of_lower)
    skin = np.where(of_upper > of_lower, above, below)
    own = lids.places(*skin)
    own -= places
    own[inside] = 0
    own -= edit.flow[box]
    edit.flow[box] += near[..., None] * own

    colour = lid_colour(lids, look)
    eye = _between(lids, columns, x, y, counts, look)
    fresh, unfolded = _unfolded(lids, columns, x, y, colour, look, touched)
    unfolded = unfolded * near * (of_upper > 0)
    # A shut eye's lashes are not those of an open one: the edges that part are painted too.
    reopened = counts * _was_shut(columns) * (columns.upper.move < columns.lower.move)
    beside = np.maximum(columns.upper.target - y, y - columns.lower.target)
    strip = reopened * smoothstep(2 - 2 * np.maximum(beside, 0) / LASHES)
    strip = strip * (of_eye < 0.5)
    if strip.any():
        fresh = np.where((strip > unfolded)[..., None], look(*skin), fresh)
        unfolded = np.maximum(unfolded, strip)
    shadow = _lid_shadow(columns, y, near, of_eye)
    lashes = met_lashes(lids, columns, x, y, colour, look)

    paint = fresh.copy()
    paint[inside] = eye.paint[inside]
    opacity = np.where(inside, eye.opacity, unfolded)
    # Pixels that lids and eye share are mixed, so that edges are smooth.
    shared = np.maximum(np.maximum(of_upper, of_lower), of_eye) < 0.99
    at = np.nonzero(shared & (counts > 0))
    if len(at[0]):
        opened = _over(look(x[at][None], y[at][None])[0] * np.exp(shadow[at])[:, None], eye, at)
        upper_skin = look(above[0][at][None], above[1][at][None])[0]
        upper_skin += unfolded[at][:, None] * (fresh[at] - upper_skin)
        lower_skin = look(below[0][at][None], below[1][at][None])[0]
        paint[at] = (
            of_eye[at][:, None] * opened
            + of_upper[at][:, None] * upper_skin
            + of_lower[at][:, None] * lower_skin
        )
        opacity[at] = np.maximum(counts[at], opacity[at])
    edit.opacity[box] = opacity
    log_ratio = np.where(inside, shadow, 0.0)[..., None]
    if lashes is not None:
        lashes *= near[..., None]
        paint, log_ratio = paint * np.exp(lashes), log_ratio + lashes
    np.clip(paint, 0, 1, out=paint)
    paint[opacity <= 0] = 0
    edit.paint[box] = paint
    edit.revealed[box] = np.where(inside, eye.revealed, 0.0)
    edit.log_ratio[box] = log_ratio


def _touched(lids: Lids, size: tuple[int, int]) -> tuple[Slices, Slices] | None:
    """Return the part of a picture that an eye's edit may touch, and that which it may look at.

    Args:
        lids: of the eye.
        size: columns and rows of the picture.
    """
    reach = np.multiply(BOX, lids.unit)
    low = np.maximum(np.floor(lids.origin - reach), 0)
    high = np.minimum(np.ceil(lids.origin + reach), size)
    if (high - low).min() < 4:
        return None
    first, last = reach_box(lids)
    found = []
    for margin in (1, grain_margin(lids.unit)):
        start = np.maximum(low, np.floor(first) - margin).astype(int)
        end = np.minimum(high, np.ceil(last) + margin).astype(int)
        if (end <= start).any():
            return None
        found.append((slice(start[1], end[1]), slice(start[0], end[0])))
    return found[0], found[1]


def _in_frame(lids: Lids, box: Slices) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the pixels (h, w, 2) of a box, and x and y of them in the eye's frame, (h, w) each."""
    rows, columns = np.mgrid[box]
    places = np.stack([columns, rows], axis=-1).astype(np.float32)
    x, y = np.moveaxis((places - lids.origin) @ lids.axes.T / lids.unit, -1, 0)
    return places, x, y


def _lid_shadow(
    columns: Columns, y: np.ndarray, near: np.ndarray, of_eye: np.ndarray
) -> np.ndarray:
    """Return the log ratio of a lowered lid's shadow, (h, w), over the rows that show the eye."""
    shadow = np.zeros(y.shape)
    part = rows_of(of_eye > 0)
    upper = columns.upper
    lowered = smoothstep(np.maximum(upper.move[part], 0.0) / LOWERED)
    if lowered.any():
        depth, length = LID_SHADOW
        off = (y[part] - upper.target[part]) / length
        shadow[part] = -depth * near[part] * lowered * np.exp(-(off**2))
    return shadow


def _was_shut(columns: Columns) -> np.ndarray:
    """Return how surely the photo's eye is shut, in [0, 1]."""
    had = columns.lower.source - columns.upper.source
    return 1 - smoothstep(had, NARROW)


def _between(lids, columns, x, y, counts, look) -> Between:
    """Paint between the lids, but only over the rows that lie there."""
    margin = 2 / lids.unit
    part = rows_of((y > columns.upper.target - margin) & (y < columns.lower.target + margin))
    full = Between(np.zeros((*x.shape, 3)), np.zeros(x.shape), np.zeros(x.shape))
    if part.start == part.stop:
        return full
    found = between_lids(lids, columns.rows(part), x[part], y[part], counts[part], look)
    full.paint[part], full.opacity[part], full.revealed[part] = (
        found.paint,
        found.opacity,
        found.revealed,
    )
    return full


def _unfolded(lids, columns, x, y, colour, look, touched) -> tuple[np.ndarray, np.ndarray]:
    """Return paint and opacity of unfolded skin, made only over the rows that may have any."""
    fresh, unfolded = np.zeros((*x.shape, 3)), np.zeros(x.shape)
    part = rows_of(may_unfold(columns, y))
    if part.start == part.stop:
        return fresh, unfolded
    grain = _grain(lids, part, look, *touched)
    lashes = lashes_over_lid(lids, colour, look)
    fresh[part], unfolded[part] = unfolded_skin(
        columns.rows(part), x[part], y[part], colour, grain, lashes
    )
    return fresh, unfolded


def _grain(lids: Lids, part: slice, look: Sampler, box: Slices, around: Slices) -> np.ndarray:
    """Return `skin_grain` (h, w, 3) of some rows of a box; it looks at more that lies around."""
    margin, first = grain_margin(lids.unit), box[0].start + part.start
    rows = slice(
        max(first - margin, around[0].start),
        min(box[0].start + part.stop + margin, around[0].stop),
    )
    _, x, y = _in_frame(lids, (rows, around[1]))
    grain = skin_grain(lids, x, y, look)
    left = box[1].start - around[1].start
    return grain[first - rows.start :, left:][
        : part.stop - part.start, : box[1].stop - box[1].start
    ]


def _over(photo: np.ndarray, eye, at) -> np.ndarray:
    """Lay the eye's paint over (n, 3) colours of the photo."""
    return photo + eye.opacity[at][:, None] * (eye.paint[at] - photo)


def _coverage(
    columns: Columns, y: np.ndarray, unit: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the shares of pixels that opening, upper and lower skin cover, each (h, w)."""
    half = 0.5 / unit
    edge, rim = columns.upper.target, columns.lower.target
    eye = np.clip((np.minimum(y + half, rim) - np.maximum(y - half, edge)) * unit, 0.0, 1.0)
    upper = np.clip((edge - y) * unit + 0.5, 0.0, 1.0)
    return eye, upper, np.clip(1 - eye - upper, 0.0, 1.0)
